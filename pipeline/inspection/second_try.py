"""Poison pages run again under other limits: what comes of each now.

A page goes through the gates, extractor, measures and rules of its run once more, in an extractor's process of its own, so that
what it takes is known. Nothing in ROOT is written. Its body comes from the quarantine, or from its archive where it was not kept.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.archives.record import Record
from pipeline.archives.warc import MAX_BODY
from pipeline.batch import Batch
from pipeline.column_types import TEXT
from pipeline.decide import judge
from pipeline.errors import GristmillError
from pipeline.ingest import Item, measured, needs_html
from pipeline.measures import Extractor, Rule
from pipeline.pack import iso
from pipeline.quarantine import REASONS
from pipeline.receipts import Receipt
from pipeline.runs import OpenRun
from pipeline.sandbox import Limits, Sandbox
from pipeline.schemas import RECORDS, with_signals
from pipeline.sources import ROW_FILES
from pipeline.tables import read_batches, read_rows, read_table
from pipeline.why import record_again

CHAR_BYTES = 4  # the most that a character has in UTF-8


@dataclass(frozen=True, slots=True, kw_only=True)
class Poison:
    """A page that was stopped: where it is, why (`was`), and its body where the quarantine has it."""

    part: int
    row: int
    file: str
    was: str
    record: dict[str, Any]
    http_charset: str | None
    body: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondTry:
    """What came of a poison page.

    `verdict` is `keep`, `drop` or `fail` as `decide` gives it, `reason` why it is not kept, `error` how a failure showed.
    `seconds` of wall-clock time and `peak_bytes` of memory are what its process took; 0 where there was none. `text_chars` is
    known, and `text` there, of a page past all gates.
    """

    part: int
    row: int
    file: str
    record_id: str
    url: str
    date: str | None
    was: str
    reason: str | None
    error: str | None
    verdict: str = "fail"
    body_from: str = "nowhere"
    seconds: float = 0.0
    peak_bytes: int = 0
    text_chars: int | None = None
    text: str | None = None

    def as_json(self) -> dict[str, Any]:
        """The outcome as a machine reads it, without the text."""
        return {name: value for name, value in asdict(self).items() if name != "text"}


def poison_pages(run: OpenRun, reasons: Sequence[str] = ()) -> Iterator[Poison]:
    """The run's poison pages in the order of its files, or those of some `reasons` only; one body is held at a time."""
    receipts = run.receipts("ingest")
    for number, part in enumerate(run.source.parts):
        receipt = receipts.get(part.key)
        if receipt is None:
            continue
        rows = _quarantined(run, receipt) if "quarantine" in receipt.files else _stopped(run, receipt)
        for row in rows:
            if not reasons or row["gate"] in reasons:
                yield Poison(
                    part=number,
                    row=row["record_row"],
                    file=part.name,
                    was=row["gate"],
                    record=read_rows(run.storage, receipt, "records", row["record_row"])[0],
                    http_charset=row["http_charset"],
                    body=row["body"],
                )


def _quarantined(run: OpenRun, receipt: Receipt) -> Iterator[dict[str, Any]]:
    for batch in read_batches(run.storage, receipt, "quarantine", rows=1):
        yield from batch.to_pylist()


def _stopped(run: OpenRun, receipt: Receipt) -> list[dict[str, Any]]:
    """The same of a part that was read before there was a quarantine: its archive has the bodies."""
    if not any(receipt.counts.get(f"failed.{reason}") for reason in REASONS):
        return []
    where = pc.field("by_limit") | pc.field("gate").isin(REASONS)
    found = read_table(run.storage, receipt, "records", ["row", "gate"], where=where).to_pylist()
    return [{"record_row": row["row"], "gate": row["gate"], "http_charset": None, "body": None} for row in found]


def try_again(run: OpenRun, page: Poison, items: Sequence[Item], limits: Limits) -> SecondTry:
    """Runs a page through `items` under `limits`, and judges it by the run's rules as far as `items` measure what they name."""
    try:
        record, body_from = _record(run, page, limits)
    except GristmillError as error:
        return _failed(page, "not_found_again", str(error))
    if page.file.endswith(ROW_FILES):
        items = [item for item in items if not needs_html(item)]
    began = time.perf_counter()
    batch, peak = _through(record, items, limits)
    seconds = round(time.perf_counter() - began, 3)
    verdict = judge(_signals(batch), _judging(run.record.rules, batch.schema)).to_pylist()[0]
    text = batch.pages.texts[0] if batch.alive else None
    return replace(
        _failed(page, verdict["reason"], batch.errors[0]),
        verdict=verdict["verdict"],
        body_from=body_from,
        seconds=seconds,
        peak_bytes=peak,
        text_chars=None if text is None else len(text),
        text=text,
    )


def _failed(page: Poison, reason: str | None, error: str | None) -> SecondTry:
    return SecondTry(
        part=page.part,
        row=page.row,
        file=page.file,
        record_id=page.record["record_id"],
        url=page.record["url"],
        date=iso(page.record["date"]),
        was=page.was,
        reason=reason,
        error=error,
    )


def _record(run: OpenRun, page: Poison, limits: Limits) -> tuple[Record, str]:
    """The page as a reader would give it, and where its body is from."""
    stored = page.record
    if page.body is None:
        is_row = page.file.endswith(ROW_FILES)
        most = limits.max_html_chars if is_row else max(MAX_BODY, CHAR_BYTES * limits.max_html_chars)
        return record_again(run, page.part, stored, most), "archive"
    found = Record(
        kind="page",
        type="quarantined",
        offset=stored["offset"],
        length=stored["length"],
        record_id=stored["record_id"],
        url=stored["url"],
        date=stored["date"],
        http_status=stored["http_status"],
        mime=stored["mime"],
        http_charset=page.http_charset,
        body=page.body,
    )
    return found, "quarantine"


def _through(record: Record, items: Sequence[Item], limits: Limits) -> tuple[Batch, int]:
    """The page after all items, and the largest resident size of its process."""
    extractor = next(item for item in items if isinstance(item, Extractor))
    schema = with_signals(RECORDS, [item.signals for item in items])
    with Sandbox(extractor, limits) as sandbox:
        batch = Batch([record], schema)
        batch = measured(batch, items, sandbox, batch.watch)
    return batch, sandbox.peak_rss_bytes


def _signals(batch: Batch) -> pa.Table:
    """The row that `decide` would read."""
    columns = {"gate": pa.array(batch.gates, TEXT), "error": pa.array(batch.errors, TEXT)}
    return pa.table(
        columns | {name: pa.array(rows, batch.schema.field(name).type) for name, rows in batch.signals.items()}
    )


def _judging(rules: Sequence[Rule], schema: pa.Schema) -> list[Rule]:
    """The rules that ingest measures for; those of later measures cannot be asked."""
    return [rule for rule in rules if rule.signal in schema.names]
