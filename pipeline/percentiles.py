"""From scores to percentiles: histograms of each part, merged by a barrier, and read again by each part.

Scores are whole steps of their resolution, so a histogram by steps loses nothing, and sums of whole weights are the same in any
order: whatever the number of parts, a score has the same percentile.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from pipeline.beside import beside, document_signal, documents_of
from pipeline.errors import InputError
from pipeline.quality import Ensemble
from pipeline.receipts import Receipt
from pipeline.score_tables import HISTOGRAM, PERCENTILES
from pipeline.steps import PartRun
from pipeline.storage import Storage
from pipeline.tables import read_table

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Column:
    """A score, the steps that 1 of it has, and the step of the pipeline that writes it."""

    name: str
    resolution: int
    step: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Histograms:
    """Counts of the covered documents how much weight each score has; `weights` names the step that writes the weight."""

    name: ClassVar[str] = "histograms"
    version: ClassVar[int] = 1

    columns: tuple[Column, ...]
    ensemble: Ensemble
    weights: str | None = None

    def run(self, part: PartRun) -> dict[str, int]:
        """Writes `histogram`, sorted; counts the documents that have a score by each column."""
        weight, language = self._weight(part), _languages(part, self.ensemble)
        found: list[pl.DataFrame] = []
        for column in self.columns:
            frame = pl.DataFrame({"quantum": _quanta(part, column), "weight": weight, "language": language})
            counted = frame.drop_nulls("quantum").with_columns(score=pl.lit(column.name), documents=pl.lit(1, pl.Int64))
            found.append(counted.select(HISTOGRAM.names))
        merged = _folded(found)
        writer = part.writer("histogram", HISTOGRAM)
        writer.write(merged.to_arrow().cast(HISTOGRAM))
        counts = {f"scored.{each.name}": frame.height for each, frame in zip(self.columns, found, strict=True)}
        return {"rows": merged.height, **counts}

    def _weight(self, part: PartRun) -> Integers:
        """What each document counts: 1, or the whole number that a measure says."""
        name = self.ensemble.weight
        if name is None:
            return np.ones(documents_of(part), np.int64)
        found = beside(part, self.weights, [name])[name] if self.weights else document_signal(part, name)
        weights = found.fill_null(0).to_numpy().astype(np.int64)
        if weights.size and weights.min() < 0:
            raise InputError(f"{part.task.part.name}: the weight {name} is below 0 for some document")
        return weights


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """Merges all histograms: for each score, and language where percentiles are by language, the weight below it."""

    name: ClassVar[str] = "thresholds"
    version: ClassVar[int] = 1

    def run(self, part: PartRun) -> dict[str, int]:
        """Writes `percentiles`, sorted by score, language and quantum."""
        merged: list[pl.DataFrame] = []
        for receipt in part.receipts("histograms"):
            merged = [_folded([*merged, _frame(part.storage, receipt, "histogram")])]
        found = _folded(merged)
        by = ["score", "language"]
        below = (pl.col("weight").cum_sum() - pl.col("weight")).over(by)
        known = found.with_columns(below=below, total=pl.col("weight").sum().over(by))
        writer = part.writer("percentiles", PERCENTILES)
        writer.write(known.select(PERCENTILES.names).to_arrow().cast(PERCENTILES))
        return {"rows": known.height}


@dataclass(frozen=True, slots=True, kw_only=True)
class Percentiles:
    """Writes for each document the percentile of each score, and the highest of their buckets; null where there is no score."""

    name: ClassVar[str] = "percentiles"
    version: ClassVar[int] = 1

    columns: tuple[Column, ...]
    ensemble: Ensemble

    def run(self, part: PartRun) -> dict[str, int]:
        """Writes `signals`, row-aligned with the documents of the covered parts."""
        schema = self.ensemble.signals([column.name for column in self.columns])
        writer = part.writer("signals", schema)
        (thresholds,) = part.receipts("thresholds")
        known = _frame(part.storage, thresholds, "percentiles")
        language = _languages(part, self.ensemble)
        placed = [
            _placed(_quanta(part, column), language, known.filter(pl.col("score") == column.name), self.ensemble.buckets)
            for column in self.columns
        ]
        highest = pl.select(bucket=pl.max_horizontal([each["bucket"] for each in placed]))["bucket"]
        columns = [*(each["share"] for each in placed), highest]
        arrays = [each.to_arrow().cast(field.type) for each, field in zip(columns, schema, strict=True)]
        writer.write(pa.RecordBatch.from_arrays(arrays, schema=schema))
        return {"rows": writer.rows}


def _placed(quanta: pl.Series, language: pl.Series, known: pl.DataFrame, buckets: int) -> pl.DataFrame:
    """`share` of all weight below each score, and the `bucket` that it falls into, by whole numbers; null for no score."""
    frame = pl.DataFrame({"quantum": quanta, "language": language})
    joined = frame.join(known, on=["quantum", "language"], how="left", maintain_order="left")
    if joined["total"].null_count() != quanta.null_count():
        raise AssertionError("a score stands in no histogram")
    # Where all that has a score weighs nothing (texts without a token), nothing is below anything.
    total, below = pl.max_horizontal("total", 1), pl.col("below")
    known_here = pl.col("total").is_not_null()
    return joined.select(
        share=pl.when(known_here).then(below / total),
        bucket=pl.when(known_here).then((below * buckets // total).clip(0, buckets - 1)).cast(pl.Int32),
    )


def _quanta(part: PartRun, column: Column) -> pl.Series:
    """The scores of the part's documents as whole steps."""
    scores = pl.Series(beside(part, column.step, [column.name])[column.name])
    return (scores * column.resolution).round().cast(pl.Int64)


def _languages(part: PartRun, ensemble: Ensemble) -> pl.Series:
    """The language of each document where percentiles are by language, else nothing for all."""
    if not ensemble.by_language:
        return pl.repeat("", documents_of(part), dtype=pl.String, eager=True)
    languages = beside(part, "ingest", ["language"], "documents")["language"]
    return pl.Series(languages).fill_null("").cast(pl.String)


def _frame(storage: Storage, receipt: Receipt, table: str) -> pl.DataFrame:
    found = pl.from_arrow(read_table(storage, receipt, table))
    assert isinstance(found, pl.DataFrame)  # noqa: S101  tells the type checker what `from_arrow` makes of a table
    return found


def _folded(histograms: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Histograms added up, sorted."""
    if not histograms:
        return pl.DataFrame(schema={"score": pl.String, "language": pl.String} | dict.fromkeys(HISTOGRAM.names[2:], pl.Int64))
    keys = HISTOGRAM.names[:3]
    every = pl.concat(histograms, how="vertical_relaxed")
    return every.group_by(keys).agg(pl.col("documents").sum(), pl.col("weight").sum()).sort(keys)
