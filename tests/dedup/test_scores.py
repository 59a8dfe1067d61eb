"""A score in the order of survival: the higher stays, whatever step elects, and none at all stands before no number."""

import math
import random
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from graph import answers, deduplicated
from hypothesis import given
from hypothesis import strategies as st
from released import released
from test_graph import MANY, ONE

from dedup.exact import Exact
from dedup.lines import RepeatedLines
from dedup.minhash import MinHash
from dedup.replay import SignedDocuments, stays
from dedup.scale import Shape
from dedup.stages.same import Same
from dedup.stages.signatures import Signatures
from dedup.stages.units import LineUnits
from dedup.survival import Components, Star, Survival, columns_of
from pipeline.errors import RecipeError
from pipeline.identity import canonical, digest
from pipeline.scores import score_of

MINHASH = MinHash(bands=4, rows=2, ngram=1)
BY_SCORE = ("score", "text_chars", "date", "record_id")
RULES: dict[str, Survival] = {
    "components": Components(order=BY_SCORE, score="q"),
    "star": Star(similarity=0.2, order=BY_SCORE, score="q"),
}


@given(st.lists(st.none() | st.floats()))
def test_a_score_is_a_number_and_nan_is_none(values: list[float | None]) -> None:
    for kind in (pa.float64(), pa.float32()):
        found = score_of(pa.array(values, kind)).to_pylist()
        assert [each is None for each in found] == [value is None or math.isnan(value) for value in values]


def test_integers_and_decimals_are_scores_too() -> None:
    assert score_of(pa.array([1, None, 1 << 60])).to_pylist() == [1.0, None, float(1 << 60)]
    assert score_of(pa.array([None, "1.5"]).cast(pa.decimal128(9, 2))).to_pylist() == [None, 1.5]
    assert score_of(pa.nulls(2)).to_pylist() == [None, None]


@pytest.mark.parametrize("rule", [Components, Star])
def test_a_rule_names_a_score_and_its_column_together_or_not_at_all(rule: type) -> None:
    with pytest.raises(RecipeError, match="name its column"):
        rule(order=BY_SCORE)
    with pytest.raises(RecipeError, match="name its column"):
        rule(order=BY_SCORE, score="")
    with pytest.raises(RecipeError, match="does not name score"):
        rule(score="q")


def test_what_a_step_is_changes_with_the_column_and_without_one_is_what_it_was() -> None:
    for rule in (Components(), Star()):
        assert "score" not in canonical(rule)
    assert set(canonical(Same(exact=Exact()))) == {"is", "version", "exact", "documents"}
    assert "score" not in canonical(LineUnits(lines=RepeatedLines(), documents=Signatures(minhash=MINHASH).documents))
    rules = [Components(), RULES["components"], Components(order=BY_SCORE, score="other")]
    assert len({digest(Signatures(minhash=MINHASH, survival=rule)) for rule in rules}) == 3


def test_the_columns_of_an_order_are_all_but_the_release() -> None:
    assert columns_of(("score", "release", "date")) == ("score", "date")
    assert columns_of(()) == ()


def corpus(seed: int) -> tuple[tuple[tuple[str, ...], ...], tuple[tuple[float | None, ...], ...]]:
    """Files of texts of few words, of which many are alike, with scores of which some are equal, unknown or NaN."""
    draw = random.Random(seed)
    files = tuple(tuple(" ".join(draw.choices("abcdefgh", k=6)) for _ in range(12)) for _ in range(3))
    choices = [None, math.nan, 0.0, 1.5, -2.0, 7.0, 7.0]
    return files, tuple(tuple(draw.choice(choices) for _ in some) for some in files)


@pytest.mark.parametrize("exact", [(), (Exact(by="text"),)], ids=["near", "exact"])
@pytest.mark.parametrize("shape", [ONE, MANY], ids=["one", "many"])
def test_of_each_component_the_highest_score_stays(tmp_path: Path, exact: tuple[Exact, ...], shape: Shape) -> None:
    files, scores = corpus(1)
    found = deduplicated(
        tmp_path, files, MINHASH, survival=RULES["components"], exact=exact, scores=scores, shape=shape
    )
    told = [row[:4] for row in answers(found, tmp_path)]
    numbers = [file << 24 | row for file, some in enumerate(files) for row in range(len(some))]
    known = dict(zip(numbers, [score for some in scores for score in some], strict=True))

    def place(number: int) -> tuple[bool, float, int, str]:
        score = known[number]
        unknown = score is None or math.isnan(score)
        file, row = number >> 24, number & 0xFFFFFF
        return unknown, 0.0 if unknown else -(score or 0.0), -len(files[file][row]), f"{file}-{row}"

    survivors: dict[int, list[int]] = {}
    for number, (cluster, _, survivor, keep) in zip(numbers, told, strict=True):
        assert keep == (survivor in {None, number})
        if cluster is not None:
            survivors.setdefault(int(str(survivor)), []).append(number)
    assert sum(len(group) > 2 for group in survivors.values()) >= 1
    for survivor, group in survivors.items():
        assert survivor == min(group, key=place)


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_neither_the_cut_nor_the_passes_before_change_who_stays(tmp_path: Path, rule: Survival) -> None:
    files, scores = corpus(2)
    told = []
    for number, shape in enumerate((ONE, MANY)):
        root = tmp_path / str(number)
        found = deduplicated(
            root, files, MINHASH, survival=rule, exact=(Exact(by="text"),), scores=scores, shape=shape, span=number + 1
        )
        told.append(answers(found, root))
    assert told[0] == told[1]


def test_among_copies_alone_the_highest_score_stays(tmp_path: Path) -> None:
    files = (("same", "same", "same"), ("same", "other", "other"))
    scores = ((None, 2.0, math.nan), (3.0, None, math.nan))
    found = deduplicated(tmp_path, files, None, survival=RULES["components"], exact=(Exact(),), scores=scores)
    assert [row[3] for row in answers(found, tmp_path)] == [False, False, False, True, True, False]


def test_a_star_s_survivor_never_has_a_lower_score_than_what_goes_for_it(tmp_path: Path) -> None:
    files, scores = corpus(3)
    found = deduplicated(tmp_path, files, MINHASH, survival=RULES["star"], scores=scores)
    flat = [-math.inf if score is None or math.isnan(score) else score for some in scores for score in some]
    numbers = [file << 24 | row for file, some in enumerate(files) for row in range(len(some))]
    gone = 0
    for number, (_, _, survivor, keep) in zip(numbers, answers(found, tmp_path), strict=True):
        if not keep:
            gone += 1
            assert flat[numbers.index(int(str(survivor)))] >= flat[numbers.index(number)]
    assert gone > 3


@pytest.mark.parametrize("rule", RULES, ids=RULES)
def test_a_release_made_without_scores_can_be_compared_with(tmp_path: Path, rule: str) -> None:
    plain = Components() if rule == "components" else Star(similarity=0.2)
    files = (("a b c d", "a b c d e", "x y z w"),)
    first = released(tmp_path / "first", files, MINHASH, plain)
    new = (("a b c d f", "x y z w", "new words here", "new words here too"),)
    second = released(
        tmp_path / "second", new, MINHASH, RULES[rule], against=(first.release,), scores=((9.0, 9.0, 1.0, None),)
    )
    kept = second.kept()
    assert kept == ["new words here"], "the longer text has no score"
    assert {int(str(each["survivor"])) >> 48 for each in second.clustered()} == {0, 1}


def test_what_other_bounds_would_keep_goes_by_the_order_of_the_rule() -> None:
    order = pa.table(
        {
            "document": pa.array([0, 1, 2], pa.uint64()),
            "text_chars": pa.array([9, 5, 1], pa.int32()),
            "date": pa.nulls(3, pa.timestamp("us", tz="UTC")),
            "record_id": pa.array(["a", "b", "c"], pa.large_string()),
            "score": pa.array([None, 1.0, 2.0]),
        }
    )
    keys = np.zeros((3, 4), np.uint64)
    signed = SignedDocuments(order=order, keys=keys, signed=np.ones(3, np.bool_), packed=np.zeros((3, 0), np.uint8))
    assert stays(signed, MINHASH, RULES["components"]).tolist() == [False, False, True]
    assert stays(signed, MINHASH, Components(order=("record_id",))).tolist() == [True, False, False]
    assert stays(signed, MINHASH, Components(order=("date", "text_chars"))).tolist() == [True, False, False]
