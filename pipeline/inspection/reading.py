"""Some of a run's input files with everything that was said of their records, a file at a time.

Only committed tables are opened, those that receipts and manifests list, so a run that is not finished can be looked at too.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, cast

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import xxhash

from pipeline.choosing import NAME as CHOOSE
from pipeline.cuts import ONLY_REPEATS
from pipeline.receipts import Receipt
from pipeline.runs import BESIDE, OpenRun
from pipeline.schemas import RECORDS
from pipeline.storage import Storage
from pipeline.storage_errors import damage_errors
from pipeline.tables import columns_of, read_table

JUDGED = ("verdict", "reason", "violations")
CLUSTERED = ("cluster", "cluster_size", "survivor")


@dataclass(frozen=True, slots=True)
class Bundle:
    """The receipt of a step that covers an input file, and how many rows of files before it stand there."""

    receipt: Receipt
    before: int


@dataclass(slots=True)
class Files:
    """The input files of a run that are looked at: all that are ingested or, of more than `most`, those of smallest hash."""

    run: OpenRun
    most: int
    numbers: tuple[int, ...] = ()
    ingested: int = 0
    _last: dict[str, tuple[str, pl.DataFrame]] = field(default_factory=dict[str, tuple[str, pl.DataFrame]])

    def __post_init__(self) -> None:
        receipts = self.run.receipts("ingest")
        there = [number for number, part in enumerate(self.run.source.parts) if part.key in receipts]
        self.ingested = len(there)
        self.numbers = tuple(sorted(sorted(there, key=self._rank)[: self.most]))

    def _rank(self, number: int) -> bytes:
        return hashlib.sha256(b"look\n" + self.run.source.parts[number].key.encode()).digest()

    def __iter__(self) -> Iterator["FileRows"]:
        """Each file, in the order of the source."""
        return (FileRows(self, number) for number in self.numbers)

    def file(self, number: int) -> "FileRows":
        """Input file `number` of the source, whether it is in the sample or not."""
        return FileRows(self, number)

    def ingest(self, number: int) -> Receipt:
        """The receipt of input file `number`."""
        return self.run.receipts("ingest")[self.run.source.parts[number].key]

    def bundle(self, step: str, number: int, table: str) -> Bundle | None:
        """Where `step` speaks of input file `number`, row for row as ingest's `table`; None where it does not yet."""
        record = self.run.step(step)
        if record is None:
            return None
        part = self.run.parts(record)[number // record.span]
        receipt = self.run.receipts(step).get(part.key)
        if receipt is None:
            return None
        return Bundle(receipt, sum(self.ingest(before).rows(table) for before in range(part.first, number)))

    def beside(self, step: str, number: int, of: str, table: str, columns: Sequence[str] | None) -> pl.DataFrame | None:
        """The rows of `step`'s `table` that stand beside input file `number`'s `of` table, or None; all columns for None.

        The bundle that was read last is kept: its other files come next.
        """
        bundle = self.bundle(step, number, of)
        if bundle is None:
            return None
        path = bundle.receipt.files[table].path
        if self._last.get(step, ("",))[0] != path:
            self._last[step] = path, frame(read_table(self.run.storage, bundle.receipt, table, columns))
        return self._last[step][1].slice(bundle.before, self.ingest(number).rows(of))


class FileRows:
    """One input file: frames of its records and documents, row for row."""

    def __init__(self, files: Files, number: int) -> None:
        self.number = number
        self.receipt = files.ingest(number)
        self._files = files
        self._storage = files.run.storage

    @cached_property
    def _records_columns(self) -> list[str]:
        return columns_of(self._storage, self.receipt, "records")

    @cached_property
    def _measured(self) -> dict[str, str]:
        """Of each signal that a later measure, a model or an annotation wrote, the step that has it."""
        found: dict[str, str] = {}
        for step in self._files.run.record.steps:
            beside = step.name.startswith(BESIDE)
            bundle = self._files.bundle(step.name, self.number, "documents") if beside else None
            if bundle is not None:
                found |= dict.fromkeys(columns_of(self._storage, bundle.receipt, "signals"), step.name)
        return found

    @property
    def signals(self) -> list[str]:
        """The names of all signals, in the recipe's order."""
        return [*self._records_columns[len(RECORDS) :], *self._measured]

    def records(self, columns: Sequence[str] | None = None) -> pl.DataFrame:
        """A row for each record: `part`, `row`, then `columns` in order (or all).

        Beside the columns of the table `records` there are those of later measures, `verdict`, `reason` and `violations`
        (null where `decide` has not been), and `cluster`, `cluster_size`, `survivor`. The verdict of a document that was
        removed as a copy is `drop`, its reason `near_duplicate`, `same_url` or `same_text`; that of one of which nothing was left
        is too, for `only_repeats`.
        """
        wanted = [*self._records_columns, *self._measured, *JUDGED, *CLUSTERED] if columns is None else list(columns)
        own = [name for name in wanted if name in self._records_columns]
        table = frame(read_table(self._storage, self.receipt, "records", sorted({"row", "document_row", *own})))
        table = self._with_measured(table, [name for name in wanted if name in self._measured])
        if not {*JUDGED, *CLUSTERED}.isdisjoint(wanted):
            table = self._with_verdicts(table)
        table = table.with_columns(part=pl.lit(self.number, pl.Int32))
        return table.select("part", "row", *(name for name in wanted if name not in ("part", "row")))

    def _with_measured(self, table: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
        for name in names:
            bundle = self._files.bundle(self._measured[name], self.number, "documents")
            if bundle is None:
                raise AssertionError(f"{self._measured[name]} has gone")
            column = frame(read_table(self._storage, bundle.receipt, "signals", [name]))[name]
            column = column.slice(bundle.before, self.receipt.rows("documents"))
            table = table.with_columns(column.gather(table["document_row"]).alias(name))
        return table

    def _with_verdicts(self, table: pl.DataFrame) -> pl.DataFrame:
        said = self._files.beside("decide", self.number, "records", "verdicts", JUDGED)
        if said is None:
            said = pl.DataFrame(schema={"verdict": pl.String, "reason": pl.String, "violations": pl.List(pl.Int16)})
            said = said.clear(table.height)
        answers = self._files.beside("survivors", self.number, "documents", "survivors", None)
        if answers is None:
            kinds = {"cluster": pl.UInt64, "cluster_size": pl.Int32, "survivor": pl.UInt64, "keep": pl.Boolean}
            answers = pl.DataFrame(schema=kinds).clear(self.receipt.rows("documents"))
        if "reason" not in answers.columns:  # a run without exact copies has only one
            answers = answers.with_columns(reason=pl.lit("near_duplicate"))
        answers = answers.select(*CLUSTERED, "keep", why_copy="reason")
        answers = answers.select(pl.all().gather(table["document_row"]))
        table = pl.concat([table, said, answers], how="horizontal")
        copy = (pl.col("verdict") == "keep") & ~pl.col("keep")
        table = table.with_columns(
            verdict=pl.when(copy).then(pl.lit("drop")).otherwise("verdict"),
            reason=pl.when(copy).then("why_copy").otherwise("reason"),
        )
        return self._with_emptied(self._with_chosen(table))

    def _with_chosen(self, table: pl.DataFrame) -> pl.DataFrame:
        chosen = self._files.beside(CHOOSE, self.number, "documents", "survivors", ["keep", "reason"])
        if chosen is None:
            return table
        chosen = chosen.select(pl.all().gather(table["document_row"]))
        outscored = (pl.col("verdict") == "keep") & ~chosen["keep"]
        return table.with_columns(
            verdict=pl.when(outscored).then(pl.lit("drop")).otherwise("verdict"),
            reason=pl.when(outscored).then(chosen["reason"]).otherwise("reason"),
        )

    def _with_emptied(self, table: pl.DataFrame) -> pl.DataFrame:
        left = self._files.beside("remove-repeats", self.number, "documents", "removed", ["keep"])
        if left is None:
            return table
        emptied = (pl.col("verdict") == "keep") & ~left["keep"].gather(table["document_row"])
        return table.with_columns(
            verdict=pl.when(emptied).then(pl.lit("drop")).otherwise("verdict"),
            reason=pl.when(emptied).then(pl.lit(ONLY_REPEATS)).otherwise("reason"),
        )

    def documents(self, columns: Sequence[str], rows: Sequence[int] | None = None) -> pl.DataFrame:
        """`part`, `row` and `columns` of the table `documents`, all of it or the given rows (ascending)."""
        if rows is None:
            table = frame(read_table(self._storage, self.receipt, "documents", columns)).with_row_index("row")
        else:
            table = pick_rows(self._storage, self.receipt, "documents", columns, rows)
        return table.select(pl.lit(self.number, pl.Int32).alias("part"), pl.col("row").cast(pl.Int32), *columns)

    def raw_samples(self) -> pl.DataFrame:
        """The pages that a gate stopped and whose HTML was kept for looking."""
        table = frame(read_table(self._storage, self.receipt, "samples"))
        return table.select(pl.lit(self.number, pl.Int32).alias("part"), pl.all())


def frame(table: pa.Table) -> pl.DataFrame:
    """An Arrow table as a Polars frame."""
    return cast("pl.DataFrame", pl.from_arrow(table))


def pick_rows(
    storage: Storage, receipt: Receipt, table: str, columns: Sequence[str], rows: Sequence[int]
) -> pl.DataFrame:
    """The given rows (ascending) of a committed table, numbered by `row`; reads only their row groups, one at a time."""
    path = receipt.files[table].path
    wanted = np.asarray(rows, np.int64)
    found: list[pl.DataFrame] = []
    with damage_errors(path):
        file: Any = pq.ParquetFile(storage.open(path))
        start = 0
        for group in range(file.num_row_groups):
            stop = start + file.metadata.row_group(group).num_rows
            here = wanted[(wanted >= start) & (wanted < stop)]
            if here.size:
                part = file.read_row_group(group, columns=list(columns)).take(pa.array(here - start))
                found.append(frame(part).with_columns(pl.Series("row", here)))
            start = stop
        empty = frame(file.schema_arrow.empty_table().select(list(columns)))
    return pl.concat(found) if found else empty.with_columns(pl.Series("row", [], pl.Int64))


def id_hash(record_id: str | None) -> int:
    """A number of 64 bits that depends on the id alone: who has the smallest is in the sample."""
    return xxhash.xxh64_intdigest((record_id or "").encode(), seed=20)
