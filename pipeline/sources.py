"""Named, ordered lists of input files.

A part's key is the digest of the file's logical name, size and version tag, so the same file has the same key wherever the run
is and whatever stands before it in the list: ten files, then a hundred, costs ninety.
"""

import gzip
import hashlib
import os
import re
import stat
import zlib
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.errors import InputError, RecipeError, StorageError
from pipeline.inputs import REMOTE, open_input
from pipeline.remote.listing import Entry
from pipeline.remote.remote_files import WILD, Found, anchor_of, check_address, describe, expand
from pipeline.storage import Storage
from pipeline.storage_errors import damage_errors

ARCHIVES = (".warc", ".warc.gz", ".warc.zst", ".warc.wet", ".warc.wet.gz", ".wet", ".wet.gz", ".arc", ".arc.gz")
JSON_LINES = (".jsonl", ".jsonl.gz", ".jsonl.zst", ".ndjson", ".ndjson.gz", ".ndjson.zst", ".json.gz")
ROW_FILES = (".parquet", *JSON_LINES)
PATH_LISTS = (".paths", ".paths.gz")
MOST_PARTS = 1 << 24  # a document's number keeps 24 bits for its part
STATS_AT_ONCE = 32

_SOURCE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")

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
    key: str = field(init=False, compare=False, repr=False)
    """16 hexadecimal digits that stand for this file in every path of a run."""

    def __post_init__(self) -> None:
        key = hashlib.sha256(f"{self.name}\n{self.bytes}\n{self.tag}".encode()).hexdigest()[:16]
        object.__setattr__(self, "key", key)  # kept: a dump's 90,000 files are asked for theirs all the time


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
    found = _named(_locations(inputs))
    parts = _parts({name: found[name] for name in sorted(found)[:limit]})
    if not parts:
        raise InputError(f"no file in {', '.join(inputs)}")
    if len(parts) > MOST_PARTS:
        raise InputError(f"{len(parts)} files; a source holds at most {MOST_PARTS}")
    name = _default_name(parts, inputs) if name is None else name
    if not _SOURCE_NAME.fullmatch(name):  # it becomes a folder's name, and a list may say that its crawl is called `..`
        raise RecipeError(f"--source {name}: a source is a folder's name; use letters, digits, '.', '_' and '-'")
    return Source(name, parts)


def _named(files: Iterable[Found]) -> dict[str, Found]:
    """Files by logical name; one that several inputs name is taken once, under the first name it has."""
    names: dict[str, str] = {}
    found: dict[str, Found] = {}
    for file in files:
        if not _is_storable(file.location):
            raise InputError(f"{file.location}: this file's name is not UTF-8, which no table can hold; rename it")
        if file.location not in names:
            name = names[file.location] = logical_name(file.location, file.base)
            if (other := found.setdefault(name, file)) is not file:
                raise InputError(f"{other.location} and {file.location} have the same logical name {name}")
    return found


def _is_storable(name: str) -> bool:
    """Whether UTF-8 can hold it: a name on disk is bytes, and those that are no UTF-8 come as lone surrogates."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _default_name(parts: Sequence[SourcePart], inputs: Sequence[str]) -> str:
    crawl = re.match(r"crawl-data/([^/]+)/", parts[0].name)
    hub = re.match(r"hf://datasets/[^/]+/([^/@]+)", inputs[0])
    last = hub.group(1) if hub else inputs[0].rstrip("/").rsplit("/", 1)[-1]
    return crawl.group(1) if crawl else re.sub(r"[^A-Za-z0-9_-]+", "-", last.split(".")[0]).strip("-_") or "source"


def _locations(inputs: Sequence[str]) -> Iterable[Found]:
    for entry in inputs:
        if entry.startswith(REMOTE):
            check_address(entry)
        elif "://" in entry:
            raise RecipeError(f"--input {entry}: only local paths, s3://, gs://, az://, https:// and hf:// can be read")
        if entry.endswith(PATH_LISTS):
            yield from (Found(location) for location in _listed(entry))
        elif entry.startswith(REMOTE):
            yield from expand(entry, pick)
        else:
            yield from _local(entry)


def _listed(paths_file: str) -> list[str]:
    """The lines of a `warc.paths[.gz]` list; relative ones stand below the list's own `crawl-data` root if it has one."""
    if not paths_file.startswith(REMOTE):
        _stat(paths_file)
    with open_input(paths_file) as file:
        raw = file.read()
    try:
        lines = (gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw).decode().splitlines()
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise InputError(f"{paths_file}: not a readable list of paths ({error})") from error
    lines = [line.strip() for line in lines if line.strip()]
    if not lines:
        raise InputError(f"{paths_file}: lists no files")
    if "://" not in paths_file:
        paths_file = os.path.abspath(paths_file)  # noqa: PTH100  what a link is called counts, not what it points to
    root = paths_file[:at] if (at := paths_file.find("crawl-data/")) >= 0 else paths_file.rsplit("/", 1)[0] + "/"
    if "://" in root and (local := next((line for line in lines if line.startswith("/")), None)):
        raise InputError(
            f"{paths_file}: a list from elsewhere names {local}, a file of this machine; copy the list first"
        )
    locations = [line if "://" in line or line.startswith("/") else root + line for line in lines]
    for location in locations:
        if "://" in location:
            check_address(location)
            if not location.startswith(REMOTE):
                raise InputError(f"{paths_file}: names {location}, which cannot be read")
    return locations


def _local(entry: str) -> Iterable[Found]:
    path = Path(os.path.abspath(os.path.expanduser(entry)))  # noqa: PTH100, PTH111  resolve() would name what a link points to
    if path.is_dir():
        walk = os.walk(path, onerror=_refuse)
        files = pick([str(Path(top) / file) for top, _, names in walk for file in names])
        if not files:
            raise InputError(f"{entry}: no file ending in {', '.join((*ARCHIVES, *ROW_FILES))} in this folder")
        yield from (Found(file, str(path)) for file in files)
    elif path.exists():
        yield Found(str(path))
    elif any(sign in entry for sign in WILD):
        anchor = Path(path.anchor)
        files = sorted(str(file) for file in anchor.glob(str(path.relative_to(anchor))) if file.is_file())
        if not files:
            raise InputError(f"{entry}: matches no file")
        yield from (Found(file, anchor_of(str(path))) for file in files)
    else:
        raise InputError(f"{entry}: no such file or folder")


def pick(names: Sequence[str]) -> list[str]:
    """The files of a folder that are its input: its archives, or its Parquet and JSON lines where it has no archive."""
    archives = sorted(name for name in names if name.endswith(ARCHIVES))
    return archives or sorted(name for name in names if name.endswith(ROW_FILES))


def _refuse(error: OSError) -> None:
    raise InputError(f"{error.filename}: {error.strerror}") from error


def _parts(files: dict[str, Found]) -> tuple[SourcePart, ...]:
    """The parts of named files: what listing did not tell of remote ones is asked for, local ones are looked at."""
    unknown = [file.location for file in files.values() if file.entry is None and file.location.startswith(REMOTE)]
    told = describe(unknown)
    with ThreadPoolExecutor(STATS_AT_ONCE) as pool:
        looked = pool.map(lambda file: file.entry or told.get(file.location) or _stat(file.location), files.values())
        return tuple(
            SourcePart(name, file.location, entry.bytes, entry.tag)
            for (name, file), entry in zip(files.items(), looked, strict=True)
        )


def entry_at(location: str) -> Entry:
    """Size and tag of a file as it is now; InputError where it is not there or may not be read."""
    return describe([location])[location] if location.startswith(REMOTE) else _stat(location)


def _stat(location: str) -> Entry:
    try:
        found = Path(location).stat()
    except OSError as error:
        raise InputError(f"{location}: {error.strerror}") from error
    except ValueError as error:  # a NUL in its name
        raise InputError(f"{location!r}: {error}") from error
    if not stat.S_ISREG(found.st_mode):  # who opens a FIFO waits for a writer, for ever
        kind = "a folder" if stat.S_ISDIR(found.st_mode) else "a FIFO, socket or device"
        raise InputError(f"{location}: {kind}, where a regular file is read")
    if not os.access(location, os.R_OK):
        raise InputError(f"{location}: permission denied")
    return Entry(location, found.st_size, f"mtime:{found.st_mtime_ns}")


def save_source(storage: Storage, source: Source) -> str:
    """Writes the list of files below ROOT (once) and returns its path; a replay needs no input folder.

    The path also depends on where the files are: after a move the old list would name places that are no more.
    """
    places = hashlib.sha256("\n".join(part.location for part in source.parts).encode()).hexdigest()[:8]
    path = f"sources/{source.name}/{source.digest}-{places}.parquet"
    columns = [[getattr(part, field.name) for part in source.parts] for field in SOURCE_SCHEMA]
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table(columns, schema=SOURCE_SCHEMA), sink)
    storage.put_new(path, sink.getvalue().to_pybytes())
    return path


def load_source(storage: Storage, path: str) -> Source:
    """The list of files that `save_source` wrote to `path`."""
    data = storage.get(path)
    with damage_errors(path):
        table = pq.read_table(pa.BufferReader(data))
        if table.schema.names != SOURCE_SCHEMA.names:
            raise StorageError(f"{path} is damaged: its columns are {', '.join(map(ascii, table.schema.names))}")
        rows = table.to_pylist()
    return Source(path.split("/")[-2], tuple(SourcePart(**row) for row in rows))
