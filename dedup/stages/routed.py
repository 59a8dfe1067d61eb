"""The stage of the steps `routed-…`: edges on their way to the partitions of `components`, where these are many."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import pyarrow as pa

from dedup.routing import by_ends, read_written_for, sets, share, together
from pipeline.schemas import EDGES
from pipeline.steps import PartRun


@dataclass(frozen=True, slots=True, kw_only=True)
class Routed:
    """Partition `g * slices + s` deals the edges that a slice of step `before` wrote for group `g`, about `rows` at a time.

    Partitions of `components` begin at the documents `starts`.
    """

    name: ClassVar[str] = "routed"
    version: ClassVar[int] = 1

    before: str
    starts: tuple[int, ...]
    groups: int
    slices: int
    rows: int

    def run(self, part: PartRun) -> dict[str, int]:
        """Writes `edges`: sets of a row group for each partition of the group; counts them and the sets."""
        each = together(len(self.starts), self.groups)
        writer = part.writer("edges", EDGES)
        group = part.partition // self.slices
        bounds = self.starts[group * each : (group + 1) * each + 1]
        count = 0
        for some in sets(self._read(part), EDGES, self.rows):
            count += 1
            found = [*by_ends(some, bounds)][:each]
            for table in (*found, *[EDGES.empty_table()] * (each - len(found))):
                writer.write_row_group(table)
        return {"edges": writer.rows, "sets": count}

    def _read(self, part: PartRun) -> Iterator[pa.Table]:
        """Nothing is opened where nothing was written."""
        group, number = divmod(part.partition, self.slices)
        some = (each for each in share(part, (self.before,), number, self.slices) if each.counts["edges"])
        yield from read_written_for(part.storage, some, "edges", group, self.groups)
