"""The stages of `repeats-…` and `measure-repeated-…`: lines that several documents have, and how much of each they are."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import ClassVar

import numpy as np
import polars as pl

from dedup.groups import grouped, repeated
from dedup.lines import RepeatedLines
from dedup.numbering import among, bundles, numbers
from dedup.ranges import pieces
from dedup.runs import Runs
from dedup.survival import columns_of
from dedup.survivors import elected, frame_of
from pipeline.identity import IDENTITY_IF_CHANGED
from pipeline.line_tables import REPEATS
from pipeline.measures import signals_of
from pipeline.schemas import document_number
from pipeline.steps import PartRun
from pipeline.tables import read_batches, read_range

_STORED = {"record_id": "record_hash"}  # the order's names for what is stored by another


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeats:
    """Partition `p` of `partitions` counts the documents of its range of hashes, about `rows` rows at a time.

    Of all that were read, or of those that are `kept` after everything else has judged them.
    """

    name: ClassVar[str] = "repeats"
    version: ClassVar[int] = 1

    lines: RepeatedLines
    order: tuple[str, ...]
    partitions: int
    rows: int
    kept: bool = field(default=False, metadata=IDENTITY_IF_CHANGED)

    def run(self, part: PartRun) -> dict[str, int]:
        """Writes `repeats`, runs sorted by document; counts its rows and the different units.

        The order is that of survival, but record ids are compared by their hashes.
        """
        runs = Runs(part.writer("repeats", REPEATS), ("document", "unit"))
        names = columns_of(self.order)
        read = sum(receipt.rows("units") for receipt in part.receipts(self._input))
        units = 0
        for low, high in pieces(part.partition, self.partitions, read, self.rows):
            known = repeated(self._read(part, low, high, ()), ["unit"], self.lines.min_documents)
            chosen = elected(grouped(self._read(part, low, high, names), known, ["unit"]), self.order)
            units += chosen.height
            for piece in grouped(self._read(part, low, high, ()), known, ["unit"]):
                rows = piece.join(chosen, on="cluster", how="inner", maintain_order="left")
                rows = rows.select(
                    "document", "unit", documents="cluster_size", first=pl.col("document") == pl.col("survivor")
                )
                runs.add(rows.to_arrow().cast(REPEATS))
        runs.close()
        return {"repeats": runs.rows, "units": units}

    @property
    def _input(self) -> str:
        return f"units-{'kept-' if self.kept else ''}{self.lines.unit}"

    def _read(self, part: PartRun, low: int, high: int, names: Sequence[str]) -> Iterator[pl.DataFrame]:
        """Unit, document and what the order's `names` depend on, of hashes from `low` to below `high`."""
        stored = [_STORED.get(name, name) for name in names]
        for receipt, first in bundles(part.receipts(self._input), part.span(self._input)):
            for table in read_range(
                part.storage, receipt, "units", "unit", low, high, ("unit", "member", "row", *stored)
            ):
                number = numbers(first, table["member"].to_numpy(), table["row"].to_numpy())
                frame = frame_of(table.drop_columns(["member", "row"])).rename(
                    {own: name for name, own in zip(names, stored, strict=True)}
                )
                yield frame.with_columns(document=pl.Series(number, dtype=pl.UInt64))


@dataclass(frozen=True, slots=True, kw_only=True)
class LineSignals:
    """How much of each document of a part is repeated."""

    name: ClassVar[str] = "repeated_signals"
    version: ClassVar[int] = 1

    measure: RepeatedLines

    def run(self, part: PartRun) -> dict[str, int]:
        """Writes `signals`, row-aligned with the documents of the covered ingest part."""
        writer = part.writer("signals", self.measure.signals)
        for member, receipt in enumerate(part.receipts("ingest")):
            file = part.task.part.first + member
            known = among(part, f"repeats-{self.measure.unit}", file, 1, "repeats")
            document, unit = known["document"].to_numpy(), known["unit"].to_numpy()
            first = known["first"].to_numpy()
            row = 0
            for batch in read_batches(part.storage, receipt, "documents", ["text"]):
                here = np.arange(row, row + batch.num_rows + 1, dtype=np.uint64) + np.uint64(document_number(file, 0))
                ends = np.searchsorted(document, here)
                told: list[tuple[float | None, ...]] = []
                for (start, stop), text in zip(pairwise(ends.tolist()), batch["text"].to_pylist(), strict=True):
                    by_unit = np.argsort(unit[start:stop])
                    told.append(self.measure.measure(text, unit[start:stop][by_unit], first[start:stop][by_unit]))
                columns = dict(zip(self.measure.signals.names, zip(*told, strict=True), strict=True))
                writer.write(signals_of(self.measure.signals, columns, batch.num_rows))
                row += batch.num_rows
        return {"rows": writer.rows}
