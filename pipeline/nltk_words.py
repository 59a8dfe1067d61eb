"""Words and sentences of English as NLTK's `word_tokenize` and `sent_tokenize` cut them, which FineWeb and C4 were made with."""

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar

from pipeline.assets import Asset
from pipeline.errors import RecipeError
from pipeline.light_nltk import tokenizer_modules
from pipeline.nltk_chunks import words_of_sentence

if TYPE_CHECKING:
    from nltk.tokenize.destructive import NLTKWordTokenizer
    from nltk.tokenize.punkt import PunktSentenceTokenizer


def _punkt(file: str, sha256: str) -> Asset:
    return Asset(
        name=f"punkt_tab english/{file}",
        sha256=sha256,
        location=f"package:llama_index/core/_static/nltk_cache/tokenizers/punkt_tab/english/{file}",
        obtain="It is inside a package that is installed for it only: pip install --no-deps llama-index-core==0.14.25.",
    )


ABBREVIATIONS = _punkt("abbrev_types.txt", "92a3e070f43d9b4c5534758ca40ad7343b04e7e29bfe0c2eb658a39445a4f779")
COLLOCATIONS = _punkt("collocations.tab", "8e2da1225e4dd2cc9dba261ee231ccb134859e21b46006e7f472c5ee269af0cf")
CONTEXTS = _punkt("ortho_context.tab", "4bbcca25ed3d3f06c02402abf8419b9f033b8adc06e7b482eca4e45f81a5dc4c")
STARTERS = _punkt("sent_starters.txt", "f3f8535483e1dba487241b764945168123bca3209a9645e59acd1225dc76edac")


@dataclass(frozen=True, slots=True, kw_only=True)
class NltkEnglish:
    """Sentences by Punkt, then words by rules after the Penn Treebank; Punkt's English model comes from the four files named.

    NLTK itself would look for them in the user's home and tell him to download them.
    """

    name: ClassVar[str] = "nltk_english"
    version: ClassVar[int] = 1
    engines: ClassVar[tuple[str, ...]] = ("nltk",)

    abbreviations: Asset = ABBREVIATIONS
    collocations: Asset = COLLOCATIONS
    contexts: Asset = CONTEXTS
    starters: Asset = STARTERS

    def words(self, text: str) -> list[str]:
        """The words of each sentence, in order; quotation marks become `` and ''."""
        sentences, words = _tokenizers(self)
        return [word for sentence in sentences.tokenize(text) for word in words_of_sentence(sentence, words)]

    def sentences(self, text: str) -> int:
        """The number of sentences; the empty text has none."""
        return sum(1 for _ in _tokenizers(self)[0].span_tokenize(text))


@lru_cache(maxsize=2)
def _tokenizers(chosen: NltkEnglish) -> "tuple[PunktSentenceTokenizer, NLTKWordTokenizer]":
    destructive, punkt = tokenizer_modules()
    model = punkt.PunktParameters()
    model.abbrev_types = set(_lines(chosen.abbreviations))
    model.collocations = {(first, second) for first, second in _pairs(chosen.collocations)}
    model.sent_starters = set(_lines(chosen.starters))
    model.ortho_context.update({word: _number(chosen.contexts, flags) for word, flags in _pairs(chosen.contexts)})
    return punkt.PunktSentenceTokenizer(model), destructive.NLTKWordTokenizer()


def _lines(asset: Asset) -> list[str]:
    try:
        return asset.path().read_text("utf-8").removesuffix("\n").split("\n")
    except UnicodeDecodeError as error:
        raise _no_model(asset, "it is not UTF-8") from error


def _pairs(asset: Asset) -> list[tuple[str, str]]:
    pairs = [tuple(line.split("\t")) for line in _lines(asset)]
    if wrong := next((pair for pair in pairs if len(pair) != 2), None):
        raise _no_model(asset, f"a line has {len(wrong)} columns, not 2")
    return [(first, second) for first, second in pairs]


def _number(asset: Asset, text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise _no_model(asset, f"{text!r} is no number")
    return int(text)


def _no_model(asset: Asset, why: str) -> RecipeError:
    return RecipeError(f"{asset.name} is no part of Punkt's model: {why}")
