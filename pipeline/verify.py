"""Recomputes what a run claims: every digest, every row count and alignment, the conservation of records, the dataset folder."""

import operator
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from pipeline.dataset import FOLDER, MANIFEST, read_dataset_manifest
from pipeline.errors import GristmillError
from pipeline.funnel import funnel
from pipeline.publishing.checksums import NAME as CHECKSUMS
from pipeline.publishing.checksums import checksums
from pipeline.receipts import FileEntry, Receipt, committed, read_manifest
from pipeline.runs import OpenRun, StepRecord
from pipeline.storage import CHUNK, Storage, digest_of
from pipeline.storage_errors import damage_errors
from pipeline.tables import read_table
from pipeline.takedown.tombstones import FOLDER as TAKEDOWNS
from pipeline.takedown.tombstones import load_tombstones, unfinished

ALIGNED = {"verdicts": "records", "signals": "documents", "survivors": "documents", "removed": "documents"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it should be."""

    where: str
    what: str


def verify(run: OpenRun) -> Iterator[Finding | None]:
    """Checks one part, shard or law after the other: a Finding for each fault, None for what is in order."""
    for step in run.record.steps:
        yield from _told(step.name, _step(run, step))
    yield from _told("funnel", _conservation(run))
    yield from _told(FOLDER, _dataset(run))
    yield from _told(TAKEDOWNS, _takedowns(run))


def _told(where: str, findings: Iterator[Finding | None]) -> Iterator[Finding | None]:
    """The findings; what cannot be read to the end is one more."""
    try:
        yield from findings
    except GristmillError as error:
        yield Finding(where, str(error))


def _step(run: OpenRun, step: StepRecord) -> Iterator[Finding | None]:
    """Checks the receipts themselves, and that the seal, which all others read, says the same."""
    parts = run.parts(step)
    receipts = committed(run.storage, step.name, step.fingerprint, run.source.name, [part.key for part in parts])
    if missing := len(parts) - len(receipts):
        yield Finding(step.name, f"{missing} of {len(parts)} parts are not done")
    elif run.is_sealed(step):
        sealed = run.manifest(step)
        same = all(map(operator.eq, read_manifest(run.storage, sealed), receipts.values()))
        yield None if same else Finding(sealed, "it says other things than the receipts of its parts")
    for place, receipt in ((place, receipts[part.key]) for place, part in enumerate(parts) if part.key in receipts):
        yield from _files(run.storage, receipt)
        yield _alignment(run, receipt, place * step.span, step.span) if not step.partitions else None
        yield _part_conservation(receipt)
        yield _pointing(run.storage, receipt) if receipt.step == "ingest" else None


def _files(storage: Storage, receipt: Receipt) -> Iterator[Finding | None]:
    for entry in receipt.files.values():
        yield _file(storage, entry)


def _file(storage: Storage, entry: FileEntry) -> Finding | None:
    try:
        if digest_of(storage, entry.path) != entry.sha256:
            return Finding(entry.path, "its bytes are not those that were committed")
        with damage_errors(entry.path):
            rows = _rows(storage, entry.path)
    except (GristmillError, OSError) as error:
        return Finding(entry.path, str(error))
    return None if rows == entry.rows else Finding(entry.path, f"{rows} rows, {entry.rows} committed")


def _rows(storage: Storage, path: str) -> int:
    if not path.endswith(".jsonl"):
        return pq.read_metadata(storage.open(path)).num_rows
    with storage.open(path) as file:
        return sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(CHUNK), b""))


def _alignment(run: OpenRun, receipt: Receipt, first: int, span: int) -> Finding | None:
    """A table that judges another has as many rows as what it judges."""
    ingested = run.receipts("ingest")
    covered = [ingested.get(part.key) for part in run.source.parts[first : first + span]]
    for table, judged in ALIGNED.items():
        if table in receipt.files and all(covered):
            rows = sum(part.rows(judged) for part in covered if part)
            if receipt.rows(table) != rows:
                return Finding(receipt.files[table].path, f"{receipt.rows(table)} rows beside {rows} {judged}")
    return None


def _part_conservation(receipt: Receipt) -> Finding | None:
    counts = receipt.counts
    if receipt.step == "ingest":
        stopped = sum(count for key, count in counts.items() if key.startswith(("gate.", "failed.")))
        if counts["rows"] != counts["documents"] + stopped or counts["rows"] != receipt.rows("records"):
            return Finding(receipt.name, f"{counts['rows']} rows, {counts['documents']} documents, {stopped} stopped")
        if counts["bytes"] != receipt.facts["input_bytes"]:
            return Finding(
                receipt.name, f"{counts['bytes']} of {receipt.facts['input_bytes']} bytes belong to a record"
            )
    return None


def _pointing(storage: Storage, receipt: Receipt) -> Finding | None:
    """Each record past the gates names its document, and each document its record; both in the order of the file."""
    try:
        named = read_table(storage, receipt, "records", ["document_row"])["document_row"].to_numpy()
        records = read_table(storage, receipt, "documents", ["record_row"])["record_row"].to_numpy()
    except (GristmillError, KeyError):  # said of the file
        return None
    there = np.flatnonzero(~np.isnan(named))
    if np.array_equal(named[there], np.arange(records.size)) and np.array_equal(there, records):
        return None
    return Finding(receipt.files["documents"].path, "its rows are not those that the records beside them point at")


def _conservation(run: OpenRun) -> Iterator[Finding | None]:
    numbers = funnel(run)
    wrong = numbers.conservation() if numbers.complete else None
    yield Finding("funnel", wrong) if wrong else None


def _takedowns(run: OpenRun) -> Iterator[Finding | None]:
    """Checks that all that was begun to be taken down is, and that no page that is stored is barred."""
    if (left := unfinished(run.storage)) is not None:
        yield Finding(TAKEDOWNS, f"{left} is not finished; run `gristmill takedown {run.storage.location}`")
    known = load_tombstones(run.storage)
    for receipt in run.receipts("ingest").values() if known else ():
        table = read_table(run.storage, receipt, "records", ["url", "record_id"])
        there = zip(table["url"].to_pylist(), table["record_id"].to_pylist(), strict=True)
        barred = sum(known.bars(url or "", record_id or "") for url, record_id in there) if known else 0
        yield Finding(receipt.files["records"].path, f"{barred} records that were taken down") if barred else None


def _dataset(run: OpenRun) -> Iterator[Finding | None]:
    manifest = read_dataset_manifest(run.storage)
    if manifest is None:
        yield Finding(FOLDER, "there is no finished dataset")
        return
    if manifest["run"] != run.record.id and not _packed_alike(run, manifest):
        yield Finding(FOLDER, f"it is of run {manifest['run']}, not of the last one")
    shards = (*manifest["shards"], *manifest.get("beside", ()))
    listed = {shard["path"] for shard in shards}
    for folder in ("data", "duplicates"):
        for name in run.storage.names(f"{FOLDER}/{folder}"):
            if f"{folder}/{name}" not in listed:
                yield Finding(f"{FOLDER}/{folder}/{name}", "not listed in the manifest")
    yield from _described(run.storage, manifest)
    for shard in shards:
        entry = FileEntry(f"{FOLDER}/{shard['path']}", shard["sha256"], shard["bytes"], shard["rows"])
        yield _file(run.storage, entry)


def _packed_alike(run: OpenRun, manifest: dict[str, Any]) -> bool:
    """Whether the dataset is what the run packed, though an earlier run built it: only signals were added since."""
    pack = run.step("pack")
    return pack is not None and manifest["steps"].get("pack", {}).get("manifest") == run.manifest(pack)


def _described(storage: Storage, manifest: dict[str, Any]) -> Iterator[Finding | None]:
    """Checks what stands beside the shards: card and Croissant description by digest, the list of checksums by its text."""
    for entry in manifest.get("metadata_files", ()):
        path = f"{FOLDER}/{entry['path']}"
        try:
            same = digest_of(storage, path) == entry["sha256"]
        except (GristmillError, OSError) as error:
            yield Finding(path, str(error))
            continue
        yield None if same else Finding(path, "its bytes are not those that the manifest names")
    if "metadata_files" in manifest:
        path = f"{FOLDER}/{CHECKSUMS}"
        try:
            same = storage.get(path) == checksums(manifest, storage.get(MANIFEST))
        except GristmillError as error:
            yield Finding(path, str(error))
            return
        yield None if same else Finding(path, "it says other things than the manifest")
