"""The stages of the steps `members` and `earlier`: clustered documents with all that an election needs to know of them."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import pyarrow as pa

from dedup.columns import member_schema
from dedup.gathering import SignedPart, members_of, write_by_cluster
from dedup.minhash import MinHash
from dedup.numbering import among
from dedup.releases import OpenRelease, Release, opened
from dedup.scale import Ranges
from dedup.survival import Components, Survival
from pipeline.identity import IDENTITY_IF_CHANGED, NOT_IDENTITY
from pipeline.steps import PartRun


@dataclass(frozen=True, slots=True, kw_only=True)
class Members:
    """The clustered documents of the covered files, in a row group for each of `elections` partitions of `clusters`.

    Where there are `groups` of elections, in one for each of these. `components` says of which documents its partitions are.
    `copies`: exact copies were taken away before, and `order` counts them.
    """

    name: ClassVar[str] = "members"
    version: ClassVar[int] = 1

    minhash: MinHash
    survival: Survival = field(default_factory=Components, metadata=IDENTITY_IF_CHANGED)
    elections: int = field(default=1, metadata=IDENTITY_IF_CHANGED)
    groups: int = field(default=1, metadata=IDENTITY_IF_CHANGED)
    copies: bool = field(default=False, metadata=IDENTITY_IF_CHANGED)
    components: Ranges = field(default_factory=Ranges, metadata=NOT_IDENTITY)

    def run(self, part: PartRun) -> dict[str, int]:
        """Writes `members`; counts the documents. StorageError where not each has its place in the order and its keys."""
        first = part.task.part.first
        clustered = among(part, "components", first, part.task.part.count, starts=self.components.starts())
        signed = [
            SignedPart(part.storage, receipt, first + place * part.span("minhash"))
            for place, receipt in enumerate(part.receipts("minhash"))
        ]
        table = members_of(
            clustered, signed, self.minhash, member_schema(self.minhash, self.survival, copies=self.copies)
        )
        write_by_cluster(part.writer("members", table.schema), table, self.elections, self.groups)
        return {"documents": table.num_rows}


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """The same for documents of earlier releases: partition `p` has some of the parts of one of them.

    Each release is cut into as many pieces as `pieces` says. With `copies` its documents stand for none of this run.
    """

    name: ClassVar[str] = "earlier"
    version: ClassVar[int] = 1

    minhash: MinHash
    against: tuple[Release, ...]
    pieces: tuple[int, ...]
    survival: Survival = field(default_factory=Components, metadata=IDENTITY_IF_CHANGED)
    elections: int = field(default=1, metadata=IDENTITY_IF_CHANGED)
    groups: int = field(default=1, metadata=IDENTITY_IF_CHANGED)
    copies: bool = field(default=False, metadata=IDENTITY_IF_CHANGED)
    components: Ranges = field(default_factory=Ranges, metadata=NOT_IDENTITY)

    def run(self, part: PartRun) -> dict[str, int]:
        """Writes `members`; counts the documents. Parts of the release without one that is clustered are not read."""
        schema = member_schema(self.minhash, self.survival)
        table = pa.concat_tables([schema.empty_table(), *self._found(part, schema)])
        if self.copies:
            whole = member_schema(self.minhash, self.survival, copies=True)
            table = table.append_column("copies", pa.array(np.zeros(table.num_rows, np.int32)))
            table = table.select(whole.names).cast(whole)
        write_by_cluster(part.writer("members", table.schema), table, self.elections, self.groups)
        return {"documents": table.num_rows}

    def _found(self, part: PartRun, schema: pa.Schema) -> Iterator[pa.Table]:
        release, start, stop = self._share(part.partition)
        bundles = list(release.bundles(start, stop))
        if not bundles:
            return
        span = release.release.span
        clustered = among(part, "components", bundles[0].first, span * len(bundles), starts=self.components.starts())
        document = clustered["document"].to_numpy()
        for bundle in bundles:
            ends = np.array([bundle.first << 24, bundle.first + span << 24], np.uint64)
            low, high = np.searchsorted(document, ends).tolist()
            if low < high:
                signed = [SignedPart(release.storage, bundle.receipt, bundle.first)]
                yield members_of(clustered.slice(low, high - low), signed, self.minhash, schema)

    def _share(self, partition: int) -> tuple[OpenRelease, int, int]:
        """The release of a partition, and its first part and the one after the last."""
        for release, pieces in zip(opened(self.against), self.pieces, strict=True):
            if partition < pieces:
                return release, partition * release.parts // pieces, (partition + 1) * release.parts // pieces
            partition -= pieces
        raise ValueError(f"{sum(self.pieces)} pieces have no partition {partition} behind them")
