"""Which partition gets what: documents by ranges of their numbers, clusters by their hash."""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from dedup.bands import mixed

Numbers = npt.NDArray[np.uint64]


def owners(documents: Numbers, starts: Sequence[int]) -> npt.NDArray[np.int64]:
    """The partition of each document, where partition `p` begins at document `starts[p]`."""
    return np.searchsorted(np.array(starts, np.uint64), documents, side="right") - 1


def by_ends(edges: pa.Table, starts: Sequence[int]) -> Iterator[pa.Table]:
    """For each partition the edges with an end in it: an edge goes to one partition or to two."""
    if len(starts) == 1:
        yield edges
        return
    a, b = (owners(edges[end].to_numpy(), starts) for end in ("a", "b"))
    for place in range(len(starts)):
        yield edges.filter(pa.array((a == place) | (b == place)))


def by_cluster(clusters: Numbers, partitions: int) -> npt.NDArray[np.uint64]:
    """The partition of each cluster."""
    return mixed(clusters.astype(np.uint64)) % np.uint64(partitions)
