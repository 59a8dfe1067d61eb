"""Scores of documents, as somebody else's column or a measure of ours gives them."""

import pyarrow as pa

from pipeline.receipts import Receipt
from pipeline.scores import SCORE, score_of
from pipeline.storage import Storage
from pipeline.tables import columns_of, read_table


def ingested_scores(storage: Storage, receipt: Receipt, name: str) -> pa.Array:
    """Of each document of a part of `ingest` what `name` says: a column of `documents`, or a signal of its record."""
    if name in columns_of(storage, receipt, "documents"):
        found = read_table(storage, receipt, "documents", [name])
    else:
        found = read_table(storage, receipt, "records", ["document_row", name])
        found = found.filter(found["document_row"].is_valid())
    return score_of(pa.concat_arrays([pa.array([], found[name].type), *found[name].chunks]))


def with_scores(batch: pa.RecordBatch, scores: pa.Array | None, row: int) -> pa.RecordBatch:
    """The batch, whose first document is `row`, with the column `score` behind, where there are scores."""
    return batch if scores is None else batch.append_column(SCORE, scores.slice(row, batch.num_rows))
