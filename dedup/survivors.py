"""Survivors: the one document of each cluster that stays.

The order is declared and total: unless a recipe says otherwise the longest text, then the earliest date (unknown dates last),
then the smallest record id (by code points), then the smallest document number. All but the last are properties of the pages,
so the order in which the input files were named decides only between pages that share even their record id.
"""

from collections.abc import Iterable, Sequence

import polars as pl
import pyarrow as pa

from dedup.survival import DEFAULT_ORDER, ORDERS, columns_of
from pipeline.schemas import CLUSTERED, RANKED, with_columns

ORDER_SCHEMA = pa.schema(
    [
        ("document", pa.uint64()),
        ("text_chars", pa.int32()),
        ("date", pa.timestamp("us", tz="UTC")),
        ("record_id", pa.large_string()),
    ]
)

_BATCH = 1 << 20  # rows held before they are folded into what is elected so far
_SOURCES = 1 << 16


def survivors(clusters: pa.Table, order: pa.Table, by: Sequence[str] = DEFAULT_ORDER) -> pa.Table:
    """`CLUSTERED`, sorted by document: one row for each row of `clusters` (document, cluster: uint64).

    `order` has `ORDER_SCHEMA`, with `score` behind it where the order `by` has one, and a row for at least each clustered
    document, in any order; only `date` and `score` may be null there. ValueError where a clustered document has none, or several:
    never is that read as "nothing is duplicate".
    """
    members = frame_of(clusters.select(["document", "cluster"]))
    _refuse("documents that are in several clusters", members.filter(members["document"].is_duplicated()))
    schema = ordered_schema(by)
    ranks = frame_of(order.select(schema.names).cast(schema)).join(members, on="document", how="inner")
    _refuse("documents with several rows in the order", ranks.filter(ranks["document"].is_duplicated()))
    missing = members.join(ranks.drop_nulls(["text_chars", "record_id"]), on="document", how="anti")
    _refuse("clustered documents without a whole row in the order", missing)
    return judged(members.sort("document"), elected([ranks], by))


def ordered_schema(by: Sequence[str]) -> pa.Schema:
    """`ORDER_SCHEMA` with what else the order `by` depends on."""
    return with_columns(ORDER_SCHEMA, RANKED, ["score"] if "score" in by else [])


def elected(members: Iterable[pl.DataFrame], by: Sequence[str] = DEFAULT_ORDER) -> pl.DataFrame:
    """`cluster`, `cluster_size` and `survivor` of each cluster, sorted by cluster.

    The frames of `members` have the columns `document`, `cluster` and those that the order `by` names; together they have a
    row for each document, which counts for `copies` documents where there is such a column. They are folded as they come, so
    memory grows with the clusters, not with their documents.
    Documents of earlier releases (of a source above 0) can survive, and do not count in a cluster's size.
    ValueError for a document without a record id or a length, which have no place in the order.
    """
    columns = ["document", "cluster", *columns_of(by)]
    best: pl.DataFrame | None = None
    waiting: list[pl.DataFrame] = []
    held = 0
    for frame in members:
        for name in {"text_chars", "record_id"} & {*columns}:
            _refuse("clustered documents without a whole row in the order", frame.filter(pl.col(name).is_null()))
        size = pl.col("copies") if "copies" in frame.columns else pl.lit(1, pl.Int32)
        own = pl.when(is_earlier_column("document")).then(pl.lit(0, pl.Int32)).otherwise(size)
        waiting.append(frame.select(*columns, cluster_size=own))
        held += frame.height
        if held >= max(_BATCH, 0 if best is None else best.height):
            best, waiting, held = _folded(best, waiting, by), [], 0
    best = _folded(best, waiting, by)
    return best.select("cluster", "cluster_size", survivor="document")


def _folded(best: pl.DataFrame | None, waiting: Sequence[pl.DataFrame], by: Sequence[str]) -> pl.DataFrame:
    frames = [*([] if best is None else [best]), *waiting]
    if not frames:
        return pl.DataFrame(schema={"cluster": pl.UInt64, "cluster_size": pl.Int32, "document": pl.UInt64})
    groups = ranked(pl.concat(frames), by, "cluster").group_by("cluster", maintain_order=True)
    return groups.agg(pl.exclude("cluster_size").first(), pl.col("cluster_size").sum()).select(frames[0].columns)


def ranked(members: pl.DataFrame, by: Sequence[str] = DEFAULT_ORDER, *first: str) -> pl.DataFrame:
    """The rows sorted by the columns `first`, then in the order `by` names, then by number. Unknown values come last."""
    keys = [*map(pl.col, first), *map(_key, by), pl.col("document")]
    descending = [*(False for _ in first), *(ORDERS[name] for name in by), False]
    return members.sort(keys, descending=descending, nulls_last=True)


def is_earlier_column(name: str) -> pl.Expr:
    """Which of a column of documents are of an earlier release."""
    return pl.col(name) >= 1 << 48


def _key(name: str) -> pl.Expr:
    """A column of the order; the releases before this run have the sources 1, 2, …, and this run, the last, has 0."""
    if name == "release":
        return (pl.col("document") // (1 << 48) + (_SOURCES - 1)) % _SOURCES
    return pl.col(name)


def judged(members: pl.DataFrame, chosen: pl.DataFrame) -> pa.Table:
    """`CLUSTERED`, a row for each of `members` (`document`, `cluster`) in their order, by what `elected` chose."""
    joined = members.join(chosen, on="cluster", how="left", maintain_order="left")
    joined = joined.with_columns(keep=pl.col("document") == pl.col("survivor"), similarity=pl.lit(None, pl.Float64))
    return joined.select(CLUSTERED.names).to_arrow().cast(CLUSTERED)


def frame_of(table: pa.Table | pa.RecordBatch) -> pl.DataFrame:
    """A table as a frame."""
    frame = pl.from_arrow(table)
    assert isinstance(frame, pl.DataFrame)  # noqa: S101  for the type checker: a table never becomes a series
    return frame


def _refuse(what: str, found: pl.DataFrame) -> None:
    if found.height:
        examples = ", ".join(map(str, found["document"].unique().sort().head(3)))
        raise ValueError(f"{found['document'].n_unique()} {what}: {examples}{' …' if found.height > 3 else ''}")
