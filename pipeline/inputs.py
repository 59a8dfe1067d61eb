"""How an input file is opened: a local one as it is, a remote one as the body of a single GET, or for reading here and there."""

import hashlib
import io
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol, Self

import pyarrow as pa

from pipeline.errors import InputError
from pipeline.remote.ranged_file import RangedFile
from pipeline.remote.remote_stream import RemoteStream
from pipeline.remote.stores import BUCKETS, HUB, WEB, place_of
from pipeline.storage_errors import shown, storage_errors

REMOTE = (*BUCKETS, *WEB, HUB)


@contextmanager
def remote_errors(location: str) -> Generator[None]:
    """Turns what a store says about an input into our words."""
    with storage_errors(location):
        try:
            yield
        except FileNotFoundError as error:
            if "<Code>NoSuchBucket</Code>" in str(error):
                raise InputError(f"{shown(location)}: no such bucket; check its name and AWS_ENDPOINT_URL") from error
            raise InputError(f"{shown(location)}: no such file") from error


class _Closeable(Protocol):
    """A sequential reader that holds something open."""

    def read(self, size: int = -1, /) -> bytes: ...

    def close(self) -> None: ...


class InputStream:
    """A sequential reader that counts and digests what passes; the file is never in memory or on disk whole."""

    def __init__(self, chunks: _Closeable) -> None:
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

    @property
    def requests(self) -> int:
        """GETs that were sent for it: one where nothing went wrong, none for a local file."""
        return self._raw.requests if isinstance(self._raw, RemoteStream) else 0

    def close(self) -> None:
        """Lets go of the file or connection."""
        self._raw.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_input(location: str, offset: int = 0, length: int | None = None) -> InputStream:
    """A stream of the file at `location` (or of `length` bytes of it from `offset`): one GET for a remote one.

    Raises:
        InputError: the file is missing, or a local one may not be read.
        StorageError, TransientError: what else a remote store answered, also later, in the middle of the stream.
    """
    if location.startswith(REMOTE):
        with remote_errors(location):
            return InputStream(RemoteStream(place_of(location), offset, length))
    try:
        file = Path(location).open("rb")  # noqa: SIM115  the stream owns it
    except OSError as error:
        raise InputError(f"{location}: {error.strerror}") from error
    file.seek(offset)
    if length is None:
        return InputStream(file)
    with file:
        return InputStream(io.BytesIO(file.read(length)))


def open_seekable(location: str) -> pa.NativeFile:
    """The file at `location` for reading here and there, as Parquet needs it; each piece of a remote one is a GET.

    Raises:
        InputError: the file is missing, or a local one may not be read.
        StorageError, TransientError: what else a remote store answered, also later.
    """
    if location.startswith(REMOTE):
        with remote_errors(location):
            return pa.PythonFile(RangedFile(place_of(location)), mode="r")
    try:
        return pa.OSFile(location, "rb")
    except OSError as error:
        raise InputError(f"{location}: {error.strerror or error}") from error
