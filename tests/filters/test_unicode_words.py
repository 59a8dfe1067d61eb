"""Words of chunks that are remembered, against those of whole texts."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from filters import unicode_words as module
from filters.unicode_words import unicode_words, word_places

# Letters of several scripts, numbers, what joins them, whitespace of every kind, and marks that belong to what is before them.
LETTERS = "abé\u05d0\u0e01日カ한αд1٣\u0903🇩🇪👩"  # noqa: RUF001
JOINING = "_.,:;'\u2019\u2024\u00b7-\"#"
MARKS = "\u0301\u00ad\u200d\u200b\uff9e"
SPACES = " \t\n\r\x0b\x1c\x85\u00a0\u2007\u2028\u202f\u3000"

texts = st.text(st.sampled_from(LETTERS + JOINING + MARKS + SPACES), max_size=40)


def whole(text: str) -> list[str]:
    return [text[start:end] for start, end in word_places(text)]


@example("a \uff9eb")
@example("a\n\uff9eb")
@example("1\u202f000 a")
@example("it's a_b 3.50 a.b U.S.A. don\u2019t")
@given(text=texts)
def test_words_of_chunks_are_those_of_the_whole_text(text: str) -> None:
    assert unicode_words(text) == whole(text)
    assert unicode_words(text) == whole(text)  # from memory


@given(text=st.text(max_size=60))
def test_words_of_any_characters_are_those_of_the_whole_text(text: str) -> None:
    assert unicode_words(text) == whole(text)


@given(pages=st.lists(texts, max_size=8))
def test_no_word_depends_on_how_much_is_remembered(pages: list[str]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_CHUNKS", 2)
        patch.setattr(module, "_CHUNK_CHARS", 3)
        chunks = module._Chunks()
        patch.setattr(module, "_memory", lambda: chunks)
        for text in pages:
            assert unicode_words(text) == whole(text)


def test_memory_is_bounded_and_long_chunks_are_not_kept() -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_CHUNKS", 100)
        chunks = module._Chunks()
        for number in range(1000):
            assert chunks.words([f"n{number}", "x" * 1000]) == [f"n{number}", "x" * 1000]
        assert len(chunks._young) + len(chunks._old) <= 202
        assert "x" * 1000 not in chunks._young | chunks._old


@pytest.mark.corpus
@pytest.mark.slow
def test_every_real_page_has_the_words_of_the_whole_text(corpus_pages) -> None:
    assert len(corpus_pages) > 1000
    for page in corpus_pages:
        assert unicode_words(page["text"]) == whole(page["text"])
