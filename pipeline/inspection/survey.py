"""One pass over the files that are looked at: how rules fail, what pages are made of, and the signals of a sample of pages."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from pipeline.inspection.frames import Told, fates, silent
from pipeline.inspection.reading import FileRows, Files, id_hash

TRAITS = ("language", "host", "http_status", "mime", "charset", "charset_how", "truncated")
"""What pages are counted by, where the run knows it."""

MOST_JUDGED = 50_000  # pages whose signals are kept for the distributions

_HOST = r"^[A-Za-z][A-Za-z0-9+.-]*://(?:[^/?#]*@)?(?:www\.)?([^/:?#]+)"


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleCount:
    """Of the pages judged: how many fail the rule at all, and how many fail no other one."""

    fails: int
    alone: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """`records` were looked at, `judged` of them went before the rules.

    `traits`: for each of TRAITS a frame of `value`, `fate` and `records`. `signals`: of up to MOST_JUDGED of the judged pages,
    chosen by the hash of their id, `fate` and every signal. `rules`: in the order of the recipe.
    """

    records: int
    judged: int
    traits: dict[str, pl.DataFrame]
    signals: pl.DataFrame
    rules: tuple[RuleCount, ...]


def survey(files: Files, told: Told = silent) -> Survey:
    """The survey; memory is that of one file's records and of the sample."""
    rules = len(files.run.record.rules)
    fails, alone = np.zeros(rules, np.int64), np.zeros(rules, np.int64)
    counted: dict[str, list[pl.DataFrame]] = {trait: [] for trait in TRAITS}
    signals, records, judged = pl.DataFrame(), 0, 0
    for done, rows in enumerate(files):
        table = _file(rows)
        before = table.filter(pl.col("gate").is_null() & pl.col("verdict").is_not_null())
        records, judged = records + table.height, judged + before.height
        _count_violations(before["violations"], fails, alone)
        for trait in TRAITS:
            if trait in table.columns:
                counted[trait] = [_counts([*counted[trait], _trait(table, trait)])]
        signals = _sample(signals, before, rows.signals)
        told("reading records", done + 1, len(files.numbers))
    return Survey(
        records=records,
        judged=judged,
        traits={trait: frames[0] for trait, frames in counted.items() if frames},
        signals=signals,
        rules=tuple(RuleCount(fails=int(f), alone=int(a)) for f, a in zip(fails, alone, strict=True)),
    )


def _file(rows: FileRows) -> pl.DataFrame:
    wanted = ["record_id", "url", "http_status", "mime", "charset", "charset_how", "truncated", "gate", "violations"]
    table = fates(rows, *wanted, *(name for name in rows.signals if name not in wanted), "verdict")
    return table.with_columns(host=pl.col("url").str.extract(_HOST, 1).str.to_lowercase())


def _count_violations(violations: pl.Series, fails: npt.NDArray[np.int64], alone: npt.NDArray[np.int64]) -> None:
    fails += np.bincount(violations.explode().drop_nulls().to_numpy(), minlength=len(fails))
    single = violations.filter(violations.list.len() == 1).list.first()
    alone += np.bincount(single.to_numpy(), minlength=len(alone))


def _trait(table: pl.DataFrame, trait: str) -> pl.DataFrame:
    value = pl.col(trait).cast(pl.String).alias("value")
    return (
        table.select(value, "fate").drop_nulls("value").group_by("value", "fate").agg(records=pl.len().cast(pl.Int64))
    )


def _counts(frames: Sequence[pl.DataFrame]) -> pl.DataFrame:
    return pl.concat(frames).group_by("value", "fate").agg(pl.sum("records")).sort("records", "value", descending=True)


def _sample(known: pl.DataFrame, judged: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    hashes = pl.Series("hash", [id_hash(record_id) for record_id in judged["record_id"]], pl.UInt64)
    new = judged.select("part", "row", "fate", *names).with_columns(hashes)
    return pl.concat([known, new], how="diagonal_relaxed").sort("hash", "part", "row").head(MOST_JUDGED)
