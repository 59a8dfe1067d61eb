"""Named, ordered lists of input files, and how a file is opened.

A part's key is the digest of the file's logical name, size and version tag, so the same file has the same key wherever the run
is and whatever stands before it in the list: ten files, then a hundred, costs ninety.
"""

import gzip
import hashlib
import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Self

import obstore
import pyarrow as pa
import pyarrow.parquet as pq
from obstore.store import from_url

from pipeline.errors import InputError, RecipeError
from pipeline.storage import Storage, storage_errors

ARCHIVES = (".warc", ".warc.gz", ".warc.zst", ".warc.wet", ".warc.wet.gz", ".wet", ".wet.gz", ".arc", ".arc.gz")
PATH_LISTS = (".paths", ".paths.gz")
REMOTE = ("s3://", "gs://", "az://", "https://", "http://127.0.0.1", "http://localhost")
MOST_PARTS = 1 << 24  # a document's number keeps 24 bits for its part

SOURCE_SCHEMA = pa.schema(
    [
        pa.field("name", pa.large_string()),
        pa.field("location", pa.large_string()),
        pa.field("bytes", pa.int64()),
        pa.field("tag", pa.large_string()),
    ]
)


@dataclass(frozen=True, slots=True)
class SourcePart:
    """One input file: its logical name, where it is now, its size in bytes, and the tag of this version of it."""

    name: str
    location: str
    bytes: int
    tag: str

    @property
    def key(self) -> str:
        """16 hexadecimal digits that stand for this file in every path of a run."""
        return hashlib.sha256(f"{self.name}\n{self.bytes}\n{self.tag}".encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Source:
    """A named, ordered list of input files: one dump, one folder."""

    name: str
    parts: tuple[SourcePart, ...]

    @property
    def digest(self) -> str:
        """16 hexadecimal digits of the keys in order."""
        return hashlib.sha256("".join(part.key for part in self.parts).encode()).hexdigest()[:16]

    @property
    def bytes(self) -> int:
        """Sum of the sizes of all files."""
        return sum(part.bytes for part in self.parts)


def logical_name(location: str, base: str = "") -> str:
    """What a file is called wherever it lies: its crawl-data path for Common Crawl, else its path below `base`."""
    if (at := location.rfind("crawl-data/")) >= 0:
        return location[at:]
    if base and location.startswith(base):
        return location[len(base) :].lstrip("/")
    return location.rsplit("/", 1)[-1]


def find_source(inputs: Sequence[str], *, name: str | None = None, limit: int | None = None) -> Source:
    """The files that `inputs` (files, globs, folders, addresses, `*.paths[.gz]` lists) name, sorted by logical name.

    Raises:
        InputError: an input is missing, unreadable or empty, or two files have one logical name.
    """
    found: dict[str, SourcePart] = {}
    for location, base in _locations(inputs):
        part = _stat(location, logical_name(location, base))
        twin = found.setdefault(part.name, part)
        if twin.location != part.location:
            raise InputError(f"{twin.location} and {part.location} have the same logical name {part.name}")
    parts = tuple(found[key] for key in sorted(found))[:limit]
    if not parts:
        raise InputError(f"no WARC, WET or ARC file in {', '.join(inputs)}")
    if len(parts) > MOST_PARTS:
        raise InputError(f"{len(parts)} files; a source holds at most {MOST_PARTS}")
    return Source(name or _default_name(parts, inputs), parts)


def _default_name(parts: Sequence[SourcePart], inputs: Sequence[str]) -> str:
    crawl = re.match(r"crawl-data/([^/]+)/", parts[0].name)
    last = inputs[0].rstrip("/").rsplit("/", 1)[-1]
    return crawl.group(1) if crawl else re.sub(r"[^A-Za-z0-9_-]+", "-", last.split(".")[0]).strip("-") or "source"


def _locations(inputs: Sequence[str]) -> Iterable[tuple[str, str]]:
    for entry in inputs:
        if entry.endswith(PATH_LISTS):
            yield from ((location, "") for location in _listed(entry))
        elif entry.startswith(REMOTE):
            yield entry, ""
        elif "://" in entry:
            raise RecipeError(f"--input {entry}: only local paths, s3://, gs://, az:// and https:// can be read")
        else:
            yield from _local(entry)


def _listed(paths_file: str) -> list[str]:
    """The lines of a `warc.paths[.gz]` list; relative ones stand below the list's own `crawl-data` root if it has one."""
    with open_input(paths_file) as file:
        raw = file.read()
    try:
        lines = (gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw).decode().split()
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise InputError(f"{paths_file}: not a readable list of paths ({error})") from error
    if not lines:
        raise InputError(f"{paths_file}: lists no files")
    root = paths_file[:at] if (at := paths_file.find("crawl-data/")) >= 0 else paths_file.rsplit("/", 1)[0] + "/"
    if "/" not in paths_file:
        root = ""
    return [line if "://" in line or line.startswith("/") else root + line for line in lines]


def _local(entry: str) -> Iterable[tuple[str, str]]:
    path = Path(entry).expanduser()
    if path.is_dir():
        files = sorted(Path(top) / file for top, _, names in os.walk(path) for file in names if file.endswith(ARCHIVES))
        if not files:
            raise InputError(f"{entry}: no file ending in {', '.join(ARCHIVES)} in this folder")
        yield from ((str(file.resolve()), str(path.resolve())) for file in files)
    elif path.exists():
        yield str(path.resolve()), ""
    elif any(sign in entry for sign in "*?["):
        anchor = Path(path.anchor) if path.is_absolute() else Path()
        files = sorted(file for file in anchor.glob(str(path.relative_to(anchor))) if file.is_file())
        if not files:
            raise InputError(f"{entry}: matches no file")
        yield from ((str(file.resolve()), "") for file in files)
    else:
        raise InputError(f"{entry}: no such file or folder")


def _stat(location: str, name: str) -> SourcePart:
    if location.startswith(REMOTE):
        folder, _, file = location.rpartition("/")
        with storage_errors(location):
            meta = obstore.head(from_url(folder), file)
        return SourcePart(name, location, int(meta["size"]), str(meta["e_tag"] or meta["last_modified"].isoformat()))
    try:
        stat = Path(location).stat()
    except OSError as error:
        raise InputError(f"{location}: {error.strerror}") from error
    if not os.access(location, os.R_OK):
        raise InputError(f"{location}: permission denied")
    return SourcePart(name, location, stat.st_size, f"mtime:{stat.st_mtime_ns}")


class InputStream:
    """A sequential reader that counts and digests what passes; the file is never in memory or on disk whole."""

    def __init__(self, chunks: BinaryIO | Any) -> None:
        self._raw = chunks
        self._digest = hashlib.sha256()
        self.bytes = 0

    def read(self, size: int = -1) -> bytes:
        """Up to `size` bytes; empty at the end."""
        data = self._raw.read(size)
        self._digest.update(data)
        self.bytes += len(data)
        return data

    @property
    def sha256(self) -> str:
        """Hexadecimal SHA-256 of the bytes read so far."""
        return self._digest.hexdigest()

    def close(self) -> None:
        """Lets go of the file or connection."""
        self._raw.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Streamed:
    """The body of one GET as a file."""

    def __init__(self, chunks: Any) -> None:
        self._chunks = iter(chunks)
        self._rest = b""

    def read(self, size: int = -1) -> bytes:
        pieces, have = [self._rest], len(self._rest)
        while size < 0 or have < size:
            if (chunk := next(self._chunks, None)) is None:
                break
            pieces.append(bytes(chunk))
            have += len(pieces[-1])
        data = b"".join(pieces)
        cut = len(data) if size < 0 else size
        self._rest = data[cut:]
        return data[:cut]

    def close(self) -> None:
        self._chunks = iter(())


def open_input(location: str, offset: int = 0, length: int | None = None) -> InputStream:
    """A stream of the file at `location` (or of `length` bytes of it from `offset`): one GET for a remote one.

    Raises:
        InputError: a local file is missing or may not be read.
        StorageError, TransientError: what a remote store answered.
    """
    if location.startswith(REMOTE):
        folder, _, file = location.rpartition("/")
        options: Any = {}
        if length is not None:
            options = {"range": (offset, offset + length)}
        elif offset:
            options = {"range": {"offset": offset}}
        with storage_errors(location):
            return InputStream(_Streamed(obstore.get(from_url(folder), file, options=options).stream()))
    try:
        file = Path(location).open("rb")  # noqa: SIM115  the stream owns it
    except OSError as error:
        raise InputError(f"{location}: {error.strerror}") from error
    file.seek(offset)
    return InputStream(file)


def save_source(storage: Storage, source: Source) -> str:
    """Writes the list of files below ROOT (once) and returns its path; a replay needs no input folder."""
    path = f"sources/{source.name}/{source.digest}.parquet"
    columns = [[getattr(part, field.name) for part in source.parts] for field in SOURCE_SCHEMA]
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table(columns, schema=SOURCE_SCHEMA), sink)
    storage.put_new(path, sink.getvalue().to_pybytes())
    return path


def load_source(storage: Storage, path: str) -> Source:
    """The list of files that `save_source` wrote to `path`."""
    table = pq.read_table(pa.BufferReader(storage.get(path)))
    return Source(path.split("/")[-2], tuple(SourcePart(**row) for row in table.to_pylist()))
