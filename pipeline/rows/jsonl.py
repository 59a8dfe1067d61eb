"""JSON Lines, plain or compressed, line by line: a file of any size takes the memory of its longest line, up to a limit."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import orjson
import pyarrow as pa

from pipeline.archives.record import Record
from pipeline.errors import InputError
from pipeline.inputs import InputStream
from pipeline.rows.columns import ROW, RowColumns, missing_column, record_of
from pipeline.storage_errors import first_line

MAX_LINE = 64 << 20  # bytes, as the largest body of an archive
BLOCK = 1 << 18  # bytes; what a broken compressed file loses before the break is less than one block
LOOKED_AT = 1_000  # rows without the text column: there is none

_BOM = b"\xef\xbb\xbf"
_MAGIC = ((b"\x1f\x8b", "gzip"), (b"\x28\xb5\x2f\xfd", "zstd"))


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Line:
    """A line at byte `offset`, `length` bytes with its line feed; `data` is None where it is longer than the limit."""

    offset: int
    length: int
    data: bytes | None
    ended: bool = True


def split_lines(blocks: Iterator[bytes], limit: int) -> Iterator[Line]:
    """The lines of a stream; of a line of more than `limit` bytes nothing is held but its length."""
    offset, held, lost = 0, 0, 0
    pieces: list[bytes] = []
    for block in blocks:
        *ends, rest = block.split(b"\n")
        for end in ends:
            length = lost + held + len(end) + 1
            yield Line(offset, length, b"".join([*pieces, end]) if length <= limit + 1 else None)
            offset += length
            pieces, held, lost = [], 0, 0
        pieces.append(rest)
        held += len(rest)
        if held > limit:
            pieces, held, lost = [], 0, lost + held
    if held or lost:
        yield Line(offset, held + lost, None if lost else b"".join(pieces), ended=False)


class UnpackError(InputError):
    """A compressed stream cannot be read beyond a point."""


def unpacked(stream: InputStream, name: str) -> Iterator[bytes]:
    """The bytes of a plain, gzip or Zstandard file, block by block, told apart by how it begins.

    Raises:
        InputError: the file is empty.
        UnpackError: it cannot be decompressed to its end; what came before has been given.
    """
    head = stream.read(BLOCK)
    if not head:
        raise InputError(f"{name} is empty")
    source: _Readable = _Put(head, stream)
    packing = next((packing for magic, packing in _MAGIC if head.startswith(magic)), None)
    if packing:
        source = pa.CompressedInputStream(pa.PythonFile(source, mode="r"), packing)
    while True:
        try:
            block = source.read(BLOCK)
        except (pa.ArrowException, OSError) as error:
            if not packing:
                raise
            raise UnpackError(f"{first_line(error)}, near byte {stream.bytes} of the compressed file") from error
        if not block:
            return
        yield block


class JsonlReader:
    """Reads one file; `extent` counts the bytes of its lines, uncompressed, and so do the offsets of its records."""

    has_html: ClassVar[bool] = False

    def __init__(self, stream: InputStream, name: str, columns: RowColumns, max_chars: int) -> None:
        self._stream = stream
        self._name = name
        self._columns = columns
        self._candidates = columns.candidates()
        self._max_chars = max_chars
        self._seen: set[str] = set()
        self._keys: list[str] = []
        self._objects = 0
        self.extent = 0

    def records(self) -> Iterator[Record]:
        """A record for each line that is not blank, and one for what cannot be decompressed."""
        try:
            for line in split_lines(unpacked(self._stream, self._name), MAX_LINE):
                self.extent += line.length
                yield self._record(line)
        except UnpackError as broken:
            yield self._rest(broken)
        self._demand()

    def _record(self, line: Line) -> Record:
        if line.data is None:
            return self._bad(line, "over_size", f"a line of {line.length:,} bytes", by_limit=True)
        data = line.data.removeprefix(_BOM) if line.offset == 0 else line.data
        if not data.strip():
            return Record(kind="other", type="blank", offset=line.offset, length=line.length)
        try:
            row = parse_json(data)
        except (ValueError, RecursionError) as error:
            return self._bad(line, *_why(data, error, ended=line.ended))
        if not isinstance(row, dict):
            return self._bad(line, "not_an_object", f"the line holds a JSON {type(row).__name__}")
        return self._row(row, line)

    def _row(self, row: Mapping[str, Any], line: Line) -> Record:
        self._objects += 1
        self._keys = self._keys or names_in(row)
        found: dict[str, Any] = {}
        for what, names in self._candidates.items():
            for name in names:
                there, value = look_up(row, name)
                if there:
                    found[what] = _in_full(value, name, line) if what == "id" else value
                    self._seen.add(what)
                    break
        if self._objects == LOOKED_AT and "text" not in self._seen:
            self._demand()
        return record_of(found, self._name, offset=line.offset, length=line.length, max_chars=self._max_chars)

    def _demand(self) -> None:
        """Refuses a file none of whose rows has a column that has to be there."""
        for what, column in self._columns.demanded().items():
            if self._objects and what not in self._seen:
                raise missing_column(self._name, what, column, self._keys)

    def _bad(self, line: Line, reason: str, detail: str, *, by_limit: bool = False) -> Record:
        return Record(
            kind="page",
            type=ROW,
            offset=line.offset,
            length=line.length,
            record_id=f"<gristmill:{self._name}:{line.offset}>",
            error=detail,
            error_reason=reason,
            by_limit=by_limit,
        )

    def _rest(self, broken: UnpackError) -> Record:
        """What stands behind a break in a compressed file: nobody can say how many rows."""
        while self._stream.read(BLOCK):
            pass
        error = f"{broken}, the rest of which is lost"
        return Record(
            kind="corrupt",
            type="corrupt",
            offset=self.extent,
            length=0,
            error=error,
            error_reason="corrupt_record",
        )


class _Put:
    """A stream with its first block put back, in the shape that pyarrow expects of a file."""

    def __init__(self, head: bytes, stream: InputStream) -> None:
        self._head = head
        self._stream = stream
        self.closed = False

    def read(self, size: int = -1, /) -> bytes:
        if not self._head:
            return self._stream.read(size)
        data, self._head = self._head[:size], self._head[size:]
        return data

    def readable(self) -> bool:
        return True

    def close(self) -> None:
        self.closed = True


def parse_json(data: bytes) -> Any:
    """The value of a line. What orjson refuses (NaN, halves of surrogate pairs, huge integers) Python's own parser may know."""
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        return json.loads(data.decode())


def _why(data: bytes, error: Exception, *, ended: bool) -> tuple[str, str]:
    if not ended:
        return "truncated_record", "the file ends within a line"
    try:
        data.decode()
    except UnicodeDecodeError as wrong:
        return "not_utf8", f"byte {wrong.start} of the line is no UTF-8"
    return "bad_json", first_line(error)


def _in_full(value: Any, name: str, line: Line) -> Any:
    """An id as the line says it: orjson makes a float of an integer a little beyond 64 bits."""
    if isinstance(value, float) and line.data:
        return look_up(json.loads(line.data.decode("utf-8-sig")), name)[1]
    return value


def look_up(row: Mapping[str, Any], path: str) -> tuple[bool, Any]:
    """Whether the row has this column, by its whole name or from object to object, and its value."""
    if path in row:
        return True, row[path]
    outer, dot, inner = path.partition(".")
    below = row.get(outer) if dot else None
    return look_up(below, inner) if isinstance(below, dict) else (False, None)


def names_in(row: Mapping[str, Any]) -> list[str]:
    """The columns of a row, those of an inner object with a dot."""
    return [
        f"{name}.{inner}" if inner else name
        for name, value in row.items()
        for inner in (value if isinstance(value, dict) and value else [""])
    ]
