"""Words put together from chunks are those that NLTK's own tokenizer finds in the whole sentence."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nltk.tokenize.destructive import NLTKWordTokenizer

from pipeline.nltk_chunks import LONGEST, REMEMBERED, _remembered, words_of_sentence
from pipeline.nltk_words import NltkEnglish, _tokenizers

NLTK = NLTKWordTokenizer()
WORDS = (
    "word",
    "Miller's",
    "3",
    "1,000",
    "10:30",
    "e-mail",
    "U.S",
    "cannot",
    "Gonna",
    "wanna",
    "g\u0131mme",
    "n't",
    "'tis",
    "d'ye",
    "more'n",
)
MARKS = (*"\"'`.,:;()[]{}<>»”’«“‘-–—?!*&é_$#", "''", "``", "--", "...", "'s", "'ll", "’s")  # noqa: RUF001  they are meant
SPACE = (" ", " ", " ", " ", "\n", "  ", "\t", "\xa0", "\x1c", "\x85", "\r\n")
SENTENCES = st.lists(st.sampled_from((*WORDS, *WORDS, *MARKS, *SPACE, *SPACE)), max_size=16).map("".join)


@settings(max_examples=1_000)
@given(SENTENCES | st.text(max_size=40))
def test_any_sentence_has_the_words_that_nltk_finds(sentence: str) -> None:
    assert words_of_sentence(sentence, NLTK) == NLTK.tokenize(sentence)


@pytest.mark.parametrize(
    "form", ["{w}{m} end", "a {w}{m} end", "a {w}{m}\nend.", "a {m}{w} end", "a {w}{m}", "{m}{w}", "a {w}. {m} )"]
)
def test_a_word_with_a_mark_is_cut_as_by_nltk_wherever_it_stands(form: str) -> None:
    for word in (*WORDS, "x" * 100):
        for mark in ("", *MARKS):
            sentence = form.format(w=word, m=mark)
            assert words_of_sentence(sentence, NLTK) == NLTK.tokenize(sentence)


def test_what_is_remembered_is_bounded() -> None:
    words_of_sentence(f"a (short) ({'x' * LONGEST}) end", NLTK)
    before = _remembered.cache_info().currsize
    words_of_sentence(f"a ({'y' * LONGEST}) end", NLTK)
    assert _remembered.cache_info().currsize == before
    assert _remembered.cache_info().maxsize == REMEMBERED


@pytest.mark.parametrize("piece", ["word ", "a, ", "(", "a-", "a.", "1,", '" ) ', "'s ", "x\n", " "])
def test_a_sentence_takes_time_that_grows_as_it_does(piece: str) -> None:
    def seconds(size: int) -> float:
        start = time.process_time()
        words_of_sentence(piece * (size // len(piece)), NLTK)
        return time.process_time() - start

    short, long = min(seconds(4_000) for _ in range(3)), min(seconds(64_000) for _ in range(2))
    assert long < 16 * 6 * max(short, 0.001)


@pytest.mark.corpus
def test_real_sentences_have_the_words_that_nltk_finds(corpus_pages: list[dict]) -> None:
    sentences, words = _tokenizers(NltkEnglish())
    for page in corpus_pages[::8]:
        for sentence in sentences.tokenize(page["text"]):
            assert words_of_sentence(sentence, words) == words.tokenize(sentence), page["id"]
