"""Connected components of edges that come piece by piece, in memory that grows with the documents and not with the edges.

A union-find: each document points to one of its component that is not larger, and finding a root halves the path to it
(Tarjan and van Leeuwen 1984). Of two roots the smaller document stays root, so a component is named by its smallest.
"""

import numpy as np
import numpy.typing as npt

from pipeline.kernels import kernel

Documents = npt.NDArray[np.uint64]
Small = npt.NDArray[np.int32]

_STEP = np.uint64(0x9E3779B97F4A7C15)
_HALF = np.uint64(32)
_ROOM = 1 << 10  # documents that a new forest has room for
_MOST = (1 << 31) - 2  # documents are numbered in 32 bits as they come


@kernel()
def _slot(table: Small, documents: Documents, document: np.uint64) -> np.int64:
    """The slot of a document in a table with open addresses of 1 + number, or the empty one where it belongs."""
    mixed = document * _STEP
    slot = np.int64((mixed ^ (mixed >> _HALF)) & np.uint64(table.size - 1))
    while table[slot] and documents[table[slot] - 1] != document:
        slot = (slot + 1) & (table.size - 1)
    return slot


@kernel()
def _root(parent: Small, number: int) -> int:
    while parent[number] != number:
        parent[number] = parent[parent[number]]
        number = parent[number]
    return number


_EDGES = "Array(uint64, 1, 'C', readonly=True)"
_FOREST = "int32[::1], uint64[::1], int32[::1]"


@kernel(f"UniTuple(int64, 2)({_EDGES}, {_EDGES}, int64, {_FOREST}, int64)")
def _join(
    a: Documents, b: Documents, start: int, table: Small, documents: Documents, parent: Small, count: int
) -> tuple[int, int]:
    """Joins the edges from `start` on while there is room; returns where it stopped and how many documents there are."""
    for edge in range(start, a.size):
        if count + 2 > documents.size:
            return edge, count
        number = 0
        for end in range(2):
            document = a[edge] if end == 0 else b[edge]
            slot = _slot(table, documents, document)
            if not table[slot]:
                documents[count] = document
                parent[count] = count
                count += 1
                table[slot] = count
            root = _root(parent, table[slot] - 1)
            if end == 1 and root != number:
                if documents[root] < documents[number]:
                    parent[number] = root
                else:
                    parent[root] = number
            number = root
    return a.size, count


@kernel(f"void({_FOREST}, int64)")
def _place(table: Small, documents: Documents, parent: Small, count: int) -> None:  # noqa: ARG001
    """Puts the first `count` documents into a table that is all zero."""
    for number in range(count):
        table[_slot(table, documents, documents[number])] = number + 1


@kernel("void(uint64[::1], int32[::1], uint64[::1])")
def _name(documents: Documents, parent: Small, named: Documents) -> None:
    """The smallest document of the component of each of the documents."""
    for number in range(named.size):
        named[number] = documents[_root(parent, number)]


class Forest:
    """The components of the edges that were joined so far. One process, one thread."""

    def __init__(self) -> None:
        self._count = 0
        self._documents = np.empty(_ROOM, np.uint64)
        self._parent = np.empty(_ROOM, np.int32)
        self._table = np.zeros(2 * _ROOM, np.int32)

    def __len__(self) -> int:
        """The documents of all edges so far."""
        return self._count

    def join(self, a: Documents, b: Documents) -> None:
        """Joins the component of each document of `a` with that of the one beside it in `b`. ValueError for unequal lengths."""
        if a.shape != b.shape or a.ndim != 1:
            raise ValueError(f"edges between documents of shapes {a.shape} and {b.shape}")
        a, b = (np.ascontiguousarray(end, np.uint64) for end in (a, b))
        done = 0
        while done < a.size:
            done, self._count = _join(a, b, done, self._table, self._documents, self._parent, self._count)
            if done < a.size:
                self._grow()

    def components(self) -> tuple[Documents, Documents]:
        """Each document of an edge, ascending, and the smallest document of its component."""
        documents = self._documents[: self._count]
        named = np.empty(self._count, np.uint64)
        _name(documents, self._parent, named)
        order = np.argsort(documents)
        return documents[order], named[order]

    def _grow(self) -> None:
        """Room for half as many documents again; a table of which at most two thirds are taken."""
        size = self._documents.size + self._documents.size // 2
        if size > _MOST:
            raise ValueError(f"{self._count} documents are too many for one forest; take more partitions")
        self._documents.resize(size, refcheck=False)
        self._parent.resize(size, refcheck=False)
        if size + size // 2 > self._table.size:
            self._table = np.zeros(2 * self._table.size, np.int32)
            _place(self._table, self._documents, self._parent, self._count)
