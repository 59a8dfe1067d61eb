"""Writes n-gram models as ARPA files, and as the binaries of hash tables that KenLM's `build_binary probing` makes of these."""

import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.errors import InputError
from pipeline.model_formats.kenlm_binaries import FIXED, KNOWN, SANITY, rows_of

Gram = tuple[str, ...]
Grams = Mapping[Gram, tuple[float, float]]
"""The n-grams of one length: log10 of their probabilities, and of their back-off weights."""
UNKNOWN = ("<unk>",)
_MISSING = (-100.0, 0.0)  # of an unknown word that is no n-gram
_WORD = [("key", "<u8"), ("word", "<u4")]
_WEIGHTS = [("log10", "<f4"), ("backoff", "<f4")]
_MIDDLE = [("key", "<u8"), *_WEIGHTS]
_LONGEST = _MIDDLE[:2]
_MASK = (1 << 64) - 1
_MURMUR = 0xC6A4A7935BD1E995
_CONTEXT, _NEXT = 8978948897894561157, 17894857484156487943

Table = npt.NDArray[Any]


def write_arpa(path: Path, orders: Sequence[Grams]) -> None:
    """An ARPA file of the n-grams of one word, of two, and so on."""
    lines = ["\\data\\", *(f"ngram {length}={len(grams)}" for length, grams in enumerate(orders, 1))]
    for length, grams in enumerate(orders, 1):
        lines += ["", f"\\{length}-grams:"]
        weight = "" if length == len(orders) else "\t{!r}"
        lines += [f"{log10!r}\t{' '.join(gram)}" + weight.format(backoff) for gram, (log10, backoff) in grams.items()]
    path.write_text("\n".join([*lines, "", "\\end\\", ""]), encoding="utf-8")


def write_hashed(path: Path, orders: Sequence[Grams], *, multiplier: float = 1.5, words: bool = True) -> None:
    """The binary of the same n-grams, with tables `multiplier` times as large as they are, and the `words` behind them.

    InputError where an n-gram without its first word, or without its last, is none.
    """
    if len(orders) < 2:
        raise InputError("KenLM's models have n-grams of two words at least")
    counts = list(map(len, orders))
    first = {UNKNOWN: orders[0].get(UNKNOWN, _MISSING), **orders[0]}
    known = {gram[0]: number for number, gram in enumerate(first)}
    head = SANITY.pack(*KNOWN) + struct.pack(FIXED, len(counts), multiplier, 0, words, 0)
    head += struct.pack(f"<{len(counts)}Q", *counts)
    with path.open("wb") as file:
        file.write(head.ljust(-(-len(head) // 8) * 8, b"\0"))
        file.write(struct.pack("<2I", 0, len(known)))
        for table in _tables([first, *orders[1:]], counts, known, multiplier):
            file.write(table.tobytes())
        file.write("".join(f"{word}\0" for word in known if words).encode())


def _tables(
    orders: Sequence[Grams], counts: Sequence[int], known: Mapping[str, int], multiplier: float
) -> Iterator[Table]:
    spelled = [word for word in known if word != UNKNOWN[0]]
    hashes = [murmur(word.encode()) for word in spelled]
    yield _hashed(_WORD, rows_of(counts[0], multiplier), hashes, {"word": [known[word] for word in spelled]})
    kept = [_Order.of(grams) for grams in orders]
    for shorter, longer in pairwise(kept):
        shorter.mark(longer)
    first: Any = np.zeros(counts[0] + 1, _WEIGHTS)
    first["log10"][: len(known)], first["backoff"][: len(known)] = kept[0].log10, kept[0].backoff
    if len(known) > counts[0]:
        first["backoff"][0] = 0  # with the other sign than a weight of 0 in a file
    yield first
    for order, count in zip(kept[1:], counts[1:], strict=True):
        form = _LONGEST if order is kept[-1] else _MIDDLE
        values = {"log10": order.log10, "backoff": order.backoff}
        keys = [_key([known[word] for word in gram]) for gram in order.places]
        yield _hashed(form, rows_of(count, multiplier), keys, {name: values[name] for name, _ in form[1:]})


@dataclass(frozen=True, slots=True)
class _Order:
    """The n-grams of one length in order, and their numbers, of which signs say whether longer ones begin or end with them."""

    places: dict[Gram, int]
    log10: Table
    backoff: Table

    @staticmethod
    def of(grams: Grams) -> "_Order":
        log10, backoff = np.array([*grams.values()], np.float32).reshape(-1, 2).T
        return _Order(
            {gram: place for place, gram in enumerate(grams)},
            log10.copy(),
            np.where(backoff, backoff, np.float32(-0.0)),
        )

    def mark(self, longer: "_Order") -> None:
        """Takes the sign from those that longer ones end with, and from weights of 0 where longer ones begin."""
        np.copysign(longer.log10, -1, out=longer.log10)
        try:
            ends = [self.places[gram[1:]] for gram in longer.places]
            begins = [self.places[gram[:-1]] for gram in longer.places]
        except KeyError as error:
            raise InputError(f"{error} is no n-gram, and a longer one begins or ends with it") from error
        self.log10[ends] = abs(self.log10[ends])
        self.backoff[begins] += np.float32(0)


def _hashed(form: Any, rows: int, keys: Iterable[int], values: Mapping[str, Any]) -> Table:
    """A table of `rows` rows with each key in its own row, or the next empty one."""
    table: Any = np.zeros(rows, form)
    taken, places = bytearray(rows), list[int]()
    for key in keys:
        row = key % rows
        while taken[row]:
            row = (row + 1) % rows
        taken[row] = 1
        table["key"][row] = key
        places.append(row)
    for name, each in values.items():
        table[name][places] = each
    return table


def _key(numbers: Sequence[int]) -> int:
    """The hash of an n-gram, of its words from the last one on."""
    key = numbers[-1]
    for number in numbers[-2::-1]:
        key = key * _CONTEXT & _MASK ^ (number + 1) * _NEXT & _MASK
    return key


def murmur(word: bytes) -> int:
    """MurmurHash64A with the seed 0."""
    found = len(word) * _MURMUR & _MASK
    for place in range(0, len(word) - 7, 8):
        eight = int.from_bytes(word[place : place + 8], "little") * _MURMUR & _MASK
        eight = (eight ^ eight >> 47) * _MURMUR & _MASK
        found = (found ^ eight) * _MURMUR & _MASK
    if rest := word[len(word) // 8 * 8 :]:
        found = (found ^ int.from_bytes(rest, "little")) * _MURMUR & _MASK
    found = (found ^ found >> 47) * _MURMUR & _MASK
    return found ^ found >> 47
