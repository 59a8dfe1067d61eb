"""The stage of the step `minhash`: each part's band keys, and what the order of survival depends on."""

from dataclasses import dataclass, field
from typing import ClassVar

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
BATCH = 2_048  # documents signed at a time: some MB of text


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
        places: list[npt.NDArray[np.int32]] = [np.empty((0, 2), np.int32)]
        for member, row, table, keep in self.documents.batches(part, READ, BATCH):
            kept = table if keep.all() else table.filter(pa.array(keep))
            signatures, has_signature = self.minhash.signatures(kept["text"])
            keys.append(band_keys(signatures, self.minhash.bands, self.minhash.rows))
            signed.append(has_signature)
            rows = (np.flatnonzero(keep) + row).astype(np.int32)
            places.append(np.stack([np.full(rows.size, member, np.int32), rows], axis=1))
            order.write(_order(places[-1], kept))
        members, numbers = np.concatenate(places).T
        self._write_bands(part, band_table(np.concatenate(keys), np.concatenate(signed), members, numbers))
        return {"documents": members.size, "signed": int(np.concatenate(signed).sum())}

    def _write_bands(self, part: PartRun, table: pa.Table) -> None:
        """One row group a band, empty ones too: a reader of band `b` opens row group `b`."""
        writer = part.writer("bands", BANDS, max(table.num_rows, 1), dictionary=("band", "member"))
        for band in range(self.minhash.bands):
            writer.write(table.filter(pc.field("band") == band))
            writer.end_row_group()


def _order(places: npt.NDArray[np.int32], kept: pa.RecordBatch) -> pa.RecordBatch:
    chars = pc.call_function("utf8_length", [kept["text"]]).cast(pa.int32())
    arrays = [pa.array(places[:, 0]), pa.array(places[:, 1]), chars, kept["date"], kept["record_id"]]
    return pa.RecordBatch.from_arrays(arrays, schema=ORDER)
