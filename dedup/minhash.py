"""MinHash signatures, bit for bit those of datatrove 0.10.1 and so of FineWeb's deduplication.

Each of bands * rows random functions x -> (a x + b) mod (2^61 - 1) is applied to all shingles of a document, and the
least result is kept. As in datatrove a x + b wraps around at 2^64 before the modulo; that is no universal hashing any
more, but it is what published signatures were made with.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from dedup.shingles import HASHES, NORMAL_FORMS, shingles
from pipeline.errors import RecipeError
from pipeline.identity import IDENTITY_IF_CHANGED
from pipeline.nltk_words import NltkEnglish
from pipeline.words import check_words

Hashes = npt.NDArray[np.uint64]

_PRIME = np.uint64((1 << 61) - 1)
_PRIME_BITS = np.uint64(61)
_CHUNK = 512  # shingles at a time, 64 is 1.4 times slower
_WIDTH = 128  # functions at a time: two buffers of 512 x 128 values (1 MB) stay in the cache, of 512 x 9,000 none would


@dataclass(frozen=True, slots=True, kw_only=True)
class MinHash:
    """How near-duplicates are looked for; the one value that travels through all steps of the deduplication.

    Two documents match where all `rows` values of one of the `bands` bands are equal; `dedup.theory` says how likely
    that is. `ngram` counts words of `language`, or those of `tokenizer`, in the text's `normal_form`. RecipeError for a shape,
    hash or normal form that cannot be.
    """

    name: ClassVar[str] = "minhash"
    version: ClassVar[int] = 1
    engines: ClassVar[tuple[str, ...]] = ("datatrove", "regex", "spacy", "xxhash")

    bands: int = 14
    rows: int = 8
    ngram: int = 5
    hash: str = "xxhash64"
    seed: int = 1
    language: str = "en"
    normal_form: str = field(default="datatrove-0.10", metadata=IDENTITY_IF_CHANGED)
    tokenizer: NltkEnglish | None = field(default=None, metadata=IDENTITY_IF_CHANGED)

    def __post_init__(self) -> None:
        if min(self.bands, self.rows, self.ngram) < 1:
            raise RecipeError(f"minhash: bands {self.bands}, rows {self.rows}, ngram {self.ngram} must be at least 1")
        if self.bands > 1 << 16:
            raise RecipeError(f"minhash: {self.bands} bands, but tables number them in 16 bits")
        if self.hash not in HASHES:
            raise RecipeError(f"minhash: hash {self.hash!r} is none of {', '.join(sorted(HASHES))}")
        if self.normal_form not in NORMAL_FORMS:
            raise RecipeError(f"minhash: normal form {self.normal_form!r} is none of {', '.join(sorted(NORMAL_FORMS))}")
        if not 0 <= self.seed < 1 << 32:
            raise RecipeError(f"minhash: seed {self.seed} does not fit in 32 bits")

    def check(self) -> None:
        """Refuses a language whose words cannot be told here (RecipeError)."""
        if self.tokenizer is None:
            check_words(self.language)

    def shingles(self, text: str) -> Hashes:
        """The hashed n-grams of `text`, in order, repeats included; empty where it has fewer than `ngram` words."""
        return shingles(
            text,
            ngram=self.ngram,
            hash_name=self.hash,
            language=self.language,
            normal_form=self.normal_form,
            tokenizer=self.tokenizer,
        )

    def signatures(self, texts: Sequence[str]) -> tuple[Hashes, npt.NDArray[np.bool_]]:
        """Signatures, shape (texts, bands * rows), and which texts have one, shape (texts,).

        A text of fewer than `ngram` words has none: its row is zero and means nothing, and the document is always
        kept.
        """
        functions = _functions(self.bands * self.rows, self.seed)
        signatures = np.zeros((len(texts), self.bands * self.rows), np.uint64)
        has_signature = np.zeros(len(texts), np.bool_)
        for row, text in enumerate(texts):
            values = self.shingles(text)
            if values.size:
                has_signature[row] = True
                signatures[row] = _least(values, *functions)
        return signatures, has_signature


@lru_cache(maxsize=8)
def _functions(count: int, seed: int) -> tuple[Hashes, Hashes]:
    """The (a, b) of `count` hash functions, drawn as datatrove draws them; NumPy keeps RandomState's stream frozen."""
    random = np.random.RandomState(seed)
    a = random.randint(1, _PRIME, count, np.uint64)
    b = random.randint(0, _PRIME, count, np.uint64)
    a.flags.writeable = b.flags.writeable = False
    return a, b


def _least(values: Hashes, a: Hashes, b: Hashes) -> Hashes:
    """The least of (a x + b) mod (2^61 - 1) over x in `values`, for each function; memory does not grow with `values`."""
    least = np.full(a.size, _PRIME, np.uint64)
    spare = np.empty((2, min(_CHUNK, values.size), min(_WIDTH, a.size)), np.uint64)
    for first in range(0, a.size, _WIDTH):
        some = slice(first, first + _WIDTH)
        for start in range(0, values.size, _CHUNK):
            _lower(least[some], values[start : start + _CHUNK, None], a[some], b[some], spare)
    return least


def _lower(least: Hashes, values: Hashes, a: Hashes, b: Hashes, spare: Hashes) -> None:
    """Lowers `least` to what some functions make of some values, in the two arrays of `spare`.

    2^61 = 1 (mod 2^61 - 1), so the bits above 61 are added to those below, which leaves at most one prime too much.
    Subtracting it from less than the prime wraps around to a huge number, so the lesser of both is the remainder: 2.6
    times as fast as NumPy's %.
    """
    x, t = spare[:, : len(values), : len(a)]
    np.multiply(values, a, out=x)
    np.add(x, b, out=x)
    np.right_shift(x, _PRIME_BITS, out=t)
    np.bitwise_and(x, _PRIME, out=x)
    np.add(x, t, out=x)
    np.subtract(x, _PRIME, out=t)
    np.minimum(x, t, out=x)
    np.minimum(least, x.min(axis=0), out=least)
