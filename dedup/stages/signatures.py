"""The stage of the step `minhash`: each part's band keys, and what the order of survival depends on."""

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from dedup.bands import band_keys, band_table
from dedup.bbit import pack
from dedup.columns import order_schema
from dedup.copies import Sizes, Uncopied, numbered
from dedup.documents import Documents, Judged
from dedup.minhash import MinHash
from dedup.survival import Components, Star, Survival
from pipeline.identity import IDENTITY_IF_CHANGED
from pipeline.schemas import BANDS, SIGNATURE
from pipeline.steps import PartRun
from pipeline.tables import TableWriter

READ = ("text", "date", "record_id")
BATCH = 2_048  # documents signed at a time: some MB of text
MOST_KEYS = 1 << 24  # held at a time: with all that sorts them half a gigabyte

Keys = npt.NDArray[np.uint64]


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
        sizes = self.documents.sizes(part) if isinstance(self.documents, Uncopied) else None
        order = part.writer("order", order_schema(self.minhash, self.survival, copies=sizes is not None))
        bands = Sorted(part.writer("bands", BANDS, dictionary=("band", "member")), self.minhash.bands)
        documents = 0
        for member, row, table, keep in self.documents.batches(part, READ, BATCH, score=self.survival.score):
            kept = table if keep.all() else table.filter(pa.array(keep))
            rows = (np.flatnonzero(keep) + row).astype(np.int32)
            signatures, has_signature = self.minhash.signatures(kept["text"])
            bands.add(
                band_keys(signatures, self.minhash.bands, self.minhash.rows)[has_signature], member, rows[has_signature]
            )
            columns = _order(member, rows, kept) | _copies(sizes, numbered(part, member, row, keep.size)[keep])
            columns |= self._packed(signatures, has_signature)
            arrays = [columns[name] for name in order.schema.names]
            order.write(pa.RecordBatch.from_arrays(arrays, schema=order.schema))
            documents += rows.size
        return {"documents": documents, "signed": bands.close()}

    def _packed(self, signatures: Keys, has_signature: npt.NDArray[np.bool_]) -> dict[str, pa.Array]:
        """What the rule of survival compares, null where there is no signature."""
        if not isinstance(self.survival, Star):
            return {}
        packed = np.ascontiguousarray(pack(signatures, self.survival.bits))
        there = np.packbits(has_signature, bitorder="little")
        kind = pa.binary(packed.shape[1])
        return {SIGNATURE: pa.Array.from_buffers(kind, len(packed), [pa.py_buffer(there), pa.py_buffer(packed)])}


class Sorted:
    """Writes `bands`: one row group a band, empty ones too, so that a reader of band `b` opens row group `b`.

    Of more documents than have `MOST_KEYS` keys there are several such sets of row groups, one behind the other.
    """

    def __init__(self, writer: TableWriter, bands: int) -> None:
        self._writer = writer
        self._bands = bands
        self._most = documents_a_set(bands)
        self._waiting: list[tuple[Keys, npt.NDArray[np.int32], npt.NDArray[np.int32]]] = []
        self._held = self._signed = self._sets = 0

    def add(self, keys: Keys, member: int, rows: npt.NDArray[np.int32]) -> None:
        """Takes keys of shape (documents, bands) of documents at `rows` of a file."""
        for start in range(0, rows.size, self._most):
            self._add(keys[start : start + self._most], member, rows[start : start + self._most])

    def _add(self, keys: Keys, member: int, rows: npt.NDArray[np.int32]) -> None:
        room = self._most - self._held
        if rows.size >= room:
            self._hold(keys[:room], member, rows[:room])
            self._write()
            keys, rows = keys[room:], rows[room:]
        self._hold(keys, member, rows)

    def _hold(self, keys: Keys, member: int, rows: npt.NDArray[np.int32]) -> None:
        self._waiting.append((keys, np.full(rows.size, member, np.int32), rows))
        self._held += rows.size

    def _write(self) -> None:
        none = (np.empty((0, self._bands), np.uint64), np.empty(0, np.int32), np.empty(0, np.int32))
        keys, members, rows = (np.concatenate(each) for each in zip(none, *self._waiting, strict=True))
        table = band_table(keys, np.ones(rows.size, np.bool_), members, rows)
        for band in range(self._bands):
            self._writer.write_row_group(table.slice(band * rows.size, rows.size))
        self._signed += rows.size
        self._sets += 1
        self._waiting, self._held = [], 0

    def close(self) -> int:
        """Writes what is left, an empty set if there was nothing at all; how many documents were signed."""
        if self._held or not self._sets:
            self._write()
        return self._signed


def documents_a_set(bands: int) -> int:
    """How many documents one set of row groups holds."""
    return max(1, MOST_KEYS // bands)


def _copies(sizes: Sizes | None, documents: Keys) -> dict[str, pa.Array]:
    """How many documents each stands for, where exact copies were taken away."""
    return {} if sizes is None else {"copies": pa.array(sizes.of(documents))}


def _order(member: int, rows: npt.NDArray[np.int32], kept: pa.RecordBatch) -> dict[str, pa.Array]:
    return {
        "member": pa.array(np.full(rows.size, member, np.int32)),
        "row": pa.array(rows),
        "text_chars": pc.call_function("utf8_length", [kept["text"]]).cast(pa.int32()),
        "date": kept["date"],
        "record_id": kept["record_id"],
    } | ({"score": kept["score"]} if "score" in kept.schema.names else {})
