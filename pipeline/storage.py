"""Where a run lives: a local folder or an object store, behind the few operations the machine needs.

The one that matters is `put_new`: create-if-absent is the commit of every part. Locally it is `os.link`, on an object store a
PUT with `If-None-Match: *`. Everything else is written under names that no other attempt can have, so it needs no locks.
"""

import hashlib
import os
import shutil
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, Protocol
from uuid import uuid4

import obstore
import pyarrow as pa
from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import ObjectStore, from_url

from pipeline.errors import StorageError
from pipeline.storage_errors import first_line, storage_errors

REMOTE_SCHEMES = ("s3://", "gs://", "az://")


class Writer:
    """A new file being written: counts and digests its bytes as they pass."""

    def __init__(self, sink: Any, path: str) -> None:
        self._sink = sink
        self._digest = hashlib.sha256()
        self.path = path
        self.bytes = 0
        self.closed = False

    @property
    def sha256(self) -> str:
        """Hexadecimal SHA-256 of the bytes written so far."""
        return self._digest.hexdigest()

    def write(self, data: bytes) -> int:
        """Appends `data`, raising StorageError where the disk is full or the folder is not ours."""
        with storage_errors(self.path):
            self._sink.write(data)
        self._digest.update(data)
        self.bytes += len(data)
        return len(data)

    def tell(self) -> int:
        """Bytes written so far."""
        return self.bytes

    def flush(self) -> None:
        """Nothing is promised before `close`."""

    def close(self) -> None:
        """Makes the file durable; until then nobody may rely on it."""
        if not self.closed:
            self.closed = True
            with storage_errors(self.path), closing(self._sink):
                if hasattr(self._sink, "fileno"):
                    self._sink.flush()
                    os.fsync(self._sink.fileno())


class Storage(Protocol):
    """A folder of files addressed by `/`-separated relative paths."""

    location: str

    def put_new(self, path: str, data: bytes) -> bool:
        """Creates `path` holding `data` unless it exists; True if this call created it. Atomic and durable."""
        ...

    def put(self, path: str, data: bytes) -> None:
        """Creates or replaces `path` atomically."""
        ...

    def get(self, path: str) -> bytes:
        """The bytes of `path`; StorageError where it is missing."""
        ...

    def writer(self, path: str) -> Writer:
        """A new file at `path`, which nobody else may be writing."""
        ...

    def open(self, path: str) -> pa.NativeFile:
        """A seekable reader of `path`."""
        ...

    def names(self, folder: str) -> list[str]:
        """Sorted names of the files directly in `folder`; empty where there is none."""
        ...

    def copy(self, source: str, target: str) -> None:
        """Makes `target` the same bytes as `source`, replacing it atomically."""
        ...

    def delete(self, path: str) -> None:
        """Removes `path` if it is there."""
        ...


class LocalStorage:
    """A folder on this machine or on a file system all workers share."""

    def __init__(self, root: Path) -> None:
        self.location = str(root)
        self._root = root

    def _target(self, path: str) -> Path:
        target = self._root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        return target

    def _staged(self, target: Path, data: bytes) -> Path:
        staged = target.with_name(f".{target.name}.{uuid4().hex[:12]}")
        try:
            with staged.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
        except OSError:
            staged.unlink(missing_ok=True)  # on a full disk what is left of it would only take room
            raise
        return staged

    def put_new(self, path: str, data: bytes) -> bool:
        """See `Storage.put_new`: a staged file is linked to its name, which fails if the name is taken."""
        with storage_errors(self._show(path)):
            target = self._target(path)
            staged = self._staged(target, data)
            try:
                os.link(staged, target)
            except FileExistsError:
                return False
            finally:
                staged.unlink()
            return True

    def put(self, path: str, data: bytes) -> None:
        """See `Storage.put`."""
        with storage_errors(self._show(path)):
            target = self._target(path)
            self._staged(target, data).replace(target)

    def get(self, path: str) -> bytes:
        """See `Storage.get`."""
        with storage_errors(self._show(path)):
            return (self._root / path).read_bytes()

    def writer(self, path: str) -> Writer:
        """See `Storage.writer`."""
        with storage_errors(self._show(path)):
            return Writer(self._target(path).open("xb"), self._show(path))

    def open(self, path: str) -> pa.NativeFile:
        """See `Storage.open`."""
        with storage_errors(self._show(path)):
            return pa.OSFile(str(self._root / path), "rb")

    def names(self, folder: str) -> list[str]:
        """See `Storage.names`."""
        with storage_errors(self._show(folder)):
            target = self._root / folder
            entries = os.scandir(target) if target.is_dir() else ()
            return sorted(e.name for e in entries if e.is_file() and not e.name.startswith("."))

    def copy(self, source: str, target: str) -> None:
        """See `Storage.copy`: a hard link where the file system allows it."""
        with storage_errors(f"{self._show(source)} → {target}"):
            final = self._target(target)
            staged = final.with_name(f".{final.name}.{uuid4().hex[:12]}")
            try:
                with suppress(OSError):
                    os.link(self._root / source, staged)
                if not staged.exists():
                    shutil.copyfile(self._root / source, staged)
                staged.replace(final)
            finally:
                staged.unlink(missing_ok=True)  # also after rename(2), which does nothing where both names are one file

    def delete(self, path: str) -> None:
        """See `Storage.delete`."""
        with storage_errors(self._show(path)):
            (self._root / path).unlink(missing_ok=True)

    def _show(self, path: str) -> str:
        return str(self._root / path)


class _Reader:
    """An obstore reader in the shape that pyarrow expects of a Python file."""

    def __init__(self, reader: Any, path: str) -> None:
        self._reader = reader
        self._path = path
        self.closed = False

    def read(self, size: int = -1) -> bytes:
        with storage_errors(self._path):
            return bytes(self._reader.read(None if size < 0 else size))

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._reader.seek(offset, whence)

    def tell(self) -> int:
        return self._reader.tell()

    def size(self) -> int:
        return self._reader.size

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def close(self) -> None:
        self.closed = True


def open_object(store: ObjectStore, path: str, shown: str) -> pa.NativeFile:
    """A seekable reader of an object that errors call `shown`."""
    with storage_errors(shown):
        return pa.PythonFile(_Reader(obstore.open_reader(store, path), shown), mode="r")


class ObjectStorage:
    """A prefix of a bucket; credentials come from the environment, as for every S3 client."""

    def __init__(self, url: str, store: ObjectStore | None = None) -> None:
        self.location = url.rstrip("/")
        self._store = store if store is not None else from_url(self.location)

    def put_new(self, path: str, data: bytes) -> bool:
        """See `Storage.put_new`: `If-None-Match: *` lets the first writer win."""
        with storage_errors(self._show(path)):
            try:
                obstore.put(self._store, path, data, mode="create")
            except AlreadyExistsError:
                return False
            return True

    def put(self, path: str, data: bytes) -> None:
        """See `Storage.put`."""
        with storage_errors(self._show(path)):
            obstore.put(self._store, path, data)

    def get(self, path: str) -> bytes:
        """See `Storage.get`."""
        with storage_errors(self._show(path)):
            return bytes(obstore.get(self._store, path).bytes())

    def writer(self, path: str) -> Writer:
        """See `Storage.writer`: a multipart upload, visible only when closed."""
        return Writer(obstore.open_writer(self._store, path), self._show(path))

    def open(self, path: str) -> pa.NativeFile:
        """See `Storage.open`."""
        return open_object(self._store, path, self._show(path))

    def names(self, folder: str) -> list[str]:
        """See `Storage.names`."""
        with storage_errors(self._show(folder)):
            found = obstore.list_with_delimiter(self._store, folder)["objects"]
            return sorted(str(entry["path"]).rsplit("/", 1)[-1] for entry in found)

    def copy(self, source: str, target: str) -> None:
        """See `Storage.copy`: a copy within the store."""
        with storage_errors(f"{self._show(source)} → {target}"):
            obstore.copy(self._store, source, target)

    def delete(self, path: str) -> None:
        """See `Storage.delete`."""
        with storage_errors(self._show(path)), suppress(FileNotFoundError):
            obstore.delete(self._store, path)

    def _show(self, path: str) -> str:
        return f"{self.location}/{path}"


def open_storage(location: str) -> Storage:
    """The storage at a local path, or at `s3://bucket/prefix`."""
    if location.startswith(REMOTE_SCHEMES):
        try:
            return ObjectStorage(location)
        except (BaseError, ValueError) as error:
            raise StorageError(f"{location}: {first_line(error)}") from error
    if "://" in location:
        raise StorageError(f"{location}: not a place a run can be kept; use a local path or {' '.join(REMOTE_SCHEMES)}")
    try:
        return LocalStorage(Path(location).expanduser().resolve())
    except RuntimeError as error:  # of `~nobody`, or of links in a circle
        raise StorageError(f"{location}: {error}") from error
