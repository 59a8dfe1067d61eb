"""What is known of clustered documents, gathered from the parts of `minhash` that signed them."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from dedup.minhash import MinHash
from dedup.numbering import Numbers, contains, numbers
from dedup.routing import by_cluster, dealt, together
from pipeline.errors import StorageError
from pipeline.receipts import Receipt
from pipeline.schemas import KEYS
from pipeline.storage import Storage
from pipeline.tables import TableWriter, columns_of, read_batches, read_row_groups

_BATCH = 1 << 14


class SignedPart(NamedTuple):
    """A part of `minhash`, where it lies, and the number of its first file."""

    storage: Storage
    receipt: Receipt
    first: int


def members_of(clustered: pa.Table, signed: Sequence[SignedPart], minhash: MinHash, schema: pa.Schema) -> pa.Table:
    """The rows of `members`, of this `schema`, for the documents of `clustered`, all of which `signed` has; sorted by document.

    StorageError where not each has its place in the order and its keys.
    """
    members = _ordered(clustered, signed, schema)
    if KEYS.name in schema.names:
        keys = _keys(clustered["document"].to_numpy(), signed, minhash.bands)
        offsets = np.arange(len(keys) + 1, dtype=np.int32) * np.int32(minhash.bands)
        members[KEYS.name] = pa.ListArray.from_arrays(pa.array(offsets), pa.array(keys.ravel()))
    return pa.table([members[name] for name in schema.names], schema=schema)


def write_by_cluster(writer: TableWriter, members: pa.Table, elections: int, groups: int = 1) -> None:
    """A row group for each of `elections` partitions of `clusters`, or of so many `groups` of neighbouring ones."""
    at = by_cluster(members["cluster"].to_numpy(), elections).astype(np.int64)
    each = together(elections, groups) if groups > 1 else 1
    for table in dealt(members, at // each, groups if groups > 1 else elections):
        writer.write_row_group(table)


def _ordered(
    clustered: pa.Table, signed: Sequence[SignedPart], schema: pa.Schema
) -> dict[str, pa.Array | pa.ChunkedArray]:
    """The clustered documents with what `order` says of them."""
    document = clustered["document"].to_numpy()
    names = [name for name in schema.names if name not in ("document", "cluster", KEYS.name)]
    found: list[pa.Table] = [pa.schema([schema.field(name) for name in names]).empty_table()]
    places: list[Numbers] = [np.empty(0, np.uint64)]
    for storage, receipt, first in signed:
        there = _there(storage, receipt, names)
        for batch in read_batches(storage, receipt, "order", ("member", "row", *there), _BATCH):
            number = numbers(first, batch["member"].to_numpy(), batch["row"].to_numpy())
            wanted = contains(document, number)
            places.append(number[wanted])
            rows = batch.filter(pa.array(wanted))
            columns = [rows[n] if n in there else pa.nulls(rows.num_rows, found[0].field(n).type) for n in names]
            found.append(pa.table(columns, names=names).cast(found[0].schema))
    at = np.concatenate(places)
    if not np.array_equal(at, document):
        raise StorageError(f"step minhash: {at.size} rows in the order about {document.size} clustered documents")
    table = pa.concat_tables(found)
    return {"document": clustered["document"], "cluster": clustered["cluster"]} | {n: table[n] for n in names}


def _there(storage: Storage, receipt: Receipt, names: Sequence[str]) -> list[str]:
    """The columns of `order` to read: an earlier release may have been made without scores, which are then unknown."""
    if "score" not in names or "score" in columns_of(storage, receipt, "order"):
        return list(names)
    return [name for name in names if name != "score"]


def _keys(document: Numbers, signed: Sequence[SignedPart], bands: int) -> Numbers:
    """The band keys of documents, which are sorted: shape (documents, bands)."""
    keys = np.zeros((document.size, bands), np.uint64)
    known = np.zeros(bands, np.int64)
    for storage, receipt, first in signed:
        for number, group in enumerate(read_row_groups(storage, receipt, "bands", 0, 1)):
            here = numbers(first, group["member"].to_numpy(), group["row"].to_numpy())
            wanted = contains(document, here)
            keys[np.searchsorted(document, here[wanted]), number % bands] = group["key"].to_numpy()[wanted]
            known[number % bands] += np.count_nonzero(wanted)
    if (known != document.size).any():
        raise StorageError(f"step minhash: not each of {document.size} clustered documents has a key in each band")
    return keys
