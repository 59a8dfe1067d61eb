"""Edges: which documents share a band key, as few pairs as connect them."""

from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from pipeline.schemas import EDGES

Keys = npt.NDArray[np.uint64]


def edges(keys: Keys, documents: Keys) -> pa.Table:
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


def edges_by_pieces(pieces: Iterable[tuple[Keys, Keys]], most: int) -> Iterator[pa.Table]:
    """The same for (keys, documents) that come in pieces, the pieces with the smallest documents first.

    Whenever `most` rows are held they are answered, and only the smallest document of each key is kept for what follows. So
    memory is that of `most` rows, of the largest piece, and of the keys that differ: that very many documents have the same
    key costs nothing.
    """
    waiting: list[tuple[Keys, Keys]] = [(np.empty(0, np.uint64), np.empty(0, np.uint64))]
    held = 0
    for piece in pieces:
        waiting.append(piece)
        held += piece[0].size
        if held >= most:
            keys, documents = _joined(waiting)
            yield edges(keys, documents)
            waiting, held = [_smallest(keys, documents)], 0
    yield edges(*_joined(waiting))


def _joined(pieces: list[tuple[Keys, Keys]]) -> tuple[Keys, Keys]:
    return np.concatenate([keys for keys, _ in pieces]), np.concatenate([documents for _, documents in pieces])


def _smallest(keys: Keys, documents: Keys) -> tuple[Keys, Keys]:
    """Each key once, with its smallest document."""
    order = np.lexsort((documents, keys))
    keys, documents = keys[order], documents[order]
    first = np.ones(keys.size, np.bool_)
    np.not_equal(keys[1:], keys[:-1], out=first[1:])
    return keys[first], documents[first]
