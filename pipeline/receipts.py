"""The commit of a part, and the seal of a step.

A receipt is a small JSON file that names every file of a part with its SHA-256, and it is created only if absent: the first
attempt to finish wins. A manifest is the table of a step's receipts. Readers open only what these two list.
"""

import hashlib
from collections.abc import Iterable, Iterator, MutableMapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, overload

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.errors import StorageError
from pipeline.storage import Storage
from pipeline.storage_errors import damage_errors

MANIFEST_ROW_GROUP = 5_000  # receipts made at a time: those of 90,000 parts together would not fit a small driver
READS_AT_ONCE = 64  # of 90,000 receipts in a bucket, each some 50 ms away

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
        return orjson.dumps(orjson.loads(orjson.dumps(self)), option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS)

    @classmethod
    def from_json(cls, data: bytes | str, where: str = "a receipt") -> "Receipt":
        """The receipt of its file's bytes; StorageError where they are damaged, naming `where` they were."""
        try:
            fields = orjson.loads(data)
            fields["files"] = {table: FileEntry(**entry) for table, entry in fields["files"].items()}
            fields["counts"] = dict(fields["counts"].items())
            receipt = cls(**fields)
            outside = [entry.path for entry in receipt.files.values() if leads_out(entry.path)]
        except (orjson.JSONDecodeError, AttributeError, KeyError, TypeError) as error:
            raise StorageError(f"{where} is damaged: {error}") from error
        if outside:
            raise StorageError(f"{where} is damaged: its file {outside[0]} is not below ROOT")
        return receipt

    def check_has(self, where: str, table: str, *counts: str) -> None:
        """StorageError, naming `where` it is, for a receipt without a table or counts that its step writes."""
        lost = [] if table in self.files else [f"table {table}"]
        lost += [f"count {name}" for name in counts if type(self.counts.get(name)) is not int]
        if lost:
            raise StorageError(f"{where} is damaged: the receipt of {self.name} has no {lost[0]}")


def leads_out(path: str) -> bool:
    """Whether a path that is said to be below ROOT leads somewhere else."""
    return path.startswith("/") or ".." in path.split("/")


class Receipts(MutableMapping[str, Receipt]):
    """Receipts by part key, each kept as the JSON it is of and made anew when it is looked at.

    A driver holds those of 90,000 parts: as objects they take 9 kB each, as text 1.5 kB.
    """

    def __init__(self, texts: dict[str, str] | None = None) -> None:
        self._texts: dict[str, str] = texts or {}

    def __getitem__(self, key: str) -> Receipt:
        return Receipt.from_json(self._texts[key], f"the receipt of {key}")

    def __setitem__(self, key: str, receipt: Receipt) -> None:
        self._texts[key] = orjson.dumps(receipt).decode()  # a copy of its own size: the bytes keep a buffer of 8 kB

    def __delitem__(self, key: str) -> None:
        del self._texts[key]

    def __contains__(self, key: object) -> bool:
        return key in self._texts

    def __iter__(self) -> Iterator[str]:
        return iter(self._texts)

    def __len__(self) -> int:
        return len(self._texts)


class SealedReceipts(Sequence[Receipt]):
    """The receipts of a manifest, in order, each made when it is looked at: a barrier reads those of every part."""

    def __init__(self, texts: pa.ChunkedArray, where: str) -> None:
        self._texts = texts.combine_chunks()
        self._where = where

    def __len__(self) -> int:
        return len(self._texts)

    @overload
    def __getitem__(self, place: int) -> Receipt: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Receipt]: ...

    def __getitem__(self, place: int | slice) -> Receipt | Sequence[Receipt]:
        if isinstance(place, slice):
            return [self[each] for each in range(*place.indices(len(self)))]
        try:
            text = self._texts[place].as_py()
        except pa.ArrowIndexError as error:
            raise IndexError(place) from error
        return Receipt.from_json(text, self._where)


def step_folder(step: str, fingerprint: str, source: str) -> str:
    """Where a step's parts of one source live below ROOT."""
    return f"steps/{step}/{fingerprint}/{source}"


def receipt_path(step: str, fingerprint: str, source: str, key: str) -> str:
    """The path whose creation commits a part."""
    return f"{step_folder(step, fingerprint, source)}/{key}.json"


def committed(storage: Storage, step: str, fingerprint: str, source: str, keys: Iterable[str]) -> Receipts:
    """The receipts that exist among `keys`."""
    folder = step_folder(step, fingerprint, source)
    present = {name.removesuffix(".json") for name in storage.names(folder) if name.endswith(".json")}
    paths = {key: f"{folder}/{key}.json" for key in keys if key in present}
    receipts = Receipts()
    with ThreadPoolExecutor(READS_AT_ONCE) as pool:
        for key, data in zip(paths, pool.map(storage.get, paths.values()), strict=True):
            receipts[key] = Receipt.from_json(data, paths[key])
    return receipts


def standing(storage: Storage, step: str, fingerprint: str, source: str, keys: Sequence[str]) -> tuple[Receipts, bool]:
    """The receipts of a step by key and whether it is sealed: one file to read where it is, else one for each part done."""
    path = manifest_path(step, fingerprint, source, keys)
    if storage.exists(path):
        return Receipts(_texts(storage, path)), True
    return committed(storage, step, fingerprint, source, keys), False


def manifest_path(step: str, fingerprint: str, source: str, keys: Sequence[str]) -> str:
    """Where the seal of exactly these parts, in this order, lives: growing a source adds a seal and keeps the old one."""
    parts = hashlib.sha256("".join(keys).encode()).hexdigest()[:12]
    return f"{step_folder(step, fingerprint, source)}/manifest-{parts}.parquet"


def seal(
    storage: Storage, path: str, receipts: Iterable[Receipt], facts: dict[str, Any], *, again: bool = False
) -> None:
    """Writes the manifest of a finished step; `facts` (payload, upstream digests, provenance) go to its metadata.

    A seal that is there stays as it is, unless the parts were mended and it is written `again`.
    """
    schema = MANIFEST_SCHEMA.with_metadata({"gristmill": orjson.dumps(facts).decode()})
    sink, rows = pa.BufferOutputStream(), iter(receipts)
    with pq.ParquetWriter(sink, schema, compression="zstd", use_dictionary=False) as writer:
        while some := [_manifest_row(receipt) for receipt in islice(rows, MANIFEST_ROW_GROUP)]:
            writer.write_table(pa.Table.from_pylist(some, schema))
    (storage.put if again else storage.put_new)(path, sink.getvalue().to_pybytes())


def _manifest_row(receipt: Receipt) -> dict[str, Any]:
    return {
        "key": receipt.key,
        "name": receipt.name,
        "attempt": receipt.attempt,
        "bytes": sum(entry.bytes for entry in receipt.files.values()),
        "seconds": float(receipt.facts.get("seconds", 0.0)),
        "receipt": orjson.dumps(receipt).decode(),
    }


def read_manifest(storage: Storage, path: str) -> SealedReceipts:
    """The receipts of a sealed step, in the order of its parts."""
    return SealedReceipts(_manifest(storage, path, "receipt")["receipt"], path)


def _texts(storage: Storage, path: str) -> dict[str, str]:
    table = _manifest(storage, path, "key", "receipt")
    return dict(zip(table["key"].to_pylist(), table["receipt"].to_pylist(), strict=True))


def _manifest(storage: Storage, path: str, *columns: str) -> pa.Table:
    data = storage.get(path)
    with damage_errors(path):
        return pq.read_table(pa.BufferReader(data), columns=list(columns))
