"""The stage of the step `members`: the clustered documents of a part with all that an election needs to know of them."""

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import pyarrow as pa

from dedup.columns import member_schema
from dedup.minhash import MinHash
from dedup.numbering import Numbers, among, numbers
from dedup.routing import by_cluster
from dedup.survival import Components, Star, Survival
from pipeline.errors import StorageError
from pipeline.identity import IDENTITY_IF_CHANGED
from pipeline.steps import PartRun
from pipeline.tables import read_batches, read_row_groups

_BATCH = 1 << 14


@dataclass(frozen=True, slots=True, kw_only=True)
class Members:
    """The clustered documents of the covered files, in a row group for each of `elections` partitions of `clusters`.

    `copies`: exact copies were taken away before, and `order` counts them.
    """

    name: ClassVar[str] = "members"
    version: ClassVar[int] = 1

    minhash: MinHash
    survival: Survival = field(default_factory=Components, metadata=IDENTITY_IF_CHANGED)
    elections: int = field(default=1, metadata=IDENTITY_IF_CHANGED)
    copies: bool = field(default=False, metadata=IDENTITY_IF_CHANGED)

    def run(self, part: PartRun) -> dict[str, int]:
        """Writes `members`; counts the documents. StorageError where not each has its place in the order and its keys."""
        clustered = among(part, "components", part.task.part.first, part.task.part.count)
        schema = member_schema(self.minhash, self.survival, copies=self.copies)
        members = self._ordered(part, clustered, schema)
        if isinstance(self.survival, Star):
            keys = self._keys(part, clustered["document"].to_numpy())
            offsets = np.arange(len(keys) + 1, dtype=np.int32) * np.int32(self.minhash.bands)
            members["keys"] = pa.ListArray.from_arrays(pa.array(offsets), pa.array(keys.ravel()))
        table = pa.table([members[name] for name in schema.names], schema=schema)
        at = by_cluster(table["cluster"].to_numpy(), self.elections)
        writer = part.writer("members", schema)
        for place in range(self.elections):
            writer.write_row_group(table.filter(pa.array(at == np.uint64(place))))
        return {"documents": table.num_rows}

    def _ordered(self, part: PartRun, clustered: pa.Table, schema: pa.Schema) -> dict[str, pa.Array | pa.ChunkedArray]:
        """The clustered documents with what `order` says of them."""
        document = clustered["document"].to_numpy()
        names = [name for name in schema.names if name not in ("document", "cluster", "keys")]
        found: list[pa.Table] = [pa.schema([schema.field(name) for name in names]).empty_table()]
        places: list[Numbers] = [np.empty(0, np.uint64)]
        for place, receipt in enumerate(part.receipts("minhash")):
            first = part.task.part.first + place * part.span("minhash")
            for batch in read_batches(part.storage, receipt, "order", ("member", "row", *names), _BATCH):
                number = numbers(first, batch["member"].to_numpy(), batch["row"].to_numpy())
                wanted = np.isin(number, document)
                places.append(number[wanted])
                found.append(
                    pa.Table.from_batches([batch.select(names).filter(pa.array(wanted))]).cast(found[0].schema)
                )
        at = np.concatenate(places)
        if not np.array_equal(at, document):
            raise StorageError(f"step minhash: {at.size} rows in the order about {document.size} clustered documents")
        table = pa.concat_tables(found)
        return {"document": clustered["document"], "cluster": clustered["cluster"]} | {n: table[n] for n in names}

    def _keys(self, part: PartRun, document: Numbers) -> Numbers:
        """The band keys of documents, which are sorted: shape (documents, bands)."""
        bands = self.minhash.bands
        keys = np.zeros((document.size, bands), np.uint64)
        known = np.zeros(bands, np.int64)
        for place, receipt in enumerate(part.receipts("minhash")):
            first = part.task.part.first + place * part.span("minhash")
            for number, group in enumerate(read_row_groups(part.storage, receipt, "bands", 0, 1)):
                here = numbers(first, group["member"].to_numpy(), group["row"].to_numpy())
                wanted = np.isin(here, document)
                keys[np.searchsorted(document, here[wanted]), number % bands] = group["key"].to_numpy()[wanted]
                known[number % bands] += np.count_nonzero(wanted)
        if (known != document.size).any():
            raise StorageError(f"step minhash: not each of {document.size} clustered documents has a key in each band")
        return keys
