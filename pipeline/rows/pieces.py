"""Pieces of input files: of a large Parquet file, each part of a run reads some row groups.

So one file keeps several workers busy, a part's memory does not grow with the file, and no document number runs out of its 24
bits for the row. A piece is a `SourcePart` whose name says which row groups it is; a file that is one piece keeps its name.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from typing import TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.errors import InputError
from pipeline.inputs import open_seekable
from pipeline.remote.stores import HUB
from pipeline.rows.parquet import unreadable
from pipeline.sources import STATS_AT_ONCE, Source, SourcePart, entry_at

PARQUET = ".parquet"
PIECE_BYTES = 128 << 20  # of columns as Parquet counts them, uncompressed
PIECE_ROWS = 1 << 19
MOST_ROWS = 1 << 24  # a document's number keeps 24 bits for its row

_NAME = re.compile(r"(.*)#groups=(\d+)-(\d+)&rows=(\d+)-(\d+)&bytes=(\d+)", re.DOTALL)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Piece:
    """Rows of an input file: row groups `groups` of a Parquet file, of which the first row is `first`; None for all."""

    name: str
    location: str
    bytes: int
    tag: str
    first: int = 0
    groups: tuple[int, int] | None = None

    @property
    def is_parquet(self) -> bool:
        """Whether the file is Parquet; it is lines of JSON otherwise."""
        return self.name.endswith(PARQUET)


def piece_of(part: SourcePart) -> Piece:
    """What a part of a divided source reads."""
    found = _NAME.fullmatch(part.name)
    if not found:
        return Piece(part.name, part.location, part.bytes, part.tag)
    name, start, last, first, _, size = found.groups()
    return Piece(name, part.location, int(size), part.tag, int(first), (int(start), int(last) + 1))


def divided(source: Source) -> tuple[Source, dict[str, pa.Schema]]:
    """The source in pieces, and the schema of each of its Parquet files by name, from the files' footers.

    Raises:
        InputError: a file is no readable Parquet.
    """
    opened = _together(_divided, [part for part in source.parts if part.name.endswith(PARQUET)])
    pieces = {part.name: found for part, found in opened}
    parts = [piece for part in source.parts for piece in (pieces[part.name][0] if part.name in pieces else (part,))]
    return Source(source.name, tuple(parts)), {name: schema for name, (_, schema) in pieces.items()}


def _together(ask: Callable[[SourcePart], T], parts: Sequence[SourcePart]) -> Iterable[tuple[SourcePart, T]]:
    with ThreadPoolExecutor(STATS_AT_ONCE) as pool:
        return list(zip(parts, pool.map(ask, parts), strict=True))


def _divided(part: SourcePart) -> tuple[tuple[SourcePart, ...], pa.Schema]:
    with closing(open_seekable(part.location)) as file, unreadable(part.name):
        parquet = pq.ParquetFile(file)
        return tuple(_pieces(part, parquet.metadata)), parquet.schema_arrow


def _pieces(part: SourcePart, about: pq.FileMetaData) -> Iterator[SourcePart]:
    groups = [about.row_group(number) for number in range(about.num_row_groups)]
    ranges = list(_ranges([(group.num_rows, group.total_byte_size) for group in groups], part.name))
    if len(ranges) <= 1:
        yield part
        return
    first = 0
    for start, stop in ranges:
        rows = sum(group.num_rows for group in groups[start:stop])
        size = sum(_compressed(group) for group in groups[start:stop])
        name = f"{part.name}#groups={start}-{stop - 1}&rows={first}-{first + rows - 1}&bytes={part.bytes}"
        yield SourcePart(name, part.location, size, part.tag)
        first += rows


def _ranges(groups: Sequence[tuple[int, int]], name: str) -> Iterator[tuple[int, int]]:
    """From and to of runs of row groups (rows, bytes), each as long as it fits in a piece, or one group."""
    start, rows, size = 0, 0, 0
    for number, (more, bytes_) in enumerate(groups):
        if more > MOST_ROWS:
            raise InputError(f"{name}: {more:,} rows in one row group; at most {MOST_ROWS:,} can be numbered")
        if number > start and (rows + more > PIECE_ROWS or size + bytes_ > PIECE_BYTES):
            yield start, number
            start, rows, size = number, 0, 0
        rows, size = rows + more, size + bytes_
    if groups:
        yield start, len(groups)


def _compressed(group: pq.RowGroupMetaData) -> int:
    return sum(group.column(number).total_compressed_size for number in range(group.num_columns))


def check_unchanged(piece: Piece) -> None:
    """InputError where the file is not the one that the run was planned with: other bytes, or written since.

    A file of the Hub is named by its commit; of it only the size is compared.
    """
    there = entry_at(piece.location)
    if there.bytes != piece.bytes or (there.tag != piece.tag and not piece.location.startswith(HUB)):
        raise InputError(f"{piece.name}: the file has changed since this run was planned; run the same command again")
