"""Signatures alone: what the step `minhash` would write about texts that nobody made, for the steps behind it at full size.

Each value of a planted copy's signature is that of what it was made from with the chance that their similarity gives, so bands
match as often as those of real texts. Clusters are those of `plan`, chains and boilerplate left out.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from numba import types

from dedup.band_kernels import mixed
from dedup.bands import band_keys
from dedup.bbit import pack
from dedup.columns import order_schema
from dedup.documents import Batch, Mask
from dedup.minhash import MinHash
from dedup.stages.signatures import Sorted
from dedup.survival import Components, Star, Survival
from jobs.synthetic.truth.corpus import ids
from jobs.synthetic.truth.plan import BLOCK, MEMBER, Truth, drawn, key_of, own_key, place_of, similarity_of
from pipeline.errors import GristmillError, RecipeError
from pipeline.kernels import kernel
from pipeline.rows.pieces import MOST_ROWS
from pipeline.schemas import BANDS
from pipeline.sources import Source, SourcePart
from pipeline.steps import PartRun

BATCH = 8_192
_LOW32 = np.uint64(0xFFFFFFFF)
_WHOLE = float(1 << 32)

Numbers = npt.NDArray[np.uint64]


@kernel(types.void(types.int64, types.uint64[::1], types.uint64[:, ::1], types.int32[::1]))
def sign(start: Any, layout: Any, signatures: Any, chars: Any) -> None:
    """Fills the signatures of the documents from number `start` on, 32 bits a value, and how long their texts would be."""
    for row in range(chars.size):
        place = np.int64(place_of(start + row, layout))
        member = MEMBER[place % BLOCK] if np.uint64(place) < layout[5] else 0
        key, own = key_of(place - member, layout), own_key(place, layout)
        chars[row] = 500 + drawn(own, -1) % np.uint64(2_000)
        limit = np.uint64(similarity_of(place, layout) * _WHOLE) if member else np.uint64(1 << 32)
        for function in range(signatures.shape[1]):
            random = drawn(own, function) if member else np.uint64(0)
            value = drawn(key, function) if (random & _LOW32) < limit else mixed(random)
            signatures[row, function] = value & _LOW32


@dataclass(frozen=True, slots=True, kw_only=True)
class Planted:
    """The documents of a corpus that exists as numbers alone; file `f` has those from `f * rows` on. All are kept."""

    name: ClassVar[str] = "planted"
    version: ClassVar[int] = 1

    documents: int
    rows: int

    def batches(
        self,
        part: PartRun,
        columns: Sequence[str],  # noqa: ARG002
        rows: int = 256,  # noqa: ARG002
        *,
        score: str | None = None,  # noqa: ARG002
    ) -> Iterator[Batch]:
        """There is no text: GristmillError."""
        raise GristmillError(f"{part.task.part.name}: signatures without texts cannot be read")

    def kept(self, part: PartRun) -> Iterator[Mask]:
        """See `Documents.kept`."""
        for first, last in self.spans(part):
            yield np.ones(last - first, np.bool_)

    def texts(self, part: PartRun, wanted: Numbers) -> Iterator[tuple[int, str]]:  # noqa: ARG002
        """There is no text: GristmillError."""
        raise GristmillError(f"{part.task.part.name}: signatures without texts cannot be read")

    def spans(self, part: PartRun) -> Iterator[tuple[int, int]]:
        """The documents of each file of the part, first and one past the last."""
        for file in range(part.task.part.first, part.task.part.first + part.task.part.count):
            yield file * self.rows, min((file + 1) * self.rows, self.documents)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlantedSignatures:
    """Writes what `Signatures` would of a corpus, whose texts are never made."""

    name: ClassVar[str] = "planted-minhash"
    version: ClassVar[int] = 1

    truth: Truth
    minhash: MinHash
    documents: Planted
    survival: Survival = field(default_factory=Components)

    def run(self, part: PartRun) -> dict[str, int]:
        """Writes `bands` and `order`, whose dates are null; counts the documents."""
        order = part.writer("order", order_schema(self.minhash, self.survival))
        bands = Sorted(part.writer("bands", BANDS, dictionary=("band", "member")), self.minhash.bands)
        layout = self.truth.layout()
        for member, (first, last) in enumerate(self.documents.spans(part)):
            for start in range(first, last, BATCH):
                rows = np.arange(start - first, min(start + BATCH, last) - first, dtype=np.int32)
                signatures = np.empty((rows.size, self.minhash.bands * self.minhash.rows), np.uint64)
                chars = np.empty(rows.size, np.int32)
                sign(start, layout, signatures, chars)
                bands.add(band_keys(signatures, self.minhash.bands, self.minhash.rows), member, rows)
                order.write(self._ordered(member, start, rows, chars, signatures, order.schema))
        return {"documents": order.rows, "signed": bands.close()}

    def _ordered(
        self,
        member: int,
        start: int,
        rows: npt.NDArray[np.int32],
        chars: npt.NDArray[np.int32],
        signatures: Numbers,
        schema: pa.Schema,
    ) -> pa.RecordBatch:
        known: dict[str, pa.Array] = {"member": pa.array(np.full(rows.size, member, np.int32)), "row": pa.array(rows)}
        known |= {"text_chars": pa.array(chars), "record_id": ids(start, rows.size)}
        if isinstance(self.survival, Star):
            packed = np.ascontiguousarray(pack(signatures, self.survival.bits))
            kind = pa.binary(packed.shape[1])
            known["signature"] = pa.Array.from_buffers(kind, len(packed), [None, pa.py_buffer(packed)])
        arrays = [known.get(field.name, pa.nulls(rows.size, field.type)) for field in schema]
        return pa.RecordBatch.from_arrays(arrays, schema=schema)


def planted_source(truth: Truth, rows: int) -> Source:
    """Files that do not exist, of `rows` documents each; the corpus decides their keys. RecipeError for too many."""
    if not 1 <= rows <= MOST_ROWS:
        raise RecipeError(f"files of {rows:,} documents; a file holds at most {MOST_ROWS:,}")
    files = -(-truth.documents // rows)
    tag = f"{truth.seed} {truth.share} {truth.documents}"
    parts = (SourcePart(f"planted-{file:06}", f"planted-{file:06}", 0, tag) for file in range(files))
    return Source("planted", tuple(parts))
