"""What new documents are compared with: the survivors of finished runs, read where they lie."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from graph import Texts
from hypothesis import given, settings
from hypothesis import strategies as st
from released import Released, released
from test_graph import MANY, ONE, families
from test_star import SEEDS, SIMILARITIES, VALUES, made

from dedup.bbit import BITS, Bound
from dedup.minhash import MinHash
from dedup.releases import Release
from dedup.scale import Shape
from dedup.star import stars
from dedup.survival import Components, Star, Survival
from pipeline.errors import PartsFailed, RecipeError

MINHASH = MinHash(bands=4, rows=2, ngram=1)
STAR = Star(similarity=0.4, order=("release", "record_id"))
TEXTS = Star(similarity=0.5, bits=1, read_text=True, errors=9.0, order=("release", "record_id"))
CORPUS = families(np.random.default_rng(5), files=6, documents=12, count=24)


@settings(max_examples=200)
@given(
    st.tuples(SEEDS, st.integers(0, 60), st.integers(1, 4), st.integers(1, 6), st.sampled_from(BITS)),
    SIMILARITIES,
    st.lists(st.floats(0, 1), min_size=1, max_size=3),
)
def test_releases_in_a_row_decide_as_all_of_them_at_once_whatever_the_splits(sizes, similarity, cuts):
    keys, packed, random = made(*sizes)
    bound = Bound(similarity=similarity, values=VALUES, bits=sizes[-1])
    order = random.permutation(len(keys))
    whole = stars(keys, packed, bound, order=order)
    ends = [0, *sorted(int(cut * len(keys)) for cut in cuts), len(keys)]
    stay = np.empty(0, np.int64)
    for start, stop in pairwise(ends):
        rows = np.concatenate([stay, order[start:stop]])
        held = np.arange(rows.size) < stay.size
        found = stars(keys[rows], packed[rows], bound, held=held)
        new = rows[~held]
        assert rows[found.survivor][~held].tolist() == whole.survivor[new].tolist()
        assert found.similarity[~held].tolist() == whole.similarity[new].tolist()
        stay = rows[found.survivor == np.arange(rows.size)]
    assert sorted(stay) == sorted(np.flatnonzero(whole.survivor == np.arange(len(keys))))


@pytest.fixture(scope="module")
def union(tmp_path_factory: pytest.TempPathFactory) -> Released:
    """All files at once; ids go up with the files, so an earlier release is earlier in the order too."""
    found = released(tmp_path_factory.mktemp("union"), CORPUS, MINHASH, STAR)
    assert 20 < len(found.kept()) < 52, "a corpus of which all or nothing goes proves little"
    return found


def in_a_row(root: Path, splits: list[Texts], rule: Survival, shape: Shape) -> list[Released]:
    found: list[Released] = []
    for number, files in enumerate(splits):
        against = tuple(each.release for each in found)
        found.append(released(root / str(number), files, MINHASH, rule, against=against, shape=shape))
    return found


@pytest.mark.parametrize(
    ("cuts", "shape"),
    [((2,), ONE), ((1, 4), ONE), ((2, 5), MANY)],
    ids=["two releases", "three releases", "three, cut as finely as can be"],
)
def test_release_after_release_keeps_exactly_what_all_at_once_does(
    tmp_path: Path, union: Released, cuts: tuple[int, ...], shape: Shape
) -> None:
    ends = (0, *cuts, len(CORPUS))
    splits = [CORPUS[start:stop] for start, stop in pairwise(ends)]
    found = in_a_row(tmp_path, splits, STAR, shape)
    assert [text for each in found for text in each.kept()] == union.kept()
    removed = [row["survivor"] >> 48 for each in found[1:] for row in each.clustered() if not row["keep"]]
    assert set(removed) == set(range(len(found))), "duplicates in each release, and duplicates inside the last"


def test_where_texts_are_read_release_after_release_needs_those_of_the_earlier_one(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="this rule reads texts, and a deduplication of rows keeps none"):
        released(tmp_path, CORPUS[:1], MINHASH, TEXTS)


def test_a_removed_document_names_the_earlier_one_and_how_similar_it_is(tmp_path: Path) -> None:
    first = released(tmp_path / "a", CORPUS[:3], MINHASH, STAR)
    second = released(tmp_path / "b", CORPUS[3:], MINHASH, STAR, against=(first.release,))
    kept = set(first.kept())
    rows = [row for row in second.clustered() if row["survivor"] >> 48]
    assert rows
    for row in rows:
        text = CORPUS[row["survivor"] >> 24 & 0xFFFFFF][row["survivor"] & 0xFFFFFF]
        assert row["survivor"] >> 48 == 1
        assert text in kept
        assert row["similarity"] >= 0.4
        assert not row["keep"]
        assert row["cluster"] == min(each["document"] for each in rows if each["survivor"] == row["survivor"])
    receipts = second.execution.states["survivors"].receipts.values()
    assert sum(receipt.counts.get("in_release.1", 0) for receipt in receipts) == len(rows)


@pytest.mark.parametrize("rule", [STAR, Components()])
def test_a_clusters_size_counts_documents_of_this_release_alone(tmp_path: Path, rule: Survival) -> None:
    """`x` is in the first release; of the second three are copies of it and two of `y`."""
    x, y, z = "a b c d e f", "m n o p q r", "s t u v w x"
    first = released(tmp_path / "a", ((x, x, x),), MINHASH, rule)
    second = released(tmp_path / "b", ((x, y, x), (z, y, x)), MINHASH, rule, against=(first.release,))
    assert [(each["cluster_size"], each["keep"]) for each in second.answers()] == [
        (3, False),
        (2, True),
        (3, False),
        (1, True),
        (2, False),
        (3, False),
    ]
    assert {row["survivor"] for row in second.clustered() if row["cluster_size"] == 3} == {1 << 48}


def test_plain_components_cannot_promise_what_all_at_once_keeps(tmp_path: Path) -> None:
    """`x` and `z` share nothing; `y`, of the second release, has a half of each and joins them."""
    pairs = MinHash(bands=40, rows=1, ngram=1)
    x, y, z = "a b c d", "a b m n", "m n o p"
    whole = released(tmp_path / "all", ((x, z), (y,)), pairs, Components(order=("record_id",)))
    first = released(tmp_path / "a", ((x, z),), pairs, Components(order=("record_id",)))
    second = released(tmp_path / "b", ((y,),), pairs, Components(order=("record_id",)), against=(first.release,))
    assert whole.kept() == [x]
    assert (first.kept(), second.kept()) == ([x, z], [])


def test_nothing_new_that_is_found_earlier_alone_is_looked_at(tmp_path: Path) -> None:
    """Documents of releases that only resemble each other cost nothing."""
    x = "a b c d e f"
    first, other = (released(tmp_path / name, ((x,),), MINHASH, STAR) for name in "ab")
    second = released(tmp_path / "c", (("m n o p q r",),), MINHASH, STAR, against=(first.release, other.release))
    assert second.kept() == ["m n o p q r"]
    counts = [receipt.counts["documents"] for receipt in second.execution.states["components"].receipts.values()]
    assert counts == [0]


def test_identity_is_what_releases_hold_and_their_order_and_signatures_stay(tmp_path: Path) -> None:
    first = released(tmp_path / "a", CORPUS[:1], MINHASH, STAR).release
    other = released(tmp_path / "b", CORPUS[1:2], MINHASH, STAR).release
    again = released(tmp_path / "c", CORPUS[:1], MINHASH, STAR).release
    assert first.digest == again.digest != other.digest

    def fingerprints(against: tuple[Release, ...]) -> dict[str, str]:
        execution = released(tmp_path / "d", CORPUS[2:3], MINHASH, STAR, against=against).execution
        return {name: state.planned.fingerprint for name, state in execution.states.items()}

    alone, one, moved, both, turned = (
        fingerprints(against)
        for against in ((), (first,), (replace(first, root=again.root),), (first, other), (other, first))
    )
    assert one == moved
    assert len({each["minhash"] for each in (alone, one, both, turned)}) == 1
    for name in ("edges", "clusters", "survivors"):
        assert len({each[name] for each in (alone, one, both, turned)}) == 4


def emptied(path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.schema(pq.read_schema(path)).empty_table(), path)


@pytest.mark.parametrize("damage", [Path.unlink, emptied], ids=["missing", "emptied"])
@pytest.mark.parametrize(
    ("step", "table", "reader"),
    [
        ("minhash", "bands", "edges"),
        ("survivors", "survivors", "edges"),
        ("rows", "counted", "edges"),
        ("minhash", "order", "earlier"),
    ],
)
def test_a_missing_or_emptied_file_of_a_release_is_an_error_and_never_nothing_is_duplicate(
    tmp_path: Path, step: str, table: str, reader: str, damage
) -> None:
    text = "a b c d e f"
    release = released(tmp_path / "a", ((text,),), MINHASH, STAR).release
    damage(next(iter((tmp_path / "a").glob(f"steps/{step}/*/*/*.{table}.parquet"))))
    with pytest.raises(PartsFailed, match=rf"step {reader} failed: .*{table}\.parquet"):
        released(tmp_path / "b", ((text,),), MINHASH, STAR, against=(release,))
