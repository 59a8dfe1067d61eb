"""From the answer back to somebody else's rows: those that stay, with all their columns, and what became of each row."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from dedup.copies import copies_step, numbered
from dedup.numbering import among
from dedup.releases import SOURCE_BITS, Release
from dedup.rows import check_count, counted, schema_found
from dedup.scale import Ranges
from pipeline.column_types import TEXT
from pipeline.identity import IDENTITY_IF_CHANGED, NOT_IDENTITY
from pipeline.rows.batches import whole_batches
from pipeline.rows.json_rows import json_lines
from pipeline.rows.line_writer import with_member
from pipeline.rows.pieces import Piece, check_unchanged, piece_of
from pipeline.sources import load_source
from pipeline.steps import PartRun
from pipeline.storage import open_storage
from pipeline.tables import read_table

ROW_GROUP = 10_000  # rows, or 64 MB of text where they are long
LEVEL = 1  # of Zstandard: writing takes 0.4 of the time of level 3, for files 8 % larger
DUPLICATES_ROW_GROUP = 1 << 16
CLUSTER_SIZE = pa.field("minhash_cluster_size", pa.int32())

DUPLICATES = pa.schema(
    [
        pa.field("file", TEXT, nullable=False),
        pa.field("row", pa.int64(), nullable=False),
        pa.field("cluster", pa.uint64()),
        pa.field("cluster_size", pa.int32(), nullable=False),
        pa.field("survivor_file", TEXT),
        pa.field("survivor_row", pa.int64()),
        pa.field("keep", pa.bool_(), nullable=False),
    ]
)

# Behind them where rows are compared with earlier releases.
SURVIVOR_SOURCE = pa.field("survivor_source", TEXT)

# And where exact copies are taken away: why a row goes, and the row that it is a copy of, which may have gone itself.
COPY = pa.schema([pa.field("reason", TEXT), pa.field("copy_of_file", TEXT), pa.field("copy_of_row", pa.int64())])

# Both: the source of that row, where an earlier release has it.
COPY_SOURCE = pa.field("copy_of_source", TEXT)

_LOW = np.uint64((1 << 24) - 1)
_BITS = np.uint64(24)


class Places(NamedTuple):
    """For each part of the source, and then of each release: the file that it is of, and the number of its first row there.

    `starts` is where each source begins; `names` has those of the releases, and null before them.
    """

    files: pa.Array
    first: npt.NDArray[np.int64]
    starts: npt.NDArray[np.int64]
    names: pa.Array


@dataclass(frozen=True, slots=True, kw_only=True)
class PackRows:
    """Writes the rows that stay as `data`, and what became of each row as `duplicates`.

    `source` is where ROOT keeps the list of input files: a survivor is told by its file and row, and one of the releases
    `against` by the name of its source too. `exact` are the kinds of copies that were taken away, which steps of the ranges
    `found` tell where there are such.
    """

    name: ClassVar[str] = "pack-rows"
    version: ClassVar[int] = 1

    source: str = field(metadata=NOT_IDENTITY)
    lines: bool = field(default=False, metadata=IDENTITY_IF_CHANGED)
    against: tuple[Release, ...] = field(default=(), metadata=IDENTITY_IF_CHANGED)
    exact: tuple[str, ...] = field(default=(), metadata=IDENTITY_IF_CHANGED)
    found: Ranges | None = field(default=None, metadata=NOT_IDENTITY)

    def run(self, part: PartRun) -> dict[str, int]:
        """Writes `data` and `duplicates`; counts the `rows` that stay."""
        data = _Lines(part) if self.lines else _Table(part)
        schema = self._schema()
        duplicates = part.writer("duplicates", schema, DUPLICATES_ROW_GROUP)
        places = _places(part.task.root, self.source, self.against)
        for member, (file, answer) in enumerate(zip(part.task.files, _answers(part), strict=True)):
            piece = piece_of(file)
            if self.exact:
                answer = answer.append_column("original", self._originals(part, member, answer.num_rows))
            for some in _duplicates(piece, answer, places, schema):
                duplicates.write(some)
            check_count(file.name, data.write_kept(piece, answer), answer.num_rows)
        return {"rows": data.writer.rows}

    def _schema(self) -> pa.Schema:
        """The columns of `duplicates`."""
        fields = [*DUPLICATES]
        if self.against:
            fields.append(SURVIVOR_SOURCE)
        if self.exact:
            fields += COPY
        if self.against and self.exact:
            fields.append(COPY_SOURCE)
        return pa.schema(fields)

    def _originals(self, part: PartRun, member: int, rows: int) -> pa.Array:
        """For each row of a file the document that it is an exact copy of; null for those that are none."""
        original, there = np.zeros(rows, np.uint64), np.zeros(rows, np.bool_)
        document = numbered(part, member, 0, rows)
        begins = self.found and self.found.starts()
        for kind in self.exact:
            step = copies_step(kind, self.found)
            copies = among(part, step, part.task.part.first + member, 1, "copies", begins)
            at = np.searchsorted(document, copies["document"].to_numpy())
            original[at], there[at] = copies["original"].to_numpy(), True
        return pa.array(original, mask=~there)


class _Table:
    """The rows that stay as Parquet, with the columns of all files."""

    def __init__(self, part: PartRun) -> None:
        self._columns = pa.schema([each for each in schema_found(part, "columns") if each.name != CLUSTER_SIZE.name])
        self.writer = part.writer("data", self._columns.append(CLUSTER_SIZE), ROW_GROUP, level=LEVEL)

    def write_kept(self, piece: Piece, answer: pa.Table) -> int:
        """Writes what stays of a piece and returns how many rows it has."""
        rows = 0
        for batch in whole_batches(piece, self._columns):
            self.writer.write(_kept(batch, answer.slice(rows, batch.num_rows), self.writer.schema))
            rows += batch.num_rows
        return rows


class _Lines:
    """The rows that stay as the lines of JSON that they were."""

    def __init__(self, part: PartRun) -> None:
        self.writer = part.lines("data")

    def write_kept(self, piece: Piece, answer: pa.Table) -> int:
        """See `_Table.write_kept`."""
        keep, size = answer["keep"].to_pylist(), answer["cluster_size"].to_pylist()
        rows = 0
        check_unchanged(piece)
        for lines in json_lines(piece):
            for place, line in enumerate(lines[: len(keep) - rows], rows):
                if keep[place]:
                    self.writer.write(with_member(line, CLUSTER_SIZE.name, size[place]))
            rows += len(lines)
        check_unchanged(piece)
        return rows


def _answers(part: PartRun) -> Iterator[pa.Table]:
    """What became of the rows of each input file of the part."""
    tables = [read_table(part.storage, receipt, "survivors") for receipt in part.receipts("survivors")]
    answers, first = pa.concat_tables(tables).combine_chunks(), 0
    for rows in counted(part):
        yield answers.slice(first, rows)
        first += rows


def _kept(batch: pa.RecordBatch, answer: pa.Table, schema: pa.Schema) -> pa.RecordBatch:
    """The rows that stay, with the size of their cluster; a batch of which all stay is not copied."""
    if answer.num_rows != batch.num_rows:  # more rows than there were, which `check_count` tells of
        batch = batch.slice(0, answer.num_rows)
    (answer,) = answer.to_batches() or [pa.RecordBatch.from_pylist([], answer.schema)]
    whole = pa.RecordBatch.from_arrays([*batch.columns, answer["cluster_size"]], schema=schema)
    return whole if pc.call_function("all", [answer["keep"]]).as_py() else whole.filter(answer["keep"])


def _duplicates(piece: Piece, answer: pa.Table, places: Places, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    row = piece.first
    for batch in answer.to_batches(max_chunksize=DUPLICATES_ROW_GROUP):
        file, at, source = _told(batch["survivor"], places)
        columns = {
            "file": pa.repeat(pa.scalar(piece.name, TEXT), batch.num_rows),
            "row": pa.array(np.arange(row, row + batch.num_rows)),
            "survivor_file": file,
            "survivor_row": at,
            "survivor_source": source,
        }
        row += batch.num_rows
        columns |= {name: batch[name] for name in ("cluster", "cluster_size", "keep")}
        if "original" in batch.schema.names:
            names = "copy_of_file", "copy_of_row", "copy_of_source"
            columns |= dict(zip(names, _told(batch["original"], places), strict=True))
            columns["reason"] = batch["reason"]
        yield pa.RecordBatch.from_arrays([columns[name] for name in schema.names], schema=schema)


def _told(documents: pa.Array, places: Places) -> tuple[pa.Array, pa.Array, pa.Array]:
    """File, row and, of one of an earlier release, source of each document; null for null."""
    numbers = documents.fill_null(0).to_numpy(zero_copy_only=False)
    there = documents.is_null().to_numpy(zero_copy_only=False)
    source = (numbers >> SOURCE_BITS).astype(np.int64)
    parts = places.starts[source] + (numbers >> _BITS & _LOW).astype(np.int64)
    file = places.files.take(pa.array(parts, pa.int64(), mask=there))
    row = pa.array((numbers & _LOW).astype(np.int64) + places.first[parts], mask=there)
    return file, row, places.names.take(pa.array(source))


@lru_cache(maxsize=2)
def _places(root: str, source: str, against: tuple[Release, ...]) -> Places:
    lists = [(root, source), *((release.root, release.listed) for release in against)]
    pieces = [[piece_of(part) for part in load_source(open_storage(at), path).parts] for at, path in lists]
    every = [piece for some in pieces for piece in some]
    return Places(
        pa.array([piece.name for piece in every], TEXT),
        np.array([piece.first for piece in every], np.int64),
        np.cumsum([0, *map(len, pieces)]),
        pa.array([None, *(release.source for release in against)], TEXT),
    )
