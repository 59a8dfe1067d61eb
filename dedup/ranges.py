"""Ranges of keys of 64 bits: what a partition of a barrier reads, cut so that each piece fits in memory."""

from itertools import pairwise
from math import ceil

KEYS = 1 << 64


def bounds(partitions: int) -> list[int]:
    """The first key of each of so many partitions, and what is behind the last."""
    return [partition * KEYS // partitions for partition in range(partitions + 1)]


def pieces(partition: int, partitions: int, rows: int, most: int) -> list[tuple[int, int]]:
    """The range of `partition` cut into ranges of keys, from and to before, of about `most` rows each.

    All `partitions` together have all keys and about `rows` rows, spread evenly.
    """
    count = max(1, ceil(rows / (partitions * most)))
    first, whole = partition * count, partitions * count
    return list(pairwise((first + piece) * KEYS // whole for piece in range(count + 1)))
