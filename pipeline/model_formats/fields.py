"""A file read from front to back, never further than it goes."""

import os
import stat
import struct
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO


class RefusedError(ValueError):
    """The file is not what its name says, or nothing that may be loaded; the text says why."""


class Fields:
    """The fields of an open file of `size` bytes, in order."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file, self.size = file, size

    @property
    def place(self) -> int:
        """How many bytes were read or passed."""
        return self._file.tell()

    @property
    def left(self) -> int:
        """How many bytes follow."""
        return self.size - self.place

    def take(self, count: int) -> bytes:
        """The next bytes; RefusedError where there are not so many."""
        self._must_have(count)
        found = self._file.read(count)
        if len(found) < count:
            raise RefusedError("it changed while it was read")
        return found

    def line(self, most: int) -> bytes:
        """The next line with its end, `most` bytes of it where it is longer; none at the end of the file."""
        return self._file.readline(most)

    def skip(self, count: int) -> None:
        """Passes the next bytes, which must be there."""
        self._must_have(count)
        self._file.seek(count, os.SEEK_CUR)

    def back_to(self, place: int) -> None:
        """Goes to a byte of the file."""
        self._file.seek(place)

    def _must_have(self, count: int) -> None:
        if not 0 <= count <= self.left:
            raise RefusedError(f"it says that {count:,} bytes follow at {self.place:,}, and {self.left:,} do")

    def unpack(self, form: str) -> tuple[Any, ...]:
        """The next values of a `struct` format, without padding between them."""
        packed = struct.Struct(form)
        return packed.unpack(self.take(packed.size))

    def number(self, form: str) -> int:
        """The next whole number of a `struct` format with one value."""
        return int(self.unpack(form)[0])


@contextmanager
def opened(path: Path) -> Generator[Fields]:
    """The fields of a plain file; RefusedError for a link, a folder, a pipe or a device, none of which is waited for."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise RefusedError(f"it cannot be read: {error.strerror}") from error
    with os.fdopen(file, "rb") as reading:
        known = os.fstat(reading.fileno())
        if not stat.S_ISREG(known.st_mode):
            raise RefusedError("it is no plain file")
        yield Fields(reading, known.st_size)
