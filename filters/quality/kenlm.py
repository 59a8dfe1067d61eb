"""Quality by the perplexity of an n-gram model, as CCNet divides pages into head, middle and tail (Wenzek et al. 2020)."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from filters.quality.ngram_models import Sentences, check_ngrams, load_ngrams
from filters.quality.word_ids import tokenizer_at, tokenizer_facts
from pipeline.assets import Asset
from pipeline.quality import Scored

if TYPE_CHECKING:
    from tokenizers import Tokenizer

WORST = 1e9
"""What a perplexity is at most: pages of words that the model has never seen would have up to 10^100."""

_DIGIT = re.compile(r"\d")
_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f]")
_MARKS = {  # what Moses and CCNet write for marks of Unicode
    ",": "\uff0c\u3001",
    ".": "\u3002",
    '"': "\u201e\u201d\u201c\u00ab\u00bb\u300d\u300c\u300a\u300b",
    "'": "\u00b4\u2019",
    ":": "\u2236\uff1a",
    "?": "\uff1f",
    "!": "\uff01",
    "(": "\uff08",
    ")": "\uff09",
    ";": "\uff1b",
    "-": "\u2013\u2501\u25ba",
    "~": "\uff5e",
    "<": "\u3008",
    ">": "\u3009",
    "[": "\u3010",
    "]": "\u3011",
    "%": "\uff05",
    " - ": "\u2014",
    ". ": "\uff0e",
    "...": "\u2026",
}
_PUNCTUATION = {mark: written for written, marks in _MARKS.items() for mark in marks}


class _Written(dict[int, str]):
    """What is written for each character of a decomposed text in lower case; each is looked at once."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        unseen = unicodedata.category(char) == "Mn" or _UNSEEN.fullmatch(char)
        self[code] = written = "" if unseen else "0" if _DIGIT.fullmatch(char) else _PUNCTUATION.get(char, char)
        return written


_WRITTEN = _Written()


@dataclass(frozen=True, slots=True, kw_only=True)
class KenLmQuality:
    """Perplexity of a text: 10^(-log10 of its probability / words), so lower is more like the text that the model has read.

    The `model` is an ARPA file or a KenLM binary of hash tables, as CCNet publishes them; both of one model score alike.
    With a `tokenizer` (a `tokenizer.json`, such as one made of CCNet's SentencePiece model) the whole text is one sentence of its
    pieces, as CCNet scores pages. Without, each line is a sentence of what stands between white space. The end of a sentence
    counts as a word. `normalize` puts a text in lower case without accents, every digit as 0, marks as ASCII has them.
    """

    name: ClassVar[str] = "kenlm_quality"
    version: ClassVar[int] = 1
    engines: ClassVar[tuple[str, ...]] = ("tokenizers",)

    model: Asset
    tokenizer: Asset | None = None
    normalize: bool = True
    column: str = "perplexity"
    resolution: int = 10  # CCNet's

    def check(self) -> None:
        """RecipeError where a file is missing, another one, or neither form of a model; no n-gram is read."""
        check_ngrams(self.model.path(), self.model.name)
        if self.tokenizer:
            tokenizer_facts(self.tokenizer.path())

    def load(self) -> "KenLmScorer":
        """The model, once a process."""
        return _loaded(self.model, self.tokenizer, self.normalize)


class KenLmScorer:
    """A loaded model."""

    device = "cpu"

    def __init__(self, model: Sentences, tokenizer: "Tokenizer | None", *, normalize: bool) -> None:
        self.log10, self._check = model.log10, model.check
        self._tokenizer, self._normalize = tokenizer, normalize

    def prepare(self, texts: Sequence[str]) -> list[list[str]]:
        """The sentences of each text, words apart by spaces."""
        return list(map(self._sentences, texts))

    def score(self, prepared: list[list[str]]) -> Scored:
        """The perplexity of each text, `WORST` at most; `tokens` are its words with the ends of sentences."""
        self._check()
        values, tokens = np.empty(len(prepared)), 0
        for place, sentences in enumerate(prepared):
            words = sum(len(sentence.split()) + 1 for sentence in sentences)
            logs = -sum(map(self.log10, sentences)) / words
            values[place] = min(10.0**logs, WORST) if logs < 300 else WORST
            tokens += words
        return Scored(values, tokens=tokens)

    def _sentences(self, text: str) -> list[str]:
        if self._tokenizer is None:
            return [normalized(line) if self._normalize else line for line in text.split("\n")]
        said = self._tokenizer.encode(normalized(text) if self._normalize else text, add_special_tokens=False)
        return [" ".join(said.tokens)]


def normalized(text: str) -> str:
    """A text as CCNet's models have read theirs; line ends, as all control characters, are taken out."""
    return unicodedata.normalize("NFD", text.strip().lower()).translate(_WRITTEN)


@lru_cache(maxsize=2)
def _loaded(asset: Asset, tokenizer: Asset | None, normalize: bool) -> KenLmScorer:
    model, pieces = load_ngrams(asset.path(), asset.name), tokenizer.path() if tokenizer else None
    if pieces:
        tokenizer_facts(pieces)
    return KenLmScorer(model, tokenizer_at(pieces) if pieces else None, normalize=normalize)
