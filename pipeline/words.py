"""Words and sentences: as datatrove 0.10.1's tokenizer for a language gives them, or as another tokenizer that a part names."""

from functools import cache
from typing import TYPE_CHECKING, Protocol

from pipeline.char_classes import Classes
from pipeline.spelled import Spelled

if TYPE_CHECKING:
    from datatrove.utils.word_tokenizers import WordTokenizer

    from pipeline.chunk_words import ChunkWords

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
        RecipeError: for a language that has no tokenizer, or one whose package or model is not installed.
    """
    return (tokenizer or _splitter(language)).words(text)


def spelled_words(text: str, language: str = "en", tokenizer: Tokenizer | None = None) -> Spelled:
    """What `split_words` returns, as bytes; where words are cut by spaCy's rules no string is made. Errors as `split_words`."""
    return _splitter(language).spelled(text) if tokenizer is None else Spelled.of(tokenizer.words(text))


def count_sentences(text: str, language: str = "en", tokenizer: Tokenizer | None = None) -> int:
    """How many pieces `tokenizer`, or else datatrove's `split_into_sentences`, cuts `text` into; for datatrove `""` is one."""
    return (tokenizer or _splitter(language)).sentences(text)


def sentence_classes(language: str = "en", tokenizer: Tokenizer | None = None) -> Classes | None:
    """For kernels: the classes of characters by which words tell sentences, `CHOSEN` the stops; None where they do not."""
    return _splitter(language).classes if tokenizer is None else None


def check_words(language: str) -> None:
    """Raises the RecipeError of `split_words` now; English, which is always there, is not loaded for it."""
    if language not in ENGLISH:
        _splitter(language)


def sentence_places(text: str, language: str = "en") -> list[tuple[int, int]]:
    """From and to (characters of `text`) of the pieces that datatrove's `split_into_sentences` cuts it into.

    Nothing is remembered: it takes as long as spaCy does for the whole text. The token that spaCy chokes on (see
    `pipeline.chunk_words`) is shown to it as another of the same length. Errors as `split_words`.
    """
    from pipeline.word_tokenizers import loaded_tokenizer

    spans = loaded_tokenizer(language)[0].span_tokenize(text.replace("IS_ALPHA", "IS_ALPHB"))
    ends = [end for _, end in spans[:-1]]
    return list(zip([0, *ends], [*ends, len(text)], strict=True))


class _Whole:
    """Any tokenizer of datatrove, run over the whole text."""

    classes: Classes | None = None

    def __init__(self, tokenizer: "WordTokenizer") -> None:
        self._tokenizer = tokenizer

    def words(self, text: str) -> list[str]:
        return self._tokenizer.word_tokenize(text)

    def spelled(self, text: str) -> Spelled:
        return Spelled.of(self.words(text))

    def sentences(self, text: str) -> int:
        return len(self._tokenizer.span_tokenize(text)) or 1


class _WordsOfAnyLanguage(_Whole):
    """datatrove's fallback: words by spaCy's multi-language rules, sentences by a pattern of its own."""

    def words(self, text: str) -> list[str]:
        return self.spelled(text).words()

    def spelled(self, text: str) -> Spelled:
        return _chunk_words("xx").spelled(text)


@cache
def _splitter(language: str) -> "_Whole | ChunkWords":
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
    from pipeline.light_spacy import language as spacys

    language = spacys(code)
    from pipeline.chunk_words import ChunkWords  # after spaCy, which it would import whole

    return ChunkWords(language)
