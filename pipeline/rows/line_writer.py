"""Lines of JSON as a part writes them: each as it was read, with what is added at its end."""

import re
from collections.abc import Iterator
from contextlib import suppress

from pipeline.errors import GristmillError
from pipeline.receipts import FileEntry
from pipeline.writer import Writer

BUFFER = 1 << 20

# A string whole, or one of the signs that make lists, objects and their members.
_SIGNS = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[{}\[\],]', re.DOTALL)


class LineWriter:
    """Writes one file of lines; `close` says what a receipt must hold of it."""

    def __init__(self, sink: Writer, path: str) -> None:
        self.path = path
        self.rows = 0
        self._sink = sink
        self._waiting: list[bytes] = []
        self._held = 0

    def write(self, line: bytes) -> None:
        """Adds a line, given without its end."""
        self._waiting += (line, b"\n")
        self._held += len(line) + 1
        self.rows += 1
        if self._held >= BUFFER:
            self._flush()

    def _flush(self) -> None:
        self._sink.write(b"".join(self._waiting))
        self._waiting, self._held = [], 0

    def close(self) -> FileEntry:
        """Ends the file."""
        self._flush()
        self._sink.close()
        return FileEntry(self.path, self._sink.sha256, self._sink.bytes, self.rows)

    def abandon(self) -> None:
        """Lets the file go: no receipt will name it."""
        with suppress(GristmillError, OSError, ValueError):
            self._sink.abandon()


def with_member(line: bytes, name: str, value: int) -> bytes:
    """The object of a line with one member more, at its end; where it has one of this name, that is replaced.

    All else stays as it is written: numbers of any length, and what is no JSON but read (NaN).
    """
    line = line.strip()
    if f'"{name}"'.encode() in line:  # or a text that speaks of it
        line = _without(line, name)
    inside = line[:-1].rstrip()
    comma = b"" if inside == b"{" else b","
    return b'%s%s"%s":%d}' % (inside, comma, name.encode(), value)


def _without(line: bytes, name: str) -> bytes:
    """The object of a line without its own members of a name."""
    kept = [member for member in _members(line) if not member.lstrip().startswith(f'"{name}"'.encode())]
    return b"{%s}" % b",".join(kept)


def _members(line: bytes) -> Iterator[bytes]:
    """The members of the object of a line, as they are written, without the commas between them."""
    depth, start = 0, 1
    for sign in _SIGNS.finditer(line):
        mark = sign[0]
        if mark in (b"{", b"["):
            depth += 1
        elif mark in (b"}", b"]"):
            depth -= 1
        if depth == 0 or (depth == 1 and mark == b","):
            yield line[start : sign.start()]
            start = sign.end()
