"""Makes a large crawl out of a small one: its records again and again, each time under other ids and addresses.

Both systems of a comparison then have as many documents as there are records. That copies are near-duplicates of one another
is the same work for both. Only pages get other names; the records around them (requests, metadata) are copied as they are.
"""

import gzip
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

from pipeline.archives.warc import read_records
from pipeline.errors import InputError
from pipeline.inputs import open_input

_ID = re.compile(rb"(?im)^WARC-Record-ID:[ \t]*<?([^>\r\n]*)>?")
_URL = re.compile(rb"(?im)^WARC-Target-URI:[ \t]*<?([^>\r\n]*?)>?(?=\r?$)")
_END_OF_HEAD = re.compile(rb"\r?\n\r?\n")
COMPRESSION = 6  # gzip's own default, with which crawls are written


@dataclass(frozen=True, slots=True)
class Span:
    """A record of an archive: its bytes from `offset` on, and whether it is a page."""

    file: Path
    offset: int
    length: int
    page: bool


def spans_of(files: Sequence[Path]) -> list[Span]:
    """Every whole record of the archives, in order; an InputError where one is no gzip archive."""
    spans: list[Span] = []
    for file in files:
        with file.open("rb") as start:
            if start.read(2) != b"\x1f\x8b":
                raise InputError(f"{file}: only gzip archives, a member for each record, can be repeated")
        with open_input(str(file)) as stream:
            spans += [
                Span(file, record.offset, record.length, record.kind == "page")
                for record in read_records(stream, file.name)
                if record.error_reason is None  # what is damaged cannot be renamed
            ]
    return spans


def repeat(files: Sequence[Path], folder: Path, *, pages: int, parts: int) -> int:
    """Writes `parts` archives with about equally many of `pages` pages (rounded up to that) into `folder`; how many it wrote.

    The first copy keeps its names. The same arguments give the same names and bodies.
    """
    spans = spans_of(files)
    in_one = sum(span.page for span in spans)
    if not in_one:
        raise InputError(f"{files[0].parent}: no pages to repeat")
    folder.mkdir(parents=True, exist_ok=True)
    written = 0
    copies = _copies(spans)
    for part in range(parts):
        end = -(-pages * (part + 1) // parts)
        with (folder / f"bench-{part:05}.warc.gz").open("wb") as archive:
            for copy, span in copies:
                archive.write(member(span, copy))
                written += span.page
                if written >= end:
                    break
    return written


def _copies(spans: Sequence[Span]) -> Iterator[tuple[int, Span]]:
    copy = 0
    while True:
        for span in spans:
            yield copy, span
        copy += 1


def member(span: Span, copy: int) -> bytes:
    """The record as a gzip member, a page under the names of copy number `copy`."""
    with span.file.open("rb") as file:
        file.seek(span.offset)
        packed = file.read(span.length)
    if copy == 0 or not span.page:
        return packed
    return gzip.compress(renamed(gzip.decompress(packed), copy), COMPRESSION, mtime=0)


def renamed(record: bytes, copy: int) -> bytes:
    """The record under another id and an address with one more parameter; everything else byte for byte."""
    end = _END_OF_HEAD.search(record)
    if end is None:
        raise InputError("a record has no header to rename")
    head, rest = record[: end.start()], record[end.start() :]
    return _URL.sub(lambda url: _fresh_url(url[1], copy), _ID.sub(lambda name: _fresh_id(name[1], copy), head)) + rest


def _fresh_id(name: bytes, copy: int) -> bytes:
    return b"WARC-Record-ID: <urn:uuid:%s>" % str(uuid5(NAMESPACE_URL, f"{copy} {name.decode('latin-1')}")).encode()


def _fresh_url(url: bytes, copy: int) -> bytes:
    address, mark, fragment = url.partition(b"#")
    return b"WARC-Target-URI: %s%sr=%d%s%s" % (address, b"&" if b"?" in address else b"?", copy, mark, fragment)
