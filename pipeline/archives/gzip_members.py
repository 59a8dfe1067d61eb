"""A compressed or plain input file as a run of pieces: plain bytes that know which bytes of the input they came from.

Pieces follow one another without a gap and cover the input, whatever it holds. A gzip file is inflated member by member with
zlib, because only who does the splitting knows where a member begins, and so where reading can go on after a broken one. A
member is held back until it is complete and its checksum is right, up to `HOLD` bytes: zlib may notice damage only
after it ran into the next members, and those can then still be read from their own beginning. Longer members (a whole
crawl file in one gzip member) are passed on as they come; after damage there, reading resumes behind the point where
zlib gave up.
"""

import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Protocol

READ = 1 << 20
STEP = 1 << 14
"""Compressed bytes a call: zlib loses what it made in the call in which it fails, so this bounds what damage costs."""
INFLATED = 1 << 20
"""Plain bytes a call: a bomb (deflate reaches 1:1032) never has more than this in hand."""
HOLD = 8 << 20
PROBE = 2048
"""Compressed bytes looked at to tell whether a record starts here: gzip headers with longer names are not believed."""
PROBE_STEP = 64
RETRIES = 16
"""Restarts inside bytes that a broken member had run over: bounds the work on a hostile file to 17 passes."""
LOOK = 8192
"""Plain bytes that `starts` is shown: longer first lines are no record."""
TRUNCATED = "the file ends in the middle of a gzip member"

_MAGIC = re.compile(rb"\x1f\x8b\x08[\x00-\x1f]")  # the upper three flag bits are reserved, zero in every gzip header

Starts = Callable[[bytes], bool]
"""Says whether plain bytes begin with the start of a record."""


class Readable(Protocol):
    """What an archive is read from: no seeking, no length."""

    def read(self, size: int = -1, /) -> bytes:
        """Up to `size` bytes; empty at the end."""
        ...


class _Inflater(Protocol):
    """zlib's decompression object, whose own type is private."""

    @property
    def eof(self) -> bool: ...
    @property
    def unconsumed_tail(self) -> bytes: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int = ..., /) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Piece:
    """Plain bytes from the input's bytes `start` to `end`; `broken` says why nothing follows on from them."""

    data: bytes
    start: int
    end: int
    fresh: bool = False  # a member begins here, with a record
    broken: str | None = None


class Source:
    """A sequential stream seen through a window that starts at input byte `offset`."""

    def __init__(self, stream: Readable, offset: int = 0) -> None:
        self._stream = stream
        self._window = b""
        self._at = 0
        self._ended = False
        self.offset = offset

    def fill(self, size: int) -> int:
        """Bytes at hand, at least `size` of them unless the stream ends before."""
        have = len(self._window) - self._at
        if have >= size or self._ended:
            return have
        parts = [self._window[self._at :]]
        while have < size + READ and not self._ended:
            part = self._stream.read(READ)
            self._ended = not part
            parts.append(part)
            have += len(part)
        self._window, self._at = b"".join(parts), 0
        return have

    def peek(self, start: int, size: int) -> bytes:
        """Up to `size` bytes from `start` bytes ahead; fewer only where the stream ends."""
        self.fill(start + size)
        return self._window[self._at + start : self._at + start + size]

    def skip(self, size: int) -> None:
        """Lets go of `size` bytes that are at hand."""
        self._at += size
        self.offset += size

    def search(self, pattern: re.Pattern[bytes], start: int = 0) -> int | None:
        """How far ahead, from `start` on, `pattern` stands in what is at hand."""
        found = pattern.search(self._window, self._at + start)
        return found.start() - self._at if found else None


def starts_member(source: Source, ahead: int, starts: Starts) -> bool:
    """Whether a gzip member stands `ahead` that inflates to the start of a record, whatever comes behind that."""
    data = source.peek(ahead, PROBE)
    try:
        return starts(zlib.decompressobj(31).decompress(data, LOOK))
    except zlib.error:
        return _starts_before_damage(data, starts)


def _starts_before_damage(data: bytes, starts: Starts) -> bool:
    """The same in small steps, because zlib gives nothing for a call in which it meets damage."""
    inflater, plain = zlib.decompressobj(31), b""
    try:
        for start in range(0, len(data), PROBE_STEP):
            plain += inflater.decompress(data[start : start + PROBE_STEP], LOOK)
    except zlib.error:
        pass
    return starts(plain)


def find_member(source: Source, start: int, stop: int, starts: Starts) -> int | None:
    """How far ahead, from `start` to `stop`, the first gzip member with a record begins."""
    source.fill(stop + PROBE)
    at = source.search(_MAGIC, start)
    while at is not None and at < stop:
        if starts_member(source, at, starts):
            return at
        at = source.search(_MAGIC, at + 1)
    return None


def plain_pieces(source: Source) -> Iterator[Piece]:
    """The pieces of an uncompressed file."""
    while size := source.fill(1):
        start, data = source.offset, source.peek(0, min(size, READ))
        source.skip(len(data))
        yield Piece(data, start, source.offset)


class GzipPieces:
    """The pieces of a gzip file; `starts` tells a member that begins with a record from one that continues it."""

    def __init__(self, source: Source, starts: Starts) -> None:
        self._source = source
        self._starts = starts
        self._overrun = 0  # how far broken members have been read, and how often we came back
        self._retries = 0

    def __iter__(self) -> Iterator[Piece]:
        while self._source.fill(1):
            if _MAGIC.match(self._source.peek(0, 4)):
                yield from self._member()
            else:
                yield from self._garbage()

    def _garbage(self) -> Iterator[Piece]:
        """Everything up to the next member that begins with a record; no more than a window of it is held."""
        source, ahead = self._source, 1
        while size := source.fill(2 * READ):
            stop = size if size < 2 * READ else READ
            found = find_member(source, ahead, stop, self._starts)
            start = source.offset
            source.skip(stop if found is None else found)
            yield Piece(b"", start, source.offset, fresh=True, broken="these bytes belong to no gzip member")
            if found is not None:
                return
            ahead = 0

    def _member(self) -> Iterator[Piece]:
        source, inflater, why = self._source, zlib.decompressobj(31), None
        held: list[Piece] = []
        used, inflated = 0, 0
        while not inflater.eof and why is None:
            plain, taken, why = _inflate(inflater, source.peek(used, STEP))
            fresh = inflated == 0 and self._starts(plain[:LOOK])
            held.append(Piece(plain, source.offset + used, source.offset + used + taken, fresh))
            used, inflated = used + taken, inflated + len(plain)
            if why is None and max(used, inflated) > HOLD:
                yield from held
                held.clear()
                source.skip(used)
                used = 0
        if why is None:
            source.skip(used)
            yield from held
        else:
            yield from self._broken(why, held, used, fresh=inflated == 0)

    def _broken(self, why: str, held: list[Piece], used: int, *, fresh: bool) -> Iterator[Piece]:
        """What could be read of a broken member, cut where reading goes on.

        A member that gave nothing stands for itself (`fresh`): the record before it is whole.
        """
        source = self._source
        found = find_member(source, self._resume(source.offset, used), used, self._starts)
        if found is not None and why == TRUNCATED:
            why = "broken gzip member (it runs on over the next one)"
        start = source.offset
        source.skip(used if found is None else found)
        cut = source.offset
        for piece in held:
            if piece.data:
                yield replace(piece, start=min(piece.start, cut), end=min(piece.end, cut))
        yield Piece(b"", start if fresh else cut, cut, fresh, why)

    def _resume(self, start: int, used: int) -> int:
        """How far ahead to look for the next member: right behind the broken one's start, unless that failed too often."""
        self._retries = self._retries + 1 if start < self._overrun else 1
        self._overrun = max(self._overrun, start + used)
        return 1 if self._retries <= RETRIES else self._overrun - start


def _inflate(inflater: _Inflater, data: bytes) -> tuple[bytes, int, str | None]:
    """Plain bytes, how many of `data` they took, and why this is the last of them (None: it is not)."""
    try:
        plain = inflater.decompress(data, INFLATED)
    except zlib.error as error:
        return b"", len(data), f"broken gzip member ({error})"
    # behind the member's end zlib leaves the rest in unused_data, and sometimes in unconsumed_tail as well
    taken = len(data) - len(inflater.unused_data if inflater.eof else inflater.unconsumed_tail)
    ended = not data and not plain and not inflater.eof
    return plain, taken, TRUNCATED if ended else None
