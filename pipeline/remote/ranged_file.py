"""A remote file read here and there: each piece is one GET of a range, asked again after what may pass.

Parquet readers want the end first, then long runs of columns; so the end is fetched at once (with the file's size, in the same
request), and short reads fetch a little more than they ask for.
"""

from collections.abc import Callable
from typing import Any, TypeVar

import obstore
from obstore.exceptions import BaseError, NotSupportedError

from pipeline.remote.retries import retrying
from pipeline.remote.stores import Place
from pipeline.storage_errors import storage_errors, trouble_of

TAIL_BYTES = 256 << 10  # a footer, and all of most small tables: 5 ms of transfer, where a request is 50
AHEAD_BYTES = 256 << 10

Value = TypeVar("Value")


class RangedFile:
    """In the shape that pyarrow expects of a Python file. The version that was opened is read, or an error tells of another."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._at = 0
        self._tag: str | None = None
        self._start, self._piece = 0, b""
        self._size = 0
        self._open()
        self.closed = False
        self._tail_start, self._tail = self._start, self._piece

    def _open(self) -> None:
        """Fetches size, tag and the end of the file in one request, or without the end where the store knows no such range."""
        try:
            meta, self._piece = self._get({"range": {"suffix": TAIL_BYTES}})
        except NotSupportedError:
            meta = self._ask(lambda place: obstore.head(place.store, place.key))
        except BaseError as error:
            if trouble_of(error).status not in (416, None):  # an empty file has no last byte
                raise
            meta = self._ask(lambda place: obstore.head(place.store, place.key))
        self._size = int(meta["size"])
        tag = meta["e_tag"]
        self._tag = tag if tag and not tag.startswith("W/") else None  # a weak tag matches nothing
        self._start = self._size - len(self._piece)

    def _get(self, options: Any) -> tuple[Any, bytes]:
        def ask(place: Place) -> tuple[Any, bytes]:
            answer = obstore.get(place.store, place.key, options=options)
            return answer.meta, bytes(answer.bytes())

        return self._ask(ask)

    def _ask(self, ask: Callable[[Place], Value]) -> Value:
        return retrying(self._place.budget, self._place.where, lambda: ask(self._place))

    def read(self, size: int = -1) -> bytes:
        """Up to `size` bytes from here; empty at the end."""
        stop = self._size if size < 0 else min(self._at + size, self._size)
        if stop <= self._at:
            return b""
        if self._at >= self._tail_start:
            start, piece = self._tail_start, self._tail
        else:
            start, piece = self._fetched(stop)
        data = piece[self._at - start : stop - start]
        self._at = stop
        return data

    def _fetched(self, stop: int) -> tuple[int, bytes]:
        if not self._start <= self._at <= stop <= self._start + len(self._piece):
            wanted = (self._at, min(max(stop, self._at + AHEAD_BYTES), self._size))
            with storage_errors(self._place.where):
                _, self._piece = self._get({"range": wanted, "if_match": self._tag} if self._tag else {"range": wanted})
            self._start = self._at
        return self._start, self._piece

    def seek(self, offset: int, whence: int = 0) -> int:
        """Moves as files do."""
        self._at = offset + (0, self._at, self._size)[whence]
        return self._at

    def tell(self) -> int:
        """Where the next byte is read."""
        return self._at

    def size(self) -> int:
        """Bytes of the whole file."""
        return self._size

    def seekable(self) -> bool:
        """It is."""
        return True

    def readable(self) -> bool:
        """It is."""
        return True

    def close(self) -> None:
        """Forgets what was fetched."""
        self.closed = True
        self._piece = self._tail = b""
