# ruff: noqa: RUF001  the marks that look alike are the point
"""Words and sentence counts are exactly datatrove's, whatever the text and whatever was split before."""

import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipeline import chunk_words
from pipeline.chunk_words import ChunkWords
from pipeline.errors import RecipeError
from pipeline.words import count_sentences, split_words


@pytest.fixture(scope="module")
def datatrove():
    from datatrove.utils.word_tokenizers import load_word_tokenizer

    return load_word_tokenizer("eng")


@pytest.fixture(scope="module")
def forgetful(datatrove) -> Iterator[ChunkWords]:
    """A splitter whose memory turns over all the time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chunk_words, "_PLACES", 1)
        yield ChunkWords(datatrove.tokenizer)


def datatrove_sentences(tokenizer, text: str) -> int:
    spans = [end for _, end in tokenizer.span_tokenize(text)]
    return len([0, *spans[:-1]])


EXCEPTIONS = [
    "don't",
    "can't",
    "Mr.",
    "a.m.",
    "10p.m.",
    "it's",
    "C++",
    ":)",
    ":-))",
    "):",
    "(;",
    "'em",
    "Ark.",
    "<.<",
    "cannot",
]
SPACES = [" ", " ", " ", "  ", "\n", "\n\n", "\t", "\r\n", "\u00a0", "\u3000", "\x1c", "\u2028", " \n ", "\x85"]
PIECES = [
    "a",
    "I",
    "x",
    "U.S.",
    "word",
    "Word",
    "über",
    "日本",
    "हिन्दी",
    "3",
    "10",
    "1,000",
    "km",
    "3.5",
    "5km",
    "$",
    "№",
    "°",
    "°F.",
]
MARKS = [*".,:;!?'\"()[]{}<>-–—…/\\*^=+@#%&_|~“”‘’«»。！？।·´", "...", "..", "--", "'s", "’s", "''", "?!", '."', ".)"]
ODD = [
    "IS_ALPH",
    "ORTH",
    "http://a.b/c?d=e.",
    "me@a.org",
    "a/b",
    "x-y-z",
    "\0",
    "\ufffd",
    "\u200b",
    "😀",
    "e\u0301",
]
nasty = st.lists(
    st.sampled_from(EXCEPTIONS)
    | st.sampled_from(SPACES)
    | st.sampled_from(PIECES)
    | st.sampled_from(MARKS)
    | st.sampled_from(ODD),
    max_size=25,
).map("".join)
anything = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


@settings(max_examples=600, deadline=None)
@example("x:) )")
@example("x:) :)) y):")
@example("x:)\n)")
@example("\t x ' '\t")
@example(" a.  b. \n")
@example("a. \n\u201d b")
@given(text=nasty | anything)
def test_words_and_sentences_of_any_text_are_datatroves(datatrove, forgetful, text: str) -> None:
    words, sentences = datatrove.word_tokenize(text), datatrove_sentences(datatrove, text)
    assert split_words(text) == words
    assert count_sentences(text) == sentences
    assert forgetful.words(text) == words
    assert forgetful.sentences(text) == sentences


@settings(max_examples=12, deadline=None)
@given(texts=st.lists(nasty, min_size=2, max_size=8))
def test_what_was_split_before_changes_nothing(datatrove, texts: list[str]) -> None:
    fresh, used = ChunkWords(datatrove.tokenizer), ChunkWords(datatrove.tokenizer)
    for text in texts:
        used.sentences(text)
    assert [used.words(text) for text in reversed(texts)] == [fresh.words(text) for text in reversed(texts)]


@pytest.mark.corpus
@pytest.mark.slow
def test_words_and_sentences_of_every_page_are_datatroves(datatrove, corpus_pages) -> None:
    """In every language, and line by line as well for the first pages."""
    nlp = datatrove.tokenizer  # one pass of it gives what datatrove's word_tokenize and span_tokenize each take one for
    assert len(corpus_pages) > 1700
    for page in corpus_pages:
        text = page["text"]
        with nlp.memory_zone():
            nlp.max_length = len(text) + 10
            doc = nlp(text)
            assert split_words(text) == [word.text.strip() for word in doc if word.text.strip()]
            assert count_sentences(text) == (len(list(doc.sents)) or 1)
    for text in [line for page in corpus_pages[::20] for line in page["text"].splitlines()]:
        assert split_words(text) == datatrove.word_tokenize(text)
        assert count_sentences(text) == datatrove_sentences(datatrove, text)


def test_every_exception_is_split_as_datatrove_splits_it_alone_and_among_others(datatrove) -> None:
    exceptions = sorted(exception for exception in datatrove.tokenizer.tokenizer.rules if not exception.isspace())
    assert len(exceptions) > 1000
    for exception in exceptions:
        for text in (
            exception,
            f"x{exception}",
            f"{exception},",
            f"({exception})",
            f"x{exception} ) -",
            f": x{exception}y",
        ):
            assert split_words(text) == datatrove.word_tokenize(text)


def test_a_shorter_exception_yields_to_a_longer_one_across_a_space_but_not_across_a_line() -> None:
    assert split_words("x:)") == ["x", ":)"]
    assert split_words("x:) )") == ["x", ":", ")", ")"]
    assert split_words("x:)\n)") == ["x", ":)", ")"]


def test_a_token_that_spacy_reads_freed_memory_for_is_deleted_from_the_page() -> None:
    """datatrove keeps it the first time that a process meets it, and deletes it from then on."""
    assert split_words("IS_ALPHA") == []
    assert split_words("so IS_ALPHA. token.IS_ALPHA_x IS_ALPHB") == ["so", ".", "token._x", "IS_ALPHB"]
    assert count_sentences("IS_ALPHA. IS_ALPHA. IS_ALPHA") == 1
    assert count_sentences("x. IS_ALPHA. y") == 2


def test_it_stays_where_it_is_only_part_of_a_token() -> None:
    assert split_words("xIS_ALPHA y IS_ALPHB, :) )") == ["xIS_ALPHA", "y", "IS_ALPHB", ",", ":)", ")"]
    assert count_sentences("xIS_ALPHA. y") == 2


def test_a_text_without_words_is_one_sentence() -> None:
    assert [count_sentences(text) for text in ("", " ", "\n\n")] == [1, 1, 1]


def test_a_tab_after_a_stop_begins_a_sentence_that_a_space_does_not() -> None:
    assert count_sentences("One. ”") == 1
    assert count_sentences("One.\t”") == 2


def test_memory_holds_short_chunks_and_never_grows(datatrove, monkeypatch) -> None:
    monkeypatch.setattr(chunk_words, "_PLACES", 4)
    words = ChunkWords(datatrove.tokenizer)
    size = words._memory.size
    for page in range(20):
        words.words(" ".join(f"word{page}-{number}" for number in range(20)))
        words.words("x" * 99 + "," + str(page) + " " + ".,;" * 5 + str(page))
    assert words._memory.size == size
    assert 0 < words._memory[:, 0].min() <= words._memory[:, 0].max() <= 54


def test_a_chunk_that_is_remembered_is_not_cut_again(datatrove, monkeypatch) -> None:
    words = ChunkWords(datatrove.tokenizer)
    first = words.words("“It’s well-known (isn't it?)”")
    monkeypatch.setattr(words._rules, "cut", None)
    assert words.words("“It’s well-known (isn't it?)”") == first


def test_other_languages_go_through_datatroves_own_tokenizer() -> None:
    from datatrove.utils.word_tokenizers import load_word_tokenizer

    text = "Das geht z.B. so. Nicht wahr?"
    german = load_word_tokenizer("deu")
    assert split_words(text, "deu") == german.word_tokenize(text)
    assert count_sentences(text, "deu") == 2
    assert split_words("it's", "eng") == split_words("it's", "en") == ["it", "'s"]


def test_a_language_without_tokenizer_is_an_error_of_the_recipe() -> None:
    with pytest.raises(RecipeError, match="'klingon'"):
        split_words("Qapla'", "klingon")


@pytest.mark.skipif(find_spec("botok") is not None, reason="the Tibetan tokenizer is installed")
def test_a_language_whose_package_is_missing_is_an_error_of_the_recipe() -> None:
    with pytest.raises(RecipeError, match="botok"):
        count_sentences("བོད", "bod")


def test_spacy_is_not_loaded_before_the_first_word() -> None:
    program = "import sys, pipeline.pages, pipeline.words; sys.exit('spacy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
