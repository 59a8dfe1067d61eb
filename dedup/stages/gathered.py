"""The stage of the step `gathered`: clustered documents on their way to the elections, where parts and elections are many."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pyarrow as pa

from dedup.columns import member_schema
from dedup.minhash import MinHash
from dedup.routing import by_cluster, dealt, read_written_for, sets, share, together
from dedup.survival import Survival
from pipeline.steps import PartRun


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """Partition `g * slices + s` deals what a slice of the steps `written` has for group `g` of `elections`.

    It holds about `rows` rows at a time.
    `copies`: exact copies were taken away before, and are counted.
    """

    name: ClassVar[str] = "gathered"
    version: ClassVar[int] = 1

    minhash: MinHash
    survival: Survival
    elections: int
    groups: int
    slices: int
    rows: int
    written: tuple[str, ...]
    copies: bool

    def run(self, part: PartRun) -> dict[str, int]:
        """Writes `members`: sets of a row group for each election of the group; counts the documents and the sets."""
        schema = member_schema(self.minhash, self.survival, copies=self.copies)
        each = together(self.elections, self.groups)
        writer = part.writer("members", schema)
        count = 0
        for some in sets(self._read(part), schema, self.rows):
            count += 1
            election = by_cluster(some["cluster"].to_numpy(), self.elections).astype(np.int64)
            for table in dealt(some, election - part.partition // self.slices * each, each):
                writer.write_row_group(table)
        return {"documents": writer.rows, "sets": count}

    def _read(self, part: PartRun) -> Iterator[pa.Table]:
        group, number = divmod(part.partition, self.slices)
        some = share(part, self.written, number, self.slices)
        yield from read_written_for(part.storage, some, "members", group, self.groups)
