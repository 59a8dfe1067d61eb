"""Reads ARPA files, the text form of n-gram models that lmplz, SRILM and IRSTLM write, into sorted arrays.

An n-gram is a number: that of its first n-1 words, which the file must list as an n-gram of their own, and that of its last word.
So each order is one sorted array, found exactly by halving, without a hash that could be mistaken.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import numpy.typing as npt

from filters.quality.model_file import looked_at
from pipeline.model_formats.language_models import Lines, arpa_counts

MOST_ORDERS = 10
UNKNOWN, MISSING_UNKNOWN = b"<unk>", -100.0  # log10, as KenLM takes an unknown word where the model has none

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
    with looked_at(path, f"quality: {name} ({path})") as fields:
        return arpa_counts(Lines(fields), MOST_ORDERS)


def read_arpa(path: Path, name: str) -> Arpa:
    """The whole model; RecipeError naming the line where something is wrong."""
    with looked_at(path, f"quality: {name} ({path})") as fields:
        lines = Lines(fields)
        counts = arpa_counts(lines, MOST_ORDERS)
        words, first = _words(lines, counts[0], last=len(counts) == 1)
        orders = [first]
        for order, count in enumerate(counts[1:], 2):
            orders.append(_order(lines, order, count, words, orders, last=order == len(counts)))
        lines.expect(b"\\end\\")
    return Arpa(words, tuple(orders))


def _words(lines: Lines, count: int, *, last: bool) -> tuple[dict[bytes, int], NGrams]:
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


def _rows(lines: Lines, order: int, count: int, *, last: bool) -> Iterator[tuple[list[bytes], float, float]]:
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
    lines: Lines, order: int, count: int, words: dict[bytes, int], lower: Sequence[NGrams], *, last: bool
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
