"""The stage of the steps `units-…`: the hashes of each document's lines or paragraphs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import pyarrow as pa
from xxhash import xxh64_intdigest

from dedup.documents import Batch, Documents
from dedup.lines import RepeatedLines
from dedup.runs import Runs
from pipeline.identity import IDENTITY_IF_CHANGED
from pipeline.line_tables import UNITS
from pipeline.schemas import RANKED, with_columns
from pipeline.steps import PartRun

READ = ("text", "date", "record_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class LineUnits:
    """A row for each different unit of each kept document, with what the order of survival depends on.

    `score` names the column that says the score, where the order has one.
    """

    name: ClassVar[str] = "units"
    version: ClassVar[int] = 1
    columns_read: ClassVar[Mapping[str, tuple[str, ...]]] = {"survivors": ("keep",)}

    lines: RepeatedLines
    documents: Documents
    score: str | None = field(default=None, metadata=IDENTITY_IF_CHANGED)

    def run(self, part: PartRun) -> dict[str, int]:
        """Writes `units`, runs sorted by hash; counts documents and units."""
        runs = Runs(part.writer("units", self._schema), ("unit", "member", "row"))
        documents = 0
        for batch in self.documents.batches(part, READ, score=self.score):
            documents += int(batch.keep.sum())
            runs.add(self._rows(batch))
        runs.close()
        return {"documents": documents, "units": runs.rows}

    @property
    def _schema(self) -> pa.Schema:
        return with_columns(UNITS, RANKED, ["score"] if self.score else [])

    def _rows(self, batch: Batch) -> pa.Table:
        kept = batch.table.filter(pa.array(batch.keep))
        rows = (np.flatnonzero(batch.keep) + batch.row).astype(np.int32)
        texts: list[str] = kept["text"].to_pylist()
        hashes = [np.unique(self.lines.hashes(self.lines.units(text))) for text in texts]
        counts = [each.size for each in hashes]
        of = np.repeat(np.arange(rows.size), counts)
        # A record's id by its hash: it would take most of the room of this table.
        ids = [xxh64_intdigest((each or "").encode()) for each in kept["record_id"].to_pylist()]
        columns = [
            pa.array(np.concatenate([np.empty(0, np.uint64), *hashes])),
            pa.array(np.full(of.size, batch.member, np.int32)),
            pa.array(rows[of]),
            pa.array(np.array([len(text) for text in texts], np.int32)[of]),
            kept["date"].take(pa.array(of)),
            pa.array(np.array(ids, np.uint64)[of]),
        ]
        if self.score:
            columns.append(kept["score"].take(pa.array(of)))
        return pa.table(columns, schema=self._schema)
