"""A run as frames: the funnel, its steps and rules from receipts alone; records and documents of the files that are looked at."""

from collections.abc import Callable, Sequence

import polars as pl

from pipeline.cuts import ONLY_REPEATS
from pipeline.funnel import funnel
from pipeline.inspection.reading import FileRows, Files, id_hash
from pipeline.measures import Rule
from pipeline.runs import OpenRun

Told = Callable[[str, int, int], None]
"""Hears of progress: what is being done, how many files are through, of how many."""

FATES = ("failed", "gate", "rule", "copy", "near_duplicate", "emptied", "kept")
"""The ways out of the funnel, in the order in which a page meets them."""

COPIES = ("same_url", "same_text")
"""The reasons of those whose fate is `copy`."""

UNDECIDED = "not decided yet"


CHOSEN = {
    "part": pl.Int32,
    "row": pl.Int32,
    "document_row": pl.Int32,
    "fate": pl.String,
    "reason": pl.String,
    "hash": pl.UInt64,
}


def silent(_what: str, _done: int, _total: int) -> None:
    """Progress that nobody hears of."""


def funnel_frame(run: OpenRun) -> pl.DataFrame:
    """A row for each way out: `fate` (one of FATES), `reason` (null for kept), `records`, and their `share` of all, 0 to 1."""
    numbers = funnel(run)
    rows: list[tuple[str, str | None, int]] = []
    ways = {"failed": numbers.failed, "gate": numbers.gated, "rule": numbers.dropped, "copy": numbers.copies}
    for fate, group in ways.items():
        rows += [(fate, reason, count) for reason, count in group.items()]
    rows.append(("near_duplicate", "near_duplicate", numbers.near_duplicates))
    rows += [("emptied", reason, count) for reason, count in numbers.emptied.items()]
    rows.append(("kept", None, numbers.kept))
    kinds = {"fate": pl.String, "reason": pl.String, "records": pl.Int64}
    table = pl.DataFrame(rows, schema=kinds, orient="row").filter((pl.col("records") > 0) | (pl.col("fate") == "kept"))
    return table.with_columns(share=pl.col("records") / max(numbers.records, 1))


def steps_frame(run: OpenRun) -> pl.DataFrame:
    """A row for each step: `parts` and `done`, `seconds` of workers, `peak_bytes` of memory, `bytes` and `rows` written."""
    rows: list[tuple[str, int, int, bool, float, int, int, int]] = []
    for step in run.record.steps:
        receipts = run.receipts(step.name).values()
        files = [entry for receipt in receipts for entry in receipt.files.values()]
        peaks = [receipt.facts.get("peak_rss_bytes", 0) for receipt in receipts]
        rows.append(
            (
                step.name,
                len(run.parts(step)),
                len(receipts),
                run.is_sealed(step),
                sum(receipt.facts.get("seconds", 0.0) for receipt in receipts),
                max(peaks, default=0),
                sum(entry.bytes for entry in files),
                sum(entry.rows for entry in files),
            )
        )
    names = ("step", "parts", "done", "sealed", "seconds", "peak_bytes", "bytes", "rows")
    return pl.DataFrame(rows, schema=list(names), orient="row")


def rules_frame(rules: Sequence[Rule], dropped: dict[str, int]) -> pl.DataFrame:
    """The rules in order: `signal`, `op` and `bound` (as text) say what fails; `dropped` counts records by first reason."""
    return pl.DataFrame(
        {
            "rule": list(range(len(rules))),
            "signal": [rule.signal for rule in rules],
            "op": [rule.op for rule in rules],
            "bound": [bound_text(rule) for rule in rules],
            "reason": [rule.reason for rule in rules],
            "null_fails": [rule.null_fails for rule in rules],
            "dropped": [dropped.get(rule.reason, 0) for rule in rules],
        },
        schema_overrides={"rule": pl.Int16, "dropped": pl.Int64, "null_fails": pl.Boolean},
    )


def bound_text(rule: Rule) -> str:
    """A rule's bound as a person writes it."""
    return f"{rule.value:g}" if isinstance(rule.value, float) else str(rule.value)


def fate_of() -> pl.Expr:
    """Of rows with `verdict`, `reason`, `gate` and `error`: which of FATES, or UNDECIDED."""
    return (
        pl.when(pl.col("error").is_not_null())
        .then(pl.lit("failed"))
        .when(pl.col("gate").is_not_null())
        .then(pl.lit("gate"))
        .when(pl.col("verdict") == "keep")
        .then(pl.lit("kept"))
        .when(pl.col("reason") == "near_duplicate")
        .then(pl.lit("near_duplicate"))
        .when(pl.col("reason").is_in(COPIES))
        .then(pl.lit("copy"))
        .when(pl.col("reason") == ONLY_REPEATS)
        .then(pl.lit("emptied"))
        .when(pl.col("verdict").is_null())
        .then(pl.lit(UNDECIDED))
        .otherwise(pl.lit("rule"))
        .alias("fate")
    )


def fates(rows: FileRows, *columns: str) -> pl.DataFrame:
    """A file's records with `fate`, `reason` (the gate where `decide` has not been) and `columns`."""
    needed = list(dict.fromkeys([*columns, "verdict", "reason", "gate", "error"]))
    table = rows.records(needed).with_columns(reason=pl.coalesce("reason", "gate"))
    return table.select("part", "row", fate_of(), "reason", *(name for name in columns if name != "reason"))


def chosen(
    files: Files, each: int, *, by_reason: bool = True, where: pl.Expr | None = None, told: Told = silent
) -> pl.DataFrame:
    """The `each` records (of every fate and reason, or of all) with the smallest hash of their id, in the order of the hash.

    Columns: `part`, `row`, `document_row`, `fate`, `reason`, `hash`; `where` is asked of these before.
    """
    found = pl.DataFrame(schema=CHOSEN)
    for done, rows in enumerate(files):
        table = fates(rows, "record_id", "document_row")
        table = table if where is None else table.filter(where)
        hashes = pl.Series("hash", [id_hash(record_id) for record_id in table["record_id"]], pl.UInt64)
        found = pl.concat([found, table.with_columns(hashes).select(*CHOSEN)]).sort("hash", "part", "row")
        found = found.group_by("fate", "reason", maintain_order=True).head(each) if by_reason else found.head(each)
        found = found.select(*CHOSEN)
        told("choosing samples", done + 1, len(files.numbers))
    return found.sort("hash", "part", "row")


def records_frame(
    files: Files, columns: Sequence[str] | None, *, sample: int | None = None, where: pl.Expr | None = None
) -> pl.DataFrame:
    """`FileRows.records` with `columns` (or all) of every file looked at, or of the `sample` records of smallest hash."""
    picked = None if sample is None else chosen(files, sample, by_reason=False, where=where).select("part", "row")
    found: list[pl.DataFrame] = []
    for rows in files:
        if picked is None:
            table = rows.records(columns)
            found.append(table if where is None else table.join(_where(rows, where), on="row", how="semi"))
        elif rows.number in picked["part"]:
            found.append(rows.records(columns).join(picked, on=["part", "row"], how="semi"))
    return pl.concat(found, how="diagonal_relaxed") if found else pl.DataFrame()


def _where(rows: FileRows, where: pl.Expr) -> pl.DataFrame:
    return fates(rows, "document_row").filter(where).select("row")


def documents_frame(files: Files, picked: pl.DataFrame, columns: Sequence[str]) -> pl.DataFrame:
    """The documents of the records `picked` (as `chosen` gives them), in their order, with `fate`, `reason` and `columns`."""
    found: list[pl.DataFrame] = []
    for part, here in picked.drop_nulls("document_row").partition_by("part", as_dict=True).items():
        rows = here["document_row"].sort().to_list()
        documents = files.file(int(part[0])).documents(columns, rows).rename({"row": "document_row"})
        found.append(here.join(documents.drop("part"), on="document_row", how="left"))
    if not found:
        return picked.clear()
    return pl.concat(found).sort("hash", "part", "row")
