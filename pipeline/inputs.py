"""How an input file is opened: a local one as it is, a remote one as the body of a single GET, or by ranges."""

import hashlib
import io
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol, Self

import obstore
import pyarrow as pa
from obstore.exceptions import BaseError
from obstore.store import ObjectStore, from_url

from pipeline.errors import InputError
from pipeline.storage import open_object
from pipeline.storage_errors import first_line, storage_errors

REMOTE = ("s3://", "gs://", "az://", "https://", "http://127.0.0.1", "http://localhost")


def remote(location: str) -> tuple[ObjectStore, str]:
    """The store that holds a remote file, and the file's name in it; InputError where `location` is no address."""
    folder, _, file = location.rpartition("/")
    options: Any = {"client_options": {"allow_http": True}} if folder.startswith("http://") else {}
    try:
        return from_url(folder, **options), file
    except (BaseError, ValueError) as error:
        raise InputError(f"{location}: no address of a file ({first_line(error)})") from error


@contextmanager
def remote_errors(location: str) -> Generator[None]:
    """Turns what a store says about an input into our words."""
    with storage_errors(location):
        try:
            yield
        except FileNotFoundError as error:
            raise InputError(f"{location}: no such file") from error


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

    def close(self) -> None:
        """Lets go of the file or connection."""
        self._raw.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Streamed:
    """The body of one GET as a file; after a cut obstore goes on where it was, if the store has ETags and ranges."""

    def __init__(self, chunks: Any, location: str) -> None:
        self._chunks = iter(chunks)
        self._location = location
        self._rest = b""

    def read(self, size: int = -1) -> bytes:
        pieces, have = [self._rest], len(self._rest)
        while size < 0 or have < size:
            with storage_errors(self._location):
                chunk = next(self._chunks, None)
            if chunk is None:
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
        InputError: the file is missing, or a local one may not be read.
        StorageError, TransientError: what else a remote store answered, also later, in the middle of the stream.
    """
    if location.startswith(REMOTE):
        options: Any = {}
        if length is not None:
            options = {"range": (offset, offset + length)}
        elif offset:
            options = {"range": {"offset": offset}}
        with remote_errors(location):
            store, file = remote(location)
            return InputStream(_Streamed(obstore.get(store, file, options=options).stream(), location))
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
    """The file at `location` for a reader that does not go from its beginning to its end.

    Raises:
        InputError: the file is missing, or a local one may not be read.
        StorageError, TransientError: what else a remote store answered, also later.
    """
    if location.startswith(REMOTE):
        with remote_errors(location):
            store, file = remote(location)
            obstore.head(store, file)  # says first whether it is there
            return open_object(store, file, location)
    try:
        return pa.OSFile(location, "rb")
    except OSError as error:
        raise InputError(f"{location}: {error.strerror or error}") from error
