from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedup import forest
from dedup.clusters import CLUSTER_SCHEMA, clusters
from pipeline.errors import StorageError
from pipeline.schemas import EDGES

DOCUMENTS = st.integers(0, 30) | st.integers(2**64 - 5, 2**64 - 1)
PAIRS = st.lists(st.tuples(DOCUMENTS, DOCUMENTS), max_size=60)


def table(pairs) -> pa.Table:
    a, b = np.array(pairs, np.uint64).reshape(-1, 2).T
    return pa.table([a, b], schema=EDGES)


def by_union_find(pairs) -> dict[int, int]:
    parent: dict[int, int] = {}

    def root(document: int) -> int:
        parent.setdefault(document, document)
        while parent[document] != document:
            document = parent[document]
        return document

    for a, b in pairs:
        low, high = sorted((root(a), root(b)))
        parent[high] = low
    return {document: root(document) for document in sorted(parent)}


def found(edges) -> dict[int, int]:
    result = clusters(edges)
    assert result.schema == CLUSTER_SCHEMA
    documents = result.column("document").to_pylist()
    assert documents == sorted(set(documents))
    return dict(zip(documents, result.column("cluster").to_pylist(), strict=True))


@settings(max_examples=300)
@given(PAIRS)
def test_clusters_are_the_connected_components_named_by_their_smallest_document(pairs):
    assert found([table(pairs)]) == by_union_find(pairs)


@given(PAIRS, st.lists(st.integers(0, 60)), st.randoms(use_true_random=False))
def test_order_direction_and_split_of_the_edges_do_not_matter(pairs, cuts, random):
    turned = [random.choice([(a, b), (b, a)]) for a, b in random.sample(pairs, len(pairs))]
    bounds = [0, *sorted(cuts), len(turned)]
    parts = [table(turned[start:end]) for start, end in pairwise(bounds)]
    assert clusters(parts).equals(clusters([table(pairs)]))


@given(PAIRS)
def test_a_forest_that_must_grow_gives_the_same(pairs):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(forest, "_ROOM", 2)
        grown = clusters(table([pair]) for pair in pairs)
    assert grown.equals(clusters([table(pairs)]))


@pytest.mark.parametrize("order", ["ascending", "descending", "shuffled", "bit-reversed", "zigzag"])
def test_a_chain_of_100_000_documents_is_one_cluster(order):
    count = 100_000
    labels = {
        "ascending": np.arange(count),
        "descending": np.arange(count)[::-1],
        "shuffled": np.random.default_rng(3).permutation(count),
        "bit-reversed": np.array([int(f"{i:017b}"[::-1], 2) for i in range(count)]),
        "zigzag": np.where(np.arange(count) % 2, np.arange(count) + count, np.arange(count)),
    }[order].astype(np.uint64)
    result = clusters([pa.table([labels[:-1], labels[1:]], schema=EDGES)])
    assert result.num_rows == count
    assert set(result.column("cluster").to_pylist()) == {0}


def test_a_star_whose_centre_is_the_largest_document_is_one_cluster():
    count = 50_000
    centre = np.full(count, count, np.uint64)
    result = clusters([pa.table([np.arange(count, dtype=np.uint64), centre], schema=EDGES)])
    assert set(result.column("cluster").to_pylist()) == {0}


def test_random_graphs_of_many_sizes_agree_with_union_find():
    random = np.random.default_rng(4)
    for edges in (10, 100, 1_000, 3_000):
        pairs = random.integers(0, 3_000, (edges, 2)).tolist()
        assert found([table(pairs)]) == by_union_find(pairs)


def test_no_edges_are_no_clusters():
    for edges in ([], [table([])], iter(())):
        assert found(edges) == {}


def test_a_document_of_no_edge_is_in_no_cluster():
    assert found([table([(1, 3)])]) == {1: 1, 3: 1}


def test_columns_in_several_chunks_are_read_whole():
    whole = pa.concat_tables([table([(1, 2)]), table([(2, 3)])])
    assert whole.column("a").num_chunks == 2
    assert found([whole]) == {1: 1, 2: 1, 3: 1}


def test_a_null_is_an_error():
    with pytest.raises(ValueError, match="null"):
        clusters([pa.table({"a": pa.array([1, None], pa.uint64()), "b": pa.array([2, 3], pa.uint64())})])


def test_more_documents_than_fit_are_an_error():
    assert clusters([table([(1, 2)]), table([(2, 3)])], most=3).num_rows == 3
    with pytest.raises(StorageError, match="more than 3 clustered documents"):
        clusters([table([(1, 2)]), table([(2, 3)]), table([(3, 4)])], most=3)
