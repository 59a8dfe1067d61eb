"""Files of rows written down by a test, and what is read of them."""

from pathlib import Path
from typing import Any

from pipeline.archives.record import Record
from pipeline.reading import open_reader
from pipeline.rows.columns import RowColumns
from pipeline.sources import SourcePart

MOST_CHARS = 1_000


def read(file: Path, **columns: str) -> tuple[list[Record], dict[str, Any]]:
    """The records of a file, whose spans cover it from 0 to its extent, and the facts of its reading."""
    facts: dict[str, Any] = {}
    part = SourcePart(file.name, str(file), file.stat().st_size, "")
    with open_reader(part, RowColumns(**columns), MOST_CHARS, facts) as reader:
        records = list(reader.records())
        covered = 0
        for record in records:
            assert record.offset == covered
            covered += record.length
        assert covered == reader.extent
    assert facts["input_bytes"] == file.stat().st_size
    return records, facts


def told(record: Record) -> str | None:
    """What a record is about: its text, or what is wrong with it."""
    return record.text if record.error_reason is None else record.error_reason
