"""Clusters: the connected components of the edges, each named by its smallest document."""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from dedup.forest import Forest
from pipeline.errors import StorageError

CLUSTER_SCHEMA = pa.schema([("document", pa.uint64()), ("cluster", pa.uint64())])


def clusters(edges: Iterable[pa.Table], most: int | None = None) -> pa.Table:
    """`CLUSTER_SCHEMA`, sorted by document: each document of an edge, and the smallest document of its component.

    The answer is the same for any order, split or repetition of the edges. Tables are joined to a forest as they come, so
    memory grows with the clustered documents, not with the edges. ValueError for a null, StorageError for more than `most`
    clustered documents.
    """
    forest = Forest()
    for table in edges:
        forest.join(_column(table, "a"), _column(table, "b"))
        if most is not None and len(forest) > most:
            raise StorageError(
                f"more than {most:,} clustered documents, which is what fits in memory: take more partitions"
            )
    return pa.table(forest.components(), schema=CLUSTER_SCHEMA)


def _column(table: pa.Table, name: str) -> npt.NDArray[np.uint64]:
    column = table.column(name)
    if column.null_count:
        raise ValueError(f"edges: {column.null_count} null(s) in column {name}")
    return column.to_numpy()
