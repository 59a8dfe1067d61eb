"""KenLM's binaries: hash tables or a trie as the library has them in memory, behind a head from which all their sizes follow."""

import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from pipeline.model_formats.fields import Fields, RefusedError
from pipeline.model_formats.language_models import MOST_ORDER, told

MAGIC = b"mmap lm http://kheafield.com/code"
"""What each begins with, one that was not finished too."""
SANITY = struct.Struct("<56s3f3IQ")
KNOWN = (
    (MAGIC + b" format version 5\n").ljust(56, b"\0"),
    0.0,
    1.0,
    -0.5,
    1,
    (1 << 32) - 1,
    0,
    1,
)  # by which KenLM tells another machine's files
FIXED = "<B3xfiB3xI"  # order, multiplier, kind, whether the words are there, version
_KINDS = 6
_WEIGHTS = (
    2,
    3,
)  # numbers of a 1-gram by kind: probability and back-off weight, and in kind 1 what is for decoders alone
_HOW = "make it anew from its ARPA file (build_binary probing MODEL.arpa MODEL.binary), or name the ARPA file itself"
_UNKNOWN = b"<unk>\0"
WORD = 4
"""Bytes of what places in tables are counted in: numbers of all tables lie at such places."""


@dataclass(frozen=True, slots=True)
class Head:
    """What the head says: n-grams of each length, how much larger the tables are, and whether the words are behind them."""

    counts: tuple[int, ...]
    multiplier: float
    kind: int
    words_follow: bool
    version: int


@dataclass(frozen=True, slots=True)
class Table:
    """One table: where it begins, how many rows it has, and how wide these are, in words of four bytes."""

    start: int
    rows: int
    width: int

    @property
    def end(self) -> int:
        """Where the next one begins."""
        return self.start + self.rows * self.width


@dataclass(frozen=True, slots=True)
class HashTables:
    """A binary of hash tables: numbers of words by their hash, 1-grams by that number, then n-grams of each length by hash.

    `words` are those that the vocabulary numbers, the unknown one among them.
    """

    tables: tuple[Table, ...]
    words: int
    words_follow: bool

    @property
    def size(self) -> int:
        """Bytes up to the end of the last table."""
        return self.tables[-1].end * WORD


def check_kenlm(fields: Fields) -> str:
    """How many n-grams of each length; RefusedError unless the head is KenLM's and the file can hold what it says.

    Hash tables must fill it.
    """
    head = head_of(fields, MOST_ORDER)
    if min(head.counts) < 1:
        raise RefusedError(f"it says that it has {told(head.counts)}")
    if head.kind < len(_WEIGHTS):
        _tables(fields, head)
    return told(head.counts)


def head_of(fields: Fields, most: int) -> Head:
    """The head of a binary of any kind with n-grams of `most` words at most; RefusedError where it says what cannot be."""
    fields.back_to(0)
    if fields.size < SANITY.size or fields.unpack(SANITY.format) != KNOWN:
        raise RefusedError("it is no KenLM binary of this machine's kind")
    order, multiplier, kind, words_follow, version = fields.unpack(FIXED)
    if not 2 <= order <= most or not 0 <= kind < _KINDS:
        raise RefusedError(f"it says that it has n-grams of up to {order} words in a structure of kind {kind}")
    if not (math.isfinite(multiplier) and 1 <= multiplier <= 100):
        raise RefusedError(f"it says that its tables are {multiplier} times as large as what they hold")
    counts = fields.unpack(f"<{order}Q")
    if counts[0] < 1 or sum(counts) > 8 * fields.left:  # quantised tries take some bits, more than one
        raise RefusedError(f"it says that it has {sum(counts):,} n-grams, in {fields.left:,} bytes")
    return Head(counts, multiplier, kind, bool(words_follow), version)


def hash_tables(fields: Fields, most: int) -> HashTables:
    """Where the tables of a binary lie; RefusedError where it has none, or they do not fill the file."""
    head = head_of(fields, most)
    if head.kind >= len(_WEIGHTS):
        raise RefusedError(f"it is a trie, and of KenLM's binaries only hash tables are read: {_HOW}")
    return _tables(fields, head)


def _tables(fields: Fields, head: Head) -> HashTables:
    """The tables, which must fill the file with the words behind them, or alone where none are."""
    start = -(-fields.place // 8) * 8
    tables = list(_laid_out(start // WORD, head))
    size = tables[-1].end * WORD
    if head.version:
        raise RefusedError(f"its tables are of version {head.version}, not 0; {_HOW}")
    if size > fields.size:
        said = f"its tables would end at {size:,} bytes, and it has {fields.size:,}"
        raise RefusedError(f"{said}: it is cut, or of an old KenLM; {_HOW}")
    fields.back_to(start)
    version, words = fields.unpack("<2I")
    if version or not 1 <= words <= head.counts[0] + 1:
        raise RefusedError(f"it says that it has {words:,} words and {head.counts[0]:,} 1-grams")
    _check_words(fields, size, words if head.words_follow else 0)
    return HashTables(tuple(tables), words, head.words_follow)


def _laid_out(start: int, head: Head) -> Iterator[Table]:
    """The tables one behind the other: each entry has a hash of two words, and then what is known of it."""
    weights = _WEIGHTS[head.kind]
    vocabulary = Table(start + 2, rows_of(head.counts[0], head.multiplier), 3)
    yield vocabulary
    last = Table(vocabulary.end, head.counts[0] + 1, weights)  # one more, for an unknown word that was not counted
    yield last
    for count in head.counts[1:-1]:
        last = Table(last.end, rows_of(count, head.multiplier), 2 + weights)
        yield last
    yield Table(last.end, rows_of(head.counts[-1], head.multiplier), 3)


def rows_of(count: int, multiplier: float) -> int:
    """As many as KenLM gives a table: it multiplies in single precision."""
    return max(count + 1, int(np.float32(multiplier) * np.float32(count)))


def _check_words(fields: Fields, place: int, words: int) -> None:
    """Words with a zero behind each, the unknown one first, as far as the ends of what follows the tables tell."""
    fields.back_to(place)
    left = fields.left
    if not words:
        if left:
            raise RefusedError(f"{left:,} bytes follow its tables, where it says that nothing does")
        return
    least = len(_UNKNOWN) + 2 * (words - 1)
    if left < least:
        raise RefusedError(f"{words:,} words would follow its tables, and {left:,} bytes do: it is cut")
    first = fields.take(len(_UNKNOWN))
    fields.back_to(fields.size - 1)
    if first != _UNKNOWN or fields.take(1) != b"\0":
        raise RefusedError("what follows its tables does not begin with <unk>, or the last word has no end")
