"""Reads WARC, WET and ARC files, whole or broken, plain or gzip, as a stream: one `Record` for each span of the input.

Spans follow one another and cover the file byte for byte, so nothing can get lost between records. Line ends (and empty
gzip members) behind a record belong to it. Three things can be wrong:

- A region that nobody can read (a broken gzip member, garbage, the cut-off rest of a file) is one record of kind `corrupt`,
  up to the next good record, where reading goes on.
- A page that ends before its declared length (a cut file, a length that lies) is still a page, with what is there of its
  body and the reason `truncated_record`. A length that is too small is put right in silence.
- A page whose HTTP part cannot be read (`bad_http`) or has more than `max_body_bytes` (`over_size`) is a page without a body.

Where one gzip member holds many records, a record's first byte is not a byte of the input: its offset is then where zlib had
come to, shared out evenly over the bytes of one step. Such spans still cover the file, but `read_record_at` needs a
record that begins its own member. The price of not seeking: in plain files, a damaged length of more than
`max_body_bytes` hides the records that it reaches over.

The splitting is ours and not FastWARC's because it has to go on where FastWARC stops, with exact offsets; FastWARC
undoes Brotli and Zstandard, and is with warcio the reference in the tests.
"""

import re
from collections.abc import Iterator

from pipeline.archives.frames import MAX_HEAD, Framer
from pipeline.archives.grammars import Arc, Grammar, Warc
from pipeline.archives.gzip_members import (
    LOOK,
    GzipPieces,
    Piece,
    Readable,
    Source,
    find_member,
    plain_pieces,
    starts_member,
)
from pipeline.archives.record import Record, describe
from pipeline.errors import InputError

__all__ = ["MAX_BODY", "Record", "read_record_at", "read_records"]

LEAD = 8 << 20
"""Bytes in which a file whose beginning is broken must show its first good record."""
MAX_BODY = 64 << 20

_ZSTD = re.compile(rb"\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18")  # a frame; one to skip, with a WARC's dictionary


def read_records(stream: Readable, name: str, *, offset: int = 0, max_body_bytes: int = MAX_BODY) -> Iterator[Record]:
    """The records of a file, in file order, holding one record at a time.

    `stream` is read in sequence, from input byte `offset` on (where a cut download is taken up again). InputError where the
    file is empty or no archive; no other error is raised for what a file may hold.
    """
    source = Source(stream, offset)
    pieces, grammar = _open(source, name)
    for frame in Framer(pieces, grammar, max_body_bytes + MAX_HEAD, offset):
        yield describe(frame, grammar, name, max_body_bytes)


def read_record_at(stream_at: Readable, name: str, *, offset: int = 0, max_body_bytes: int = MAX_BODY) -> Record:
    """The record that begins where the stream stands, which is byte `offset` of its file; errors as `read_records`."""
    return next(read_records(stream_at, name, offset=offset, max_body_bytes=max_body_bytes))


def _open(source: Source, name: str) -> tuple[Iterator[Piece] | GzipPieces, Grammar]:
    """How to read the file: by what it begins with, or where that is broken by the first record it shows."""
    if not source.fill(1):
        raise InputError(f"{name} is empty")
    grammars: tuple[Grammar, ...] = (Warc(), Arc())
    for grammar in grammars:
        if grammar.starts(source.peek(0, LOOK)):
            return plain_pieces(source), grammar
        if starts_member(source, 0, grammar.starts):
            return GzipPieces(source, grammar.starts), grammar
    if _ZSTD.match(source.peek(0, 4)):
        raise InputError(f"{name} is compressed with Zstandard, which is not read: compress its records with gzip")
    found: list[tuple[int, bool, Grammar]] = []
    lead = source.peek(0, LEAD)
    for grammar in grammars:
        plain, packed = grammar.find(lead, 0), find_member(source, 0, len(lead), grammar.starts)
        found += [(at, at == packed, grammar) for at in (plain, packed) if at is not None]
    if not found:
        raise InputError(f"{name} is no archive: its first {len(lead)} bytes hold no WARC or ARC record")
    _, packed, grammar = min(found, key=lambda each: each[:2])
    return GzipPieces(source, grammar.starts) if packed else plain_pieces(source), grammar
