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
from pipeline.takedown.tombstones import TAKEN_DOWN, Tombstones, stones_known

_ROW_BITS, _ROW = np.uint64(24), np.uint64((1 << 24) - 1)

LOOKED = "rows"  # the step that says how many rows there are
COUNTED = pa.schema([pa.field("rows", pa.int32(), nullable=False)])
BARRED = "barred"  # the table of rows that were taken down, where a part has some
BARRED_ROWS = pa.schema([pa.field("member", pa.int32(), nullable=False), pa.field("row", pa.int32(), nullable=False)])
NONE_BARRED: dict[str, list[int]] = {name: [] for name in BARRED_ROWS.names}
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
        known = zip(part.task.files, counted(part), self.kept(part), strict=True)
        for member, (file, count, keep) in enumerate(known):
            row = 0
            for table in document_batches(piece_of(file), self.columns, rows, score=score):
                here = np.append(
                    keep[row : row + table.num_rows], np.ones(max(0, row + table.num_rows - count), np.bool_)
                )
                yield Batch(member, row, table.select(names), here)
                row += table.num_rows
            check_count(file.name, row, count)

    def kept(self, part: PartRun) -> Iterator[Mask]:
        """See `Documents.kept`: all are but those that were taken down."""
        for receipt in part.receipts(LOOKED):
            rows = read_table(part.storage, receipt, "counted")["rows"].to_pylist()
            barred = read_table(part.storage, receipt, BARRED).to_pydict() if BARRED in receipt.files else NONE_BARRED
            members, places = (np.array(barred[name], np.int64) for name in BARRED_ROWS.names)
            for member, count in enumerate(rows):
                keep = np.ones(count, np.bool_)
                keep[places[members == member]] = False
                yield keep

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
    """Counts the rows of each input file, and says which columns they have, unless they stay `lines` of JSON.

    With `barring`, which are the columns that name rows, it also says which rows were taken down from ROOT.
    """

    name: ClassVar[str] = "rows"
    version: ClassVar[int] = 1

    lines: bool = field(default=False, metadata=IDENTITY_IF_CHANGED)
    barring: RowColumns | None = field(default=None, metadata=IDENTITY_IF_CHANGED)

    def run(self, part: PartRun) -> dict[str, int]:
        """Writes `counted`, a row for each input file, `columns`, a schema for all of them, and `barred` where any row is."""
        known = stones_known(part.storage, part.task.tombstones)
        look = lines_of if self.lines else rows_of
        found = {file.name: look(piece_of(file)) for file in part.task.files}
        rows = [rows for rows, _ in found.values()]
        part.writer("counted", COUNTED).write_columns({"rows": rows})
        _write_schema(part, united_all({name: schema for name, (_, schema) in found.items()}))
        counts = {"rows": sum(rows), "bytes": sum(file.bytes for file in part.task.files)}
        return counts | (_barred(part, self.barring, known) if self.barring and known else {})


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


def _barred(part: PartRun, columns: RowColumns, known: Tombstones) -> dict[str, int]:
    rows = [
        (member, row) for member, file in enumerate(part.task.files) for row in barred(piece_of(file), columns, known)
    ]
    if not rows:
        return {}
    part.writer(BARRED, BARRED_ROWS).write_columns(dict(zip(BARRED_ROWS.names, zip(*rows, strict=True), strict=True)))
    return {f"gate.{TAKEN_DOWN}": len(rows)}


def barred(piece: Piece, columns: RowColumns, known: Tombstones) -> Iterator[int]:
    """The rows of a piece that were taken down: by address, id or domain, by where they stand, or as a copy by their text."""
    first = 0
    for batch in document_batches(piece, columns):
        texts = batch["text"].to_pylist() if known.has_texts else []
        copies = set(known.texts(texts))
        names = zip(batch["url"].to_pylist(), batch["record_id"].to_pylist(), strict=True)
        for row, (url, id_) in enumerate(names):
            if (
                known.bars(url or "", id_ or "")
                or row in copies
                or known.bars_row(piece.name, piece.first + first + row)
            ):
                yield first + row
        first += batch.num_rows


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


def row_steps(span: int, *, lines: bool, barring: RowColumns | None = None) -> tuple[Step, ...]:
    """What is known of the rows before any is compared: how many there are and, unless they stay lines, their columns.

    Where rows were taken down from ROOT, `barring` are the columns that name rows.
    """
    looked = Step(name=LOOKED, stage=Look(lines=lines, barring=barring), span=span)
    return (looked,) if lines else (looked, Step(name="columns", stage=Unite(), inputs=(looked,), partitions=1))
