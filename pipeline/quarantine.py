"""Poison pages kept aside: those that a limit stopped, or that an extractor did not survive, with what a second try needs.

The body is kept as the extractor would have got it, so that `gristmill replay` needs no archive. What is kept is bounded: of a
page that is larger, or of a file that has more of them, only the row stays, which says where the page is in its archive.
"""

from collections.abc import Sequence
from typing import Any

from pipeline.batch import Batch
from pipeline.storable import storable
from pipeline.structure import REASONS as STRUCTURE_REASONS

PAGE_BYTES = 32 << 20  # of a body; the customary limit is 20 million characters
PART_BYTES = 256 << 20  # of all bodies of a file
ROW_GROUP = 8

LIMITS = ("over_size", *STRUCTURE_REASONS, "over_memory", "over_cpu", "over_time")
BROKE_EXTRACTOR = ("extractor_crashed", "extractor_error")
REASONS = (*LIMITS, *BROKE_EXTRACTOR)


def is_poison(batch: Batch, row: int) -> bool:
    """Whether a limit stopped the record, or the extractor broke on it; a file that is cut off or corrupt is neither."""
    return batch.by_limit[row] or batch.gates[row] in BROKE_EXTRACTOR


def poisoned(batch: Batch) -> list[int]:
    """Rows of the batch that go to the quarantine."""
    return [row for row in range(len(batch.records)) if is_poison(batch, row)]


def quarantine_columns(batch: Batch, rows: Sequence[int], first: int, room: int) -> dict[str, Sequence[Any]]:
    """The table's columns for `rows` of the batch, whose rows begin at `first`; bodies may take up to `room` bytes together."""
    records = [batch.records[row] for row in rows]
    bodies: list[bytes | None] = []
    for record in records:
        kept = bool(record.body) and len(record.body) <= min(PAGE_BYTES, room)
        bodies.append(record.body if kept else None)
        room -= len(record.body) if kept else 0
    return {
        "record_row": [first + row for row in rows],
        "record_id": [storable(record.record_id) for record in records],
        "url": [storable(record.url) for record in records],
        "date": [record.date for record in records],
        "mime": [storable(record.mime) if record.mime else None for record in records],
        "http_charset": [storable(record.http_charset) if record.http_charset else None for record in records],
        "gate": [batch.gates[row] for row in rows],
        "error": [batch.errors[row] for row in rows],
        "body_bytes": [len(record.body) if record.body else None for record in records],
        "body": bodies,
    }
