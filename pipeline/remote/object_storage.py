"""A run in a bucket. Every request is asked again after what may pass, under the bucket's budget.

A table is collected in memory, then in a temporary file, and sent when it is closed: one PUT where it is small, so a killed part
leaves nothing behind, and a failed request costs itself rather than the whole part.
"""

from collections.abc import Callable
from contextlib import suppress
from tempfile import SpooledTemporaryFile, TemporaryFile, gettempdir
from typing import IO, TypeVar, cast

import obstore
import pyarrow as pa
from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import ObjectStore

from pipeline.remote.listing import entries
from pipeline.remote.ranged_file import RangedFile
from pipeline.remote.retries import retrying
from pipeline.remote.stores import Place, budget_for, open_store
from pipeline.storage_errors import storage_errors, trouble_of
from pipeline.writer import Writer

MEMORY_BYTES = 8 << 20  # of a table being written; the rest waits in the machine's folder for temporary files
SINGLE_PUT_BYTES = 64 << 20  # above it a file is sent in pieces, which a killed process leaves behind
PIECE_BYTES = 64 << 20  # 10,000 of them are allowed
_TOO_LARGE = ("EntityTooLarge", "InvalidRequest")  # what S3 says of copying more than 5 GB at once

Value = TypeVar("Value")


class _Upload:
    """A file in the making, which `flush` sends."""

    def __init__(self, send: Callable[[IO[bytes], int], None]) -> None:
        self._send = send
        self._file = cast("IO[bytes]", SpooledTemporaryFile(max_size=MEMORY_BYTES))  # noqa: SIM115  closed by `close`
        self._size = 0

    def write(self, data: bytes) -> None:
        with storage_errors(gettempdir()):
            self._file.write(data)
        self._size += len(data)

    def flush(self) -> None:
        self._send(self._file, self._size)

    def close(self) -> None:
        self._file.close()


class ObjectStorage:
    """A prefix of a bucket; credentials come from the environment, as for every S3 client."""

    def __init__(self, url: str, store: ObjectStore | None = None) -> None:
        self.location = url.rstrip("/")
        self._store = store if store is not None else open_store(self.location)
        self._budget = budget_for(self.location)

    def put_new(self, path: str, data: bytes) -> bool:
        """See `Storage.put_new`: `If-None-Match: *` lets the first writer win."""

        def ask() -> bool:
            try:
                obstore.put(self._store, path, data, mode="create", use_multipart=False)
            except AlreadyExistsError as error:
                if trouble_of(error).passing:  # 409: somebody else is creating it right now, and may yet fail
                    raise
                return False
            return True

        return self._ask(path, ask)

    def put(self, path: str, data: bytes) -> None:
        """See `Storage.put`."""
        self._ask(path, lambda: obstore.put(self._store, path, data, use_multipart=False))

    def get(self, path: str) -> bytes:
        """See `Storage.get`."""
        return self._ask(path, lambda: bytes(obstore.get(self._store, path).bytes()))

    def writer(self, path: str) -> Writer:
        """See `Storage.writer`: it is sent when it is closed."""
        return Writer(_Upload(lambda file, size: self._send(path, file, size)), self._show(path))

    def _send(self, path: str, file: IO[bytes], size: int) -> None:
        def ask() -> None:
            file.seek(0)
            pieces = size > SINGLE_PUT_BYTES
            obstore.put(self._store, path, file, use_multipart=pieces, chunk_size=PIECE_BYTES, max_concurrency=4)

        self._ask(path, ask)

    def open(self, path: str) -> pa.NativeFile:
        """See `Storage.open`."""
        where = self._show(path)
        with storage_errors(where):
            return pa.PythonFile(RangedFile(Place(self._store, path, where, self._budget)), mode="r")

    def exists(self, path: str) -> bool:
        """See `Storage.exists`."""

        def ask() -> bool:
            try:
                obstore.head(self._store, path)
            except FileNotFoundError:
                return False
            return True

        return self._ask(path, ask)

    def names(self, folder: str) -> list[str]:
        """See `Storage.names`."""
        below = folder.rstrip("/") + "/" if folder else ""
        with storage_errors(self._show(folder)):
            found = [
                entry.key[len(below) :] for entry in entries(self._store, folder, self._show(folder), self._budget)
            ]
        return sorted(name for name in found if "/" not in name)

    def leftovers(self, folder: str) -> list[str]:  # noqa: ARG002  there are none anywhere
        """See `Storage.leftovers`: a file has its name at once here, or is none."""
        return []

    def copy(self, source: str, target: str) -> None:
        """See `Storage.copy`: within the store, or through this machine where the file is too large for that."""

        def ask() -> None:
            try:
                obstore.copy(self._store, source, target)
            except BaseError as error:
                if trouble_of(error).code not in _TOO_LARGE:
                    raise
                self._carry(source, target)

        if source != target:  # S3 refuses that
            self._ask(f"{source} → {target}", ask)

    def _carry(self, source: str, target: str) -> None:
        with TemporaryFile() as file:
            for piece in obstore.get(self._store, source).stream(min_chunk_size=PIECE_BYTES):
                file.write(piece)
            self._send(target, file, file.tell())

    def delete(self, path: str) -> None:
        """See `Storage.delete`."""

        def ask() -> None:
            with suppress(FileNotFoundError):
                obstore.delete(self._store, path)

        self._ask(path, ask)

    def _ask(self, path: str, ask: Callable[[], Value]) -> Value:
        where = self._show(path)
        with storage_errors(where):
            return retrying(self._budget, where, ask)

    def _show(self, path: str) -> str:
        return f"{self.location}/{path}"
