"""Deduplication as steps of the machine: signatures and survivors per part, edges and clusters as barriers between them.

`minhash` writes each part's band keys, one row group a band; `edges` reads one band of all parts; `clusters` joins the edges;
`survivors` brings the answer back, row-aligned with documents. All four carry the same `MinHash`, so they cannot disagree.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from dedup.bands import band_keys, band_table
from dedup.clusters import clusters
from dedup.edges import edges
from dedup.minhash import MinHash
from dedup.survivors import survivors
from pipeline.pack import kept_documents, kept_records
from pipeline.receipts import Receipt
from pipeline.schemas import BANDS, CLUSTERED, EDGES, ORDER, SURVIVORS, document_number
from pipeline.steps import PartRun, Step
from pipeline.tables import read_batches, read_row_group, read_table

BATCH = 256


def dedup_steps(minhash: MinHash, ingest: Step, decide: Step, *, span: int) -> tuple[Step, ...]:
    """The four steps after `decide`, in order; the last is named `survivors`."""
    signatures = Step(name="minhash", stage=Signatures(minhash=minhash), inputs=(ingest, decide), span=span)
    found = Step(name="edges", stage=Edges(minhash=minhash), inputs=(signatures,), partitions=minhash.bands)
    joined = Step(name="clusters", stage=Clusters(minhash=minhash), inputs=(signatures, found), partitions=1)
    elected = Step(name="survivors", stage=Survivors(minhash=minhash), inputs=(ingest, decide, joined), span=span)
    return signatures, found, joined, elected


@dataclass(frozen=True, slots=True, kw_only=True)
class Signatures:
    """Band keys of kept documents, and what their order of survival depends on."""

    name: ClassVar[str] = "minhash"
    version: ClassVar[int] = 1

    minhash: MinHash

    def run(self, part: PartRun) -> dict[str, int]:
        """Writes `bands` and `order`; counts the documents signed and those too short to be."""
        order = part.writer("order", ORDER)
        verdicts = kept_records(part)
        keys: list[npt.NDArray[np.uint64]] = [np.empty((0, self.minhash.bands), np.uint64)]
        signed: list[npt.NDArray[np.bool_]] = [np.empty(0, np.bool_)]
        places: list[tuple[int, int]] = []
        for member, receipt in enumerate(part.receipts("ingest")):
            keeps = iter(kept_documents(part, receipt, verdicts))
            row = 0
            for batch in read_batches(part.storage, receipt, "documents", ["text", "date", "record_id"], BATCH):
                chosen = [place for place in range(batch.num_rows) if next(keeps)]
                kept = batch.take(pa.array(chosen, pa.int32()))
                texts: list[str] = kept["text"].to_pylist()
                signatures, has_signature = self.minhash.signatures(texts)
                keys.append(band_keys(signatures, self.minhash.bands, self.minhash.rows))
                signed.append(has_signature)
                rows = [row + place for place in chosen]
                places += [(member, number) for number in rows]
                order.write_columns(_order_columns(member, rows, texts, kept))
                row += batch.num_rows
        members, rows = np.array(places, np.int32).reshape(-1, 2).T
        self._write_bands(part, band_table(np.concatenate(keys), np.concatenate(signed), members, rows))
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


def documents_of(receipts: Sequence[Receipt], span: int) -> Iterator[tuple[Receipt, int]]:
    """Each bundle of parts with the number of its first source part."""
    return ((receipt, place * span) for place, receipt in enumerate(receipts))


def _numbers(first: int, member: npt.NDArray[np.int32], row: npt.NDArray[np.int32]) -> npt.NDArray[np.uint64]:
    """Document numbers of rows of a bundle whose first source part is `first`."""
    return ((member.astype(np.uint64) + np.uint64(first)) << np.uint64(24)) | row.astype(np.uint64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Edges:
    """Partition `b` finds the documents that share a key of band `b`."""

    name: ClassVar[str] = "edges"
    version: ClassVar[int] = 1

    minhash: MinHash

    def run(self, part: PartRun) -> dict[str, int]:
        """Writes `edges`; counts the keys read and the edges found."""
        band = int(part.task.part.key[1:])
        keys: list[npt.NDArray[np.uint64]] = [np.empty(0, np.uint64)]
        documents: list[npt.NDArray[np.uint64]] = [np.empty(0, np.uint64)]
        for receipt, first in documents_of(part.receipts("minhash"), part.span("minhash")):
            group = read_row_group(part.storage, receipt, "bands", band)
            keys.append(group["key"].to_numpy())
            documents.append(_numbers(first, group["member"].to_numpy(), group["row"].to_numpy()))
        found = edges(np.concatenate(keys), np.concatenate(documents))
        part.writer("edges", EDGES).write(found)
        return {"keys": sum(map(len, keys)), "edges": found.num_rows}


@dataclass(frozen=True, slots=True, kw_only=True)
class Clusters:
    """Joins all edges to clusters and elects each cluster's survivor."""

    name: ClassVar[str] = "clusters"
    version: ClassVar[int] = 1

    minhash: MinHash

    def run(self, part: PartRun) -> dict[str, int]:
        """Writes `clusters`, sorted by document; counts clustered documents, clusters and the documents to remove."""
        found = clusters(read_table(part.storage, receipt, "edges") for receipt in part.receipts("edges"))
        elected = survivors(found, self._order(part, found["document"].to_numpy()))
        part.writer("clusters", CLUSTERED).write(elected)
        clustered = len(elected["cluster"].unique())
        return {"documents": elected.num_rows, "clusters": clustered, "removed": elected.num_rows - clustered}

    def _order(self, part: PartRun, wanted: npt.NDArray[np.uint64]) -> pa.Table:
        """The order rows of the clustered documents only: the others' never gather in memory."""
        tables: list[pa.Table] = []
        for receipt, first in documents_of(part.receipts("minhash"), part.span("minhash")):
            order = read_table(part.storage, receipt, "order")
            numbers = _numbers(first, order["member"].to_numpy(), order["row"].to_numpy())
            order = order.append_column("document", pa.array(numbers, pa.uint64()))
            tables.append(order.filter(pa.array(np.isin(numbers, wanted))).drop_columns(["member", "row"]))
        return pa.concat_tables(tables)


@dataclass(frozen=True, slots=True, kw_only=True)
class Survivors:
    """For each document of the covered parts: its cluster, who survives of it, and whether it stays."""

    name: ClassVar[str] = "survivors"
    version: ClassVar[int] = 1

    minhash: MinHash

    def run(self, part: PartRun) -> dict[str, int]:
        """Writes `survivors`, row-aligned with documents; `kept + near_duplicates` is what `decide` kept."""
        writer = part.writer("survivors", SURVIVORS)
        verdicts = kept_records(part)
        counts = {"documents": 0, "kept": 0, "dropped.near_duplicate": 0}
        answers = part.receipts("clusters")[0]
        for member, receipt in enumerate(part.receipts("ingest")):
            keeps = kept_documents(part, receipt, verdicts)
            first = document_number(part.task.part.first + member, 0)
            clustered = self._clustered(part, answers, first)
            frame = pl.DataFrame({"document": np.arange(len(keeps), dtype=np.uint64) + np.uint64(first), "kept": keeps})
            frame = frame.join(clustered, on="document", how="left", maintain_order="left").select(
                pl.col("cluster"),
                pl.col("cluster_size").fill_null(1),
                pl.col("survivor"),
                (pl.col("keep").fill_null(value=True) & pl.col("kept")).alias("keep"),
            )
            writer.write(frame.to_arrow().cast(SURVIVORS))
            kept = int(frame["keep"].sum())
            counts["documents"] += len(keeps)
            counts["kept"] += kept
            counts["dropped.near_duplicate"] += sum(keeps) - kept
        return counts

    def _clustered(self, part: PartRun, answers: Receipt, first: int) -> pl.DataFrame:
        """The rows of the clusters table about one source part, read by row-group statistics."""
        low, high = pa.scalar(first, pa.uint64()), pa.scalar(first + (1 << 24), pa.uint64())
        here = (pc.field("document") >= low) & (pc.field("document") < high)
        return pl.DataFrame(pl.from_arrow(read_table(part.storage, answers, "clusters", where=here)))
