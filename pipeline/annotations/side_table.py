"""The file of an annotation as the join wants it: its keys as 128-bit digests, in order, each once, with the wanted columns.

The file is read once, however many parts are annotated. Rows are dealt to buckets by the first byte of their key's digest, so
what is sorted in memory at a time is a 256th of them: 8 million rows took 630 MB and 26 s, a million 560 MB.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import ClassVar, cast

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
from xxhash import xxh3_128_digest

from pipeline.annotations.annotation import Annotation
from pipeline.annotations.side_files import sha256_of, side_batches
from pipeline.errors import InputError
from pipeline.receipts import manifest_path
from pipeline.sources import Source, SourcePart
from pipeline.steps import PartRun, PlannedStep, Step, plan_step
from pipeline.tables import TableWriter

BUCKETS = 256
HELD_BYTES = 128 << 20  # of rows that wait for their bucket's file
ROW_GROUP = 65_536  # rows, about 2 MB: what the join holds at a time

SOURCE = "annotations"
STEP = "side"
DIGEST = (pa.field("key_high", pa.uint64(), nullable=False), pa.field("key_low", pa.uint64(), nullable=False))


def key_digests(keys: Sequence[str]) -> npt.NDArray[np.uint64]:
    """Two numbers a key, the 128-bit xxHash of its UTF-8; ids are the same with and without their angle brackets."""
    texts = (key.removeprefix("<").removesuffix(">") for key in keys)
    raw = b"".join(xxh3_128_digest(text.encode("utf-8", "surrogatepass")) for text in texts)
    return np.frombuffer(raw, ">u8").astype(np.uint64).reshape(-1, 2)


def side_schema(annotation: Annotation) -> pa.Schema:
    """Columns of the side table."""
    return pa.schema([*DIGEST, *annotation.signals])


def plan_side(annotation: Annotation) -> tuple[Source, PlannedStep]:
    """The one-part source that an annotation's file is, and the step that sorts it; the path of the file bears no identity."""
    file = SourcePart(annotation.sha256, annotation.path, 0, "")
    source = Source(SOURCE, (file,))
    return source, plan_step(Step(name=STEP, stage=SideTable(annotation=annotation)), source, {})


def side_manifest(planned: PlannedStep) -> str:
    """Where the seal of a side table is, or will be."""
    return manifest_path(STEP, planned.fingerprint, SOURCE, [part.key for part in planned.parts])


@dataclass(frozen=True, slots=True, kw_only=True)
class SideTable:
    """Sorts the file of an annotation by the digest of its keys."""

    name: ClassVar[str] = "side_table"
    version: ClassVar[int] = 1

    annotation: Annotation

    def run(self, part: PartRun) -> dict[str, int]:
        """Writes `side`; counts its `rows` and, of the file, `rows.without_key`.

        Raises:
            InputError: the file is not the one that was declared, is damaged, or has a key twice.
        """
        annotation, path = self.annotation, self.annotation.path
        if (found := sha256_of(path)) != annotation.sha256:
            raise InputError(
                f"{path} has the SHA-256 {found}, not {annotation.sha256} as annotation {annotation.name} says"
            )
        writer = part.writer("side", side_schema(annotation), ROW_GROUP)
        counts = {"rows": 0, "rows.without_key": 0}
        with TemporaryDirectory(prefix="gristmill-") as folder:
            buckets = _Buckets(Path(folder), writer.schema)
            for batch in side_batches(path, annotation.on, annotation.columns):
                buckets.add(*_keyed(batch, writer.schema, counts))
            for table in buckets.tables():
                self._write(writer, table)
        counts["rows"] = writer.rows
        return counts

    def _write(self, writer: TableWriter, table: pa.Table) -> None:
        names = [field.name for field in DIGEST]
        frame = cast("pl.DataFrame", pl.from_arrow(table)).sort(names)
        keys = frame.select(names)
        twice = keys.filter(keys.is_duplicated())
        if twice.height:
            raise InputError(self._told(twice.row(0)))
        writer.write(frame.to_arrow().cast(writer.schema))

    def _told(self, digest: tuple[int, ...]) -> str:
        """The error for a key that is there twice: it is looked for in the file again."""
        path, on = self.annotation.path, self.annotation.on
        keys = (key for batch in side_batches(path, on, ()) for key in batch.column(0).to_pylist() if key)
        example = next((key for key in keys if tuple(map(int, key_digests([key])[0])) == digest), "")
        return f"{path}: {on} {example} is there more than once; keep one row for each {on}"


def _keyed(
    batch: pa.RecordBatch, schema: pa.Schema, counts: dict[str, int]
) -> tuple[pa.RecordBatch, npt.NDArray[np.uint8]]:
    """The rows of a batch that have a key, with its digest in the key's place, and the bucket of each."""
    keys = batch.column(0).to_pylist()
    have = [place for place, key in enumerate(keys) if key]
    counts["rows.without_key"] += len(keys) - len(have)
    digests = key_digests([keys[place] for place in have])
    chosen = batch.take(pa.array(have, pa.int64()))
    arrays = [pa.array(digests[:, 0]), pa.array(digests[:, 1]), *chosen.columns[1:]]
    return pa.RecordBatch.from_arrays(arrays, schema=schema), (digests[:, 0] >> 56).astype(np.uint8)


class _Buckets:
    """Rows by the first byte of their digest: in memory while they are few, then in a file for each."""

    def __init__(self, folder: Path, schema: pa.Schema) -> None:
        self._folder = folder
        self._schema = schema
        self._held: list[pa.RecordBatch] = []
        self._buckets: list[npt.NDArray[np.uint8]] = []
        self._bytes = 0
        self._files = ExitStack()
        self._writers: dict[int, pa.RecordBatchStreamWriter] = {}

    def add(self, batch: pa.RecordBatch, buckets: npt.NDArray[np.uint8]) -> None:
        self._held.append(batch)
        self._buckets.append(buckets)
        self._bytes += batch.nbytes
        if self._bytes > HELD_BYTES:
            self._spill()

    def tables(self) -> Iterator[pa.Table]:
        """All rows, in tables whose digests do not overlap, in order."""
        if not self._writers:
            yield pa.Table.from_batches(self._held, self._schema)
            return
        self._spill()
        self._files.close()
        for bucket in sorted(self._writers):
            with pa.OSFile(str(self._folder / str(bucket)), "rb") as file:
                yield pa.ipc.open_stream(file).read_all()

    def _spill(self) -> None:
        buckets = np.concatenate([*self._buckets, np.empty(0, np.uint8)])
        order = np.argsort(buckets, kind="stable")
        table = pa.Table.from_batches(self._held, self._schema).take(pa.array(order))
        ends = np.searchsorted(buckets[order], np.arange(BUCKETS + 1))
        for bucket in range(BUCKETS):
            if length := int(ends[bucket + 1] - ends[bucket]):
                self._writer(bucket).write_table(table.slice(int(ends[bucket]), length))
        self._held, self._buckets, self._bytes = [], [], 0

    def _writer(self, bucket: int) -> pa.RecordBatchStreamWriter:
        if bucket not in self._writers:
            file = self._files.enter_context(pa.OSFile(str(self._folder / str(bucket)), "wb"))
            self._writers[bucket] = self._files.enter_context(pa.ipc.new_stream(file, self._schema))
        return self._writers[bucket]
