"""What each rule of survival says of documents that are made by arithmetic, as rows of `clusters`."""

from itertools import product
from typing import Any

import numpy as np
import orjson
import pyarrow as pa

from dedup.bands import band_keys
from dedup.bbit import pack
from dedup.clusters import clusters
from dedup.edges import edges
from dedup.election import elect_stars
from dedup.minhash import MinHash
from dedup.survival import Components, Star, Survival
from dedup.survivors import ORDER_SCHEMA, survivors
from pipeline.schemas import KEYS, SIGNATURE

RULES: tuple[Survival, ...] = (Components(), Star(), Star(similarity=0.8, order=("date", "record_id")))

MINHASH = MinHash(bands=10, rows=4, ngram=1)
FAMILIES, MEMBERS, WORDS = 6, 7, 24
DAY = 86_400_000_000


def texts() -> list[str]:
    """Families of texts: member `m` differs from the first in `m` words, and two families have every second word in common.

    Words are of letters alone, since numbers are all the same to the signatures.
    """
    found: list[str] = []
    for family, member in product(range(FAMILIES), range(MEMBERS)):
        words = [_word(family + (family % 2 == 0 and place % 2), place) for place in range(WORDS)]
        for place in range(member):
            words[(place * 5 + family) % WORDS] = _word(family, member, place)
        found.append(" ".join(words[: WORDS - (family + member) % 3]))
    return found


def _word(*numbers: int) -> str:
    return "".join(chr(ord("a") + number) for number in numbers) + "q" * len(numbers)


def told(rule: Survival) -> list[list[Any]]:
    """Document, cluster, its size, survivor, whether it stays, and similarity, of all that are in a cluster."""
    made = texts()
    values, _ = MINHASH.signatures(made)
    keys, document = band_keys(values, MINHASH.bands, MINHASH.rows), np.arange(len(made), dtype=np.uint64)
    dates = [None if row % 5 == 4 else (row * 7 % 11) * DAY for row in range(len(made))]
    ids = [f"<urn:{row * 13 % len(made):03}>" for row in range(len(made))]
    order = pa.table([document, list(map(len, made)), dates, ids], schema=ORDER_SCHEMA)
    if isinstance(rule, Star):
        members = order.append_column(KEYS, pa.array(keys.tolist(), KEYS.type))
        packed = [row.tobytes() for row in pack(values, rule.bits)]
        members = members.append_column(SIGNATURE, pa.array(packed, pa.binary(len(packed[0]))))
        rows = elect_stars(members, MINHASH, rule)
    else:
        rows = survivors(clusters(edges(keys[:, band], document) for band in range(MINHASH.bands)), order)
    return orjson.loads(orjson.dumps([list(row.values()) for row in rows.to_pylist()]))


def key(rule: Survival) -> str:
    place = [each for each in RULES if each.name == rule.name].index(rule)
    return f"{rule.name}{f', {place},' if place else ''} version {rule.version}"
