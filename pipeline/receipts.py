"""The commit of a part, and the seal of a step.

A receipt is a small JSON file that names every file of a part with its SHA-256, and it is created only if absent: the first
attempt to finish wins. A manifest is the table of a step's receipts. Readers open only what these two list.
"""

import dataclasses
import hashlib
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.errors import StorageError
from pipeline.storage import Storage
from pipeline.storage_errors import damage_errors

READS_AT_ONCE = 32  # of 90,000 receipts in a bucket, each some 50 ms away

MANIFEST_SCHEMA = pa.schema(
    [
        pa.field("key", pa.large_string()),
        pa.field("name", pa.large_string()),
        pa.field("attempt", pa.large_string()),
        pa.field("bytes", pa.int64()),
        pa.field("seconds", pa.float64()),
        pa.field("receipt", pa.large_string()),
    ]
)


@dataclass(frozen=True, slots=True)
class FileEntry:
    """One file of a part: its path below ROOT, digest, size in bytes and number of rows."""

    path: str
    sha256: str
    bytes: int
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What one part produced. `counts` are the numbers a funnel adds up; `facts` are provenance and never decide anything."""

    step: str
    fingerprint: str
    source: str
    key: str
    name: str
    attempt: str
    files: dict[str, FileEntry]
    counts: dict[str, int]
    facts: dict[str, Any] = field(default_factory=dict[str, Any])

    def rows(self, table: str) -> int:
        """Rows of one of the part's tables."""
        return self.files[table].rows

    def to_json(self) -> bytes:
        """The receipt as its file holds it."""
        return orjson.dumps(dataclasses.asdict(self), option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS)

    @classmethod
    def from_json(cls, data: bytes | str, where: str = "a receipt") -> "Receipt":
        """The receipt of its file's bytes; StorageError where they are damaged, naming `where` they were."""
        try:
            fields = orjson.loads(data)
            fields["files"] = {table: FileEntry(**entry) for table, entry in fields["files"].items()}
            return cls(**fields)
        except (orjson.JSONDecodeError, AttributeError, KeyError, TypeError) as error:
            raise StorageError(f"{where} is damaged: {error}") from error


def step_folder(step: str, fingerprint: str, source: str) -> str:
    """Where a step's parts of one source live below ROOT."""
    return f"steps/{step}/{fingerprint}/{source}"


def receipt_path(step: str, fingerprint: str, source: str, key: str) -> str:
    """The path whose creation commits a part."""
    return f"{step_folder(step, fingerprint, source)}/{key}.json"


def committed(storage: Storage, step: str, fingerprint: str, source: str, keys: Iterable[str]) -> dict[str, Receipt]:
    """The receipts that exist among `keys`."""
    folder = step_folder(step, fingerprint, source)
    present = {name.removesuffix(".json") for name in storage.names(folder) if name.endswith(".json")}
    paths = {key: f"{folder}/{key}.json" for key in keys if key in present}
    with ThreadPoolExecutor(READS_AT_ONCE) as pool:
        found = pool.map(lambda path: Receipt.from_json(storage.get(path), path), paths.values())
        return dict(zip(paths, found, strict=True))


def standing(
    storage: Storage, step: str, fingerprint: str, source: str, keys: Sequence[str]
) -> tuple[dict[str, Receipt], bool]:
    """The receipts of a step by key and whether it is sealed: one file to read where it is, else one for each part done."""
    path = manifest_path(step, fingerprint, source, keys)
    folder, _, name = path.rpartition("/")
    if name in storage.names(folder):
        return {receipt.key: receipt for receipt in read_manifest(storage, path)}, True
    return committed(storage, step, fingerprint, source, keys), False


def manifest_path(step: str, fingerprint: str, source: str, keys: Sequence[str]) -> str:
    """Where the seal of exactly these parts, in this order, lives: growing a source adds a seal and keeps the old one."""
    parts = hashlib.sha256("".join(keys).encode()).hexdigest()[:12]
    return f"{step_folder(step, fingerprint, source)}/manifest-{parts}.parquet"


def seal(storage: Storage, path: str, receipts: Sequence[Receipt], facts: dict[str, Any]) -> None:
    """Writes the manifest of a finished step; `facts` (payload, upstream digests, provenance) go to its metadata."""
    rows = {
        "key": [r.key for r in receipts],
        "name": [r.name for r in receipts],
        "attempt": [r.attempt for r in receipts],
        "bytes": [sum(entry.bytes for entry in r.files.values()) for r in receipts],
        "seconds": [float(r.facts.get("seconds", 0.0)) for r in receipts],
        "receipt": [r.to_json().decode() for r in receipts],
    }
    metadata = {"gristmill": orjson.dumps(facts).decode()}
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table(rows, schema=MANIFEST_SCHEMA.with_metadata(metadata)), sink)
    storage.put_new(path, sink.getvalue().to_pybytes())


def read_manifest(storage: Storage, path: str) -> list[Receipt]:
    """The receipts of a sealed step, in the order of its parts."""
    data = storage.get(path)
    with damage_errors(path):
        table = pq.read_table(pa.BufferReader(data), columns=["receipt"])
    return [Receipt.from_json(text, path) for text in table["receipt"].to_pylist()]
