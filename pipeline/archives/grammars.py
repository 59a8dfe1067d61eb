"""How the two archive formats begin a record: WARC of any version, and ARC versions 1 and 2."""

import re
from typing import Protocol

from pipeline.archives.gzip_members import LOOK

PLAIN_HEAD = 4096
"""Bytes in which the end of an ordinary header is looked for; bounds what is wasted on others."""

_HEAD_END = re.compile(  # or where a header that was cut runs into the next record's
    rb"\r?\n\r?\n|\n(?=WARC/\d\.)|(?!\A)(WARC/\d\.\d{1,3}[ \t]*\r?\n(?=(?i:warc|content)-))"
)
_WARC_LINE = re.compile(rb"WARC/\d\.\d{1,3}[ \t]*\r?\n")
_WARC_FIRST = re.compile(rb"(?i)(?:warc|content)-[a-z-]{3,40}[ \t]*:")
_WARC_LENGTH = re.compile(rb"\ncontent-length[ \t]*:[ \t]*(\d{1,18})[ \t]*\r?\n")
_ARC_SCHEME = re.compile(rb"[A-Za-z][A-Za-z0-9+.\-]{1,30}:")
_ARC_ADDRESS = re.compile(rb"[0-9a-fA-F.:]+|-")


class Grammar(Protocol):
    """How an archive format begins a record."""

    name: str

    def starts(self, plain: bytes) -> bool:
        """Whether `plain` begins with the first line of a record."""
        ...

    def find(self, plain: bytes | bytearray, start: int) -> int | None:
        """Index of the next line, from `start` on, that begins a record; complete with the line behind it."""
        ...

    def head_end(self, plain: bytes | bytearray, start: int) -> int | None:
        """Index behind the header of the record at 0; bytes before `start` were looked at already."""
        ...

    def cut_off(self, head: bytes, /) -> bool:
        """Whether the header was cut off by the next record's."""
        ...

    def length(self, head: bytes) -> int | None:
        """The declared length of the block."""
        ...


class Warc:
    """WARC of any version: a line `WARC/1.0`, fields, a blank line, the block, two blank lines."""

    name = "warc"

    def starts(self, plain: bytes) -> bool:
        """Whether the version line comes first."""
        return _WARC_LINE.match(plain) is not None

    def find(self, plain: bytes | bytearray, start: int) -> int | None:
        """The next version line; behind garbage it need not begin a line, but a field must follow."""
        at = plain.find(b"WARC/", start)
        while at >= 0:
            line = _WARC_LINE.match(plain, at)
            if line and (at == 0 or plain[at - 1] == 10 or _WARC_FIRST.match(plain, line.end())):
                return at
            at = plain.find(b"WARC/", at + 1)
        return None

    def head_end(self, plain: bytes | bytearray, start: int) -> int | None:
        """Behind the first blank line."""
        end = plain.find(b"\r\n\r\n", 0, PLAIN_HEAD)
        if start == 0 and end >= 0 and plain.find(b"WARC/", 1, end) < 0 and plain.find(b"\n\n", 0, end) < 0:
            return end + 4  # nearly all headers; the expression takes ten times as long
        found = _HEAD_END.search(plain, max(start - 64, 0))  # the longest thing looked for, and a bit
        if found is None:
            return None
        return found.start() if found[1] else found.end()

    def cut_off(self, head: bytes, /) -> bool:
        """Whether it has no blank line."""
        return not head.endswith((b"\n\r\n", b"\n\n"))

    def length(self, head: bytes) -> int | None:
        """The first Content-Length."""
        lower = head.lower()
        at = lower.find(b"\ncontent-length")
        while at >= 0:
            if found := _WARC_LENGTH.match(lower, at):
                return int(found[1])
            at = lower.find(b"\ncontent-length", at + 1)
        return None


class Arc:
    """ARC versions 1 and 2: one line (URL, address, date, type, [four more,] length), the document, a line end."""

    name = "arc"

    def starts(self, plain: bytes) -> bool:
        """Whether a document's line comes first."""
        return arc_fields(plain[: plain.find(b"\n") + 1]) is not None

    def find(self, plain: bytes | bytearray, start: int) -> int | None:
        """The next document's line."""
        at = plain.find(b"\n", start - 1) + 1 if start else 0
        if start and not at:
            return None
        while end := plain.find(b"\n", at) + 1:
            if arc_fields(bytes(plain[at : min(end, at + LOOK)])) is not None:
                return at
            at = end
        return None

    def head_end(self, plain: bytes | bytearray, start: int) -> int | None:
        """Behind the line."""
        return plain.find(b"\n", start) + 1 or None

    def cut_off(self, _head: bytes, /) -> bool:
        """Never: it is one line."""
        return False

    def length(self, head: bytes) -> int | None:
        """The line's last field."""
        return int(head.rsplit(b" ", 1)[1])


def arc_fields(line: bytes) -> tuple[bytes, bytes, bytes] | None:
    """URL, date and type of an ARC document's line, or None where it is none; URLs may hold spaces."""
    if not line.endswith(b"\n") or not _ARC_SCHEME.match(line):
        return None
    for behind in (9, 4, 5):  # version 2, version 1, version 1 with a blank in the type
        fields = line.strip().rsplit(b" ", behind)
        if len(fields) <= behind or not (fields[-1].isdigit() and len(fields[-1]) <= 18):
            continue
        url, address, date, mime = fields[:4]
        if _ARC_ADDRESS.fullmatch(address) and date.isdigit() and 8 <= len(date) <= 17:
            return url, date, mime
    return None
