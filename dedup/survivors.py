"""Survivors: the one document of each cluster that stays.

The order is declared and total: the longest text, then the earliest date (unknown dates last), then the smallest
record id (by code points), then the smallest document number. All but the last are properties of the pages, so the
order in which the input files were named decides only between pages that share even their record id.
"""

import polars as pl
import pyarrow as pa

from pipeline.schemas import CLUSTERED

ORDER_SCHEMA = pa.schema(
    [
        ("document", pa.uint64()),
        ("text_chars", pa.int32()),
        ("date", pa.timestamp("us", tz="UTC")),
        ("record_id", pa.large_string()),
    ]
)


def survivors(clusters: pa.Table, order: pa.Table) -> pa.Table:
    """`CLUSTERED`, sorted by document: one row for each row of `clusters` (document, cluster: uint64).

    `order` has `ORDER_SCHEMA` and a row for at least each clustered document, in any order; only `date` may be null
    there. ValueError where a clustered document has none, or several: never is that read as "nothing is duplicate".
    """
    members = _frame(clusters.select(["document", "cluster"]))
    _refuse("documents that are in several clusters", members.filter(members["document"].is_duplicated()))
    ranks = _frame(order.select(ORDER_SCHEMA.names).cast(ORDER_SCHEMA)).join(members, on="document", how="inner")
    _refuse("documents with several rows in the order", ranks.filter(ranks["document"].is_duplicated()))
    ranks = ranks.drop_nulls(["text_chars", "record_id"])
    _refuse("clustered documents without a whole row in the order", members.join(ranks, on="document", how="anti"))
    ranked = ranks.sort(
        "cluster",
        "text_chars",
        "date",
        "record_id",
        "document",
        descending=[False, True, False, False, False],
        nulls_last=True,
    )
    chosen = ranked.group_by("cluster", maintain_order=True).agg(
        cluster_size=pl.len().cast(pl.Int32), survivor=pl.first("document")
    )
    judged = members.join(chosen, on="cluster", how="left").sort("document")
    judged = judged.with_columns(keep=pl.col("document") == pl.col("survivor"), similarity=pl.lit(None, pl.Float64))
    return judged.select(CLUSTERED.names).to_arrow().cast(CLUSTERED)


def _frame(table: pa.Table) -> pl.DataFrame:
    frame = pl.from_arrow(table)
    assert isinstance(frame, pl.DataFrame)  # noqa: S101  for the type checker: a table never becomes a series
    return frame


def _refuse(what: str, found: pl.DataFrame) -> None:
    if found.height:
        examples = ", ".join(map(str, found["document"].unique().sort().head(3)))
        raise ValueError(f"{found['document'].n_unique()} {what}: {examples}{' …' if found.height > 3 else ''}")
