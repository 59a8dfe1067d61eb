"""Where that which is listed stands: rows of ingest's parts, of every recipe and source ever run here, or of input files."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.storage import Storage
from pipeline.takedown.hosts import domains_of, domains_of_host, host_of
from pipeline.takedown.listing import DOMAIN, ID, ROW, URL, Entry, bare_id
from pipeline.takedown.mending import Rows
from pipeline.takedown.places import Part
from pipeline.takedown.stored import documents_in, names_in

READERS = 8  # parts that are looked through at a time: most of the wait is for storage

Answer = TypeVar("Answer")
Found = Mapping[Part, Rows]
"""Rows of the table `records`, ascending, by part; parts without any are not in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is looked for among records: addresses, ids without their angle brackets, domains (and all below), rows of files."""

    urls: frozenset[str] = frozenset()
    ids: frozenset[str] = frozenset()
    domains: frozenset[str] = frozenset()
    rows: frozenset[str] = frozenset()

    @classmethod
    def of(cls, entries: Iterable[Entry]) -> "Wanted":
        """The entries of a list, by kind."""
        kinds: dict[str, set[str]] = {URL: set(), ID: set(), DOMAIN: set(), ROW: set()}
        for entry in entries:
            kinds[entry.kind].add(entry.value)
        urls, ids, domains, rows = (frozenset(kinds[kind]) for kind in (URL, ID, DOMAIN, ROW))
        return cls(urls=urls, ids=ids, domains=domains, rows=rows)

    def named(self, url: str, record_id: str) -> Iterator[Entry]:
        """The entries that a record of this address and id is named by."""
        if url in self.urls:
            yield Entry(URL, url)
        if (bare := bare_id(record_id)) in self.ids:
            yield Entry(ID, bare)
        if self.domains:
            yield from (Entry(DOMAIN, domain) for domain in domains_of(url) if domain in self.domains)

    def placed(self, part: Part, first: int, count: int) -> dict[int, Entry]:
        """The rows of an input file that are wanted for where they stand, among `count` from `first` on."""
        if part.rows is None or not self.rows:
            return {}
        entries = ((row, part.rows.row(first + row)) for row in range(count))
        return {row: entry for row, entry in entries if entry.value in self.rows}


Told = Callable[[str, int, int], None]


def find_records(
    storage: Storage, parts: Sequence[Part], wanted: Wanted, told: Told
) -> tuple[Counter[Entry], dict[Part, Rows]]:
    """In how many records each entry of `wanted` is, and which rows those are."""

    def look(part: Part) -> tuple[Rows, Counter[Entry]]:
        return _records_of(storage, part, wanted)

    hits: Counter[Entry] = Counter()
    found: dict[Part, Rows] = {}
    for part, (rows, here) in _each(parts, look, "records", told):
        hits += here
        if rows.size:
            found[part] = rows
    return hits, found


def _records_of(storage: Storage, part: Part, wanted: Wanted) -> tuple[Rows, Counter[Entry]]:
    hits: Counter[Entry] = Counter()
    found: list[int] = []
    first = 0
    for some in names_in(storage, part):
        placed = wanted.placed(part, first, some.num_rows)
        rows = np.union1d(_may_be(some, wanted), list(placed)).astype(np.int64)
        for row, record in zip(rows.tolist(), some.take(pa.array(rows)).to_pylist(), strict=True):
            entries = [*wanted.named(record["url"] or "", record["record_id"] or ""), *filter(None, [placed.get(row)])]
            hits.update(entries)
            found += [first + row] if entries else []
        first += some.num_rows
    return np.array(found, np.int64), hits


def _may_be(some: pa.Table | pa.RecordBatch, wanted: Wanted) -> Rows:
    """The rows that may be named, few of which are looked at closely."""
    ids = [form for bare in wanted.ids for form in (bare, f"<{bare}>")]
    named = _is_in(some["url"], wanted.urls) | _is_in(some["record_id"], ids)
    return np.flatnonzero(named | _may_be_of(some["url"], wanted.domains))


def _is_in(column: pa.ChunkedArray | pa.Array, values: Collection[str]) -> npt.NDArray[np.bool_]:
    if not values:
        return np.zeros(len(column), np.bool_)
    values_sought = pa.array(sorted(values), pa.large_string())
    found = pc.call_function("is_in", [column], pc.SetLookupOptions(values_sought, skip_nulls=True))
    return found.to_numpy(zero_copy_only=False)


def _may_be_of(urls: pa.ChunkedArray | pa.Array, domains: frozenset[str]) -> npt.NDArray[np.bool_]:
    """Addresses of these domains: the domains of each different host are looked up once."""
    if not domains:
        return np.zeros(len(urls), np.bool_)
    hosts = [host_of(url or "") for url in urls.to_pylist()]
    wanted = {host for host in set(hosts) if not domains.isdisjoint(domains_of_host(host))}
    return np.fromiter((host in wanted for host in hosts), np.bool_, len(hosts))


def find_texts(
    storage: Storage, parts: Sequence[Part], is_wanted: Callable[[Sequence[str]], Sequence[int]], told: Told
) -> dict[Part, Rows]:
    """The records whose stored text is one of those that `is_wanted` names the places of; reads all text there is."""

    def look(part: Part) -> Rows:
        found: list[int] = []
        for rows, batch in documents_in(storage, part, ["text"]):
            found += rows[np.array(is_wanted(batch["text"].to_pylist()), np.int64)].tolist()
        return np.array(found, np.int64)

    return {part: rows for part, rows in _each(parts, look, "texts", told) if rows.size}


def documents_at(
    storage: Storage, found: Found, columns: Sequence[str] = ("record_id", "url", "text")
) -> Iterator[dict[str, object]]:
    """The documents of the records that were found, those that have one."""
    for part, wanted in found.items():
        for rows, batch in documents_in(storage, part, columns):
            yield from batch.take(pa.array(np.flatnonzero(np.isin(rows, wanted)))).to_pylist()


def joined(*founds: Found) -> dict[Part, Rows]:
    """All rows of several searches, each once."""
    rows: dict[Part, list[Rows]] = {}
    for found in founds:
        for part, some in found.items():
            rows.setdefault(part, []).append(some)
    return {part: np.unique(np.concatenate(some)) for part, some in rows.items()}


def _each(
    parts: Sequence[Part], look: Callable[[Part], Answer], what: str, told: Told
) -> Iterator[tuple[Part, Answer]]:
    """Looks at every part, some at a time; the answers in the order of the parts."""
    with ThreadPoolExecutor(READERS) as pool:
        for done, (part, answer) in enumerate(zip(parts, pool.map(look, parts), strict=True), 1):
            told(what, done, len(parts))
            yield part, answer
