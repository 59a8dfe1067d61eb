"""A new file on its way to storage: counted and digested as it passes, durable when closed."""

import hashlib
import os
from contextlib import closing
from typing import Any

from pipeline.storage_errors import storage_errors


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
                self._sink.flush()
                if hasattr(self._sink, "fileno"):
                    os.fsync(self._sink.fileno())

    def abandon(self) -> None:
        """Lets go of the file without making anything durable."""
        if not self.closed:
            self.closed = True
            with storage_errors(self.path):
                self._sink.close()
