"""Reads ARPA files, the text form of n-gram models that lmplz, SRILM and IRSTLM write, into sorted arrays.

An n-gram is a number: that of its first n-1 words, which the file must list as an n-gram of their own, and that of its last word.
So each order is one sorted array, found exactly by halving, without a hash that could be mistaken.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO

import numpy as np
import numpy.typing as npt

from pipeline.errors import RecipeError

MOST_ORDERS = 10
MOST_LINE = 10_000  # bytes
UNKNOWN, MISSING_UNKNOWN = b"<unk>", -100.0  # log10, as KenLM takes an unknown word where the model has none
_COUNT = re.compile(rb"ngram\s+(\d+)\s*=\s*(\d+)")
_FEWEST = 4  # bytes of a line: a number, a tab, a letter, a line feed

Numbers = npt.NDArray[np.int64]
Logs = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class NGrams:
    """All n-grams of one order by `keys`, ascending: the number of the words before, times the vocabulary, plus the last's."""

    keys: Numbers
    log10: Logs
    backoff: Logs


@dataclass(frozen=True, slots=True)
class Arpa:
    """A model of some orders: `words` have the numbers of the first one, where those not known are of number 0."""

    words: dict[bytes, int]
    orders: tuple[NGrams, ...]


def check_arpa(path: Path, name: str) -> tuple[int, ...]:
    """How many n-grams each order has, by the head of the file; RecipeError where it is no ARPA file or cannot hold so many."""
    with _opened(path, name) as file:
        return _counts(_Lines(file, path, name), path.stat().st_size)


def read_arpa(path: Path, name: str) -> Arpa:
    """The whole model; RecipeError naming the line where something is wrong."""
    with _opened(path, name) as file:
        lines = _Lines(file, path, name)
        counts = _counts(lines, path.stat().st_size)
        words, first = _words(lines, counts[0], last=len(counts) == 1)
        orders = [first]
        for order, count in enumerate(counts[1:], 2):
            orders.append(_order(lines, order, count, words, orders, last=order == len(counts)))
        lines.expect(b"\\end\\")
    return Arpa(words, tuple(orders))


def _opened(path: Path, name: str) -> IO[bytes]:
    try:
        return path.open("rb")
    except OSError as error:
        raise RecipeError(f"quality: {name} ({path}) cannot be read: {error.strerror}") from error


class _Lines:
    """The lines that are not blank, without their ends, and the error that names one."""

    def __init__(self, file: IO[bytes], path: Path, name: str) -> None:
        self._file, self._where = file, f"quality: {name} ({path})"
        self._number = 0

    def next(self) -> bytes:
        """The next line; RecipeError at the end of the file."""
        while line := self._file.readline(MOST_LINE):
            self._number += 1
            if len(line) == MOST_LINE and not line.endswith(b"\n"):
                raise self.wrong(f"longer than {MOST_LINE:,} bytes")
            if line := line.strip(b" \r\n"):
                return line
        raise self.wrong("the file ends here")

    def expect(self, wanted: bytes) -> None:
        """Passes a line that must be there."""
        if (line := self.next()) != wanted:
            raise self.wrong(f"{line[:40]!r} where {wanted.decode()} should be")

    def wrong(self, why: str) -> RecipeError:
        """The error for the line that was read last."""
        return RecipeError(f"{self._where} is no whole ARPA file: line {self._number}: {why}")


def _counts(lines: _Lines, size: int) -> tuple[int, ...]:
    lines.expect(b"\\data\\")
    counts: list[int] = []
    while (line := lines.next()).startswith(b"ngram"):
        found = _COUNT.fullmatch(line)
        if not found or int(found[1]) != len(counts) + 1 or len(counts) == MOST_ORDERS:
            raise lines.wrong(f"{line[:40]!r}, where `ngram {len(counts) + 1}=` and a number should be")
        counts.append(int(found[2]))
    if line != b"\\1-grams:":
        raise lines.wrong(f"{line[:40]!r} where \\1-grams: should be")
    if not counts or not counts[0] or sum(counts) * _FEWEST > size:
        raise lines.wrong(f"{sum(counts):,} n-grams are promised, and the file has {size:,} bytes")
    return tuple(counts)


def _words(lines: _Lines, count: int, *, last: bool) -> tuple[dict[bytes, int], NGrams]:
    """The vocabulary, with the unknown word at 0 whether the file has it or not."""
    words, log10, backoff = {UNKNOWN: 0}, [MISSING_UNKNOWN], [0.0]
    known = False
    for (word,), chance, behind in _rows(lines, 1, count, last=last):
        if word == UNKNOWN and not known:
            log10[0], backoff[0], known = chance, behind, True
            continue
        if word in words:
            raise lines.wrong(f"the word {word[:40]!r} is there twice")
        words[word] = len(words)
        log10.append(chance)
        backoff.append(behind)
    return words, NGrams(np.arange(len(words)), np.array(log10, np.float32), np.array(backoff, np.float32))


def _rows(lines: _Lines, order: int, count: int, *, last: bool) -> Iterator[tuple[list[bytes], float, float]]:
    """The words, log10 of the probability and log10 of the back-off weight of each n-gram."""
    for _ in range(count):
        fields = lines.next().split()
        if len(fields) != order + 1 and (last or len(fields) != order + 2):
            raise lines.wrong(f"an n-gram of order {order} has {order} words and a number before them")
        try:
            chance, behind = float(fields[0]), float(fields[order + 1]) if len(fields) > order + 1 else 0.0
        except ValueError as error:
            raise lines.wrong(f"{str(error)[:80]}") from error
        if not (-np.inf < chance <= 0 and -np.inf < behind < np.inf):
            raise lines.wrong("the logarithm of a probability is 0 at most, that of a back-off weight a number")
        yield fields[1 : order + 1], chance, behind


def _order(
    lines: _Lines, order: int, count: int, words: dict[bytes, int], lower: Sequence[NGrams], *, last: bool
) -> NGrams:
    lines.expect(f"\\{order}-grams:".encode())
    ids, logs = np.empty((count, order), np.int64), np.empty((2, count), np.float32)
    rows = _rows(lines, order, count, last=last)
    for place, (spelled, chance, behind) in enumerate(islice(rows, count)):
        try:
            ids[place] = [words[word] for word in spelled]
        except KeyError as error:
            raise lines.wrong(f"the word {error} is not among the 1-grams") from error
        logs[:, place] = chance, behind
    keys = keys_of(ids, lower)
    if keys.size and keys.min() < 0:
        raise lines.wrong(f"{int((keys < 0).sum()):,} n-grams above stand behind words that are no {order - 1}-gram")
    rank = np.argsort(keys, kind="stable")
    if (keys[rank][1:] == keys[rank][:-1]).any():
        raise lines.wrong("an n-gram above is there twice")
    return NGrams(keys[rank], logs[0, rank], logs[1, rank])


def keys_of(ids: Numbers, lower: Sequence[NGrams]) -> Numbers:
    """The key of each row of words; negative where the words before the last are no n-gram of the `lower` orders."""
    vocabulary = len(lower[0].keys)
    place = ids[:, 0]
    for column in range(1, ids.shape[1]):
        keys = place * vocabulary + ids[:, column]
        keys[place < 0] = -1
        if column == ids.shape[1] - 1:
            return keys
        there = lower[column].keys
        place = np.searchsorted(there, keys)
        found = place < len(there)
        found[found] = there[place[found]] == keys[found]
        place = np.where(found, place, -1)
    return place
