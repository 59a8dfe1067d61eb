"""Words and sentences, exactly as datatrove 0.10.1's tokenizer for a language gives them."""

from functools import cache
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datatrove.utils.word_tokenizers import WordTokenizer

    from pipeline.chunk_words import ChunkWords

ENGINES = ("spacy", "datatrove")
"""The distributions whose versions decide what a word is."""

ENGLISH = frozenset({"en", "eng"})
"""What datatrove's table gives spaCy's English tokenizer to, written down so that the table need not be loaded."""


def split_words(text: str, language: str = "en") -> list[str]:
    """The words of `text`, as datatrove's `split_into_words`.

    `text` holds no lone surrogates (see `pipeline.pages.storable`). Not for several threads at once.

    Raises:
        RecipeError: for a language that has no tokenizer, or one whose package or model is not installed.
    """
    return _splitter(language).words(text)


def count_sentences(text: str, language: str = "en") -> int:
    """How many pieces datatrove's `split_into_sentences` cuts `text` into; the empty text is one piece."""
    return _splitter(language).sentences(text)


def check_words(language: str) -> None:
    """Raises the RecipeError of `split_words` now; English, which is always there, is not loaded for it."""
    if language not in ENGLISH:
        _splitter(language)


class _Splitter(Protocol):
    def words(self, text: str) -> list[str]: ...

    def sentences(self, text: str) -> int: ...


class _Whole:
    """Any tokenizer of datatrove, run over the whole text."""

    def __init__(self, tokenizer: "WordTokenizer") -> None:
        self._tokenizer = tokenizer

    def words(self, text: str) -> list[str]:
        return self._tokenizer.word_tokenize(text)

    def sentences(self, text: str) -> int:
        return len(self._tokenizer.span_tokenize(text)) or 1


class _WordsOfAnyLanguage(_Whole):
    """datatrove's fallback: words by spaCy's multi-language rules, sentences by a pattern of its own."""

    def words(self, text: str) -> list[str]:
        return _chunk_words("xx").words(text)


@cache
def _splitter(language: str) -> _Splitter:
    if language in ENGLISH:
        return _chunk_words("en")
    from pipeline.word_tokenizers import loaded_tokenizer, remembers_chunks

    tokenizer, kind = loaded_tokenizer(language)
    if kind == "WhitespaceTokenizer":
        return _WordsOfAnyLanguage(tokenizer)
    code = tokenizer.language
    if kind == "SpaCyTokenizer" and code and remembers_chunks(tokenizer):
        return _chunk_words(code)
    return _Whole(tokenizer)


@cache
def _chunk_words(code: str) -> "ChunkWords":
    """One memory for each of spaCy's languages: the table gives `xx` alone to a thousand."""
    # Late, because spaCy takes a second and 90 MB that many processes never need.
    from pipeline.light_spacy import blank

    nlp = blank(code)
    from pipeline.chunk_words import ChunkWords  # after spaCy, which it would import whole

    return ChunkWords(nlp)
