"""The stage of the steps `exact-url` and `exact-text`: the keys by which documents are the same."""

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dedup.copies import Sizes, Uncopied, numbered
from dedup.documents import Batch, Documents, Judged
from dedup.exact import Exact
from dedup.runs import Runs
from pipeline.identity import IDENTITY_IF_CHANGED
from pipeline.schemas import RANKED, SAME, with_columns
from pipeline.steps import PartRun

READ = ("text", "date", "record_id")
BATCH = 2_048  # documents hashed at a time: some MB of text


@dataclass(frozen=True, slots=True, kw_only=True)
class Same:
    """A row for each kept document that has a key: the key, and what the order of survival depends on.

    `score` names the column that says the score, where the order has one.
    """

    name: ClassVar[str] = "same"
    version: ClassVar[int] = 1

    exact: Exact
    documents: Documents = field(default_factory=Judged)
    score: str | None = field(default=None, metadata=IDENTITY_IF_CHANGED)

    def run(self, part: PartRun) -> dict[str, int]:
        """Writes `same`, runs sorted by key; counts the documents looked at and those with a key."""
        schema = with_columns(SAME, RANKED, ["score"] if self.score else [])
        runs = Runs(part.writer("same", schema), ("high", "low", "member", "row"))
        columns = READ if self.exact.by in READ else (*READ, self.exact.by)
        sizes = self.documents.sizes(part) if isinstance(self.documents, Uncopied) else None
        documents = 0
        for batch in self.documents.batches(part, columns, BATCH, score=self.score):
            documents += int(batch.keep.sum())
            runs.add(self._rows(part, batch, sizes, schema))
        runs.close()
        return {"documents": documents, "keys": runs.rows}

    def _rows(self, part: PartRun, batch: Batch, sizes: Sizes | None, schema: pa.Schema) -> pa.Table:
        kept = batch.table.filter(pa.array(batch.keep))
        rows = np.flatnonzero(batch.keep)
        number = numbered(part, batch.member, batch.row, batch.keep.size)[rows]
        keys, known = self.exact.keys_of(kept[self.exact.by])
        columns = {
            "high": pa.array(keys[:, 0]),
            "low": pa.array(keys[:, 1]),
            "member": pa.array(np.full(rows.size, batch.member, np.int32)),
            "row": pa.array((rows + batch.row).astype(np.int32)),
            "copies": pa.array(sizes.of(number) if sizes else np.ones(rows.size, np.int32)),
            "text_chars": pc.call_function("utf8_length", [kept["text"]]).cast(pa.int32()),
            "date": kept["date"],
            "record_id": kept["record_id"],
        }
        if self.score:
            columns["score"] = kept["score"]
        return pa.table([columns[name] for name in schema.names], schema=schema).filter(pa.array(known))
