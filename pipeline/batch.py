"""Some records on their way through a recipe's ingest list: what is known of each so far, and which are still alive."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pyarrow as pa

from pipeline.archives.decode import Decoded, decode
from pipeline.archives.record import Record
from pipeline.errors import RecordError
from pipeline.measures import Edit, Extracted, Gate, Measure, Transform
from pipeline.pages import Pages, storable
from pipeline.sandbox import Sandbox
from pipeline.schemas import RECORDS
from pipeline.stopwatch import Stopwatch
from pipeline.takedown.tombstones import TAKEN_DOWN

BATCH_BYTES = 16 << 20  # of bodies or texts: 64 pages of a crawl have 6 MB, 64 hostile ones could have 4 GB

DAY, LAST_DAY = timedelta(days=1), date(9999, 12, 31)  # a page's day may begin before that of the crawler's UTC


def batches(records: Iterator[Record], pages: int) -> Iterator[list[Record]]:
    """Up to `pages` records at a time, and not many more than `BATCH_BYTES` of bodies or characters of texts."""
    batch: list[Record] = []
    held = 0
    for record in records:
        batch.append(record)
        held += len(record.body) + len(record.text or "")
        if len(batch) == pages or held >= BATCH_BYTES:
            yield batch
            batch, held = [], 0
    if batch:
        yield batch


def _is_text(record: Record) -> bool:
    """Whether somebody else has extracted the page already: a row, or the record of a WET archive (which is UTF-8)."""
    return record.text is not None or (record.type == "conversion" and record.mime in (None, "text/plain"))


def _before(fetched: datetime | None, published: str | None) -> str | None:
    """The date, unless it is later than the day after the page was fetched: then it is another's, of an event perhaps."""
    if published is None or fetched is None or fetched.date() >= LAST_DAY:
        return published
    return published if published <= (fetched.date() + DAY).isoformat() else None


class Batch:
    """Some records on their way through the list: columns for all of them, pages for those still alive."""

    def __init__(self, records: Sequence[Record], schema: pa.Schema, watch: Stopwatch | None = None) -> None:
        self.watch = watch or Stopwatch()
        rows = len(records)
        self.records = records
        self.schema = schema
        self.gates: list[str | None] = [record.error_reason for record in records]
        self.errors: list[str | None] = [
            (record.error or record.error_reason) if record.error_reason else None for record in records
        ]
        self.by_limit = [record.by_limit for record in records]
        self.decoded: list[Decoded | None] = [None] * rows
        self.found: list[Extracted | None] = [None] * rows  # of a page's metadata; its text is in `pages`
        self.edits: list[tuple[Edit, ...]] = [()] * rows
        self.taken_down: set[int] = set()
        self.signals: dict[str, list[Any]] = {name: [None] * rows for name in schema.names[len(RECORDS.names) :]}
        self.alive = [row for row in range(rows) if self.gates[row] is None]
        self.pages = Pages(
            [""] * len(self.alive),
            urls=[storable(records[row].url) for row in self.alive],
            mimes=[records[row].mime for row in self.alive],
        )

    def take_down(self, rows: Iterable[int]) -> None:
        """Stops these rows, of which nothing is told but where they stand, whatever else is wrong with them."""
        taken = set(rows)
        for row in taken:
            self.gates[row], self.errors[row], self.by_limit[row] = TAKEN_DOWN, None, False
            self.decoded[row] = self.found[row] = None
            for values in self.signals.values():
                values[row] = None
        self.taken_down |= taken
        self._narrow([place for place, row in enumerate(self.alive) if row not in taken])

    def gate(self, gate: Gate) -> None:
        """Stops the pages that `gate` gives a reason for; one that judges HTML is not asked of a text that was none any more."""
        passed = getattr(gate, "needs_html", False)
        judged = [place for place, row in enumerate(self.alive) if not (passed and _is_text(self.records[row]))]
        rows = [self.alive[place] for place in judged]
        pages = self.pages if len(judged) == len(self.alive) else self.pages.take(judged)
        answer = gate.judge(self._with_html(pages, rows) if getattr(gate, "reads_html", False) else pages)
        self._keep_signals(answer.signals, rows)
        for row, reason in zip(rows, answer.reasons, strict=True):
            self.gates[row] = reason
            if reason:
                self._forget_html(row)
        self._narrow([place for place, row in enumerate(self.alive) if self.gates[row] is None])

    def _with_html(self, pages: Pages, rows: Sequence[int]) -> Pages:
        """The pages with their HTML, which is decoded once and held until it was extracted."""
        with self.watch.timing("decode"):
            htmls = [self._read(row).text for row in rows]
        return Pages(pages.texts, urls=pages.urls, mimes=pages.mimes, htmls=htmls)

    def _read(self, row: int) -> Decoded:
        known = self.decoded[row]
        if known is None:
            record = self.records[row]
            known = self.decoded[row] = decode(record.body, record.http_charset)
        return known

    def extract(self, sandbox: Sandbox) -> None:
        """Finds each page's text, in the sandbox where it is not extracted yet; a page without text stops here."""
        texts: list[str] = []
        for row in self.alive:
            try:
                texts.append(self._text(row, sandbox))
            except RecordError as error:
                self._fail(row, error)
                texts.append("")
        survived = [place for place, row in enumerate(self.alive) if self.gates[row] is None]
        self.pages = self.pages.with_texts(texts)
        self._narrow(survived)

    def _text(self, row: int, sandbox: Sandbox) -> str:
        record = self.records[row]
        if record.text is not None:
            return self._checked(row, record.text)
        if not record.body:
            self.gates[row] = "empty_body"
            return ""
        if _is_text(record):
            return self._given_text(row, record, sandbox.limits.max_html_chars)
        with self.watch.timing("decode"):
            page = self._read(row)
        self._forget_html(row)
        with self.watch.timing("extract"):
            extracted = sandbox.extract(page.text, page.utf8)
        if extracted is None:
            return self._checked(row, "")
        self.found[row] = replace(extracted, text="", published=_before(record.date, extracted.published))
        return self._checked(row, extracted.text)

    def _given_text(self, row: int, record: Record, most_chars: int) -> str:
        """The text of a conversion record, which is one already."""
        with self.watch.timing("decode"):
            decoded = decode(record.body, record.http_charset or "utf-8")
        self.decoded[row] = decoded.without_text()
        if len(decoded.text) > most_chars:
            raise RecordError("over_size", f"{len(decoded.text):,} characters", by_limit=True)
        return self._checked(row, decoded.text)

    def _forget_html(self, row: int) -> None:
        """How a page was read is told later, its HTML is not needed again."""
        if (decoded := self.decoded[row]) is not None:
            self.decoded[row] = decoded.without_text()

    def _checked(self, row: int, text: str) -> str:
        if not text.strip():
            self.gates[row] = "empty_text"
        return storable(text)

    def _fail(self, row: int, error: RecordError) -> None:
        self.gates[row] = error.reason
        self.errors[row] = storable(str(error))
        self.by_limit[row] = error.by_limit

    def measure(self, measure: Measure) -> None:
        """Writes the measure's signals for the pages still alive."""
        self._keep_signals(measure.measure(self.pages), self.alive)

    def transform(self, transform: Transform) -> None:
        """Replaces texts and remembers how."""
        answer = transform.transform(self.pages)
        self._keep_signals(answer.signals, self.alive)
        self.pages = self.pages.with_texts(answer.texts)
        for row, edits in zip(self.alive, answer.edits, strict=True):
            self.edits[row] += edits

    def _keep_signals(self, signals: pa.RecordBatch, rows: Sequence[int]) -> None:
        for name, column in zip(signals.schema.names, signals.columns, strict=True):
            for row, value in zip(rows, column.to_pylist(), strict=True):
                self.signals[name][row] = value

    def _narrow(self, places: list[int]) -> None:
        if len(places) < len(self.alive):
            self.alive = [self.alive[place] for place in places]
            self.pages = self.pages.take(places)
