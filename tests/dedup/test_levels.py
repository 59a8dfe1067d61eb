"""Levels of merging between the steps: with them, any part opens few of what others wrote, and answers the same."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from graph import answers, deduplicated, tables
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from released import released
from test_graph import CORPUS, FILES, MINHASH, RULES

from dedup import scale
from dedup.exact import Exact
from dedup.minhash import MinHash
from dedup.routing import ByRange, by_ends, dealt, sets
from dedup.scale import Extent, Scale, Shape, groups_of
from dedup.survival import Components, Star, Survival
from pipeline.errors import PartsFailed, StorageError
from pipeline.execution import Execution
from pipeline.schemas import CLUSTERED, EDGES
from pipeline.storage import LocalStorage
from pipeline.tables import TableWriter

FLAT = Shape(ranges=5, merged=2, rows=40, joins=6, elections=7)
LEVELS = replace(FLAT, ranged=2, routed=3, most_routed=5, gathered=3, most_gathered=4, answers=3, most_answers=6)
STEPS = {"ranged", "routed-edges", "routed-components-1", "gathered", "answers"}


@pytest.fixture(scope="module", autouse=True)
def slices() -> Iterator[None]:
    """Each partition of a level opens two parts at most; few rounds are planned, for there are few documents."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scale, "MOST_OPENED", 2)
        patch.setattr(scale, "ROUNDS", 5)
        yield


def elected(execution: Execution, root: Path) -> pa.Table:
    state = execution.states["clusters"]
    return tables(LocalStorage(root), [state.receipts[part.key] for part in state.planned.parts], "clusters")


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    files=FILES,
    rule=st.sampled_from(RULES),
    exact=st.sampled_from([(), (Exact(),)]),
    joins=st.integers(2, 5),
    elections=st.integers(1, 6),
    groups=st.integers(2, 4),
    most=st.integers(1, 8),
)
def test_any_documents_are_answered_alike_with_levels_and_without(
    files: list[list[str]],
    rule: Survival,
    exact: tuple[Exact, ...],
    joins: int,
    elections: int,
    groups: int,
    most: int,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    given_ = tuple(map(tuple, files))
    flat = Shape(ranges=joins, merged=2, rows=most, joins=joins, elections=elections)
    levels = replace(
        flat,
        ranged=groups,
        routed=groups,
        gathered=groups,
        answers=groups,
        most_routed=most,
        most_gathered=most,
        most_answers=most,
    )
    found = []
    for shape in (flat, levels):
        root = tmp_path_factory.mktemp("cut")
        ran = deduplicated(root, given_, MINHASH, survival=rule, shape=shape, exact=exact)
        found.append((answers(ran, root), elected(ran, root).to_pylist()))
    assert found[0] == found[1]


@pytest.mark.parametrize("rule", RULES)
def test_with_levels_the_same_documents_are_elected_in_the_same_order(
    tmp_path: Path, rule: Survival, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In slices of two parts, a part of each file; or all of a group in one partition, in sets, a part of two files."""
    sliced = rule in RULES[::2]
    span = 1 if sliced else 2
    if not sliced:
        monkeypatch.setattr(scale, "MOST_OPENED", 1_000)
    flat, levels = (
        deduplicated(tmp_path / name, CORPUS, MINHASH, survival=rule, shape=shape, span=span)
        for name, shape in (("flat", FLAT), ("levels", LEVELS))
    )
    assert set(levels.states) >= STEPS
    assert not set(flat.states) & STEPS
    assert elected(levels, tmp_path / "levels").equals(elected(flat, tmp_path / "flat"))
    assert answers(levels, tmp_path / "levels") == answers(flat, tmp_path / "flat")
    for step in STEPS:
        stage, receipts = levels.states[step].planned.step.stage, levels.states[step].receipts.values()
        assert (getattr(stage, "slices") > 1) == sliced, step  # noqa: B009
        assert sliced or max(receipt.counts["sets"] for receipt in receipts) > 1, step


@pytest.mark.parametrize("rule", RULES)
def test_scores_come_through_levels(tmp_path: Path, rule: Survival) -> None:
    scored = replace(rule, order=("score", *rule.order), score="q")
    scores = tuple(tuple(float((7 * row + file) % 5) for row in range(len(texts))) for file, texts in enumerate(CORPUS))
    flat, levels = (
        answers(
            deduplicated(tmp_path / name, CORPUS, MINHASH, survival=scored, shape=shape, scores=scores), tmp_path / name
        )
        for name, shape in (("flat", FLAT), ("levels", LEVELS))
    )
    assert levels == flat
    unscored = answers(deduplicated(tmp_path / "plain", CORPUS, MINHASH, survival=rule), tmp_path / "plain")
    assert flat != unscored


@pytest.mark.parametrize("rule", [Star(similarity=0.4), Components()])
def test_beside_earlier_releases_levels_change_nothing(tmp_path: Path, rule: Survival) -> None:
    first = released(tmp_path / "a", CORPUS[:3], MINHASH, rule, exact=(Exact(),))
    flat, levels = (
        released(tmp_path / name, CORPUS[3:], MINHASH, rule, against=(first.release,), exact=(Exact(),), shape=shape)
        for name, shape in (("flat", FLAT), ("levels", LEVELS))
    )
    assert levels.answers() == flat.answers()
    assert levels.clustered() == flat.clustered()
    assert any(int(str(row["survivor"])) >> 48 for row in levels.clustered())


def test_a_part_opens_the_partitions_of_components_and_answers_that_may_know_of_its_documents(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    reads = LocalStorage.open
    monkeypatch.setattr(LocalStorage, "open", lambda storage, path: opened.append(path) or reads(storage, path))
    shape = replace(LEVELS, joins=4, answers=4, routed=1)
    deduplicated(tmp_path, CORPUS, MINHASH, shape=shape, span=2)
    tried = [path.split("/")[1] for path in opened if path.endswith(("components.parquet", "clusters.parquet"))]
    assert tried.count("components") == 4, "each of four parts of two files opens that of its files"
    assert tried.count("answers") == 4 * 4, "of each of four slices"
    assert tried.count("clusters") == 4 * 7, "and for each range of documents all elections are opened once"


def test_where_there_are_few_parts_there_are_no_levels_and_a_hundred_dumps_have_them_all() -> None:
    def shape(documents: int, files: int, rule: Survival) -> Shape:
        return Scale().shape(MinHash(family="fast"), rule, Extent(documents=documents, files=files), span=16)

    for rule in (Components(), Star()):
        small, all_ = shape(20_000_000, 9_000, rule), shape(20_000_000_000, 9_000_000, rule)
        assert (small.routed, small.gathered, small.answers) == (1, 1, 1)
        assert 1 < all_.routed < all_.joins / 20
        assert 1 < all_.gathered < all_.elections / 20
        assert 1 < all_.answers < 600


@given(partitions=st.integers(1, 10_000), groups=st.integers(1, 10_000))
def test_no_group_is_without_a_partition(partitions: int, groups: int) -> None:
    found = groups_of(partitions, groups)
    each = -(-partitions // found)
    assert 1 <= found <= max(1, min(partitions, groups))
    assert (found - 1) * each < partitions <= found * each


PAIRS = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), max_size=30)


@given(pairs=PAIRS, starts=st.sets(st.integers(1, 40), max_size=5))
def test_an_edge_goes_to_the_owners_of_its_ends_in_order(pairs: list[tuple[int, int]], starts: set[int]) -> None:
    begins = (0, *sorted(starts))
    a, b = (pa.array([pair[end] for pair in pairs], pa.uint64()) for end in (0, 1))
    found = list(by_ends(pa.table([a, b], schema=EDGES), begins))
    ends = [*begins[1:], 41]
    assert [[tuple(row.values()) for row in table.to_pylist()] for table in found] == [
        [pair for pair in pairs if any(low <= end < high for end in pair)]
        for low, high in zip(begins, ends, strict=True)
    ]


@given(at=st.lists(st.integers(-2, 6), max_size=40))
def test_rows_are_dealt_in_their_order(at: list[int]) -> None:
    table = pa.table({"row": pa.array(range(len(at)), pa.int64())})
    found = [part["row"].to_pylist() for part in dealt(table, np.array(at, np.int64), 4)]
    assert found == [[row for row, place in enumerate(at) if place == wanted] for wanted in range(4)]


@given(sizes=st.lists(st.integers(0, 7), max_size=12), most=st.integers(1, 9))
def test_sets_have_all_rows_and_no_more_than_fit(sizes: list[int], most: int) -> None:
    schema = pa.schema([("row", pa.int64())])
    rows = np.split(np.arange(sum(sizes)), np.cumsum(sizes)[:-1]) if sizes else []
    given_: Iterator[pa.Table] = (pa.table([pa.array(some, pa.int64())], schema=schema) for some in rows)
    found = list(sets(given_, schema, most))
    assert [row for some in found for row in some["row"].to_pylist()] == list(range(sum(sizes)))
    assert found
    assert all(some.num_rows <= max(most, *sizes, 0) for some in found)


def rows_of(documents: list[int]) -> pa.Table:
    count = len(documents)
    number = pa.array(documents, pa.uint64())
    size, keep = pa.array([2] * count, pa.int32()), pa.array([True] * count)
    return pa.table([number, number, size, number, keep, pa.nulls(count, pa.float64())], schema=CLUSTERED)


@pytest.mark.parametrize("given_", [[[5, 1]], [[5], [1]]], ids=["in a table", "in the next"])
def test_documents_that_come_out_of_order_are_refused(tmp_path: Path, given_: list[list[int]]) -> None:
    table = TableWriter(LocalStorage(tmp_path).writer("x"), "x", CLUSTERED)
    writer = ByRange(table, (0, 4))
    for documents in given_[:-1]:
        writer.write(rows_of(documents))
    with pytest.raises(StorageError, match="x: documents are not in their order"):
        writer.write(rows_of(given_[-1]))
    table.abandon()


@pytest.mark.parametrize(
    ("step", "table", "reader"),
    [
        ("sorted", "bands", "ranged"),
        ("ranged", "bands", "edges"),
        ("edges", "edges", "routed-edges"),
        ("routed-edges", "edges", "components-1"),
        ("members", "members", "gathered"),
        ("gathered", "members", "clusters"),
        ("clusters", "clusters", "answers"),
        ("answers", "clusters", "survivors"),
    ],
)
def test_an_emptied_file_of_a_level_is_an_error_and_never_nothing_is_duplicate(
    tmp_path: Path, step: str, table: str, reader: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(f"{READERS[reader]}.run", _stop)
        with pytest.raises(PartsFailed, match="stopped here"):
            deduplicated(tmp_path, CORPUS[:4], MINHASH, shape=SMALL)
    for path in tmp_path.glob(f"steps/{step}/*/*/*.{table}.parquet"):
        pq.write_table(pq.read_schema(path).empty_table(), path)
    with pytest.raises(PartsFailed, match=rf"step {reader} failed: .*{table}\.parquet"):
        deduplicated(tmp_path, CORPUS[:4], MINHASH, shape=SMALL)


SMALL = Shape(ranges=2, merged=2, joins=2, elections=2, ranged=2, routed=2, gathered=2, answers=2)
READERS = {
    "ranged": "dedup.stages.ranged.Ranged",
    "edges": "dedup.stages.edges.Edges",
    "routed-edges": "dedup.stages.routed.Routed",
    "components-1": "dedup.stages.components.Round",
    "gathered": "dedup.stages.gathered.Gathered",
    "clusters": "dedup.stages.clusters.Clusters",
    "answers": "dedup.stages.answers.Answers",
    "survivors": "dedup.stages.survivors.Survivors",
}


def _stop(*_: object) -> dict[str, int]:
    raise ValueError("stopped here")


def test_answers_about_documents_of_another_partition_are_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if `clusters` had cut its row groups elsewhere."""
    from dedup.stages import clusters

    class Moved(ByRange):
        def __init__(self, writer: TableWriter, starts: tuple[int, ...]) -> None:
            super().__init__(writer, (0, *(start + (1 << 24) for start in starts[1:])))

    monkeypatch.setattr(clusters, "ByRange", Moved)
    with pytest.raises(PartsFailed, match=r"documents that range \d of answers does not have"):
        deduplicated(tmp_path, CORPUS, MINHASH, shape=LEVELS)
