"""The stage of the step `edges`: which documents share a key of a band."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from dedup.edges import edges_by_pieces
from dedup.minhash import MinHash
from dedup.numbering import Numbers, bundles, contains, numbers
from dedup.ranges import KEYS, pieces
from dedup.releases import Bundle, OpenRelease, Release, opened
from dedup.routing import by_ends, dealt_to, together
from pipeline.identity import IDENTITY_IF_CHANGED
from pipeline.receipts import Receipt
from pipeline.schemas import EDGES
from pipeline.steps import PartRun
from pipeline.tables import read_row_groups

_SKEW = 1.25  # keys are spread evenly but for those that many documents have


@dataclass(frozen=True, slots=True, kw_only=True)
class Edges:
    """Partition `b * ranges + r` finds the documents that share a key of band `b`, of those in the `r`-th range of keys.

    Where the range has more than `rows` keys, it is worked through in pieces. A set of row groups, one for each partition of
    `components` that begins at a document of `starts`, is written for each. `merged` says that the keys come from `sorted`,
    or with several `groups` of ranges in each band from `ranged`.
    Documents that stay of the releases `against` are looked at where they have a key of this run's.
    """

    name: ClassVar[str] = "edges"
    version: ClassVar[int] = 1

    minhash: MinHash
    ranges: int = field(default=1, metadata=IDENTITY_IF_CHANGED)
    rows: int = field(default=10_000_000, metadata=IDENTITY_IF_CHANGED)
    starts: tuple[int, ...] = field(default=(0,), metadata=IDENTITY_IF_CHANGED)
    merged: bool = field(default=False, metadata=IDENTITY_IF_CHANGED)
    against: tuple[Release, ...] = field(default=(), metadata=IDENTITY_IF_CHANGED)
    groups: int = field(default=1, metadata=IDENTITY_IF_CHANGED)

    def run(self, part: PartRun) -> dict[str, int]:
        """Writes `edges`; counts the keys read and the edges found."""
        writer = part.writer("edges", EDGES)
        counts = {"keys": 0, "edges": 0}
        earlier = opened(self.against)
        for low, high in self._pieces(part):
            read = self._with_earlier(self._read(part, low, high, counts), earlier, part.partition, (low, high))
            for found in edges_by_pieces(read, int(self.rows * _SKEW)):
                counts["edges"] += found.num_rows
                for routed in by_ends(found, self.starts):
                    writer.write_row_group(routed)
        return counts

    def _pieces(self, part: PartRun) -> list[tuple[int, int]]:
        """The range of this partition cut into ranges of keys, first and last, of about `rows` keys."""
        read = sum(receipt.rows("bands") for receipt in part.receipts(self._input))
        found = pieces(part.partition % self.ranges, self.ranges, read, self.minhash.bands * self.rows)
        return [(low, high - 1) for low, high in found]

    @property
    def _input(self) -> str:
        if self.groups > 1:
            return "ranged"
        return "sorted" if self.merged else "minhash"

    def _read(self, part: PartRun, low: int, high: int, counts: dict[str, int]) -> Iterator[tuple[Numbers, Numbers]]:
        """Keys from `low` to `high` and their documents, one row group after the other."""
        whole = (low, high) == (0, KEYS - 1)
        receipts, first, step = self._places(part)
        for receipt, file in receipts:
            for group in read_row_groups(part.storage, receipt, "bands", first, step, ("key", "member", "row")):
                keys = group["key"].to_numpy()
                start, stop = (0, keys.size) if whole else _between(keys, low, high)
                some = group.slice(start, stop - start)
                counts["keys"] += some.num_rows
                # Of a view the keys of all ranges would stay in memory.
                own = keys if whole else keys[start:stop].copy()
                yield own, numbers(file, some["member"].to_numpy(), some["row"].to_numpy())

    def _places(self, part: PartRun) -> tuple[Iterable[tuple[Receipt, int]], int, int]:
        """What to open, with its first file, and there the first row group of this partition and how far the next is."""
        bands, (band, place) = self.minhash.bands, divmod(part.partition, self.ranges)
        receipts = part.receipts(self._input)
        if self.groups > 1:
            each = together(self.ranges, self.groups)
            dealt = dealt_to(receipts, self.minhash.bands * self.groups, band * self.groups + place // each)
            return [(receipt, 0) for receipt in dealt], place % each, each
        opened = bundles(receipts, part.span(self._input))
        return (opened, part.partition, bands * self.ranges) if self.merged else (opened, band, bands)

    def _with_earlier(
        self,
        own: Iterator[tuple[Numbers, Numbers]],
        earlier: list[OpenRelease],
        partition: int,
        bounds: tuple[int, int],
    ) -> Iterator[tuple[Numbers, Numbers]]:
        """What `own` has, then of the releases what stays and has one of these keys: others are connected with nothing new."""
        if not earlier:
            yield from own
            return
        known: list[Numbers] = [np.empty(0, np.uint64)]
        for keys, documents in own:
            known.append(_distinct(keys))
            yield keys, documents
        wanted = np.concatenate(known)
        known.clear()
        wanted.sort()  # np.unique hashes: the whole took four times as long for 3 million keys
        wanted = _distinct(wanted)
        for release in earlier:
            for bundle in release.bundles():
                yield from self._matched(release, bundle, partition // self.ranges, wanted, bounds)

    def _matched(
        self, release: OpenRelease, bundle: Bundle, band: int, wanted: Numbers, bounds: tuple[int, int]
    ) -> Iterator[tuple[Numbers, Numbers]]:
        """Of a part of a release the documents that stay and have a key of `wanted`, which is sorted."""
        groups = read_row_groups(
            release.storage, bundle.receipt, "bands", band, self.minhash.bands, ("key", "member", "row")
        )
        stays = None
        for group in groups:
            keys = group["key"].to_numpy()
            start, stop = _between(keys, *bounds)
            at = start + np.flatnonzero(contains(wanted, keys[start:stop]))
            if at.size:
                member, row = (group[name].to_numpy()[at] for name in ("member", "row"))
                stays = stays or release.stays(bundle.place)
                kept = stays(member, row)
                yield keys[at[kept]], numbers(bundle.first, member[kept], row[kept])


def _distinct(keys: Numbers) -> Numbers:
    """Sorted keys, each once."""
    first = np.ones(keys.size, np.bool_)
    np.not_equal(keys[1:], keys[:-1], out=first[1:])
    return keys[first]


def _between(keys: Numbers, low: int, high: int) -> tuple[int, int]:
    """Where in sorted keys those from `low` to `high` begin and end."""
    return int(np.searchsorted(keys, np.uint64(low))), int(np.searchsorted(keys, np.uint64(high), side="right"))
