"""Clusters: the connected components of the edges, found in vectorised rounds.

Boruvka's scheme with labels for weights: in each round every root hooks itself to its smallest neighbouring root, larger
or not, and pointer jumping flattens the trees. Along the hooks no root is larger than the one two steps before, as both are
neighbours of the one between. So the only cycles are pairs that chose each other; the smaller of such a pair stays root and
is the smallest of its whole tree. Every root that has a neighbour shares a tree with another, so the roots that are not done
halve in each round, and log2(n) rounds are enough. Hooking only to smaller labels would be shorter, but has no such bound.
"""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipeline.errors import StorageError

CLUSTER_SCHEMA = pa.schema([("document", pa.uint64()), ("cluster", pa.uint64())])

Documents = npt.NDArray[np.uint64]
Indices = npt.NDArray[np.int64]

_BATCH = 1 << 22  # edges held before they are folded into the forest: 64 MB


def clusters(edges: Iterable[pa.Table], most: int | None = None) -> pa.Table:
    """`CLUSTER_SCHEMA`, sorted by document: each document of an edge, and the smallest document of its component.

    The answer is the same for any order, split or repetition of the edges. Tables are folded into a forest as they
    come, so memory grows with the clustered documents, not with the edges. ValueError for a null, StorageError for more
    than `most` clustered documents.
    """
    document, cluster = np.empty(0, np.uint64), np.empty(0, np.uint64)
    waiting: list[tuple[Documents, Documents]] = []
    held = 0
    for table in edges:
        waiting.append((_column(table, "a"), _column(table, "b")))
        held += table.num_rows
        # Waiting for as many edges as the forest has keeps the folding at O(E log E) in all.
        if held >= max(_BATCH if most is None else min(_BATCH, most), document.size):
            document, cluster = _folded(document, cluster, waiting)
            waiting, held = [], 0
            _check_room(document.size, most)
    document, cluster = _folded(document, cluster, waiting)
    _check_room(document.size, most)
    return pa.table([document, cluster], schema=CLUSTER_SCHEMA)


def _check_room(documents: int, most: int | None) -> None:
    if most is not None and documents > most:
        raise StorageError(
            f"{documents:,} clustered documents of which {most:,} fit in memory; raise the memory of the recipe's scale"
        )


def _column(table: pa.Table, name: str) -> Documents:
    column = table.column(name)
    if column.null_count:
        raise ValueError(f"edges: {column.null_count} null(s) in column {name}")
    return column.to_numpy()


def _folded(
    document: Documents, cluster: Documents, waiting: list[tuple[Documents, Documents]]
) -> tuple[Documents, Documents]:
    """The forest (document, cluster), itself a set of edges, joined with those that wait."""
    a = np.concatenate([document, *(one for one, _ in waiting)])
    b = np.concatenate([cluster, *(other for _, other in waiting)])
    documents, ends = np.unique(np.concatenate([a, b]), return_inverse=True)
    smallest = _components(ends[: a.size], ends[a.size :], documents.size)
    return documents, documents[smallest]


def _components(a: Indices, b: Indices, count: int) -> Indices:
    """The smallest vertex of the component of each of `count` vertices."""
    parent = np.arange(count)
    for _ in range(count.bit_length() + 1):
        a, b = parent[a], parent[b]
        apart = a != b
        if not apart.any():
            return parent
        a, b = a[apart], b[apart]
        parent = _flattened(_hooked(parent, a, b))
    raise RuntimeError(f"components of {count} vertices: not done after log2(n) rounds, which cannot be")


def _hooked(parent: Indices, a: Indices, b: Indices) -> Indices:
    """Each root of an edge (a, b) hooked to its smallest neighbour; the smaller of a mutual pair stays root."""
    hooked = np.full(parent.size, parent.size)
    np.minimum.at(hooked, a, b)
    np.minimum.at(hooked, b, a)
    hooked = np.where(hooked < parent.size, hooked, parent)
    vertices = np.arange(parent.size)
    return np.where((hooked[hooked] == vertices) & (vertices < hooked), vertices, hooked)


def _flattened(parent: Indices) -> Indices:
    """Every vertex directly under its root. Each jump halves the depth, which is below the number of vertices."""
    for _ in range(parent.size.bit_length() + 1):
        above = parent[parent]
        if np.array_equal(above, parent):
            return parent
        parent = above
    raise RuntimeError(f"a forest of {parent.size} vertices has a cycle, which cannot be")
