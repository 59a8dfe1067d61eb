"""MinHash signatures, in two families.

`datatrove`: bit for bit those of datatrove 0.10.1 and so of FineWeb's deduplication. Each of bands * rows random functions
x -> (a x + b) mod (2^61 - 1) is applied to all shingles of a document, and the least result is kept. As in datatrove a x + b
wraps around at 2^64 before the modulo; that is no universal hashing any more, but it is what published signatures were made
with.

`fast`: ours, straight from the bytes of Arrow arrays (`dedup.fast_signatures`), for data that nothing published must match.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from threading import Lock
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from dedup.shingles import HASHES, NORMAL_FORMS, shingles
from pipeline.errors import RecipeError
from pipeline.identity import IDENTITY_IF_CHANGED
from pipeline.nltk_words import NltkEnglish
from pipeline.pages import storable
from pipeline.words import check_words

Hashes = npt.NDArray[np.uint64]

_PRIME = np.uint64((1 << 61) - 1)
_WORDS = Lock()  # datatrove's words are not for several threads at once, and hold the interpreter in any case
FAMILIES = ("datatrove", "fast")
_OF_DATATROVE = {"hash": "xxhash64", "normal_form": "datatrove-0.10", "tokenizer": None}


@dataclass(frozen=True, slots=True, kw_only=True)
class MinHash:
    """How near-duplicates are looked for; the one value that travels through all steps of the deduplication.

    Two documents match where all `rows` values of one of the `bands` bands are equal; `dedup.theory` says how likely
    that is. `ngram` counts words of `language`, or those of `tokenizer`, in the text's `normal_form`. The family `fast` has words
    and hashes of its own, the same for every language. RecipeError for what cannot be.
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
    family: str = field(default="datatrove", metadata=IDENTITY_IF_CHANGED)

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
        if self.family not in FAMILIES:
            raise RecipeError(f"minhash: family {self.family!r} is none of {', '.join(FAMILIES)}")
        if self.family == "fast":
            self._check_fast()

    def _check_fast(self) -> None:
        told = [name for name, value in _OF_DATATROVE.items() if getattr(self, name) != value]
        if told:
            raise RecipeError(f"minhash: the family fast has words and hashes of its own; leave out {', '.join(told)}")

    def check(self) -> None:
        """Refuses a language whose words cannot be told here (RecipeError)."""
        if self.tokenizer is None and self.family == "datatrove":
            check_words(self.language)

    def shingles(self, text: str) -> Hashes:
        """The hashed n-grams of `text`, in order, repeats included; empty where it has fewer than `ngram` words."""
        if self.family == "fast":
            from dedup.fast_signatures import fast_shingles

            return fast_shingles(storable(text), ngram=self.ngram)
        return shingles(
            text,
            ngram=self.ngram,
            hash_name=self.hash,
            language=self.language,
            normal_form=self.normal_form,
            tokenizer=self.tokenizer,
        )

    def signatures(self, texts: Sequence[str] | pa.Array | pa.ChunkedArray) -> tuple[Hashes, npt.NDArray[np.bool_]]:
        """Signatures, shape (texts, bands * rows), and which texts have one, shape (texts,).

        A text of fewer than `ngram` words, or a null, has none: its row is zero and means nothing, and the document is
        always kept. The family `fast` makes no Python strings of an Arrow array and lets other threads run.
        """
        if self.family == "fast":
            return self._fast_signatures(texts)
        strings: Sequence[str | None] = texts if isinstance(texts, Sequence) else texts.to_pylist()
        functions = _functions(self.bands * self.rows, self.seed)
        signatures = np.zeros((len(texts), self.bands * self.rows), np.uint64)
        has_signature = np.zeros(len(texts), np.bool_)
        with _WORDS:
            for row, text in enumerate(strings):
                values = self.shingles(text or "")
                if values.size:
                    has_signature[row] = True
                    signatures[row] = _least(values, *functions)
        return signatures, has_signature

    def _fast_signatures(
        self, texts: Sequence[str] | pa.Array | pa.ChunkedArray
    ) -> tuple[Hashes, npt.NDArray[np.bool_]]:
        from dedup.fast_signatures import fast_signatures

        if isinstance(texts, Sequence):
            texts = pa.array(map(storable, texts), pa.large_string())
        return fast_signatures(texts, functions=self.bands * self.rows, ngram=self.ngram, seed=self.seed)


@lru_cache(maxsize=8)
def _functions(count: int, seed: int) -> tuple[Hashes, Hashes]:
    """The (a, b) of `count` hash functions, drawn as datatrove draws them; NumPy keeps RandomState's stream frozen."""
    random = np.random.RandomState(seed)
    a = random.randint(1, _PRIME, count, np.uint64)
    b = random.randint(0, _PRIME, count, np.uint64)
    a.flags.writeable = b.flags.writeable = False
    return a, b


def _least(values: Hashes, a: Hashes, b: Hashes) -> Hashes:
    """The least of (a x + b) mod (2^61 - 1) over x in `values`, for each function."""
    from dedup.minima import lower

    least = np.full(a.size, _PRIME, np.uint64)
    lower(values, a, b, least)
    return least
