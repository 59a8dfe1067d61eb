"""The stage of the steps `copies-url` and `copies-text`: of all documents with the same key the first of the order stays."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import ClassVar

import polars as pl

from dedup.exact import Exact
from dedup.groups import grouped, repeated
from dedup.keyed import earlier_parts, own_parts, read_keys
from dedup.ranges import pieces
from dedup.releases import Release
from dedup.routing import read_dealt
from dedup.runs import Runs
from dedup.survival import columns_of
from dedup.survivors import elected, frame_of, is_earlier_column
from pipeline.identity import IDENTITY_IF_CHANGED
from pipeline.schemas import COPIES, ORIGINALS
from pipeline.steps import PartRun

KEY = ("high", "low")


@dataclass(frozen=True, slots=True, kw_only=True)
class Copies:
    """Partition `p` of `partitions` elects the originals of its range of keys, about `rows` keys at a time.

    With several `groups` of partitions keys come from `dealt-KIND`. Documents of the releases `against` come before all others,
    of the first release first, and so are the originals of this run's that have their keys.
    """

    name: ClassVar[str] = "copies"
    version: ClassVar[int] = 1

    exact: Exact
    order: tuple[str, ...]
    partitions: int
    rows: int
    groups: int = field(default=1, metadata=IDENTITY_IF_CHANGED)
    against: tuple[Release, ...] = field(default=(), metadata=IDENTITY_IF_CHANGED)

    def run(self, part: PartRun) -> dict[str, int]:
        """Writes `copies` by document, `pairs`, the same by original, and `originals`; counts keys, copies and originals.

        A page that is everywhere costs its rows here, read a row group at a time, and nothing in what follows.
        """
        copies = Runs(part.writer("copies", COPIES), ("document",))
        pairs = Runs(part.writer("pairs", COPIES), ("original", "document"))
        originals = Runs(part.writer("originals", ORIGINALS), ("document",))
        order = ("release", *columns_of(self.order)) if self.against else self.order
        read = sum(receipt.counts["keys"] for receipt in part.receipts(self._input))
        for low, high in pieces(part.partition, self.partitions, read, self.rows):
            known = repeated(self._read(part, low, high, KEY), KEY, beside=self._earlier(part, low, high, KEY))
            columns = (*KEY, "copies", *columns_of(order))
            found = chain(self._read(part, low, high, columns), self._earlier(part, low, high, columns))
            chosen = elected(grouped(found, known, KEY), order)
            stands = chosen.select(document="survivor", copies="cluster_size").to_arrow().cast(ORIGINALS)
            originals.add(stands)
            for piece in grouped(self._read(part, low, high, KEY), known, KEY):
                rows = piece.join(chosen, on="cluster", how="inner", maintain_order="left")
                found = rows.filter(pl.col("document") != pl.col("survivor"))
                table = found.select("document", original="survivor").to_arrow().cast(COPIES)
                copies.add(table)
                pairs.add(table)
        for runs in (copies, pairs, originals):
            runs.close()
        return {"copies": copies.rows, "originals": originals.rows}

    @property
    def _input(self) -> str:
        return f"{'dealt' if self.groups > 1 else 'exact'}-{self.exact.by}"

    def _read(self, part: PartRun, low: int, high: int, columns: Sequence[str]) -> Iterator[pl.DataFrame]:
        """The `columns` and `document` of rows of this run with keys from `low` to below `high`, a row group at a time."""
        if self.groups > 1:
            rows = self._dealt(part, low, high, columns)
            yield from (some.filter(~is_earlier_column("document")) for some in rows) if self.against else rows
            return
        for each in own_parts(part, self.exact.by):
            yield from map(frame_of, read_keys(each, low, high, columns))

    def _earlier(self, part: PartRun, low: int, high: int, columns: Sequence[str]) -> Iterator[pl.DataFrame]:
        """The same of rows of the releases."""
        if self.groups > 1 and self.against:
            for some in self._dealt(part, low, high, columns):
                yield some.filter(is_earlier_column("document"))
            return
        for each in earlier_parts(self.against, self.exact.by):
            yield from map(frame_of, read_keys(each, low, high, columns))

    def _dealt(self, part: PartRun, low: int, high: int, columns: Sequence[str]) -> Iterator[pl.DataFrame]:
        asked = tuple(dict.fromkeys((*columns, "high", "document")))
        for table in read_dealt(part, self._input, "dealt", self.partitions, self.groups, asked):
            inside = (pl.col("high") >= low) & (pl.col("high") <= high - 1)
            yield frame_of(table).filter(inside).select(*columns, "document")
