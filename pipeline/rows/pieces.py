"""Pieces of input files: of a large Parquet file, each part of a run reads some row groups, or some rows of a large one.

So one file keeps several workers busy, a part's memory does not grow with the file, and no document number runs out of its 24
bits for the row. A piece is a `SourcePart` whose name says which rows it is; a file that is one piece keeps its name.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

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
MOST_CUTS = 4  # of a row group
MOST_ROWS = 1 << 24  # a document's number keeps 24 bits for its row

_NAME = re.compile(r"(.*)#groups=(\d+)-(\d+)&rows=(\d+)-(\d+)&bytes=(\d+)", re.DOTALL)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Piece:
    """Rows of an input file: `rows` of them from row `first` on, in row groups `groups` of a Parquet file; None for all."""

    name: str
    location: str
    bytes: int
    tag: str
    first: int = 0
    rows: int | None = None
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
    name, (start, stop, first, last, size) = found[1], map(int, found.groups()[1:])
    return Piece(name, part.location, size, part.tag, first, last - first + 1, (start, stop + 1))


class Footer(NamedTuple):
    """What the end of a Parquet file says of it."""

    schema: pa.Schema
    rows: int


def divided(source: Source) -> tuple[Source, dict[str, Footer]]:
    """The source in pieces, and what is known of each of its Parquet files by name.

    Raises:
        InputError: a file is no readable Parquet.
    """
    opened = _together(_divided, [part for part in source.parts if part.name.endswith(PARQUET)])
    pieces = {part.name: found for part, found in opened}
    parts = [piece for part in source.parts for piece in (pieces[part.name][0] if part.name in pieces else (part,))]
    return Source(source.name, tuple(parts)), {name: footer for name, (_, footer) in pieces.items()}


def _together(ask: Callable[[SourcePart], T], parts: Sequence[SourcePart]) -> Iterable[tuple[SourcePart, T]]:
    with ThreadPoolExecutor(STATS_AT_ONCE) as pool:
        return list(zip(parts, pool.map(ask, parts), strict=True))


def _divided(part: SourcePart) -> tuple[tuple[SourcePart, ...], Footer]:
    with closing(open_seekable(part.location)) as file, unreadable(part.name):
        parquet = pq.ParquetFile(file)
        return tuple(_pieces(part, parquet.metadata)), Footer(parquet.schema_arrow, parquet.metadata.num_rows)


def _pieces(part: SourcePart, about: pq.FileMetaData) -> Iterator[SourcePart]:
    groups = [about.row_group(number) for number in range(about.num_row_groups)]
    ranges = list(_ranges([(group.num_rows, group.total_byte_size) for group in groups]))
    if len(ranges) <= 1:
        yield part
        return
    for start, stop, first, rows in ranges:
        there = sum(group.num_rows for group in groups[start:stop])
        size = sum(_compressed(group) for group in groups[start:stop]) * rows // there
        name = f"{part.name}#groups={start}-{stop - 1}&rows={first}-{first + rows - 1}&bytes={part.bytes}"
        yield SourcePart(name, part.location, size, part.tag)


def _ranges(groups: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int, int, int]]:
    """From and to of row groups (rows, bytes), first row and rows of each piece.

    A piece is as many groups as fit in it, or some of the rows of a group that is larger than two pieces.
    """
    start = first = rows = size = 0
    for number, (more, bytes_) in enumerate(groups):
        cuts = _cuts(more, bytes_)
        if rows and (cuts > 1 or rows + more > PIECE_ROWS or size + bytes_ > PIECE_BYTES):
            yield start, number, first, rows
            start, first, rows, size = number, first + rows, 0, 0
        if cuts > 1:
            for cut in range(cuts):
                low, high = more * cut // cuts, more * (cut + 1) // cuts
                yield number, number + 1, first + low, high - low
            start, first = number + 1, first + more
        else:
            rows, size = rows + more, size + bytes_
    if rows:
        yield start, len(groups), first, rows


def _cuts(rows: int, size: int) -> int:
    """Into how many pieces a row group is cut: not many, for each decodes what stands before it in the group."""
    wanted = max(rows // PIECE_ROWS, size // PIECE_BYTES)
    return max(1, min(wanted, MOST_CUTS, rows), -(-rows // MOST_ROWS))


def _compressed(group: pq.RowGroupMetaData) -> int:
    return sum(group.column(number).total_compressed_size for number in range(group.num_columns))


def check_unchanged(piece: Piece) -> None:
    """InputError where the file is not the one that the run was planned with: other bytes, or written since.

    A file of the Hub is named by its commit; of it only the size is compared.
    """
    there = entry_at(piece.location)
    if there.bytes != piece.bytes or (there.tag != piece.tag and not piece.location.startswith(HUB)):
        raise InputError(f"{piece.name}: the file has changed since this run was planned; run the same command again")
