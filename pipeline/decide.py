"""The only judge: reads signals, applies rules, writes verdicts. No text and no HTML passes here."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar, cast

import numpy as np
import polars as pl
import pyarrow as pa

from pipeline.column_types import TEXT
from pipeline.errors import RecipeError
from pipeline.measures import Rule
from pipeline.receipts import Receipt
from pipeline.schemas import VERDICTS
from pipeline.steps import PartRun
from pipeline.storage import Storage
from pipeline.tables import columns_of, read_table

_COMPARISONS: dict[str, Callable[[pl.Expr, Any], pl.Expr]] = {
    "<": pl.Expr.lt,
    "<=": pl.Expr.le,
    ">": pl.Expr.gt,
    ">=": pl.Expr.ge,
    "==": pl.Expr.eq,
    "in": pl.Expr.is_in,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Decide:
    """Applies ordered rules: the first that fails is the reason, all that fail are stored by number.

    `measures` names the measure steps whose signals stand in tables of their own, row-aligned with documents.
    """

    name: ClassVar[str] = "decide"
    version: ClassVar[int] = 1

    rules: tuple[Rule, ...]
    measures: tuple[str, ...] = ()

    def run(self, part: PartRun) -> dict[str, int]:
        """Writes one verdict per record of the covered ingest parts, in their order."""
        writer = part.writer("verdicts", VERDICTS)
        counts: dict[str, int] = {}
        beside = [part.receipts(step) for step in self.measures]
        for place, receipt in enumerate(part.receipts("ingest")):
            signals = load_signals(part.storage, receipt, [receipts[place] for receipts in beside], self.rules)
            table = judge(signals, self.rules)
            writer.write(table)
            for key, count in tally(table, signals["gate"]).items():
                counts[key] = counts.get(key, 0) + count
        return counts


def load_signals(storage: Storage, ingest: Receipt, measured: Sequence[Receipt], rules: Sequence[Rule]) -> pa.Table:
    """One row per record with the columns that judging needs: gate, error, and every signal that a rule names."""
    wanted = list(dict.fromkeys(rule.signal for rule in rules))
    known = set(columns_of(storage, ingest, "records"))
    table = read_table(storage, ingest, "records", sorted({"gate", "error", "document_row", *wanted} & known))
    for receipt in measured:
        here = [name for name in wanted if name in columns_of(storage, receipt, "signals")]
        for name, column in zip(here, read_table(storage, receipt, "signals", here).columns, strict=True):
            if len(column) != ingest.rows("documents"):
                raise AssertionError(f"{receipt.step}: {len(column)} rows beside {ingest.rows('documents')} documents")
            table = table.append_column(name, column.combine_chunks().take(table["document_row"]))
    if missing := [name for name in wanted if name not in table.schema.names]:
        raise RecipeError(f"no measure of the recipe writes the signal {missing[0]} that a rule names")
    return table


def judge(signals: pa.Table, rules: Sequence[Rule]) -> pa.Table:
    """Verdicts for rows of signals: a stopped record keeps its gate as reason, then the first failing rule decides."""
    frame = cast("pl.DataFrame", pl.from_arrow(signals))
    _refuse_nan(frame, rules)
    rows = frame.height
    fails = np.zeros((rows, len(rules)), dtype=bool)
    for number, rule in enumerate(rules):
        fails[:, number] = frame.select(_fails(rule).alias("fails"))["fails"].to_numpy()
    fails[frame["gate"].is_not_null().to_numpy()] = False
    row_of, rule_of = np.nonzero(fails)
    offsets = np.searchsorted(row_of, np.arange(rows + 1))
    first = [rules[int(rule_of[at])].reason if at < end else None for at, end in pairwise(offsets.tolist())]
    reason = [gate or broken for gate, broken in zip(frame["gate"].to_list(), first, strict=True)]
    verdict = [
        "fail" if error is not None else "drop" if why is not None else "keep"
        for error, why in zip(frame["error"].to_list(), reason, strict=True)
    ]
    violations = pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), pa.array(rule_of, pa.int16()))
    return pa.Table.from_arrays([pa.array(verdict, TEXT), pa.array(reason, TEXT), violations], schema=VERDICTS)


def _refuse_nan(frame: pl.DataFrame, rules: Sequence[Rule]) -> None:
    for name in {rule.signal for rule in rules}:
        if frame[name].dtype.is_float() and frame[name].is_nan().any():
            raise ValueError(f"signal {name} is NaN for some page; a measure writes null where it does not apply")


def _fails(rule: Rule) -> pl.Expr:
    return _COMPARISONS[rule.op](pl.col(rule.signal), rule.value).fill_null(rule.null_fails)


def tally(verdicts: pa.Table, gates: pa.ChunkedArray) -> dict[str, int]:
    """`rows`, `kept`, `failed`, `gated`, and `dropped.<reason>` for what a rule dropped."""
    counts = {"rows": verdicts.num_rows, "kept": 0, "failed": 0, "gated": 0}
    for verdict, reason, gate in zip(
        verdicts["verdict"].to_pylist(), verdicts["reason"].to_pylist(), gates.to_pylist(), strict=True
    ):
        by_rule = f"dropped.{reason}" if gate is None else "gated"
        key = {"keep": "kept", "fail": "failed", "drop": by_rule}[verdict]
        counts[key] = counts.get(key, 0) + 1
    return counts
