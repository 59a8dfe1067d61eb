"""Rows of somebody else's files as documents: they are read where they lie, and their text is never copied."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import pyarrow as pa

from dedup.documents import BATCH, Batch, Mask
from dedup.numbering import Numbers
from pipeline.errors import InputError
from pipeline.identity import IDENTITY_IF_CHANGED, NOT_IDENTITY
from pipeline.rows.batches import document_batches, rows_of
from pipeline.rows.columns import RowColumns
from pipeline.rows.json_rows import json_lines
from pipeline.rows.pieces import Piece, check_unchanged, piece_of
from pipeline.rows.united import storable, united_all
from pipeline.sources import load_source
from pipeline.steps import PartRun, Step
from pipeline.tables import read_table

_ROW_BITS, _ROW = np.uint64(24), np.uint64((1 << 24) - 1)

LOOKED = "rows"  # the step that says how many rows there are
COUNTED = pa.schema([pa.field("rows", pa.int32(), nullable=False)])
COLUMNS = pa.schema([pa.field("schema", pa.large_binary(), nullable=False)])  # as Arrow writes it between processes


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """All rows of the part's input files; the step `rows` must be an input of the step that reads them.

    A row whose text is null, or cannot be read, has the empty text: it has no near-duplicates and is kept. `source` is where
    ROOT keeps the list of files, for a barrier that reads texts.
    """

    name: ClassVar[str] = "rows"
    version: ClassVar[int] = 1

    columns: RowColumns = field(default_factory=RowColumns)
    source: str = field(default="", metadata=NOT_IDENTITY)

    def batches(
        self, part: PartRun, columns: Sequence[str], rows: int = BATCH, *, score: str | None = None
    ) -> Iterator[Batch]:
        """See `Documents.batches`."""
        names = [*columns, *(["score"] if score else [])]
        for member, (file, count) in enumerate(zip(part.task.files, counted(part), strict=True)):
            row = 0
            for table in document_batches(piece_of(file), self.columns, rows, score=score):
                yield Batch(member, row, table.select(names), np.ones(table.num_rows, np.bool_))
                row += table.num_rows
            check_count(file.name, row, count)

    def kept(self, part: PartRun) -> Iterator[Mask]:
        """See `Documents.kept`: all are."""
        return (np.ones(rows, np.bool_) for rows in counted(part))

    def texts(self, part: PartRun, wanted: Numbers) -> Iterator[tuple[int, str]]:
        """See `Documents.texts`; a piece of a file is read to the last row that is wanted."""
        pieces = load_source(part.storage, self.source).parts
        files, starts = np.unique(wanted >> _ROW_BITS, return_index=True)
        for file, some in zip(files.tolist(), np.split(wanted, starts[1:]), strict=True):
            yield from self._texts(piece_of(pieces[file]), some)

    def _texts(self, piece: Piece, wanted: Numbers) -> Iterator[tuple[int, str]]:
        row, places = 0, (wanted & _ROW).astype(np.int64)
        for batch in document_batches(piece, self.columns):
            here = slice(*np.searchsorted(places, [row, row + batch.num_rows]))
            texts = batch["text"].take(pa.array(places[here] - row)).to_pylist()
            yield from zip(wanted[here].tolist(), texts, strict=True)
            row += batch.num_rows
            if here.stop == places.size:
                return


def counted(part: PartRun) -> Iterator[int]:
    """The rows of each input file of the part, as the step `rows` counted them."""
    for receipt in part.receipts(LOOKED):
        yield from read_table(part.storage, receipt, "counted")["rows"].to_pylist()


def check_count(name: str, rows: int, expected: int) -> None:
    """InputError where a file has not as many rows as it had."""
    if rows != expected:
        raise InputError(f"{name}: {rows:,} rows, but it had {expected:,} when the run began; it has changed since")


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Counts the rows of each input file, and says which columns they have, unless they stay `lines` of JSON."""

    name: ClassVar[str] = "rows"
    version: ClassVar[int] = 1

    lines: bool = field(default=False, metadata=IDENTITY_IF_CHANGED)

    def run(self, part: PartRun) -> dict[str, int]:
        """Writes `counted`, a row for each input file, and `columns`, a schema for all of them."""
        look = lines_of if self.lines else rows_of
        found = {file.name: look(piece_of(file)) for file in part.task.files}
        rows = [rows for rows, _ in found.values()]
        part.writer("counted", COUNTED).write_columns({"rows": rows})
        _write_schema(part, united_all({name: schema for name, (_, schema) in found.items()}))
        return {"rows": sum(rows), "bytes": sum(file.bytes for file in part.task.files)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Unite:
    """The columns of all files together: the barrier `columns`."""

    name: ClassVar[str] = "columns"
    version: ClassVar[int] = 1

    def run(self, part: PartRun) -> dict[str, int]:
        """Writes `columns`, a schema; InputError where two files do not go together."""
        schemas = {
            receipt.name: schema_found(part, LOOKED, place) for place, receipt in enumerate(part.receipts(LOOKED))
        }
        found = storable(united_all(schemas))
        _write_schema(part, found)
        return {"columns": len(found)}


def _write_schema(part: PartRun, schema: pa.Schema) -> None:
    part.writer("columns", COLUMNS).write_columns({"schema": [schema.serialize().to_pybytes()]})


def lines_of(piece: Piece) -> tuple[int, pa.Schema]:
    """The same as `rows_of` where nobody asks for columns."""
    check_unchanged(piece)
    return sum(map(len, json_lines(piece))), pa.schema([])


def schema_found(part: PartRun, step: str, place: int = 0) -> pa.Schema:
    """The columns that a part of `rows` or `columns` found."""
    table = read_table(part.storage, part.receipts(step)[place], "columns")
    return pa.ipc.read_schema(pa.py_buffer(table["schema"][0].as_py()))


def row_steps(span: int, *, lines: bool) -> tuple[Step, ...]:
    """What is known of the rows before any is compared: how many there are and, unless they stay lines, their columns."""
    looked = Step(name=LOOKED, stage=Look(lines=lines), span=span)
    return (looked,) if lines else (looked, Step(name="columns", stage=Unite(), inputs=(looked,), partitions=1))
