"""From an archive to rows: reads one input file, runs the recipe's gates, extractor, measures and transforms over its pages.

Every response or conversion record, and every region that cannot be read, becomes a row of `records`; pages past all gates
become rows of `documents`. Nothing here judges text: a signal is written down and `decide` reads it later.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import pyarrow as pa

from pipeline.decode import Decoded, decode
from pipeline.errors import InputError, RecipeError, RecordError
from pipeline.identity import NOT_IDENTITY
from pipeline.inputs import open_input
from pipeline.measures import Edit, Extractor, Gate, Measure, Transform
from pipeline.pages import Pages, storable
from pipeline.sandbox import Limits, Sandbox
from pipeline.schemas import DOCUMENTS, RECORDS, SAMPLES, with_signals
from pipeline.steps import PartRun
from pipeline.stopwatch import Stopwatch
from pipeline.warc import Record, read_records

Item = Gate | Extractor | Measure | Transform

BATCH_BYTES = 16 << 20  # of bodies: 64 pages of a crawl have 6 MB, 64 hostile ones could have 4 GB
SAMPLE_BYTES, SAMPLE_ROW_GROUP = 1 << 20, 64  # of a kept page's HTML, and of how many the writer holds at a time
FREE_FAILURES = 20  # a part may always have this many failed records; the tolerance judges what is above


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingest:
    """Reads archives through an ordered list of gates, one extractor, measures and transforms.

    `tolerance` is the share of records of a part that may fail before the part does. `sample_rate` is the share of gated
    pages, chosen by a hash of their record id, whose raw HTML is kept for looking.
    """

    name: ClassVar[str] = "ingest"
    version: ClassVar[int] = 1
    engines: ClassVar[tuple[str, ...]] = ("fastwarc", "resiliparse", "warcio")

    items: tuple[Item, ...]
    limits: Limits = field(default_factory=Limits)
    sample_rate: float = 0.001
    tolerance: float = field(default=0.1, metadata=NOT_IDENTITY)
    batch_pages: int = field(default=64, metadata=NOT_IDENTITY)

    def __post_init__(self) -> None:
        extractors = [item for item in self.items if isinstance(item, Extractor)]
        if len(extractors) != 1:
            raise RecipeError(f"an ingest list needs exactly one extractor, not {len(extractors)}")
        before = self.items[: self.items.index(extractors[0])]
        if wrong := [item.name for item in before if not isinstance(item, Gate)]:
            raise RecipeError(f"{wrong[0]} stands before the extractor, where there is no text yet")
        self.schema()

    def schema(self) -> pa.Schema:
        """The records table: its fixed columns, then every signal in the order of the list."""
        return with_signals(RECORDS, [item.signals for item in self.items])

    def run(self, part: PartRun) -> dict[str, int]:
        """Reads one file to its end; the counts add up to its records and bytes, or an AssertionError says what does not."""
        file = part.task.files[0]
        extractor = next(item for item in self.items if isinstance(item, Extractor))
        tally, watch = Tally(), Stopwatch()
        with open_input(file.location) as stream, Sandbox(extractor, self.limits) as sandbox:
            tables = _Tables(part, self)
            records = tally.watch(read_records(stream, file.name))
            for batch in watch.drawing("read", batches(records, self.batch_pages)):
                try:
                    measured = self._measured(batch, sandbox, watch)
                    with watch.timing("write"):
                        tables.write(measured)
                except Exception as error:
                    error.add_note(
                        f"{file.name}, records at {batch[0].offset}-{batch[-1].offset}: {batch[0].record_id}"
                    )
                    raise
            part.facts |= {"input_sha256": stream.sha256, "input_bytes": stream.bytes}
            part.facts["child_peak_rss_bytes"] = sandbox.peak_rss_bytes
        part.facts["child_cpu_seconds"] = round(sandbox.cpu_seconds, 3)
        part.facts["item_seconds"] = watch.rounded()
        if stream.bytes != file.bytes:
            raise InputError(f"{file.location}: {file.bytes} bytes when planned, {stream.bytes} when read")
        counts = tables.counts | tally.counts()
        _check(counts, file.name, stream.bytes, self.tolerance)
        return counts

    def _measured(self, records: Sequence[Record], sandbox: Sandbox, watch: Stopwatch) -> "Batch":
        batch = Batch(records, self.schema())
        for item in self.items:
            if isinstance(item, Extractor):
                batch.extract(sandbox, watch)
                continue
            with watch.timing(item.name):
                if isinstance(item, Gate):
                    batch.gate(item)
                elif isinstance(item, Transform):
                    batch.transform(item)
                else:
                    batch.measure(item)
        return batch


class Tally:
    """Counts what passes: records by type, bytes covered."""

    def __init__(self) -> None:
        self.types: Counter[str] = Counter()
        self.bytes = 0

    def watch(self, records: Iterator[Record]) -> Iterator[Record]:
        """The records that become rows; the others are counted only."""
        for record in records:
            if record.offset != self.bytes:
                raise AssertionError(f"bytes {self.bytes}-{record.offset} belong to no record")
            self.bytes += record.length
            self.types[record.type if record.kind == "other" else record.kind] += 1
            if record.kind != "other":
                yield record

    def counts(self) -> dict[str, int]:
        """`bytes` and `type.<record type>` counts, for the receipt."""
        return {"bytes": self.bytes} | {f"type.{name}": self.types[name] for name in sorted(self.types)}


def _check(counts: dict[str, int], name: str, read: int, tolerance: float) -> None:
    """The conservation law of a part, and its tolerance for failed records."""
    stopped = sum(count for key, count in counts.items() if key.startswith(("gate.", "failed.")))
    if counts["rows"] != counts["documents"] + stopped:
        raise AssertionError(f"{counts['rows']} rows, but {counts['documents']} documents and {stopped} stopped")
    if counts["bytes"] != read:
        raise AssertionError(f"{read} bytes read, {counts['bytes']} covered by records")
    failed = sum(count for key, count in counts.items() if key.startswith("failed."))
    if failed > FREE_FAILURES + tolerance * counts["rows"]:
        reasons = ", ".join(f"{key[7:]} {count}" for key, count in counts.items() if key.startswith("failed."))
        raise InputError(f"{name}: {failed} of {counts['rows']} records failed ({reasons}); tolerance {tolerance:.0%}")


def batches(records: Iterator[Record], pages: int) -> Iterator[list[Record]]:
    """Up to `pages` records at a time, and not many more than `BATCH_BYTES` of bodies."""
    batch: list[Record] = []
    held = 0
    for record in records:
        batch.append(record)
        held += len(record.body)
        if len(batch) == pages or held >= BATCH_BYTES:
            yield batch
            batch, held = [], 0
    if batch:
        yield batch


class Batch:
    """Some records on their way through the list: columns for all of them, pages for those still alive."""

    def __init__(self, records: Sequence[Record], schema: pa.Schema) -> None:
        rows = len(records)
        self.records = records
        self.schema = schema
        self.gates: list[str | None] = [record.error_reason for record in records]
        self.errors: list[str | None] = [
            (record.error or record.error_reason) if record.error_reason else None for record in records
        ]
        self.by_limit = [record.by_limit for record in records]
        self.decoded: list[Decoded | None] = [None] * rows
        self.edits: list[tuple[Edit, ...]] = [()] * rows
        self.signals: dict[str, list[Any]] = {name: [None] * rows for name in schema.names[len(RECORDS.names) :]}
        self.alive = [row for row in range(rows) if self.gates[row] is None]
        self.pages = Pages(
            [""] * len(self.alive),
            urls=[storable(records[row].url) for row in self.alive],
            mimes=[records[row].mime for row in self.alive],
        )

    def gate(self, gate: Gate) -> None:
        """Stops the pages that `gate` gives a reason for."""
        answer = gate.judge(self.pages)
        self._keep_signals(answer.signals)
        for row, reason in zip(self.alive, answer.reasons, strict=True):
            self.gates[row] = reason
        self._narrow([place for place, reason in enumerate(answer.reasons) if reason is None])

    def extract(self, sandbox: Sandbox, watch: Stopwatch) -> None:
        """Decodes each page and extracts its text in the sandbox; a page without text stops here."""
        texts: list[str] = []
        for row in self.alive:
            try:
                texts.append(self._text(row, sandbox, watch))
            except RecordError as error:
                self._fail(row, error)
                texts.append("")
        survived = [place for place, row in enumerate(self.alive) if self.gates[row] is None]
        self.pages = self.pages.with_texts(texts)
        self._narrow(survived)

    def _text(self, row: int, sandbox: Sandbox, watch: Stopwatch) -> str:
        record = self.records[row]
        if not record.body:
            self.gates[row] = "empty_body"
            return ""
        with watch.timing("decode"):
            decoded = decode(record.body, record.http_charset)
        self.decoded[row] = replace(decoded, text="")  # how it was read is told later, the HTML is not needed again
        with watch.timing("extract"):
            extracted = sandbox.extract(decoded.text)
        text = storable(extracted.text) if extracted else ""
        if not text.strip():
            self.gates[row] = "empty_text"
        return text

    def _fail(self, row: int, error: RecordError) -> None:
        self.gates[row] = error.reason
        self.errors[row] = storable(str(error))
        self.by_limit[row] = error.by_limit

    def measure(self, measure: Measure) -> None:
        """Writes the measure's signals for the pages still alive."""
        self._keep_signals(measure.measure(self.pages))

    def transform(self, transform: Transform) -> None:
        """Replaces texts and remembers how."""
        answer = transform.transform(self.pages)
        self._keep_signals(answer.signals)
        self.pages = self.pages.with_texts(answer.texts)
        for row, edits in zip(self.alive, answer.edits, strict=True):
            self.edits[row] += edits

    def _keep_signals(self, signals: pa.RecordBatch) -> None:
        for name, column in zip(signals.schema.names, signals.columns, strict=True):
            for row, value in zip(self.alive, column.to_pylist(), strict=True):
                self.signals[name][row] = value

    def _narrow(self, places: list[int]) -> None:
        if len(places) < len(self.alive):
            self.alive = [self.alive[place] for place in places]
            self.pages = self.pages.take(places)


class _Tables:
    """The part's tables, filled batch by batch."""

    def __init__(self, part: PartRun, ingest: Ingest) -> None:
        self._schema = ingest.schema()
        self._rate = ingest.sample_rate
        self._records = part.writer("records", self._schema)
        self._documents = part.writer("documents", DOCUMENTS)
        self._samples = part.writer("samples", SAMPLES, SAMPLE_ROW_GROUP)
        self.counts: dict[str, int] = {"rows": 0, "documents": 0}

    def write(self, batch: Batch) -> None:
        """Adds the batch's rows to every table."""
        first, documents = self.counts["rows"], self.counts["documents"]
        rows = range(len(batch.records))
        document_rows: list[int | None] = [None] * len(rows)
        for place, row in enumerate(batch.alive):
            document_rows[row] = documents + place
        self._records.write_columns(_record_columns(batch, first, document_rows))
        self._documents.write_columns(_document_columns(batch, first))
        self._samples.write_columns(_sample_columns(batch, first, self._rate))
        self.counts["rows"] += len(rows)
        self.counts["documents"] += len(batch.alive)
        for row in rows:
            if reason := batch.gates[row]:
                key = f"{'failed' if batch.errors[row] else 'gate'}.{reason}"
                self.counts[key] = self.counts.get(key, 0) + 1


def _record_columns(batch: Batch, first: int, document_rows: list[int | None]) -> dict[str, Sequence[Any]]:
    records = batch.records
    return {
        "row": range(first, first + len(records)),
        "record_id": [storable(record.record_id) for record in records],
        "url": [storable(record.url) for record in records],
        "date": [record.date for record in records],
        "offset": [record.offset for record in records],
        "length": [record.length for record in records],
        "http_status": [record.http_status for record in records],
        "mime": [storable(record.mime) if record.mime else None for record in records],
        "charset": [decoded.charset if decoded else None for decoded in batch.decoded],
        "charset_how": [decoded.how if decoded else None for decoded in batch.decoded],
        "payload_sha1_ok": [record.payload_sha1_ok for record in records],
        "truncated": [storable(record.truncated) if record.truncated else None for record in records],
        "gate": batch.gates,
        "document_row": document_rows,
        "by_limit": batch.by_limit,
        "error": batch.errors,
        **batch.signals,
    }


def _document_columns(batch: Batch, first: int) -> dict[str, Sequence[Any]]:
    nothing: list[Any] = [None] * len(batch.records)
    records = [batch.records[row] for row in batch.alive]
    return {
        "record_row": [first + row for row in batch.alive],
        "record_id": [storable(record.record_id) for record in records],
        "url": [storable(record.url) for record in records],
        "date": [record.date for record in records],
        "text": batch.pages.texts,
        "edits": [
            [
                {"transform": e.transform, "start": e.start, "removed": e.removed, "inserted": e.inserted}
                for e in batch.edits[row]
            ]
            for row in batch.alive
        ],
        "language": [batch.signals.get("language", nothing)[row] for row in batch.alive],
        "language_score": [batch.signals.get("language_score", nothing)[row] for row in batch.alive],
    }


def _sample_columns(batch: Batch, first: int, rate: float) -> dict[str, Sequence[Any]]:
    sampled = [
        row
        for row, record in enumerate(batch.records)
        if batch.gates[row] and record.body and _fraction(record.record_id) < rate
    ]
    return {
        "record_row": [first + row for row in sampled],
        "url": [storable(batch.records[row].url) for row in sampled],
        "gate": [batch.gates[row] for row in sampled],
        "html": [batch.records[row].body[:SAMPLE_BYTES] for row in sampled],
    }


def _fraction(record_id: str) -> float:
    """A number in [0, 1) that depends on the id alone: the only randomness there is."""
    seed = hashlib.sha256(b"sample\n" + record_id.encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(seed[:8], "big") / 2**64
