"""A stored file as huggingface_hub reads one: seekable, counted as it goes, and stoppable."""

import io
import threading
from typing import Any

from pipeline.publishing.bundle import Progress
from pipeline.storage import Storage


class UploadStopped(Exception):  # noqa: N818  what happened
    """The person stopped the upload; raised in the threads that send."""


class StoredFile(io.BufferedIOBase):
    """Reads a file of a local folder or an object store in pieces, so no upload needs room on disk or in memory.

    Each byte is told to `progress` once, however often a part is sent again.
    """

    def __init__(self, storage: Storage, path: str, progress: Progress, stop: threading.Event) -> None:
        super().__init__()
        self._file: Any = storage.open(path)
        self._progress = progress
        self._stop = stop
        self._told = 0
        self.sending = False

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def read(self, size: int | None = -1, /) -> bytes:
        """Up to `size` bytes; UploadStopped once the upload shall stop."""
        if self._stop.is_set():
            raise UploadStopped
        data = bytes(self._file.read() if size is None or size < 0 else self._file.read(size))
        place = self.tell()
        if self.sending and place > self._told:
            self._progress(place - self._told)
            self._told = place
        return data

    def read1(self, size: int = -1, /) -> bytes:
        """As `read`."""
        return self.read(size)

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Goes to a place and returns it."""
        self._file.seek(offset, whence)
        return self.tell()

    def tell(self) -> int:
        """The place."""
        return self._file.tell()

    @property
    def sent(self) -> int:
        """Bytes that were read to be sent: none where the Hub had the file."""
        return self._told

    def close(self) -> None:
        """Lets the file go."""
        if not self.closed:
            self._file.close()
        super().close()
