from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from graph import Texts, answers, deduplicated, tables
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dedup import scale
from dedup.minhash import MinHash
from dedup.scale import Shape
from dedup.stages import signatures
from dedup.survival import Components, Star, Survival
from pipeline.errors import PartsFailed
from pipeline.storage import LocalStorage

MINHASH = MinHash(bands=4, rows=2, ngram=1)
ONE = Shape()
MANY = Shape(ranges=3, rows=4, merged=2, joins=3, elections=4)
RULES = (Components(), Components(order=("record_id",)), Star(similarity=0.4), Star(similarity=0.5, read_text=True))


def word(number: int) -> str:
    """A word for each number, without digits, which normal forms take for one another."""
    return "".join(chr(ord("a") + int(digit)) for digit in str(number))


def families(random: np.random.Generator, *, files: int, documents: int, count: int) -> Texts:
    """Documents of 12 words, drawn from 20 that only their family uses."""

    def text() -> str:
        family = random.integers(count)
        return " ".join(word(family * 20 + place) for place in random.permutation(20)[:12])

    return tuple(tuple(text() for _ in range(documents)) for _ in range(files))


FILES = st.lists(
    st.lists(st.lists(st.sampled_from("abcdefghijkl"), max_size=6).map(" ".join), max_size=6), min_size=1, max_size=4
)


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(files=FILES, rule=st.sampled_from(RULES))
def test_any_cut_of_the_graph_gives_the_same_answers(
    files: list[list[str]], rule: Survival, tmp_path_factory: pytest.TempPathFactory
) -> None:
    given_ = tuple(map(tuple, files))
    one, many = tmp_path_factory.mktemp("one"), tmp_path_factory.mktemp("many")
    whole = answers(deduplicated(one, given_, MINHASH, survival=rule, shape=ONE), one)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(signatures, "MOST_KEYS", 6)  # two documents to a set of row groups
        cut = answers(deduplicated(many, given_, MINHASH, survival=rule, shape=MANY), many)
    assert cut == whole
    assert len(whole) == sum(map(len, given_))


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize(
    "shape",
    [
        replace(ONE, ranges=5),
        replace(ONE, rows=50),
        replace(ONE, merged=4),
        replace(ONE, joins=8),
        replace(ONE, elections=7),
        MANY,
    ],
    ids=["ranges", "pieces", "merged", "joined in rounds", "elections", "all of it"],
)
def test_each_way_to_cut_gives_the_answers_of_one_piece(
    tmp_path: Path, shape: Shape, rule: Survival, whole: Callable[[Survival], list[tuple[object, ...]]]
) -> None:
    found = deduplicated(tmp_path, CORPUS, MINHASH, survival=rule, shape=shape, span=2)
    assert answers(found, tmp_path) == whole(rule)


CORPUS = families(np.random.default_rng(2), files=8, documents=12, count=30)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Survival], list[tuple[object, ...]]]:
    known: dict[Survival, list[tuple[object, ...]]] = {}

    def answer(rule: Survival) -> list[tuple[object, ...]]:
        if rule not in known:
            root = tmp_path_factory.mktemp("whole")
            known[rule] = answers(deduplicated(root, CORPUS, MINHASH, survival=rule), root)
            removed = sum(not keep for *_, keep in known[rule])
            assert 20 < removed < len(known[rule]) - 20, "a corpus of which all or nothing goes proves little"
        return known[rule]

    return answer


def test_a_chain_over_all_partitions_is_joined_in_rounds_and_named_by_its_first_document(tmp_path: Path) -> None:
    files = chain(60, 6)
    found = deduplicated(tmp_path, files, PAIRS, shape=replace(ONE, joins=6))
    assert {cluster for cluster, *_ in answers(found, tmp_path)} == {0}
    rounds = [found.states[f"components-{n}"].receipts for n in range(1, scale.ROUNDS + 1)]
    new = [sum(receipt.counts["new"] for receipt in each.values()) for each in rounds]
    settled = [sum(receipt.counts["settled"] for receipt in each.values()) for each in rounds]
    done = new.index(0)
    assert 1 < done < 10
    assert settled == [0] * (done + 1) + [6] * (scale.ROUNDS - done - 1)


def test_rounds_that_do_not_converge_are_an_error_and_never_an_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scale, "ROUNDS", 2)
    with pytest.raises(PartsFailed, match=r"components are not joined after 2 rounds, the last of which found \d+ new"):
        deduplicated(tmp_path, chain(60, 6), PAIRS, shape=replace(ONE, joins=6))


PAIRS = MinHash(bands=40, rows=1, ngram=1)  # finds nearly every pair that shares one of two words


def chain(length: int, files: int) -> Texts:
    """Documents of which each shares a word with the next, which is in the next file."""
    return tuple(tuple(f"{word(n)} {word(n + 1)}" for n in range(length) if n % files == file) for file in range(files))


@pytest.mark.parametrize(
    ("shape", "step"),
    [
        (replace(ONE, joins=2, most_joined=5), "components-1"),
        (replace(ONE, most_joined=5), "components"),
        (replace(ONE, most_elected=5), "clusters"),
    ],
)
def test_what_does_not_fit_in_memory_says_so_instead_of_taking_more(tmp_path: Path, shape: Shape, step: str) -> None:
    with pytest.raises(PartsFailed, match=rf"step {step} failed: .* 5 .*fits? in memory"):
        deduplicated(tmp_path, CORPUS, MINHASH, survival=Star(similarity=0.4), shape=shape)


def test_a_removed_document_has_a_similar_one_that_stays_and_the_table_says_how_similar(tmp_path: Path) -> None:
    found = deduplicated(tmp_path, CORPUS, MINHASH, survival=Star(similarity=0.4), shape=MANY)
    receipts = [found.states["clusters"].receipts[part.key] for part in found.states["clusters"].planned.parts]
    rows = tables(LocalStorage(tmp_path), receipts, "clusters").to_pylist()
    stays = {row["document"] for row in rows if row["keep"]}
    assert rows
    for row in rows:
        assert row["survivor"] in stays
        assert row["similarity"] >= 0.4
        assert row["cluster_size"] == sum(other["survivor"] == row["survivor"] for other in rows) > 1
        assert row["cluster"] == min(other["document"] for other in rows if other["survivor"] == row["survivor"])


def test_plain_components_compare_no_pairs(tmp_path: Path) -> None:
    found = deduplicated(tmp_path, CORPUS, MINHASH)
    (receipt,) = found.states["clusters"].receipts.values()
    assert (
        tables(LocalStorage(tmp_path), [receipt], "clusters")["similarity"].null_count == receipt.rows("clusters") > 0
    )


def test_texts_that_are_read_decide_what_estimates_leave_open(tmp_path: Path) -> None:
    """With one bit of eight values all is open but a pair with the same bits everywhere."""
    rule = Star(similarity=0.5, bits=1, read_text=True, errors=9.0)
    found = deduplicated(tmp_path, CORPUS, MINHASH, survival=rule)
    (receipt,) = found.states["clusters"].receipts.values()
    words = {file << 24 | row: set(text.split()) for file, some in enumerate(CORPUS) for row, text in enumerate(some)}
    rows = tables(LocalStorage(tmp_path), [receipt], "clusters").to_pylist()
    open_ = [row for row in rows if row["similarity"] != 1.0]
    assert len(open_) > 5
    for row in open_:
        one, other = words[row["document"]], words[row["survivor"]]
        assert row["similarity"] == pytest.approx(len(one & other) / len(one | other))
        assert row["similarity"] >= 0.5


def test_what_minhash_writes_does_not_depend_on_the_cut(tmp_path: Path) -> None:
    one, many = (
        deduplicated(tmp_path / name, CORPUS, MINHASH, shape=shape) for name, shape in (("1", ONE), ("m", MANY))
    )
    files = [
        {
            (key, table): entry.sha256
            for key, receipt in each.states["minhash"].receipts.items()
            for table, entry in receipt.files.items()
        }
        for each in (one, many)
    ]
    assert files[0] == files[1]
    assert one.states["minhash"].planned.fingerprint == many.states["minhash"].planned.fingerprint


def _emptied(path: Path) -> None:
    """The file as if nothing had been found: a whole Parquet file without a row."""
    import pyarrow.parquet as pq

    schema = pq.read_schema(path)
    pq.write_table(pa.schema(schema).empty_table(), path)


@pytest.mark.parametrize("damage", [Path.unlink, _emptied], ids=["missing", "emptied"])
@pytest.mark.parametrize(
    ("step", "table", "reader"),
    [
        ("minhash", "bands", "edges"),
        ("minhash", "order", "members"),
        ("edges", "edges", "components"),
        ("components", "components", "members"),
        ("members", "members", "clusters"),
        ("clusters", "clusters", "survivors"),
    ],
)
def test_a_missing_or_emptied_file_is_an_error_and_never_nothing_is_duplicate(
    tmp_path: Path, step: str, table: str, reader: str, damage: Callable[[Path], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    files = tuple(CORPUS[:2])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(f"{STAGES[reader]}.run", _stop)
        with pytest.raises(PartsFailed, match="stopped here"):
            deduplicated(tmp_path, files, MINHASH)
    damage(next(iter(tmp_path.glob(f"steps/{step}/*/*/*.{table}.parquet"))))
    with pytest.raises(PartsFailed, match=rf"step {reader} failed: .*{table}\.parquet"):
        deduplicated(tmp_path, files, MINHASH)


STAGES = {
    "edges": "dedup.stages.edges.Edges",
    "members": "dedup.stages.members.Members",
    "components": "dedup.stages.components.Joined",
    "clusters": "dedup.stages.clusters.Clusters",
    "survivors": "dedup.stages.survivors.Survivors",
}


def _stop(*_: object) -> dict[str, int]:
    raise ValueError("stopped here")
