"""Exact copies and earlier releases: a key that an earlier document has, whether it stayed there or not, is not new."""

import random
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from graph import Texts
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from released import Released, released
from test_against import MINHASH, STAR, emptied
from test_exact import MANY, corpus

from dedup import groups, scale
from dedup.exact import Exact
from dedup.groups import repeated
from dedup.minhash import MinHash
from dedup.releases import OpenRelease, Release
from dedup.scale import Shape
from dedup.survival import Components, Survival
from pipeline.errors import PartsFailed, RecipeError, StorageError

TEXT, URL = Exact(by="text"), Exact(by="url")
BOTH = (URL, TEXT)
X, Y, Z = "a b c d e f", "m n o p q r", "s t u v w x"
EARLIER = 1 << 48
BY_ID = Components(order=("release", "record_id"))

RULES = pytest.mark.parametrize("rule", [STAR, Components()], ids=["star", "components"])
LEVELS = Shape(copies=3, most_copies=4, dealt=2, found=3, most_answers=2)
SHAPES = pytest.mark.parametrize("shape", [Shape(), MANY, LEVELS], ids=["one", "many", "levels"])


def counted(found: Released) -> dict[str, int]:
    totals: dict[str, int] = {}
    for receipt in found.execution.states["survivors"].receipts.values():
        for name, count in receipt.counts.items():
            totals[name] = totals.get(name, 0) + count
    return totals


@SHAPES
@pytest.mark.parametrize("minhash", [None, MINHASH], ids=["copies alone", "near-duplicates too"])
def test_a_copy_of_an_earlier_document_goes_and_names_it(tmp_path: Path, minhash: MinHash | None, shape: Shape) -> None:
    """`a` is too short for a signature of three words."""
    minhash = minhash and MinHash(bands=4, rows=2, ngram=3)
    first = released(tmp_path / "a", ((X, X), ("a", Z)), minhash, Components(), exact=(TEXT,))
    second = released(
        tmp_path / "b",
        ((X, Y, "a"), (Y, X, "b")),
        minhash,
        Components(),
        against=(first.release,),
        exact=(TEXT,),
        shape=shape,
        span=1,
    )
    assert [tuple(answer.values()) for answer in second.answers()] == [
        (0, 2, EARLIER, False, "same_text"),
        (1, 2, 1, True, None),
        (2, 1, EARLIER + (1 << 24), False, "same_text"),
        (1, 2, 1, False, "same_text"),
        (0, 2, EARLIER, False, "same_text"),
        (None, 1, None, True, None),
    ]
    near = {"dropped.near_duplicate": 0} if minhash else {}
    assert counted(second) == {"documents": 6, "kept": 2, "dropped.same_text": 4, "copies_in_release.1": 3} | near


@SHAPES
def test_what_stays_for_an_earlier_document_stays_for_its_copies(tmp_path: Path, shape: Shape) -> None:
    """In the first release `y` has the address of `x` and went for it; the second has copies of `y` by address and text."""
    first = released(tmp_path / "a", ((X, Y),), None, BY_ID, exact=BOTH, urls=(("http://a/1", "http://a/1"),))
    third = "http://a/3"
    second = released(
        tmp_path / "b",
        ((Z, Z), (Y, Z, X)),
        None,
        BY_ID,
        against=(first.release,),
        exact=BOTH,
        urls=((third, "http://A:80/1"), ("http://a/4", third, "http://a/5")),
        shape=shape,
        span=1,
    )
    assert [tuple(answer.values()) for answer in second.answers()] == [
        (0, 2, 0, True, None),
        (1, 1, EARLIER, False, "same_url"),
        (None, 1, None, True, None),
        (0, 2, 0, False, "same_url"),
        ((1 << 24) + 2, 1, EARLIER, False, "same_text"),
    ], "in the first release nobody looked at the text of `y`, which had gone by its address"


@SHAPES
def test_copies_of_a_copy_of_an_earlier_document_go_with_it(tmp_path: Path, shape: Shape) -> None:
    first = released(tmp_path / "a", ((X,),), None, BY_ID, exact=BOTH, urls=(("http://a/0",),))
    urls = (("http://a/1", "http://a/1"), ("http://a/1", "http://a/2"))
    second = released(
        tmp_path / "b", ((X, Y), (Z, X)), None, BY_ID, against=(first.release,), exact=BOTH, urls=urls, shape=shape
    )
    assert [tuple(answer.values()) for answer in second.answers()] == [
        (0, 4, EARLIER, False, "same_text"),
        (0, 4, EARLIER, False, "same_url"),
        (0, 4, EARLIER, False, "same_url"),
        (0, 4, EARLIER, False, "same_text"),
    ]


@pytest.mark.parametrize("named", [True, False], ids=["named", "not named"])
def test_what_stays_in_the_release_before_the_last_is_told_where_that_is_named_too(tmp_path: Path, named: bool) -> None:
    """`y` of the second release went for a page of the first, which its copy of the third has to name."""
    one = released(tmp_path / "a", ((Z, "a b c d e f g"),), MINHASH, STAR, exact=(TEXT,))
    two = released(tmp_path / "b", ((Y, X),), MINHASH, STAR, exact=(TEXT,), against=(one.release,))
    assert two.answers()[1]["survivor"] == EARLIER + 1
    against = (two.release, one.release) if named else (two.release,)
    if named:
        assert two.release.named == (0,)
        from jobs.against import releases_of
        from pipeline.runs import open_run
        from pipeline.storage import open_storage

        runs = [open_run(open_storage(str(tmp_path / name))) for name in "ba"]
        against = releases_of(runs, MINHASH, STAR, (TEXT,))
        assert [release.named for release in against] == [(2,), ()]
    three = released(tmp_path / "c", ((X,),), MINHASH, STAR, exact=(TEXT,), against=against)
    survivor = 2 * EARLIER + 1 if named else EARLIER + 1
    assert [tuple(answer.values()) for answer in three.answers()] == [(0, 1, survivor, False, "same_text")]


WORDS = st.lists(st.sampled_from("abcdefgh"), min_size=0, max_size=4).map(" ".join)
PAGES = st.lists(st.tuples(WORDS, st.integers(0, 6)), max_size=6)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    files=st.lists(PAGES, min_size=2, max_size=4),
    cuts=st.sets(st.integers(1, 3), min_size=1, max_size=2),
    exact=st.sampled_from([(TEXT,), (URL,), BOTH]),
    near=st.booleans(),
    shape=st.sampled_from([Shape(), LEVELS]),
)
def test_release_after_release_keeps_exactly_what_all_at_once_does(
    files: list[list[tuple[str, int]]],
    cuts: set[int],
    exact: tuple[Exact, ...],
    near: bool,
    shape: Shape,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """By star, and for copies alone; ids go up with the files, so an earlier release is earlier in the order too."""
    root = tmp_path_factory.mktemp("releases")
    minhash, rule = (MINHASH, STAR) if near else (None, BY_ID)
    texts: Texts = tuple(tuple(text for text, _ in some) for some in files)
    urls: Texts = tuple(tuple(f"http://a.org/{url}" if url else "" for _, url in some) for some in files)
    whole = released(root / "whole", texts, minhash, rule, exact=exact, urls=urls)
    found: list[Released] = []
    for start, stop in pairwise(sorted({0, *(min(cut, len(files) - 1) for cut in cuts), len(files)})):
        against = tuple(each.release for each in found)
        made = released(
            root / str(start),
            texts[start:stop],
            minhash,
            rule,
            exact=exact,
            urls=urls[start:stop],
            against=against,
            shape=shape,
            span=1,
        )
        found.append(made)
    assert [answer["keep"] for each in found for answer in each.answers()] == [
        answer["keep"] for answer in whole.answers()
    ]


@RULES
@SHAPES
def test_copies_of_what_is_like_an_earlier_document_name_that(tmp_path: Path, rule: Survival, shape: Shape) -> None:
    """Of the second release all say `x` with a word more, which is near the earlier one and no copy of it."""
    more = f"{X} g"
    first = released(tmp_path / "a", ((X, X), (X,)), MINHASH, rule, exact=(TEXT,))
    second = released(
        tmp_path / "b",
        ((more, Z, more), (Y, more, Z)),
        MINHASH,
        rule,
        against=(first.release,),
        exact=(TEXT,),
        shape=shape,
        span=1,
    )
    assert [tuple(answer.values()) for answer in second.answers()] == [
        (0, 3, EARLIER, False, "near_duplicate"),
        (1, 2, 1, True, None),
        (0, 3, EARLIER, False, "same_text"),
        (None, 1, None, True, None),
        (0, 3, EARLIER, False, "same_text"),
        (1, 2, 1, False, "same_text"),
    ]
    assert counted(second) == {
        "documents": 6,
        "kept": 2,
        "dropped.same_text": 3,
        "dropped.near_duplicate": 1,
        "in_release.1": 1,
        "copies_in_release.1": 2,
    }


@SHAPES
def test_components_keep_the_same_in_a_row_whether_copies_were_collapsed_before_or_not(
    tmp_path: Path, shape: Shape
) -> None:
    files, _ = corpus(4)
    files = tuple(tuple(text if len(text) > 1 else "q r s t u v" for text in texts) for texts in files)
    told: list[list[object]] = []
    for number, exact in enumerate([(), (TEXT,)]):
        found: list[Released] = []
        for place, some in enumerate((files[:1], files[1:2], files[2:])):
            against: tuple[Release, ...] = tuple(each.release for each in found)
            root = tmp_path / f"{number}-{place}"
            found.append(released(root, some, MINHASH, Components(), against=against, exact=exact, shape=shape))
        told.append([answer["keep"] for each in found for answer in each.answers()])
    assert told[0] == told[1]


def test_scores_do_not_bring_a_page_before_an_earlier_one_that_may_have_none(tmp_path: Path) -> None:
    scored = Components(order=("score", "record_id"), score="q")
    first = released(tmp_path / "a", ((X,),), None, Components(), exact=(TEXT,))
    for name, shape in (("b", Shape()), ("c", LEVELS)):
        second = released(
            tmp_path / name,
            ((X, Y), (Y,)),
            None,
            scored,
            against=(first.release,),
            exact=(TEXT,),
            scores=((9.0, 1.0), (2.0,)),
            shape=shape,
        )
        assert [answer["survivor"] for answer in second.answers()] == [EARLIER, 1 << 24, 1 << 24]


def test_a_release_without_such_keys_or_with_others_is_refused(tmp_path: Path) -> None:
    plain = released(tmp_path / "a", ((X,),), MINHASH, STAR)
    keyed = released(tmp_path / "b", ((X,),), MINHASH, STAR, exact=BOTH, urls=(("",),))
    from jobs.against import releases_of
    from pipeline.runs import open_run
    from pipeline.storage import open_storage

    def refused(released_: Released, exact: tuple[Exact, ...], minhash: MinHash | None = MINHASH) -> str:
        with pytest.raises(RecipeError) as caught:
            releases_of([open_run(open_storage(released_.release.root))], minhash, STAR, exact)
        return str(caught.value)

    assert "that run took no copies by text away" in refused(plain, (TEXT,))
    assert "run it again with such a pass, or leave it out here" in refused(plain, (TEXT,))
    assert "copies by text: fold True against False" in refused(keyed, (URL, Exact(by="text", fold=True)))
    assert "copies by text: behind passes by none against url" in refused(keyed, (TEXT,))
    assert "looks for no near-duplicates and no exact copies" in refused(keyed, (), None)
    with pytest.raises(ValueError, match="copies by text are looked for in releases without their keys"):
        released(tmp_path / "d", ((X,),), MINHASH, STAR, exact=(TEXT,), against=(plain.release,))
    alone = released(tmp_path / "c", ((X,),), None, BY_ID, exact=(TEXT,))
    assert "that run looked for no near-duplicates" in refused(alone, (TEXT,))


def test_identity_is_the_keys_of_the_releases_too_and_without_passes_what_it_was(tmp_path: Path) -> None:
    texts = ((X, Y),)
    first, other = (
        released(tmp_path / name, texts, None, BY_ID, exact=BOTH, urls=((url, ""),)).release
        for name, url in (("a", "http://a/"), ("b", "http://b/"))
    )
    assert first.digest != other.digest

    def fingerprints(against: tuple[Release, ...]) -> dict[str, str]:
        made = released(tmp_path / "c", texts, None, BY_ID, exact=BOTH, urls=(("", ""),), against=against)
        return {name: state.planned.fingerprint for name, state in made.execution.states.items()}

    alone, one, two = (fingerprints(against) for against in ((), (first,), (other,)))
    assert alone["exact-url"] == one["exact-url"] == two["exact-url"], "keys need not be made again"
    for step in ("copies-url", "copies-text", "settled-text", "survivors"):
        assert len({each[step] for each in (alone, one, two)}) == 3


@pytest.mark.parametrize("shape", [Shape(), LEVELS], ids=["flat", "levels"])
@pytest.mark.parametrize(
    ("step", "table", "reader"),
    [("exact-text", "same", ("copies-text", "dealt-text")), ("survivors", "survivors", ("settled-text",) * 2)],
)
def test_anemptied_file_of_a_release_is_an_error_and_never_nothing_is_the_same(
    tmp_path: Path, step: str, table: str, reader: tuple[str, str], shape: Shape
) -> None:
    release = released(tmp_path / "a", ((X,),), None, BY_ID, exact=(TEXT,)).release
    emptied(next(iter((tmp_path / "a").glob(f"steps/{step}/*/*/*.{table}.parquet"))))
    with pytest.raises(PartsFailed, match=rf"step {reader[shape is LEVELS]} failed: .*{table}\.parquet"):
        released(tmp_path / "b", ((X,), (Y,)), None, BY_ID, against=(release,), exact=(TEXT,), shape=shape)


def test_documents_with_keys_that_nothing_stays_for_are_an_error(tmp_path: Path) -> None:
    """The empty text was not kept, and nobody looked at it."""
    release = released(tmp_path, ((X, "", X), (Y,)), None, BY_ID, exact=(TEXT,)).release
    opened = OpenRelease(release, 3)
    asked = np.array([0, 2, 1 << 24], np.uint64) + np.uint64(3 << 48)
    assert (opened.survivors_of(asked) - np.uint64(3 << 48)).tolist() == [0, 0, 1 << 24]
    assert not opened.survivors_of(asked[:0]).size
    with pytest.raises(StorageError, match="documents with keys for which nothing stays"):
        opened.survivors_of(np.array([(3 << 48) + 1], np.uint64))


@given(st.lists(st.integers(0, 6), max_size=20), st.lists(st.integers(0, 9), max_size=20), st.integers(1, 3))
def test_keys_that_are_met_elsewhere_are_repeated_ones(values: list[int], others: list[int], least: int) -> None:
    def frames(some: list[int]) -> list[pl.DataFrame]:
        return [pl.DataFrame({"key": some[at : at + 4]}, schema={"key": pl.UInt64}) for at in range(0, len(some), 4)]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(groups, "_JOINED", 3)
        known = repeated(frames(values), ["key"], least, frames(others))
    assert known["key"].to_list() == sorted({v for v in values if values.count(v) >= least or v in others})
    assert known["cluster"].to_list() == list(range(known.height))


def test_copies_of_many_releases_are_looked_up_in_memory_of_this_runs_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    held: list[int] = []
    join = getattr(groups, "_known")  # noqa: B009
    monkeypatch.setattr(groups, "_JOINED", 1_000)
    monkeypatch.setattr(groups, "_known", lambda some, known, by: held.append(known.height) or join(some, known, by))
    draw = random.Random(2)
    own = [pl.DataFrame({"key": [draw.randrange(10**6) for _ in range(100)]}, schema={"key": pl.UInt64})]
    other = (
        pl.DataFrame({"key": list(range(at, at + 1_000))}, schema={"key": pl.UInt64}) for at in range(0, 10**5, 1_000)
    )
    repeated(own, ["key"], 2, other)
    assert max(held) <= 100


@pytest.fixture(autouse=True)
def slices(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each partition of a level opens two parts at most."""
    monkeypatch.setattr(scale, "MOST_OPENED", 2)


def test_what_stays_in_a_release_that_a_run_does_not_name_is_damage(tmp_path: Path) -> None:
    first = released(tmp_path / "a", ((X,),), None, BY_ID, exact=(TEXT,)).release
    second = released(tmp_path / "b", ((X,), (Y,)), None, BY_ID, against=(first,), exact=(TEXT,)).release
    asked = np.array([1 << 48], np.uint64)
    assert OpenRelease(second, 1).survivors_of(asked).tolist() == asked.tolist()
    with pytest.raises(StorageError, match="in a release that the run does not name"):
        OpenRelease(replace(second, named=()), 1).survivors_of(asked)
