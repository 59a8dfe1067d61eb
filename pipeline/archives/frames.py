"""Where records begin and end: framing that survives wrong lengths, garbage and cuts.

Plain bytes come in segments. A segment ends where the input breaks, where it ends, and where a gzip member begins with a
record: whatever the record before it claims of its length, there it is over. In a segment, a record has its declared
length if what follows is a record, the end, or blank lines. Otherwise the length is a lie and the record goes to the next
start of a record, searched from its own header on. Every step drops bytes or adds some, and no search looks at a line
twice, so the work is linear in the plain bytes; no more than one record of up to `keep` bytes is held.
"""

import re
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from pipeline.archives.grammars import Grammar
from pipeline.archives.gzip_members import LOOK, TRUNCATED, Piece

_LINE_ENDS = re.compile(rb"[\r\n]*")
HEADLESS = "a record's header does not end"
MAX_HEAD = 1 << 20
"""Bytes a WARC or HTTP header may have; real ones stay below 32 KiB."""


@dataclass(slots=True)
class Frame:
    """One record as it stands in the input: `head` with its blank line, `block` without the line ends that follow.

    `offset` and `length` are input bytes, and reach up to the next frame.
    `short`: the block has fewer bytes than declared. `over`: it had more than may be held and was let go. `broken`: why the
    bytes cannot be trusted, or are no record at all (then `head` is empty).
    """

    offset: int
    length: int = 0
    head: bytes = b""
    block: bytes = b""
    short: bool = False
    over: bool = False
    broken: str | None = None

    @property
    def lost(self) -> bool:
        """Whether nobody can read it: of a record that the end of the file cut, what is there can be read."""
        return self.broken is not None and not (self.broken == TRUNCATED and self.head)


@dataclass(slots=True)
class Plain:
    """The plain bytes of one segment at a time, and where in the input each of them came from."""

    pieces: Iterator[Piece]
    buffer: bytearray = field(default_factory=bytearray)
    broken: str | None = None
    start: int = 0
    end: int = 0
    _marks: deque[tuple[int, int, int, int]] = field(default_factory=deque)  # plain start, size, input start, end
    _dropped: int = 0
    _waiting: Piece | None = None
    _over: bool = False

    def begin(self) -> bool:
        """Goes to the next segment; False at the end of the input."""
        self.buffer.clear()
        self._marks.clear()
        self.broken, self._over, self._dropped = None, False, 0
        piece = self._waiting or next(self.pieces, None)
        self._waiting = None
        if piece is None:
            return False
        self.start = piece.start
        self._take(piece)
        return True

    def more(self) -> bool:
        """Adds a piece; False where the segment ends."""
        if self._over:
            return False
        piece = next(self.pieces, None)
        if piece is None or piece.fresh:
            self._waiting, self._over = piece, True
            return False
        self._take(piece)
        return True

    def _take(self, piece: Piece) -> None:
        if piece.data:
            self._marks.append((self._dropped + len(self.buffer), len(piece.data), piece.start, piece.end))
            self.buffer += piece.data
        self.end, self.broken, self._over = piece.end, piece.broken, piece.broken is not None

    def want(self, size: int) -> bool:
        """Whether `size` bytes are there."""
        while len(self.buffer) < size:
            if not self.more():
                return False
        return True

    def drop(self, size: int) -> None:
        """Lets go of the first `size` bytes."""
        del self.buffer[:size]
        self._dropped += size
        while len(self._marks) > 1 and sum(self._marks[0][:2]) <= self._dropped:
            self._marks.popleft()

    def offset(self, index: int = 0) -> int:
        """The input byte that byte `index` came from: exact where a member begins, and in plain files.

        Inside a gzip member no input byte belongs to one plain byte, so the piece's bytes are shared out evenly.
        """
        position = self._dropped + index
        for start, size, first, last in self._marks:
            if position < start + size:
                return first + (position - start) * (last - first) // size
        return self.end

    def cut(self, start: int, stop: int) -> bytes:
        """A copy of these bytes."""
        with memoryview(self.buffer) as view:
            return bytes(view[start:stop])


class Framer:
    """Finds the records in pieces from input byte `start` on; blocks of more than `keep` bytes are let go."""

    def __init__(self, pieces: Iterable[Piece], grammar: Grammar, keep: int, start: int = 0) -> None:
        self._start = start
        self._plain = Plain(iter(pieces))
        self._grammar = grammar
        self._keep = keep

    def __iter__(self) -> Iterator[Frame]:
        """The frames, which cover the input; neighbours of which nobody can read anything are one."""
        waiting: Frame | None = None
        for frame in self._frames():
            if waiting is None:
                frame.offset = self._start
            elif waiting.lost and frame.lost:
                continue
            else:
                waiting.length = frame.offset - waiting.offset
                yield waiting
            waiting = frame
        if waiting is not None:
            waiting.length = self._plain.end - waiting.offset
            yield waiting

    def _frames(self) -> Iterator[Frame]:
        while self._plain.begin():
            yield from self._segment()

    def _segment(self) -> Iterator[Frame]:
        """The frames of a segment; what broke it is said of the last one, which it happened in."""
        plain, last = self._plain, None
        start = plain.start
        while self._skip_blank():
            if last is not None:
                yield last
            plain.want(LOOK)
            last = self._record() if self._grammar.starts(plain.cut(0, LOOK)) else self._junk(plain.offset())
        if plain.broken is not None:
            last = last or Frame(start)
            last.broken = last.broken or plain.broken
        if last is not None:
            yield last

    def _skip_blank(self) -> bool:
        """Passes over line ends, which belong to the record before; False at the segment's end."""
        plain = self._plain
        while plain.want(1):
            line_ends = _LINE_ENDS.match(
                plain.buffer
            )  # a copy without them would be one of the buffer, for each record
            plain.drop(line_ends.end() if line_ends else 0)
            if plain.buffer:
                return True
        return False

    def _junk(self, offset: int) -> Frame:
        self._pass_to_start(1)
        return Frame(offset, broken="these bytes belong to no record")

    def _record(self) -> Frame:
        plain, offset, seen = self._plain, self._plain.offset(), 0
        while (at := self._grammar.head_end(plain.buffer, seen)) is None:
            seen = len(plain.buffer)
            if seen > MAX_HEAD or not plain.more():
                self._pass_to_start(1)
                return Frame(offset, broken=HEADLESS)
        head = plain.cut(0, at)
        if self._grammar.cut_off(head):
            plain.drop(at)
            return Frame(offset, broken=HEADLESS)
        length = self._grammar.length(head)
        if length is not None and length > self._keep and plain.want(at + self._keep):
            return self._oversized(Frame(offset, head=head, over=True), at + length)
        if length is not None and self._ends(at, at + length):
            frame = Frame(offset, head=head, block=plain.cut(at, at + length))
            plain.drop(at + length)
            return frame
        return self._unmeasured(Frame(offset, head=head), at, length)

    def _ends(self, at: int, stop: int) -> bool:
        """Whether the block from `at` to `stop` is there and followed by what may follow a record.

        Blank lines with garbage behind them may: unless they only seem to end this record, and end the header of a later one.
        """
        plain, grammar = self._plain, self._grammar
        if not plain.want(stop):
            return False
        plain.want(stop + LOOK)
        behind = plain.cut(stop, stop + LOOK)
        after = behind.lstrip(b"\r\n")
        if not after or grammar.starts(after):
            return True
        return behind.startswith((b"\r\n\r\n", b"\n\n")) and (grammar.find(plain.buffer, at) or stop) >= stop

    def _unmeasured(self, frame: Frame, at: int, length: int | None) -> Frame:
        """A record whose length is missing or wrong goes to the next start of a record."""
        stop = self._next_start(at)
        if stop is None:
            frame.over = True
            self._pass_to_start(at)
            return frame
        frame.block = self._plain.cut(at, stop)
        self._plain.drop(stop)
        frame.short = length is not None and len(frame.block) < length
        for ending in (b"\r\n\r\n", b"\n\n"):
            frame.block = frame.block.removesuffix(ending)
        return frame

    def _oversized(self, frame: Frame, left: int) -> Frame:
        plain = self._plain
        while left > len(plain.buffer):
            left -= len(plain.buffer)
            plain.drop(len(plain.buffer))
            if not plain.more():
                frame.short = True
                return frame
        plain.drop(left)
        return frame

    def _next_start(self, at: int) -> int | None:
        """Index of the next record or of the segment's end; None where more than `keep` bytes come before it."""
        plain = self._plain
        while (found := self._grammar.find(plain.buffer, at)) is None:
            at = max(at, self._searched())
            if len(plain.buffer) > self._keep + MAX_HEAD:
                return None
            if not plain.more():
                return len(plain.buffer)
        return found

    def _pass_to_start(self, at: int) -> None:
        """Lets go of everything up to the next record after index `at`, or to the segment's end."""
        plain = self._plain
        while (found := self._grammar.find(plain.buffer, at)) is None:
            past = max(at, self._searched())
            plain.drop(past - 1)
            at = 1
            if not plain.more():
                plain.drop(len(plain.buffer))
                return
        plain.drop(found)

    def _searched(self) -> int:
        """Index from which a search goes on when more bytes come: the last two lines may become the start of a record."""
        buffer = self._plain.buffer
        far = max(len(buffer) - LOOK, 0)
        last = buffer.rfind(b"\n", far)
        return max(buffer.rfind(b"\n", far, max(last, far)) + 1, far)
