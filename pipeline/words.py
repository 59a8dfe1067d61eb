"""Words and sentences: as datatrove 0.10.1's tokenizer for a language gives them, or as another tokenizer that a part names."""

from functools import cache
from typing import TYPE_CHECKING, Protocol

from pipeline.errors import RecipeError

if TYPE_CHECKING:
    from datatrove.utils.word_tokenizers import WordTokenizer

ENGINES = ("spacy", "datatrove")
"""The distributions whose versions decide what a word is."""

ENGLISH = frozenset({"en", "eng"})
"""What datatrove's table gives spaCy's English tokenizer to, written down so that the table need not be loaded."""


class Tokenizer(Protocol):
    """What cuts text into words and sentences."""

    def words(self, text: str) -> list[str]:
        """The words, in order."""
        ...

    def sentences(self, text: str) -> int:
        """The number of sentences."""
        ...


def split_words(text: str, language: str = "en", tokenizer: Tokenizer | None = None) -> list[str]:
    """The words of `text`, by `tokenizer` or else as datatrove's `split_into_words`.

    `text` holds no lone surrogates (see `pipeline.pages.storable`). Not for several threads at once.

    Raises:
        RecipeError: for a language that has no tokenizer, or one whose package is not installed.
    """
    return (tokenizer or _splitter(language)).words(text)


def count_sentences(text: str, language: str = "en", tokenizer: Tokenizer | None = None) -> int:
    """How many pieces `tokenizer`, or else datatrove's `split_into_sentences`, cuts `text` into; for datatrove `""` is one."""
    return (tokenizer or _splitter(language)).sentences(text)


class _Whole:
    """Any tokenizer of datatrove, run over the whole text."""

    def __init__(self, tokenizer: "WordTokenizer") -> None:
        self._tokenizer = tokenizer

    def words(self, text: str) -> list[str]:
        return self._tokenizer.word_tokenize(text)

    def sentences(self, text: str) -> int:
        return len(self._tokenizer.span_tokenize(text)) or 1


@cache
def _splitter(language: str) -> Tokenizer:
    if language in ENGLISH:
        # Late, because spaCy takes a second and 90 MB that many processes never need.
        from pipeline.light_spacy import blank_english

        nlp = blank_english()
        from pipeline.english_words import EnglishWords  # after spaCy, which it would import whole

        return EnglishWords(nlp)
    from datatrove.utils.word_tokenizers import SpaCyTokenizer, load_word_tokenizer

    try:
        tokenizer = load_word_tokenizer(language)
    except (ValueError, ImportError) as error:
        raise RecipeError(f"no words for language {language!r}: {error}") from error
    if isinstance(tokenizer, SpaCyTokenizer) and tokenizer.language == "en":
        return _splitter("en")
    return _Whole(tokenizer)
