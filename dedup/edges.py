"""Edges: which documents share a band key, as few pairs as connect them."""

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from pipeline.schemas import EDGES


def edges(keys: npt.NDArray[np.uint64], documents: npt.NDArray[np.uint64]) -> pa.Table:
    """A star for each key that several documents share: its smallest document `a`, and each other `b` > a.

    `keys` and `documents` have one entry per document and band, in any order. A key of n documents gives n - 1 edges,
    not n(n-1)/2, so a page that is everywhere costs no more than its copies. The result is sorted by (a, b) without
    repeats, and the edges of a split by ranges of keys join to the same clusters as those of the whole.
    """
    if keys.shape != documents.shape or keys.ndim != 1:
        raise ValueError(f"keys of shape {keys.shape} for documents of shape {documents.shape}")
    table = pl.DataFrame({"key": keys, "b": documents}).sort("key", "b")
    sorted_keys = table["key"].to_numpy()
    starts = np.ones(keys.size, np.bool_)
    np.not_equal(sorted_keys[1:], sorted_keys[:-1], out=starts[1:])
    first = np.flatnonzero(starts)[np.cumsum(starts) - 1]
    pairs = table.select(a=table["b"].gather(first), b="b").filter(pl.col("a") != pl.col("b"))
    return pairs.unique().sort("a", "b").to_arrow().cast(EDGES)
