"""Every language of some score is stored, as datatrove's filter stores it."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filters.language import LID_176
from filters.language_pairs import LanguagePairs
from pipeline.errors import RecipeError
from pipeline.pages import Pages

SCRIPTS = "The mill grinds. Das Mehl ist weiß. La farine est blanche. Мука белая."


def stored(text: str, **options: float) -> dict[str, float]:
    (pairs,) = LanguagePairs(**options).measure(Pages([text])).column("top_langs").to_pylist()
    return json.loads(pairs) if pairs else {}


@settings(deadline=None, max_examples=40)
@given(text=st.text(st.characters(exclude_categories=["Cs"]), max_size=60).map(lambda text: f"{SCRIPTS} {text}"))
def test_the_pairs_are_datatroves(text: str) -> None:
    from datatrove.data import Document
    from datatrove.pipeline.filters import LanguageFilter
    from fasttext.FastText import _FastText

    theirs = LanguageFilter(keep_top_pairs_threshold=0.01, label_only=True)
    theirs.model._model = _FastText(str(LID_176.path()))
    document = Document(text=text, id="x")
    theirs.filter(document)
    begins = "top_language_"
    found = {key.removeprefix(begins): value for key, value in document.metadata.items() if key.startswith(begins)}
    assert stored(text) == pytest.approx(found, abs=0)


def test_the_likeliest_comes_first_and_what_scores_too_little_is_left_out() -> None:
    every, some = stored(SCRIPTS, min_score=0.001), stored(SCRIPTS, min_score=0.1)
    assert list(every.values()) == sorted(every.values(), reverse=True)
    assert some == {pair: score for pair, score in every.items() if score > 0.1}
    assert 0 < len(some) < len(every)


def test_where_no_language_scores_enough_there_is_none() -> None:
    assert not stored(SCRIPTS, min_score=0.99)


def test_a_score_that_nothing_exceeds_is_refused() -> None:
    with pytest.raises(RecipeError, match="min_score"):
        LanguagePairs(min_score=1)
