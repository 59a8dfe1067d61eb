"""Shingles: the hashed n-grams of words that two near-duplicate texts have in common.

The text is normalised first (case, numbers, punctuation, white space, diacritics), so that an edited copy keeps its
shingles. Both steps give exactly what datatrove 0.10.1's `simplify_text` and `get_shingles` give; tests/parity holds
them to it. The normal form of datatrove 0.2.0, with which FineWeb was made, is another.
"""

import hashlib
import re
import unicodedata
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import regex
import xxhash
from datatrove.utils.text import PUNCTUATION

from pipeline.spelled import Spelled
from pipeline.storable import storable
from pipeline.words import Tokenizer, spelled_words, split_words

# A number in any script, with at most one decimal separator inside; `re` knows no \p{Nd} and is slower besides.
_NUMBER = regex.compile(r"\p{Nd}+(?:[.,،٫⎖⎗⎘]\p{Nd}+)?")  # noqa: RUF001  the Arabic separator is meant
_SPACES = str.maketrans(dict.fromkeys(PUNCTUATION, " "))
_DELETED = str.maketrans("", "", PUNCTUATION)
_DIGITS = re.compile(r"\d+")
_IS_PUNCTUATION = np.zeros(0x110000, np.bool_)  # by code point
_IS_PUNCTUATION[[ord(char) for char in PUNCTUATION]] = True


def normalise(text: str) -> str:
    """`text` in lower case, numbers as 0, punctuation as one space, without diacritics (NFD, less category Mn).

    The order matters: a combining mark that stands alone leaves two spaces behind, as it does in datatrove.
    """
    text = _NUMBER.sub("0", text.lower())
    if text.isascii():  # str.translate is 10 times faster here than on other text, and there is nothing to decompose
        return " ".join(text.translate(_SPACES).split())
    codes = np.frombuffer(text.encode("utf-32-le"), np.uint32).copy()
    codes[_IS_PUNCTUATION[codes]] = ord(" ")
    text = " ".join(codes.tobytes().decode("utf-32-le").split())
    return text if text.isascii() else _without_marks(text)


def normalise_as_2024(text: str) -> str:
    """`text` as datatrove 0.2.0's `simplify_text` leaves it.

    Punctuation is deleted, so `well-known` is one word; digits of one run become one 0 after that, so `1,000.5` is 0.
    """
    text = " ".join(text.lower().split()).translate(_DELETED)
    if not text.isascii():
        text = _without_marks(text)
    return _DIGITS.sub("0", text).strip()


NORMAL_FORMS: dict[str, Callable[[str], str]] = {"datatrove-0.10": normalise, "datatrove-0.2": normalise_as_2024}


def _without_marks(text: str) -> str:
    text = unicodedata.normalize("NFD", text)
    for mark in sorted(c for c in set(text) if unicodedata.category(c) == "Mn"):
        text = text.replace(mark, "")
    return text.strip()


def _sha1_64(shingle: str) -> int:
    return int.from_bytes(hashlib.sha1(shingle.encode(), usedforsecurity=False).digest()[:8], "little")


HASHES: dict[str, Callable[[str], int]] = {"xxhash64": xxhash.xxh64_intdigest, "sha1_64": _sha1_64}


def shingles(
    text: str,
    *,
    ngram: int,
    hash_name: str,
    language: str,
    normal_form: str = "datatrove-0.10",
    tokenizer: Tokenizer | None = None,
) -> npt.NDArray[np.uint64]:
    """The hash of each run of `ngram` words of the normalised text, in order and with repeats.

    Shape (words - ngram + 1,); empty for fewer than `ngram` words. `hash_name` is a key of `HASHES`, `normal_form` of
    `NORMAL_FORMS`; words are those of `tokenizer`, or else datatrove's for `language`.
    """
    normal = NORMAL_FORMS[normal_form](storable(text))
    if hash_name == "xxhash64":
        return _xxhashed(spelled_words(normal, language, tokenizer), ngram)
    words = split_words(normal, language, tokenizer)
    runs = zip(*(words[start:] for start in range(ngram)), strict=False)  # ends with the shortest: the last full run
    return np.fromiter(map(HASHES[hash_name], map(" ".join, runs)), np.uint64)


def _xxhashed(words: Spelled, ngram: int) -> npt.NDArray[np.uint64]:
    """As joining and hashing each run, at a fifth of the time: a run is hashed where it lies in the joined words."""
    from dedup.xxhash_kernel import hash_runs

    hashes = np.empty(max(len(words) - ngram + 1, 0), np.uint64)
    if not hashes.size:
        return hashes
    before = np.arange(len(words))  # spaces, one for each word before
    ends = words.ends + before
    joined = np.full(int(ends[-1]), ord(" "), np.uint8)
    joined[np.arange(words.text.size) + np.repeat(before, np.diff(words.ends, prepend=0))] = words.text
    hash_runs(joined, ends, hashes)
    return hashes


def jaccard(one: npt.NDArray[np.uint64], other: npt.NDArray[np.uint64]) -> float:
    """The exact similarity of two documents' shingles as sets; 0 where neither has any."""
    one, other = np.unique(one), np.unique(other)
    shared = np.intersect1d(one, other, assume_unique=True).size
    union = one.size + other.size - shared
    return shared / union if union else 0.0
