"""The stage of the step `ranged`: keys on their way from `sorted` to the ranges of `edges`, where both are many."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

import numpy as np
import pyarrow as pa

from dedup.minhash import MinHash
from dedup.routing import sets, together
from dedup.stages.merging import bounds_of
from pipeline.schemas import BANDS
from pipeline.steps import PartRun
from pipeline.tables import read_row_groups


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranged:
    """Partition `(b * groups + g) * slices + s` deals keys of band `b` in the `g`-th group of its `ranges`.

    They are those of a slice of the parts of `sorted`, about `rows` keys at a time.
    """

    name: ClassVar[str] = "ranged"
    version: ClassVar[int] = 1

    minhash: MinHash
    ranges: int
    groups: int
    slices: int
    rows: int

    def run(self, part: PartRun) -> dict[str, int]:
        """Writes `bands`: sets of a row group for each range of the group, sorted by key; a document's member is its file."""
        each, group = together(self.ranges, self.groups), part.partition // self.slices % self.groups
        inside = np.array(bounds_of(self.ranges)[group * each + 1 : (group + 1) * each], np.uint64)
        writer = part.writer("bands", BANDS)
        count = 0
        for some in sets(self._read(part), BANDS, self.rows):
            count += 1
            table = some.take(pa.array(np.argsort(some["key"].to_numpy(), kind="stable")))
            ends = [0, *np.searchsorted(table["key"].to_numpy(), inside).tolist(), table.num_rows]
            for start, stop in pairwise(ends):
                writer.write_row_group(table.slice(start, stop - start))
            for _ in range(each - len(ends) + 1):
                writer.write_row_group(BANDS.empty_table())
        return {"keys": writer.rows, "sets": count}

    def _read(self, part: PartRun) -> Iterator[pa.Table]:
        """The row group of each set of each part of `sorted`."""
        place, number = divmod(part.partition, self.slices)
        places, receipts, span = self.minhash.bands * self.groups, part.receipts("sorted"), part.span("sorted")
        low, high = (len(receipts) * end // self.slices for end in (number, number + 1))
        for receipt, file in zip(receipts[low:high], range(low * span, high * span, span), strict=True):
            for table in read_row_groups(part.storage, receipt, "bands", place, places):
                member = pa.array(table["member"].to_numpy() + np.int32(file), pa.int32())
                yield table.set_column(2, BANDS.field("member"), member)
