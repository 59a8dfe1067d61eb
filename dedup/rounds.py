"""Connected components of edges that no single task could hold: rounds over partitions, each a range of documents.

After Kiveris, Lattanzi, Mirrokni, Rastogi and Vassilvitskii 2014 ("Connected Components in MapReduce and Beyond"), who
alternate two operations: large-star moves the larger end of each edge to the smallest neighbour of the smaller end, small-star
joins all smaller neighbours of a document to the smallest of them. Here each edge is sent to the partitions of both its ends, and
instead of the smallest neighbour a partition takes the smallest document of the whole component that it sees. That is at least
as far, and a path within a range is one step.

An edge has one owner, who replaces it by stars: in odd rounds the partition of its smaller end (large-star), in even rounds
that of its larger end (small-star). If its owner sees an edge (a, b) in a component whose smallest document is r, it emits
(r, a) and (r, b); so a and b stay connected, and nothing that was apart is joined. The rounds are done when each
document has one smaller neighbour or only larger ones: then the edges are stars, each centre the smallest document of its
component. A document's partition sees all its edges, so it can tell (`unsettled`), and the sum over the partitions is 0 exactly
when the edges that a round read are the answer.

The authors prove O(log^2 n) rounds for their two-phase order and conjecture O(log n) when alternating, as it is done here. So
the number that is planned is no theorem: who is not done after the last planned round must say so and fail.
"""

from math import ceil, log2

import numpy as np
import numpy.typing as npt

from dedup.forest import Forest

Documents = npt.NDArray[np.uint64]
Edges = tuple[Documents, Documents]


def planned_rounds(documents: int, partitions: int) -> int:
    """Enough rounds for so many clustered documents, the last of which finds that nothing is left to do.

    One partition is done in the first. Else four, and one for each doubling of the documents: paths of 100,000 documents in 2
    to 7 partitions, of any shape that tests know, are done in half as many (2 to 6 rounds with 2 or 4 partitions).
    """
    if partitions < 1 or documents < 0:
        raise ValueError(f"{documents} documents in {partitions} partitions")
    return 2 if partitions == 1 else 4 + ceil(log2(max(documents, 2)))


def ranges(documents: Documents, partitions: int) -> Documents:
    """The first document of each partition but the first, so that `documents` (a sample will do) are spread evenly."""
    if partitions < 1:
        raise ValueError(f"{partitions} partitions")
    if not documents.size:
        return np.zeros(partitions - 1, np.uint64)
    places = np.arange(1, partitions) * documents.size // partitions
    return np.sort(documents)[places]


def routed(edges: Edges, bounds: Documents) -> list[Edges]:
    """The edges of each partition: those with an end in it, the smaller end first, without loops, in order, each once.

    `bounds` are those of `ranges`: partition `p` has the documents from bounds[p - 1] on and below bounds[p].
    """
    a, b = _once(*edges)
    of_a, of_b = (np.searchsorted(bounds, end, side="right") for end in (a, b))
    return [(a[mine], b[mine]) for mine in ((of_a == p) | (of_b == p) for p in range(bounds.size + 1))]


def unsettled(edges: Edges, bounds: Documents, partition: int) -> int:
    """How many documents of the partition have two smaller neighbours, or a smaller and a larger one.

    `edges` are all that were routed to it, from however many tasks.
    """
    a, b = _once(*edges)
    smaller = np.sort(b[_inside(b, bounds, partition)])
    several = smaller[1:][smaller[1:] == smaller[:-1]]
    between = np.intersect1d(smaller, a)
    return np.union1d(several, between).size


def contracted(edges: Edges, bounds: Documents, partition: int, *, round_number: int) -> Edges:
    """What a partition emits in a round: stars for the edges that it owns, in order and each once.

    `edges` are all that were routed to it, from however many tasks, at once: stars around different documents that share one
    must meet for the rounds to end, though any pieces would keep what is connected.
    """
    a, b = _once(*edges)
    forest = Forest()
    forest.join(a, b)
    documents, smallest = forest.components()
    owned = _inside(a if round_number % 2 else b, bounds, partition)
    ends = np.unique(np.concatenate([a[owned], b[owned]]))
    return _once(smallest[np.searchsorted(documents, ends)], ends)


def answers(edges: Edges, bounds: Documents, partition: int) -> Edges:
    """The documents of the partition, ascending, and the smallest document of the component of each.

    For edges that are settled in all partitions; ValueError where they are not.
    """
    if left := unsettled(edges, bounds, partition):
        raise ValueError(
            f"{left} documents of partition {partition} are not settled: the components have not converged"
        )
    a, b = _once(*edges)
    centres = np.unique(a[_inside(a, bounds, partition)])
    members = _inside(b, bounds, partition)
    documents, clusters = np.concatenate([centres, b[members]]), np.concatenate([centres, a[members]])
    order = np.argsort(documents)
    return documents[order], clusters[order]


def _inside(documents: Documents, bounds: Documents, partition: int) -> npt.NDArray[np.bool_]:
    return np.searchsorted(bounds, documents, side="right") == partition


def _once(a: Documents, b: Documents) -> Edges:
    """The edges in order, the smaller end first, without loops and repeats."""
    if a.shape != b.shape or a.ndim != 1:
        raise ValueError(f"edges between documents of shapes {a.shape} and {b.shape}")
    low, high = np.minimum(a, b), np.maximum(a, b)
    apart = low != high
    low, high = low[apart], high[apart]
    order = np.lexsort((high, low))
    low, high = low[order], high[order]
    new = np.ones(low.size, np.bool_)
    new[1:] = (low[1:] != low[:-1]) | (high[1:] != high[:-1])
    return low[new], high[new]
