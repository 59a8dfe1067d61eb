"""Where a run lives: a local folder or an object store, behind the few operations the machine needs.

The one that matters is `put_new`: create-if-absent is the commit of every part. Locally it is `os.link`, on an object store a
PUT with `If-None-Match: *`. Everything else is written under names that no other attempt can have, so it needs no locks.
"""

import hashlib
import os
import re
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Protocol
from uuid import uuid4

import pyarrow as pa
from obstore.exceptions import BaseError

from pipeline.errors import StorageError
from pipeline.remote.object_storage import ObjectStorage
from pipeline.remote.stores import BUCKETS
from pipeline.storage_errors import first_line, storage_errors
from pipeline.writer import Writer

__all__ = ["LocalStorage", "ObjectStorage", "Storage", "Writer", "digest_of", "open_storage"]

_STAGED = re.compile(r"\..+\.[0-9a-f]{12}")
CHUNK = 8 << 20  # of a bucket's file, each is a request


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

    def exists(self, path: str) -> bool:
        """Whether there is a file at `path`: one question, where `names` of a step with 90,000 parts is hundreds."""
        ...

    def names(self, folder: str) -> list[str]:
        """Sorted names of the files directly in `folder`; empty where there is none."""
        ...

    def leftovers(self, folder: str) -> list[str]:
        """Names of the files directly in `folder` that a killed process was writing and had not named yet."""
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

    def exists(self, path: str) -> bool:
        """See `Storage.exists`."""
        with storage_errors(self._show(path)):
            return (self._root / path).is_file()

    def names(self, folder: str) -> list[str]:
        """See `Storage.names`."""
        with storage_errors(self._show(folder)):
            target = self._root / folder
            entries = os.scandir(target) if target.is_dir() else ()
            return sorted(e.name for e in entries if e.is_file() and not e.name.startswith("."))

    def leftovers(self, folder: str) -> list[str]:
        """See `Storage.leftovers`: a staged file has a dot before its name and an attempt of its own behind it."""
        with storage_errors(self._show(folder)):
            target = self._root / folder
            entries = os.scandir(target) if target.is_dir() else ()
            return sorted(e.name for e in entries if e.is_file() and _STAGED.fullmatch(e.name))

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


def open_storage(location: str) -> Storage:
    """The storage at a local path, or at `s3://bucket/prefix`."""
    if location.startswith(BUCKETS):
        try:
            return ObjectStorage(location)
        except (BaseError, ValueError) as error:
            raise StorageError(f"{location}: {first_line(error)}") from error
    if "://" in location:
        raise StorageError(f"{location}: not a place a run can be kept; use a local path or {' '.join(BUCKETS)}")
    try:
        return LocalStorage(Path(location).expanduser().resolve())
    except RuntimeError as error:  # of `~nobody`, or of links in a circle
        raise StorageError(f"{location}: {error}") from error


def digest_of(storage: Storage, path: str) -> str:
    """SHA-256 of a stored file, read in chunks."""
    digest = hashlib.sha256()
    with storage.open(path) as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
