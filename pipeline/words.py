"""Words and sentences, exactly as datatrove 0.10.1's tokenizer for a language gives them."""

from functools import cache
from typing import TYPE_CHECKING, Protocol

from pipeline.errors import RecipeError

if TYPE_CHECKING:
    from datatrove.utils.word_tokenizers import WordTokenizer

ENGINES = ("spacy", "datatrove")
"""The distributions whose versions decide what a word is."""

ENGLISH = frozenset({"en", "eng"})
"""What datatrove's table gives spaCy's English tokenizer to, written down so that the table need not be loaded."""


def split_words(text: str, language: str = "en") -> list[str]:
    """The words of `text`, as datatrove's `split_into_words`.

    `text` holds no lone surrogates (see `pipeline.pages.storable`). Not for several threads at once.

    Raises:
        RecipeError: for a language that has no tokenizer, or one whose package is not installed.
    """
    return _splitter(language).words(text)


def count_sentences(text: str, language: str = "en") -> int:
    """How many pieces datatrove's `split_into_sentences` cuts `text` into; the empty text is one piece."""
    return _splitter(language).sentences(text)


def sentence_places(text: str, language: str = "en") -> list[tuple[int, int]]:
    """From and to (characters of `text`) of the pieces that datatrove's `split_into_sentences` cuts it into.

    Nothing is remembered: it takes as long as spaCy does for the whole text. The token that spaCy chokes on (see
    `pipeline.english_words`) is shown to it as another of the same length. Errors as `split_words`.
    """
    spans = _tokenizer(language).span_tokenize(text.replace("IS_ALPHA", "IS_ALPHB"))
    ends = [end for _, end in spans[:-1]]
    return list(zip([0, *ends], [*ends, len(text)], strict=True))


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


@cache
def _splitter(language: str) -> _Splitter:
    if language in ENGLISH:
        # Late, because spaCy takes a second and 90 MB that many processes never need.
        from pipeline.light_spacy import blank_english

        nlp = blank_english()
        from pipeline.english_words import EnglishWords  # after spaCy, which it would import whole

        return EnglishWords(nlp)
    from datatrove.utils.word_tokenizers import SpaCyTokenizer

    tokenizer = _tokenizer(language)
    if isinstance(tokenizer, SpaCyTokenizer) and tokenizer.language == "en":
        return _splitter("en")
    return _Whole(tokenizer)


@cache
def _tokenizer(language: str) -> "WordTokenizer":
    from datatrove.utils.word_tokenizers import load_word_tokenizer

    try:
        return load_word_tokenizer(language)
    except (ValueError, ImportError) as error:
        raise RecipeError(f"no words for language {language!r}: {error}") from error
