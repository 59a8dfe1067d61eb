"""Opens an input file by what its name says it is: an archive of pages, or rows of text that somebody else extracted."""

import hashlib
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, ClassVar, Protocol

from pipeline.archives.record import Record
from pipeline.archives.warc import read_records
from pipeline.inputs import REMOTE, InputStream, open_input, open_seekable
from pipeline.rows.columns import RowColumns
from pipeline.rows.jsonl import JsonlReader
from pipeline.rows.parquet import ParquetReader
from pipeline.sources import ROW_FILES, SourcePart

PARQUET = ".parquet"


class Reader(Protocol):
    """Reads one file: the spans of its records follow one another from 0 to `extent`, which is known at the end.

    `has_html` is false where the pages' text is already extracted.
    """

    has_html: ClassVar[bool]

    @property
    def extent(self) -> int:
        """What the offsets of the records count up to: bytes, or the rows of a Parquet file."""
        ...

    def records(self) -> Iterator[Record]:
        """The records of the file, in file order."""
        ...


class ArchiveReader:
    """Reads a WARC, WET or ARC file; `extent` counts its bytes."""

    has_html: ClassVar[bool] = True

    def __init__(self, stream: InputStream, name: str) -> None:
        self._stream = stream
        self._name = name

    @property
    def extent(self) -> int:
        """See `Reader.extent`."""
        return self._stream.bytes

    def records(self) -> Iterator[Record]:
        """See `Reader.records`."""
        return read_records(self._stream, self._name)


@contextmanager
def open_reader(
    file: SourcePart, columns: RowColumns, max_chars: int, facts: dict[str, Any] | None = None
) -> Generator[Reader]:
    """A reader of `file`; at the end `facts` (if given) has its `input_bytes` and, where all of it was read, its `input_sha256`.

    Texts of rows of more than `max_chars` characters are left out.
    """
    told = {} if facts is None else facts
    if file.name.endswith(PARQUET):
        with closing(open_seekable(file.location)) as seekable:
            yield ParquetReader(seekable, file.name, columns, max_chars)
            told["input_bytes"] = seekable.size()
        if facts is not None and not file.location.startswith(REMOTE):  # that would have to be fetched again, and whole
            told["input_sha256"] = _sha256(file.location)
        return
    with open_input(file.location) as stream:
        if file.name.endswith(ROW_FILES):
            yield JsonlReader(stream, file.name, columns, max_chars)
        else:
            yield ArchiveReader(stream, file.name)
        told |= {"input_bytes": stream.bytes, "input_sha256": stream.sha256, "input_requests": stream.requests}


def _sha256(path: str) -> str:
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
