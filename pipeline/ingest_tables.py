"""The tables of an ingest part, filled batch by batch.

Records, documents, where rows are from, samples of what was stopped; and, only where there are any, remarks and poison pages.
"""

import hashlib
from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from pipeline.archives.record import Record
from pipeline.batch import Batch
from pipeline.pages import storable
from pipeline.quarantine import PART_BYTES, ROW_GROUP, poisoned, quarantine_columns
from pipeline.remarks import Remarks
from pipeline.schemas import DOCUMENTS, ORIGINS, PAGE_FACTS, QUARANTINE, REMARKS, SAMPLES, with_columns
from pipeline.steps import PartRun
from pipeline.tables import TableWriter

SAMPLE_BYTES, SAMPLE_ROW_GROUP = 1 << 20, 64  # of a kept page's HTML, and of how many the writer holds at a time


class IngestTables:
    """Writers of the part's tables, and counts of what they wrote; `schema` is that of its records with all signals.

    `origins` is for rows that may say themselves which crawl and file they are from; `facts` are further columns of documents.
    """

    def __init__(
        self,
        part: PartRun,
        schema: pa.Schema,
        sample_rate: float,
        *,
        origins: bool = False,
        facts: Sequence[str] = (),
    ) -> None:
        self._part = part
        self._rate = sample_rate
        self._origins = part.writer("origins", ORIGINS) if origins else None
        self._records = part.writer("records", schema)
        self._facts = facts
        self._documents = part.writer("documents", with_columns(DOCUMENTS, PAGE_FACTS, facts))
        self._samples = part.writer("samples", SAMPLES, SAMPLE_ROW_GROUP)
        self._quarantine: TableWriter | None = None
        self._quarantine_room = PART_BYTES
        self._remarks = Remarks()
        self._taken_down: set[int] = set()
        self.counts: dict[str, int] = {"rows": 0, "documents": 0}

    def write(self, batch: Batch) -> None:
        """Adds the batch's rows to every table."""
        first, documents = self.counts["rows"], self.counts["documents"]
        rows = range(len(batch.records))
        document_rows: list[int | None] = [None] * len(rows)
        for place, row in enumerate(batch.alive):
            document_rows[row] = documents + place
        self._records.write_columns(_record_columns(batch, first, document_rows))
        self._documents.write_columns(_document_columns(batch, first) | _fact_columns(batch, self._facts))
        if self._origins is not None:
            self._origins.write_columns(_origin_columns(batch))
        self._samples.write_columns(_sample_columns(batch, first, self._rate))
        self._remarks.see(first, batch.records)
        self._taken_down.update(first + row for row in batch.taken_down)
        self._set_aside(batch, first)
        self.counts["rows"] += len(rows)
        self.counts["documents"] += len(batch.alive)
        for row in rows:
            if reason := batch.gates[row]:
                key = f"{'failed' if batch.errors[row] else 'gate'}.{reason}"
                self.counts[key] = self.counts.get(key, 0) + 1

    def finish(self) -> None:
        """Writes what is known only when all records have passed."""
        columns = self._remarks.columns(without=self._taken_down)
        if columns["record_row"]:
            self._part.writer("remarks", REMARKS).write_columns(columns)
        self.counts |= self._remarks.counts()

    def _set_aside(self, batch: Batch, first: int) -> None:
        rows = poisoned(batch)
        if not rows:
            return
        if self._quarantine is None:
            self._quarantine = self._part.writer("quarantine", QUARANTINE, ROW_GROUP)
        columns = quarantine_columns(batch, rows, first, self._quarantine_room)
        self._quarantine_room -= sum(len(body) for body in columns["body"] if body)
        self._quarantine.write_columns(columns)


def _record_columns(batch: Batch, first: int, document_rows: list[int | None]) -> dict[str, Sequence[Any]]:
    records = [_named(batch, row) for row in range(len(batch.records))]
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


def _named(batch: Batch, row: int) -> Record:
    """The record as its row tells of it: one that was taken down is a place in its file and nothing more."""
    record = batch.records[row]
    if row not in batch.taken_down:
        return record
    return Record(kind=record.kind, type=record.type, offset=record.offset, length=record.length)


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


def _fact_columns(batch: Batch, facts: Sequence[str]) -> dict[str, Sequence[Any]]:
    found = [batch.found[row] for row in batch.alive]
    return {name: [getattr(page, name) if page else None for page in found] for name in facts}


def _origin_columns(batch: Batch) -> dict[str, Sequence[Any]]:
    records = [batch.records[row] for row in batch.alive]
    return {
        "dump": [storable(record.dump) if record.dump else None for record in records],
        "file_path": [storable(record.file_path) if record.file_path else None for record in records],
    }


def _sample_columns(batch: Batch, first: int, rate: float) -> dict[str, Sequence[Any]]:
    sampled = [
        row
        for row, record in enumerate(batch.records)
        if batch.gates[row] and record.body and row not in batch.taken_down and _fraction(record.record_id) < rate
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
