"""Where that which is listed stands in ROOT: rows of ingest's parts, of every recipe and source that was ever run here."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.receipts import Receipt
from pipeline.storage import Storage
from pipeline.tables import read_batches, read_table
from pipeline.takedown.listing import DOMAIN, ID, URL, Entry, bare_id, domains_of
from pipeline.takedown.places import Part

READERS = 8  # parts that are looked through at a time: most of the wait is for storage
BATCH = 256

Answer = TypeVar("Answer")
Rows = npt.NDArray[np.int64]
Found = Mapping[Part, Rows]
"""Rows of the table `records`, ascending, by part; parts without any are not in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is looked for among records: addresses, ids without their angle brackets, domains with all below them."""

    urls: frozenset[str] = frozenset()
    ids: frozenset[str] = frozenset()
    domains: frozenset[str] = frozenset()

    @classmethod
    def of(cls, entries: Iterable[Entry]) -> "Wanted":
        """The entries of a list, by kind."""
        kinds: dict[str, set[str]] = {URL: set(), ID: set(), DOMAIN: set()}
        for entry in entries:
            kinds[entry.kind].add(entry.value)
        return cls(urls=frozenset(kinds[URL]), ids=frozenset(kinds[ID]), domains=frozenset(kinds[DOMAIN]))

    def named(self, url: str, record_id: str) -> Iterator[Entry]:
        """The entries that a record of this address and id is named by."""
        if url in self.urls:
            yield Entry(URL, url)
        if (bare := bare_id(record_id)) in self.ids:
            yield Entry(ID, bare)
        if self.domains:
            yield from (Entry(DOMAIN, domain) for domain in domains_of(url) if domain in self.domains)


Told = Callable[[str, int, int], None]


def find_records(
    storage: Storage, parts: Sequence[Part], wanted: Wanted, told: Told
) -> tuple[Counter[Entry], dict[Part, Rows]]:
    """In how many records each entry of `wanted` is, and which rows those are."""

    def look(part: Part) -> tuple[Rows, Counter[Entry]]:
        return _records_of(storage, part.receipt, wanted)

    hits: Counter[Entry] = Counter()
    found: dict[Part, Rows] = {}
    for part, (rows, here) in _each(parts, look, "records", told):
        hits += here
        if rows.size:
            found[part] = rows
    return hits, found


def _records_of(storage: Storage, receipt: Receipt, wanted: Wanted) -> tuple[Rows, Counter[Entry]]:
    table = read_table(storage, receipt, "records", ["url", "record_id"])
    ids = [form for bare in wanted.ids for form in (bare, f"<{bare}>")]
    named = _is_in(table["url"], wanted.urls), _is_in(table["record_id"], ids)
    rows = np.flatnonzero(named[0] | named[1] | _may_be_of(table["url"], wanted.domains))
    hits: Counter[Entry] = Counter()
    found: list[int] = []
    for row, record in zip(rows.tolist(), table.take(pa.array(rows)).to_pylist(), strict=True):
        entries = list(wanted.named(record["url"] or "", record["record_id"] or ""))
        hits.update(entries)
        found += [row] if entries else []
    return np.array(found, np.int64), hits


def _is_in(column: pa.ChunkedArray, values: Collection[str]) -> npt.NDArray[np.bool_]:
    if not values:
        return np.zeros(len(column), np.bool_)
    values_sought = pa.array(sorted(values), pa.large_string())
    found = pc.call_function("is_in", [column], pc.SetLookupOptions(values_sought, skip_nulls=True))
    return found.to_numpy(zero_copy_only=False)


def _may_be_of(urls: pa.ChunkedArray, domains: Iterable[str]) -> npt.NDArray[np.bool_]:
    """Addresses in which a domain's name stands somewhere, however it is written: few are taken apart to be sure."""
    found = np.zeros(len(urls), np.bool_)
    for domain in domains:
        written = {domain, domain.encode().decode("idna")} if "xn--" in domain else {domain}
        for form in written:
            hit = pc.call_function("match_substring", [urls], pc.MatchSubstringOptions(form, ignore_case=True))
            found |= hit.fill_null(False).to_numpy(zero_copy_only=False)
    return found


def find_texts(
    storage: Storage, parts: Sequence[Part], is_wanted: Callable[[Sequence[str]], Sequence[int]], told: Told
) -> dict[Part, Rows]:
    """The records whose stored text is one of those that `is_wanted` names the places of; reads all text there is."""

    def look(part: Part) -> Rows:
        found: list[int] = []
        for batch in read_batches(storage, part.receipt, "documents", ["record_row", "text"], BATCH):
            places = is_wanted(batch["text"].to_pylist())
            found += batch["record_row"].take(pa.array(places, pa.int64())).to_pylist()
        return np.array(found, np.int64)

    return {part: rows for part, rows in _each(parts, look, "texts", told) if rows.size}


def documents_at(
    storage: Storage, found: Found, columns: Sequence[str] = ("record_id", "url", "text")
) -> Iterator[tuple[Part, dict[str, object]]]:
    """The documents of the records that were found, those that have one, with their `document_row`."""
    for part, rows in found.items():
        first = 0
        for batch in read_batches(storage, part.receipt, "documents", ["record_row", *columns], BATCH):
            here = np.flatnonzero(np.isin(batch["record_row"].to_numpy(), rows))
            chosen = batch.take(pa.array(here)).to_pylist()
            for row, document in zip(here.tolist(), chosen, strict=True):
                yield part, {**document, "document_row": first + row}
            first += batch.num_rows


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
