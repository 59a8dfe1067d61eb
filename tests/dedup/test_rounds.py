import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedup.clusters import clusters
from dedup.rounds import answers, contracted, planned_rounds, ranges, routed, unsettled
from pipeline.schemas import EDGES


def pieces(edges, size):
    a, b = edges
    return [(a[at : at + size], b[at : at + size]) for at in range(0, len(a), size)]


def by_rounds(a, b, partitions: int):
    """All partitions in memory, and the number of rounds."""
    bounds = ranges(np.concatenate([a, b]), partitions)
    emitted = [(a, b)]
    for round_number in range(1, planned_rounds(np.unique([a, b]).size, partitions) + 1):
        shuffled = [routed(edges, bounds) for edges in emitted]
        inputs = [tuple(np.concatenate(ends) for ends in zip(*(one[p] for one in shuffled), strict=True))
                  for p in range(partitions)]  # fmt: skip
        if not sum(unsettled(edges, bounds, p) for p, edges in enumerate(inputs)):
            told = [answers(edges, bounds, p) for p, edges in enumerate(inputs)]
            return np.concatenate([d for d, _ in told]), np.concatenate([c for _, c in told]), round_number
        emitted = [contracted(edges, bounds, p, round_number=round_number) for p, edges in enumerate(inputs)]
    raise AssertionError("not converged in the planned rounds")


def in_memory(a, b):
    apart = a != b
    found = clusters([pa.table([a[apart], b[apart]], schema=EDGES)])
    return found["document"].to_pylist(), found["cluster"].to_pylist()


DOCUMENTS = st.integers(0, 40) | st.integers(2**64 - 5, 2**64 - 1)


@settings(max_examples=150)
@given(st.lists(st.tuples(DOCUMENTS, DOCUMENTS), max_size=80), st.integers(1, 7))
def test_rounds_over_partitions_give_the_components(pairs, partitions):
    a, b = np.array(pairs, np.uint64).reshape(-1, 2).T
    documents, found, _ = by_rounds(a, b, partitions)
    assert (documents.tolist(), found.tolist()) == in_memory(a, b)


@settings(max_examples=100)
@given(st.integers(0, 2**32), st.integers(1, 7), st.integers(1, 50))
def test_one_round_joins_nothing_and_parts_nothing_whatever_the_pieces(seed, partitions, size):
    random = np.random.default_rng(seed)
    a, b = random.integers(0, random.integers(2, 60), (2, 50)).astype(np.uint64)
    bounds = ranges(np.concatenate([a, b]), partitions)
    for round_number in (1, 2):
        emitted = [contracted(piece, bounds, p, round_number=round_number)
                   for p, edges in enumerate(routed((a, b), bounds)) for piece in pieces(edges, size)]  # fmt: skip
        after = [np.concatenate(ends) for ends in zip(*emitted, strict=True)] if emitted else [a[:0], b[:0]]
        assert in_memory(*after) == in_memory(a, b)


def shapes(count: int):
    random = np.random.default_rng(4)
    steps = np.arange(count)
    yield "ascending", steps
    yield "descending", steps[::-1]
    yield "shuffled", random.permutation(count)
    yield "zigzag", np.where(steps % 2, steps + count, steps)
    yield "bit-reversed", np.array([int(f"{step:020b}"[::-1], 2) for step in range(count)])
    yield "strided", steps * 7 % count + steps * 7 // count * count


@pytest.mark.parametrize("partitions", [1, 2, 7])
@pytest.mark.parametrize(("name", "path"), list(shapes(100_000)))
def test_a_path_of_100_000_documents_is_done_in_half_of_the_planned_rounds(name, path, partitions):
    path = path.astype(np.uint64)
    documents, found, rounds = by_rounds(path[:-1], path[1:], partitions)
    assert documents.tolist() == sorted(path.tolist())
    assert set(found.tolist()) == {int(path.min())}
    assert rounds <= max(2, planned_rounds(100_000, partitions) // 2)


def graphs():
    random = np.random.default_rng(5)
    leaves = np.arange(1, 20_000)
    yield "star around the smallest", np.zeros_like(leaves), leaves
    yield "star around the largest", np.full_like(leaves, 20_000), leaves
    one, other = np.triu_indices(150, 1)
    yield "clique", one * 13, other * 13
    pairs = random.permutation(40_000).reshape(2, -1)
    yield "pairs", *pairs
    yield "sparse", *random.integers(0, 20_000, (2, 10_000))
    yield "near the threshold", *random.integers(0, 20_000, (2, 20_000))
    yield "tree", np.arange(1, 20_000) // 2, np.arange(1, 20_000)
    labels = random.permutation(20_000)
    yield "tree, shuffled", labels[np.arange(1, 20_000) // 2], labels[1:]


@pytest.mark.parametrize("partitions", range(1, 8))
@pytest.mark.parametrize(("name", "a", "b"), list(graphs()))
def test_graphs_of_many_shapes_agree_with_components_in_memory(name, a, b, partitions):
    a, b = a.astype(np.uint64), b.astype(np.uint64)
    documents, found, _ = by_rounds(a, b, partitions)
    assert (documents.tolist(), found.tolist()) == in_memory(a, b)


def test_what_is_not_settled_has_no_answers():
    edges = np.array([1, 2], np.uint64), np.array([2, 3], np.uint64)
    with pytest.raises(ValueError, match="have not converged"):
        answers(edges, np.empty(0, np.uint64), 0)


def test_no_edges_are_settled():
    none = np.empty(0, np.uint64), np.empty(0, np.uint64)
    bounds = ranges(none[0], 3)
    assert [edges[0].size for edges in routed(none, bounds)] == [0, 0, 0]
    assert unsettled(none, bounds, 1) == 0
    assert [part.size for part in answers(none, bounds, 2)] == [0, 0]


def test_partitions_that_cannot_be_are_refused():
    for wrong in (lambda: planned_rounds(5, 0), lambda: ranges(np.empty(0, np.uint64), 0)):
        with pytest.raises(ValueError, match="partitions"):
            wrong()
    with pytest.raises(ValueError, match="shapes"):
        routed((np.zeros(1, np.uint64), np.zeros(2, np.uint64)), np.empty(0, np.uint64))
