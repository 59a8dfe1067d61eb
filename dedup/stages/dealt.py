"""The stage of the steps `dealt-…`: keys of exact copies on their way to the partitions of `copies-…`, where parts are many."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import pyarrow as pa

from dedup.exact import Exact
from dedup.keyed import earlier_parts, own_parts, read_keys
from dedup.ranges import bounds
from dedup.releases import Release, is_earlier
from dedup.routing import dealt, sets, together
from pipeline.identity import IDENTITY_IF_CHANGED
from pipeline.schemas import DEALT, RANKED, with_columns
from pipeline.steps import PartRun


@dataclass(frozen=True, slots=True, kw_only=True)
class Dealt:
    """Partition `g * slices + s` deals what a slice of `exact-KIND` has for group `g` of the `partitions` of `copies-KIND`.

    It holds about `rows` rows at a time. `score`: the order of survival has one. Keys of the releases `against` are dealt too.
    """

    name: ClassVar[str] = "dealt"
    version: ClassVar[int] = 1

    exact: Exact
    partitions: int
    groups: int
    slices: int
    rows: int
    score: bool = field(default=False, metadata=IDENTITY_IF_CHANGED)
    against: tuple[Release, ...] = field(default=(), metadata=IDENTITY_IF_CHANGED)

    def run(self, part: PartRun) -> dict[str, int]:
        """Writes `dealt`: sets of a row group for each partition of the group; counts the keys of this run and the sets."""
        schema = with_columns(DEALT, RANKED, ["score"] if self.score else [])
        each, writer = together(self.partitions, self.groups), part.writer("dealt", schema)
        mine = self._bounds(part)
        count = keys = 0
        for some in sets(self._read(part, schema), schema, self.rows):
            count += 1
            keys += int(np.count_nonzero(~is_earlier(some["document"].to_numpy())))
            at = np.searchsorted(np.array(mine[1:-1], np.uint64), some["high"].to_numpy(), side="right")
            for table in dealt(some, at, each):
                writer.write_row_group(table)
        return {"keys": keys, "sets": count}

    def _bounds(self, part: PartRun) -> list[int]:
        """The first key of each partition of the group, and what is behind the last; the last group may have fewer."""
        each, group = together(self.partitions, self.groups), part.partition // self.slices
        return bounds(self.partitions)[group * each : (group + 1) * each + 1]

    def _read(self, part: PartRun, schema: pa.Schema) -> Iterator[pa.Table]:
        """The rows of the group, in the order in which a partition without this level reads them."""
        low, *_, high = self._bounds(part)
        names = [name for name in schema.names if name != "document"]
        written = [*own_parts(part, self.exact.by), *earlier_parts(self.against, self.exact.by)]
        number = part.partition % self.slices
        first, stop = (len(written) * end // self.slices for end in (number, number + 1))
        for each in written[first:stop]:
            for table in read_keys(each, low, high, names):
                yield table.select(schema.names).cast(schema)
