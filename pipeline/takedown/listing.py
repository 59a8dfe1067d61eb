"""The list of what is to be taken down: one address, `domain:NAME`, record id or `row:FILE#ROW` a line."""

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import InputError
from pipeline.storable import storable
from pipeline.takedown.hosts import ascii_host, is_label

URL, ID, DOMAIN, ROW = "url", "id", "domain", "row"
_URL, _DOMAIN, _ID, _ROW = "url:", "domain:", "id:", "row:"
_PLACE = re.compile(r"(.+)[#:](\d{1,18})", re.DOTALL)
_HOST = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*")


@dataclass(frozen=True, slots=True, order=True)
class Entry:
    """One thing that is listed: its kind (`url`, `id`, `domain` or `row`) and its value as it is compared."""

    kind: str
    value: str

    def __str__(self) -> str:
        """As a list has it."""
        bare = _URL if self.kind == URL and "://" not in self.value else ""
        return {DOMAIN: _DOMAIN, ROW: _ROW}.get(self.kind, bare) + self.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What a file lists, in its order and each once, with the file's name and digest."""

    name: str
    sha256: str
    entries: tuple[Entry, ...]


def read_list(path: str) -> Listing:
    """The list in a local file of UTF-8; empty lines and those that begin with `#` say nothing.

    Raises:
        InputError: the file cannot be read, is empty, or has a line that is none of these.
    """
    try:
        data = Path(path).read_bytes()
        lines = data.decode("utf-8-sig").splitlines()
    except OSError as error:
        raise InputError(f"--urls {path}: {error.strerror}") from error
    except (UnicodeDecodeError, ValueError) as error:
        raise InputError(f"--urls {path}: not a text in UTF-8 ({error})") from error
    entries = tuple(dict.fromkeys(_entries(path, lines)))
    if not entries:
        raise InputError(f"--urls {path}: lists nothing")
    return Listing(name=Path(path).name, sha256=hashlib.sha256(data).hexdigest(), entries=entries)


def _entries(path: str, lines: Sequence[str]) -> Iterator[Entry]:
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if text and not text.startswith("#"):
            try:
                yield entry_of(text)
            except InputError as error:
                raise InputError(f"--urls {path}, line {number}: {error}") from error


def entry_of(text: str) -> Entry:
    """What one line of a list names.

    Raises:
        InputError: it is neither an address, nor `url:ADDRESS`, nor `domain:NAME`, nor a record id, nor `row:FILE#ROW`.
    """
    if text.startswith(_URL) and (value := text.removeprefix(_URL).strip()):
        return Entry(URL, storable(value))
    if text.startswith(_ROW):
        return Entry(ROW, _place(text.removeprefix(_ROW).strip()))
    if text.startswith(_DOMAIN):
        return Entry(DOMAIN, _domain(text.removeprefix(_DOMAIN).strip()))
    if text.startswith(_ID) and (value := bare_id(text.removeprefix(_ID).strip())):
        return Entry(ID, value)
    if bare_id(text).startswith("urn:"):
        return Entry(ID, bare_id(text))
    if "://" in text:
        return Entry(URL, storable(text))
    raise InputError(
        f"{text}: neither an address with :// (url:ADDRESS where it has none) nor urn:… nor id:ID nor domain:NAME nor "
        "row:FILE#ROW"
    )


def place_of_row(file: str, row: int) -> str:
    """A row of an input file, as the table `duplicates` names both."""
    return f"{storable(file)}#{row}"


def _place(text: str) -> str:
    found = _PLACE.fullmatch(text)
    if not found:
        raise InputError(f"row:{text}: give file and number of the row, as row:a.parquet#17")
    return place_of_row(found[1], int(found[2]))


def bare_id(record_id: str) -> str:
    """An id without its angle brackets, which a list may leave out."""
    return storable(record_id.removeprefix("<").removesuffix(">"))


def _domain(text: str) -> str:
    host = ascii_host(storable(text))
    if not _HOST.fullmatch(host) or "." not in host or not all(map(is_label, host.split("."))):
        raise InputError(f"domain:{text}: no name of a host")
    return host
