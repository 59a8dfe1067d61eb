"""The n-gram models that the benchmark measures, counted in texts; probabilities are of the simplest kind that backs off."""

import hashlib
import math
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from filters.quality.kenlm import normalized
from jobs.bench.score.hashed_binary import Gram, Grams, write_arpa, write_hashed
from jobs.terminal import notice
from pipeline.assets import Asset

ORDERS = 5
"""Words of CCNet's longest n-grams."""
_DISCOUNT = 0.5
_COMMON = 3  # words of n-grams that are left out where they stand there once, as CCNet's models leave them out


def make_kenlm(path: Path, texts: Sequence[str], *, arpa: bool) -> Asset:
    """A model of the texts' n-grams as an ARPA file, or as a binary of hash tables."""
    notice(f"counting n-grams for {path.name}")
    orders = counted(texts)
    if arpa:
        write_arpa(path, orders)
    else:
        write_hashed(path, orders)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return Asset(name=path.name, sha256=digest, location=str(path.absolute()))


def counted(texts: Sequence[str], most: int = ORDERS) -> list[Grams]:
    """n-grams of up to `most` words in the lines of texts, with what is left of each count once some is taken off."""
    counts: list[Counter[Gram]] = [Counter() for _ in range(most)]
    for line in (line for text in texts for line in text.split("\n")):
        words = ["<s>", *(word.decode() for word in normalized(line).encode().split()), "</s>"]
        for length, found in enumerate(counts, 1):
            found.update(zip(*(words[first:] for first in range(length)), strict=False))
    total = counts[0].total()
    backoff = math.log10(_DISCOUNT)
    orders: list[Grams] = []
    for length, found in enumerate(counts, 1):
        kept = {gram: count for gram, count in found.items() if count > 1 or length < _COMMON}
        before = counts[length - 2]
        orders.append({
            gram: (math.log10((count - _DISCOUNT) / (before[gram[:-1]] if length > 1 else total)), backoff)
            for gram, count in kept.items()
        })  # fmt: skip
    return orders
