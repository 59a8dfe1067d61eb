"""Reads fastText's compressed model files (`.ftz`), version 12, as far as `QuickScores` has use for them.

That is a classifier whose n-grams were pruned, whose input rows are product-quantised and whose labels are the leaves of a
Huffman tree, such as lid.176.ftz. All else (dense models, softmax, word n-grams) is refused and stays with the library.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.model_formats.fasttext import HEAD, HIERARCHICAL, MAGIC, SUPERVISED, Head

Floats = npt.NDArray[np.float32]

_VERSION = 12
_WORD, _LABEL = 0, 1
_MOST_LABELS = 1 << 10  # each line has a score for all of them
_CENTROIDS = 256  # a code is a byte
_MOST_BUCKETS = _MOST_NUMBERS = 1 << 24  # of n-grams; of the input rows, as float32 (64 MB)


class NotReadableError(ValueError):
    """The file is cut off, or holds a model of another kind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CompressedModel:
    """What a file says; row `n` of `rows` belongs to word `n`, those behind the words to n-grams.

    `kept` gives, per bucket that an n-gram's hash may fall into, its row, and 0 where the bucket was pruned. `output` has a row
    for each inner node of the tree over the labels, which stand in the order of their counts, the highest first.
    """

    min_chars: int
    max_chars: int
    words: tuple[bytes, ...]
    labels: tuple[bytes, ...]
    label_counts: tuple[int, ...]
    kept: npt.NDArray[np.int32]
    rows: Floats
    output: Floats


class _Cursor:
    """A place in the file that moves on with all that is read."""

    def __init__(self, data: bytes) -> None:
        self._data, self._place = data, HEAD.size

    def numbers(self, kind: str, count: int) -> npt.NDArray[Any]:
        """The next `count` numbers of a numpy type."""
        size = np.dtype(kind).itemsize * count
        if not 0 <= size <= len(self._data) - self._place:
            raise NotReadableError("the file is cut off")
        found = np.frombuffer(self._data, kind, count, self._place)
        self._place += size
        return found

    def number(self, kind: str) -> int:
        """The next number, an integer."""
        return int(self.numbers(kind, 1)[0])

    def word(self) -> bytes:
        """The next bytes up to a NUL."""
        end = self._data.find(b"\0", self._place)
        if end < 0:
            raise NotReadableError("the file is cut off")
        found = self._data[self._place : end]
        self._place = end + 1
        return found


def read(path: Path) -> CompressedModel:
    """The model in a file. No more than its head is read where that says that it is of another kind.

    Raises:
        NotReadableError: the file is cut off, contradicts itself, or is of another kind.
    """
    with path.open("rb") as file:
        head = file.read(HEAD.size)
        if len(head) < HEAD.size:
            raise NotReadableError("the file is cut off")
        settings = Head._make(HEAD.unpack(head))
        _check(settings)
        cursor = _Cursor(head + file.read())
    words, labels, counts = _entries(cursor, settings)
    pruned = cursor.numbers("<i4", 2 * settings.pruned).astype(np.int32).reshape(-1, 2)
    if not cursor.number("u1"):
        raise NotReadableError("its input is not compressed")
    rows = _quantised(cursor, settings.words + settings.pruned, settings.dim)
    if cursor.number("u1"):
        raise NotReadableError("its output is compressed too")
    return CompressedModel(
        min_chars=max(settings.min_chars, 1),
        max_chars=settings.max_chars,
        words=words,
        labels=labels,
        label_counts=counts,
        kept=_kept(pruned, settings),
        rows=rows,
        output=_dense(cursor, settings.labels, settings.dim),
    )


def _check(settings: Head) -> None:
    if (settings.magic, settings.version) != (MAGIC, _VERSION):
        raise NotReadableError("no fastText model of version 12")
    if (settings.model, settings.loss, settings.word_ngrams) != (SUPERVISED, HIERARCHICAL, 1):
        raise NotReadableError("no classifier of single words with a tree of labels")
    if not 1 <= settings.max_chars <= 8 or settings.min_chars > settings.max_chars:
        raise NotReadableError("its n-grams are none, or long")
    if settings.pruned < 1 or not 0 < settings.buckets <= _MOST_BUCKETS:
        raise NotReadableError("its n-grams are not pruned")
    if settings.words < 1 or settings.labels < 2 or settings.entries != settings.words + settings.labels:
        raise NotReadableError("it has no words or no choice of labels")
    if settings.labels > _MOST_LABELS:
        raise NotReadableError("its labels are too many to be scored one by one")
    if not (settings.dim >= 2 and settings.dim * (settings.words + settings.pruned) <= _MOST_NUMBERS):
        raise NotReadableError("its rows are too short, or too many to be held uncompressed")


def _entries(cursor: _Cursor, settings: Head) -> tuple[tuple[bytes, ...], tuple[bytes, ...], tuple[int, ...]]:
    """Words, labels and the labels' counts."""
    names: list[bytes] = []
    counts: list[int] = []
    kinds: list[int] = []
    for _ in range(settings.entries):
        names.append(cursor.word())
        counts.append(cursor.number("<i8"))
        kinds.append(cursor.number("i1"))
    if kinds != [_WORD] * settings.words + [_LABEL] * settings.labels:
        raise NotReadableError("its words do not stand before its labels")
    counts = counts[settings.words :]
    if counts != sorted(counts, reverse=True):
        raise NotReadableError("its labels are not in the order of their counts")
    return tuple(names[: settings.words]), tuple(names[settings.words :]), tuple(counts)


def _kept(pruned: npt.NDArray[np.int32], settings: Head) -> npt.NDArray[np.int32]:
    buckets, places = pruned[:, 0], pruned[:, 1]
    if not (_within(buckets, settings.buckets) and _within(places, settings.pruned)):
        raise NotReadableError("its kept n-grams lie outside of its rows")
    kept = np.zeros(settings.buckets, np.int32)
    kept[buckets] = settings.words + places
    return kept


def _within(numbers: npt.NDArray[np.int32], limit: int) -> bool:
    return bool(numbers.min() >= 0 and numbers.max() < limit)


def _quantised(cursor: _Cursor, count: int, dim: int) -> Floats:
    """The rows as the library restores them: each part a centroid, times the row's norm where norms stand apart."""
    normed = cursor.number("u1")
    if (cursor.number("<i8"), cursor.number("<i8")) != (count, dim):
        raise NotReadableError("its rows are not as many or as long as its head says")
    codes = cursor.numbers("u1", cursor.number("<i4"))
    parts = _centroids(cursor, dim)
    if len(codes) != count * len(parts):
        raise NotReadableError("its rows have codes too few or too many")
    codes = codes.reshape(count, len(parts))
    rows = np.hstack([part[codes[:, number]] for number, part in enumerate(parts)])
    if normed:
        norm_codes = cursor.numbers("u1", count)
        (norms,) = _centroids(cursor, 1)
        rows = norms[norm_codes] * rows
    return _finite(rows)


def _centroids(cursor: _Cursor, dim: int) -> list[Floats]:
    """Of each part of a row, shape (256, length of the part)."""
    said, count, length, last = (cursor.number("<i4") for _ in range(4))
    if said != dim or count < 1 or min(length, last) < 1 or (count - 1) * length + last != dim:
        raise NotReadableError("the parts of its rows do not add up")
    numbers = cursor.numbers("<f4", dim * _CENTROIDS).astype(np.float32)
    before = (count - 1) * length * _CENTROIDS
    parts = list(numbers[:before].reshape(count - 1, _CENTROIDS, length))
    return [*parts, numbers[before:].reshape(_CENTROIDS, last)]


def _dense(cursor: _Cursor, count: int, dim: int) -> Floats:
    if (cursor.number("<i8"), cursor.number("<i8")) != (count, dim):
        raise NotReadableError("its output is not as large as its head says")
    return _finite(cursor.numbers("<f4", count * dim).astype(np.float32).reshape(count, dim))


def _finite(rows: Floats) -> Floats:
    if not np.isfinite(rows).all():
        raise NotReadableError("it holds numbers that are none")
    return np.ascontiguousarray(rows, np.float32)
