"""Words as bytes are the same words."""

from hypothesis import given
from hypothesis import strategies as st

from pipeline.spelled import Spelled
from pipeline.words import spelled_words, split_words

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=5), max_size=12))
def test_any_words_come_back_as_they_were(words: list[str]) -> None:
    spelled = Spelled.of(words)
    assert spelled.words() == words
    assert len(spelled) == len(words)


@given(text=texts)
def test_whole_words_are_the_text_without_its_whitespace(text: str) -> None:
    for language in ("en", "de"):
        spelled = spelled_words(text, language)
        assert spelled.words() == split_words(text, language)
        assert spelled.is_whole
        assert spelled.text.tobytes().decode() == "".join(text.split())


def test_nothing_is_promised_of_words_that_are_not_the_text() -> None:
    assert not spelled_words("so IS_ALPHA it is").is_whole
    assert not Spelled.of(["今日", "は"]).is_whole
