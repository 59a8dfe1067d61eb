"""Takes rows out of committed parts of ingest and of what stands beside it, as if the pages had been stopped when they were read.

A mended part is what reading its file again would give: the record's row stays as a place in the file, with the gate
`taken_down`, its document is gone, and all other rows are as they were. New files are written under a new attempt's name, then
the receipt is replaced, then the seals that hold it. Each of these is atomic and doing them again changes nothing, so a
takedown that is killed is completed by running it again.
"""

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.ingest_tables import SAMPLE_ROW_GROUP
from pipeline.quarantine import ROW_GROUP as QUARANTINE_ROW_GROUP
from pipeline.receipts import FileEntry, Receipt, Receipts, read_manifest, receipt_path, seal
from pipeline.storage import Storage
from pipeline.storage_errors import damage_errors
from pipeline.tables import ROW_GROUP, TableWriter, read_batches, read_table
from pipeline.takedown.places import Part, Place, receipts_at
from pipeline.takedown.tombstones import TAKEN_DOWN

BY = "taken_down_by"  # the fact of a receipt that names the takedowns its part was mended by
BATCH = 256
ROW_GROUPS = {"samples": SAMPLE_ROW_GROUP, "quarantine": QUARANTINE_ROW_GROUP}
ONLY_WHERE_ANY = ("remarks", "quarantine")
KEPT = ("row", "offset", "length", "gate", "by_limit")  # of the row of a record; whatever else it has is emptied
EMPTY = (
    "record_id",
    "url",
)  # hold no text then, as in the row of a region that cannot be read; all other columns are null

Rows = npt.NDArray[np.int64]
Change = Callable[[pa.RecordBatch, int], pa.RecordBatch]


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """What goes from a part of ingest: rows of `records`, and the rows of `documents` that were theirs; both ascending."""

    records: Rows
    documents: Rows


def document_rows(storage: Storage, receipt: Receipt, records: Rows) -> Rows:
    """The rows of `documents` that some rows of `records` have."""
    rows = read_table(storage, receipt, "records", ["document_row"])["document_row"].take(pa.array(records))
    return rows.drop_null().to_numpy().astype(np.int64)


def mend_ingest(storage: Storage, receipt: Receipt, removal: Removal, takedown: str) -> Receipt:
    """The part without these records, committed in the place of the one it was."""
    if takedown in receipt.facts.get(BY, ()):
        return receipt
    counts = _counts(storage, receipt, removal)
    return _mended(storage, receipt, takedown, counts, lambda table, names: _change(removal, table, names))


def mend_beside(storage: Storage, receipt: Receipt, removal: Removal, takedown: str) -> Receipt:
    """A part that has a row for each document, without those of the documents that went."""
    if takedown in receipt.facts.get(BY, ()):
        return receipt
    gone = pa.array(removal.documents)
    rows = read_table(storage, receipt, "signals").take(gone)
    told = [rows[name].is_valid().to_numpy(zero_copy_only=False) for name in rows.schema.names]
    matched = int(np.logical_or.reduce(told).sum()) if told else 0
    less = {"rows": len(gone), "matched": matched, "scored": matched, **_unscored(storage, receipt, gone)}
    counts = {key: count - less.get(key, 0) for key, count in receipt.counts.items()}
    return _mended(storage, receipt, takedown, counts, lambda _, __: _without(removal.documents))


def _unscored(storage: Storage, receipt: Receipt, gone: pa.Array) -> Counter[str]:
    """How many of the rows were questions without a score, by what became of them; what they cost stays what it was."""
    if "answers" not in receipt.files:
        return Counter()
    told = read_table(storage, receipt, "answers", ["status"])["status"].take(gone).to_pylist()
    return Counter(status for status in told if status not in (None, "scored"))


def _change(removal: Removal, table: str, names: Collection[str]) -> Change:
    """What becomes of the rows of a table of ingest: those of a record are known by its number, others stand as documents do."""
    if table == "records":
        return lambda batch, first: _emptied(batch, first, removal)
    if "record_row" in names:
        return lambda batch, _: batch.filter(pa.array(~np.isin(batch["record_row"].to_numpy(), removal.records)))
    return _without(removal.documents)


def _without(rows: Rows) -> Change:
    return lambda batch, first: batch.filter(pa.array(~np.isin(np.arange(first, first + batch.num_rows), rows)))


def _emptied(batch: pa.RecordBatch, first: int, removal: Removal) -> pa.RecordBatch:
    """Rows of `records`: of those that go only where they stand is left, and later documents move up."""
    gone = pa.array(np.isin(np.arange(first, first + batch.num_rows), removal.records))
    columns: list[pa.Array] = []
    for field in batch.schema:
        column = batch[field.name]
        if field.name == "gate":
            column = _put(gone, TAKEN_DOWN, column)
        elif field.name == "by_limit":
            column = _put(gone, False, column)
        elif field.name not in KEPT:
            column = _put(gone, "" if field.name in EMPTY else None, column)
        columns.append(_moved_up(column, removal.documents) if field.name == "document_row" else column)
    return pa.RecordBatch.from_arrays(columns, schema=batch.schema)


def _put(where: pa.Array, value: str | bool | None, column: pa.Array) -> pa.Array:
    return pc.call_function("if_else", [where, pa.scalar(value, column.type), column])


def _moved_up(rows: pa.Array, gone: Rows) -> pa.Array:
    before = np.searchsorted(gone, rows.fill_null(0).to_numpy(zero_copy_only=False))
    return pc.call_function("subtract", [rows, pa.array(before, rows.type)])


def _counts(storage: Storage, receipt: Receipt, removal: Removal) -> dict[str, int]:
    """The part's counts when the records have left through the gate `taken_down` instead of where they left or stayed."""
    counts = dict(receipt.counts)
    counts["documents"] -= len(removal.documents)
    rows = read_table(storage, receipt, "records", ["gate", "error"]).take(pa.array(removal.records)).to_pylist()
    for row in rows:
        if row["gate"] is not None:
            counts[f"{'gate' if row['error'] is None else 'failed'}.{row['gate']}"] -= 1
    key = f"gate.{TAKEN_DOWN}"
    counts[key] = counts.get(key, 0) + len(rows)
    return {key: count for key, count in counts.items() if count or not key.startswith(("gate.", "failed."))}


def _mended(
    storage: Storage,
    receipt: Receipt,
    takedown: str,
    counts: dict[str, int],
    change_of: Callable[[str, Collection[str]], Change],
) -> Receipt:
    attempt = uuid4().hex[:12]
    files: dict[str, FileEntry] = {}
    for table in receipt.files:
        entry = _rewritten(storage, receipt, attempt, table, change_of)
        if entry.rows or table not in ONLY_WHERE_ANY:
            files[table] = entry
        else:
            storage.delete(entry.path)
    facts = receipt.facts | {BY: [*receipt.facts.get(BY, ()), takedown]}
    mended = replace(receipt, attempt=attempt, files=files, counts=counts, facts=facts)
    storage.put(receipt_path(receipt.step, receipt.fingerprint, receipt.source, receipt.key), mended.to_json())
    return mended


def _rewritten(
    storage: Storage,
    receipt: Receipt,
    attempt: str,
    table: str,
    change_of: Callable[[str, Collection[str]], Change],
) -> FileEntry:
    """Writes one table of the part anew, batch by batch; its text is never in memory whole."""
    source = receipt.files[table].path
    with damage_errors(source):
        schema = _as_declared(pq.read_schema(storage.open(source)))
    path = f"{source.rpartition('/')[0]}/{receipt.key}-{attempt}.{table}.parquet"
    writer = TableWriter(storage.writer(path), path, schema, ROW_GROUPS.get(table, ROW_GROUP))
    change, first = change_of(table, schema.names), 0
    try:
        for batch in read_batches(storage, receipt, table, rows=BATCH):
            writer.write(change(batch, first))
            first += batch.num_rows
        return writer.close()
    except BaseException:
        writer.abandon()
        storage.delete(path)
        raise


def _as_declared(schema: pa.Schema) -> pa.Schema:
    """The schema before Parquet gave the values of lists a name of its own, which would be in the file's bytes."""
    fields = [
        field.with_type(pa.list_(field.type.value_type)) if pa.types.is_list(field.type) else field for field in schema
    ]
    return pa.schema(fields)


def mend_seals(storage: Storage, place: Place) -> None:
    """Makes every seal of a place say what the receipts of its parts say now."""
    receipts: Receipts | None = None
    for name in storage.names(place.folder):
        if name.startswith("manifest-"):
            receipts = receipts_at(storage, place) if receipts is None else receipts
            _mend_seal(storage, f"{place.folder}/{name}", receipts)


def _mend_seal(storage: Storage, path: str, receipts: Mapping[str, Receipt]) -> None:
    sealed = list(read_manifest(storage, path))
    now = [receipts.get(receipt.key, receipt) for receipt in sealed]
    if now != sealed:
        facts: dict[str, Any] = orjson.loads((pq.read_schema(storage.open(path)).metadata or {})[b"gristmill"])
        seal(storage, path, now, facts, again=True)


def mend_parts(
    storage: Storage,
    place: Place,
    removals: Mapping[str, Removal],
    takedown: str,
    told: Callable[[Part], None],
    at_once: int = 1,
) -> None:
    """Takes the rows out of the parts of one place, by key, `at_once` parts at a time, and makes its seals agree."""
    mend = mend_ingest if place.step == "ingest" else mend_beside
    receipts = receipts_at(storage, place)
    keys = sorted(removals.keys() & set(receipts))
    with ThreadPoolExecutor(at_once) as pool:  # the work is Arrow's and zstd's, which leave the interpreter's lock
        mended = pool.map(lambda key: mend(storage, receipts[key], removals[key], takedown), keys)
        for key, receipt in zip(keys, mended, strict=True):
            told(Part(place, key, receipt))
    mend_seals(storage, place)
