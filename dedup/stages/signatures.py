"""The stage of the step `minhash`: each part's band keys, and what the order of survival depends on."""

from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from dedup.bands import band_keys, band_table
from dedup.documents import Documents, Judged
from dedup.minhash import MinHash
from dedup.survival import Components, Survival
from pipeline.identity import IDENTITY_IF_CHANGED
from pipeline.schemas import BANDS, ORDER
from pipeline.steps import PartRun

READ = ("text", "date", "record_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class Signatures:
    """Band keys of kept documents, and what their order of survival depends on."""

    name: ClassVar[str] = "minhash"
    version: ClassVar[int] = 1

    minhash: MinHash
    documents: Documents = field(default_factory=Judged, metadata=IDENTITY_IF_CHANGED)
    survival: Survival = field(default_factory=Components, metadata=IDENTITY_IF_CHANGED)

    def run(self, part: PartRun) -> dict[str, int]:
        """Writes `bands` and `order`; counts the documents signed and those too short to be."""
        order = part.writer("order", ORDER)
        keys: list[npt.NDArray[np.uint64]] = [np.empty((0, self.minhash.bands), np.uint64)]
        signed: list[npt.NDArray[np.bool_]] = [np.empty(0, np.bool_)]
        places: list[tuple[int, int]] = []
        for member, row, table, keep in self.documents.batches(part, READ):
            kept = table.filter(pa.array(keep))
            rows: list[int] = (np.flatnonzero(keep) + row).tolist()
            texts: list[str] = kept["text"].to_pylist()
            signatures, has_signature = self.minhash.signatures(texts)
            keys.append(band_keys(signatures, self.minhash.bands, self.minhash.rows))
            signed.append(has_signature)
            places += [(member, number) for number in rows]
            order.write_columns(_order_columns(member, rows, texts, kept))
        members, numbers = np.array(places, np.int32).reshape(-1, 2).T
        self._write_bands(part, band_table(np.concatenate(keys), np.concatenate(signed), members, numbers))
        return {"documents": len(places), "signed": int(np.concatenate(signed).sum())}

    def _write_bands(self, part: PartRun, table: pa.Table) -> None:
        """One row group a band, empty ones too: a reader of band `b` opens row group `b`."""
        writer = part.writer("bands", BANDS, row_group=max(table.num_rows, 1))
        for band in range(self.minhash.bands):
            writer.write(table.filter(pc.field("band") == band))
            writer.end_row_group()


def _order_columns(member: int, rows: list[int], texts: list[str], kept: pa.RecordBatch) -> dict[str, list[Any]]:
    return {
        "member": [member] * len(rows),
        "row": rows,
        "text_chars": [len(text) for text in texts],
        "date": kept["date"].to_pylist(),
        "record_id": kept["record_id"].to_pylist(),
    }
