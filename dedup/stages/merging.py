"""The stage of the step `sorted`: parts of `minhash` merged to few, so that `edges` opens few files."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import ClassVar

import numpy as np
import pyarrow as pa

from dedup.minhash import MinHash
from dedup.routing import together
from pipeline.identity import IDENTITY_IF_CHANGED
from pipeline.receipts import Receipt
from pipeline.schemas import BANDS
from pipeline.steps import PartRun
from pipeline.tables import read_row_groups

_KEYS = 1 << 64

Set = tuple[
    Receipt, int, int
]  # a part of `minhash`, its first file within this part, and which of its sets of row groups


def bounds_of(ranges: int) -> list[int]:
    """The first key of each of some ranges of keys."""
    return [place * _KEYS // ranges for place in range(ranges)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """The keys of all covered parts, each band sorted and cut into `ranges`; at most about `rows` documents at a time.

    With several `groups` of ranges each band is cut into these.
    """

    name: ClassVar[str] = "sorted"
    version: ClassVar[int] = 1

    minhash: MinHash
    ranges: int
    rows: int
    groups: int = field(default=1, metadata=IDENTITY_IF_CHANGED)

    def run(self, part: PartRun) -> dict[str, int]:
        """Writes `bands` with a row group for each band and range, several sets of them where there are more rows."""
        writer = part.writer("bands", BANDS)
        each = together(self.ranges, self.groups) if self.groups > 1 else 1
        bounds = np.array(bounds_of(self.ranges)[each::each], np.uint64)
        sets = 0
        for some in self._sets(part):
            sets += 1
            for band in range(self.minhash.bands):
                table = self._sorted(part, some, band)
                ends = [0, *np.searchsorted(table["key"].to_numpy(), bounds).tolist(), table.num_rows]
                for start, stop in pairwise(ends):
                    writer.write_row_group(table.slice(start, stop - start))
        return {"keys": writer.rows, "sets": sets}

    def _sets(self, part: PartRun) -> Iterator[list[Set]]:
        """Sets of row groups that together have at most `rows` documents, one of more than that alone; at least one."""
        held, documents = [], 0
        for place, receipt in enumerate(part.receipts("minhash")):
            for number, count in enumerate(self._counts(part, receipt)):
                if held and documents + count > self.rows:
                    yield held
                    held, documents = [], 0
                held.append((receipt, place * part.span("minhash"), number))
                documents += count
        yield held

    def _counts(self, part: PartRun, receipt: Receipt) -> list[int]:
        """Documents of each set of row groups."""
        groups = read_row_groups(part.storage, receipt, "bands", 0, self.minhash.bands, ("member",))
        return [group.num_rows for group in groups]

    def _sorted(self, part: PartRun, some: list[Set], band: int) -> pa.Table:
        tables: list[pa.Table] = []
        for receipt, file, number in some:
            first = number * self.minhash.bands + band
            group = next(read_row_groups(part.storage, receipt, "bands", first, self.minhash.bands))
            member = group["member"].to_numpy() + np.int32(file)
            tables.append(group.set_column(2, BANDS.field("member"), pa.array(member, pa.int32())))
        table = pa.concat_tables(tables).combine_chunks()
        return table.take(pa.array(np.argsort(table["key"].to_numpy(), kind="stable")))
