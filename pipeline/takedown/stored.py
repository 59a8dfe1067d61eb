"""What is looked at to find pages: tables of ingest, or the rows of somebody's files where a deduplication reads them."""

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa

from pipeline.rows.batches import document_batches
from pipeline.storage import Storage
from pipeline.tables import read_batches, read_table
from pipeline.takedown.mending import Rows, document_rows
from pipeline.takedown.places import Part

BATCH = 256
NAMES = ["url", "record_id"]


def names_in(storage: Storage, part: Part) -> Iterator[pa.Table | pa.RecordBatch]:
    """Address and id of every record of a part, in order; InputError where an input file is not the one that was read."""
    if part.rows is None:
        yield read_table(storage, part.receipt, "records", NAMES)
        return
    for batch in document_batches(part.rows.piece, part.rows.columns):
        yield batch.select(NAMES)


def documents_in(storage: Storage, part: Part, columns: Sequence[str]) -> Iterator[tuple[Rows, pa.RecordBatch]]:
    """The documents of a part, some at a time, with the rows of `records` that they have."""
    if part.rows is None:
        for batch in read_batches(storage, part.receipt, "documents", ["record_row", *columns], BATCH):
            yield batch["record_row"].to_numpy().astype(np.int64), batch.select(list(columns))
        return
    first = 0
    for batch in document_batches(part.rows.piece, part.rows.columns, BATCH):
        yield np.arange(first, first + batch.num_rows), batch.select(list(columns))
        first += batch.num_rows


def documents_of(storage: Storage, part: Part, records: Rows) -> Rows:
    """The documents that some records of a part have."""
    return records if part.rows else document_rows(storage, part.receipt, records)


def records_of(storage: Storage, part: Part, documents: Rows) -> Rows:
    """The records that some documents of a part are of."""
    if part.rows:
        return documents
    rows = read_table(storage, part.receipt, "documents", ["record_row"])["record_row"].to_numpy()
    return np.unique(rows[documents].astype(np.int64))
