"""The copies of some pages: texts that are equal in all that is stored, and near-duplicates by the clusters of runs."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.inspection.answers import KINDS
from pipeline.runs import OpenRun
from pipeline.storage import Storage
from pipeline.tables import read_table
from pipeline.takedown.chain import releases_here
from pipeline.takedown.finding import Found, Told, Wanted, documents_at, find_texts, joined
from pipeline.takedown.listing import bare_id
from pipeline.takedown.mending import Rows
from pipeline.takedown.places import Part, place_of
from pipeline.takedown.stored import documents_of, records_of
from pipeline.takedown.tombstones import TEXT_OF, digest_with

_CLUSTERED = (("clusters", "clusters"), *((f"settled-{kind}", "settled") for kind in KINDS))  # steps and tables
_PART, _ROW = 24, (1 << 24) - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Copies:
    """Records whose text is a copy, with their ids and addresses; `texts` are the digests of all texts, the originals' too."""

    rows: Found
    names: tuple[tuple[str, str], ...]
    texts: frozenset[str]

    @property
    def wanted(self) -> Wanted:
        """What the copies are known by: their ids, and the addresses of those that have none."""
        ids = frozenset(record_id for record_id, _ in self.names if record_id)
        return Wanted(ids=ids, urls=frozenset(url for record_id, url in self.names if url and not record_id))


NO_COPIES = Copies(rows={}, names=(), texts=frozenset())


def find_copies(chain: Sequence[OpenRun], parts: Sequence[Part], pages: Found, key: bytes, told: Told) -> Copies:
    """The copies of `pages`, which are not among them: exact ones, their clusters, and exact ones of those in the clusters."""
    storage = chain[-1].storage
    texts = _texts(storage, pages, key)
    exact = find_texts(storage, parts, _among(texts, key), told)
    mates = _mates(chain, parts, joined(pages, exact))
    further = _texts(storage, mates, key) - texts
    if further:
        exact = joined(exact, find_texts(storage, parts, _among(further, key), told))
    found = joined(exact, mates)
    others = {part: np.setdiff1d(rows, pages.get(part, np.empty(0, np.int64))) for part, rows in found.items()}
    copies = {part: rows for part, rows in others.items() if rows.size}
    documents = documents_at(storage, copies, ("record_id", "url"))
    names = {(bare_id(str(each["record_id"] or "")), str(each["url"] or "")) for each in documents}
    return Copies(rows=copies, names=tuple(sorted(names)), texts=texts | further)


def _texts(storage: Storage, found: Found, key: bytes) -> frozenset[str]:
    documents = documents_at(storage, found, ("text",))
    return frozenset(digest_with(key, TEXT_OF, str(document["text"])) for document in documents)


def _among(digests: Iterable[str], key: bytes) -> Callable[[Sequence[str]], list[int]]:
    wanted = frozenset(digests)
    return lambda texts: [place for place, text in enumerate(texts) if digest_with(key, TEXT_OF, text) in wanted]


def _mates(chain: Sequence[OpenRun], parts: Sequence[Part], found: Found) -> dict[Part, Rows]:
    """What was found, and all documents that are in a cluster with some of it, in any run of the chain.

    A cluster of a later run may hold documents of an earlier one, and through these reach clusters of that run.
    """
    numbered = [Numbered(run, parts) for run in chain]
    known = joined(found)
    while True:
        more = joined(known, *(each.mates(known) for each in numbered))
        grown = sum(map(len, more.values())) > sum(map(len, known.values()))
        known = more
        if len(chain) == 1 or not grown:
            return known


class Numbered:
    """The parts that documents of a run are of, its own and those of the releases at the same ROOT, by the number of each."""

    def __init__(self, run: OpenRun, parts: Sequence[Part]) -> None:
        self._run = run
        known = {(part.place, part.key): part for part in parts}
        self._parts: dict[int, Part] = {}
        for source, each in enumerate((run, *releases_here(run))):
            for number, file in enumerate(each.source.parts if each else ()):
                if each and (part := known.get((place_of(each), file.key))):
                    self._parts[source << _PART | number] = part
        self._numbers = {part: number for number, part in self._parts.items()}

    def mates(self, found: Found) -> dict[Part, Rows]:
        """The records that are in a cluster of the run with one that was found."""
        storage = self._run.storage
        seeds = [
            self._numbers[part] << _PART | row
            for part, records in found.items()
            if part in self._numbers
            for row in documents_of(storage, part, records).tolist()
        ]
        rows: dict[Part, list[int]] = {}
        for document in _clustered_with(self._run, seeds):
            if part := self._parts.get(document >> _PART):  # others are of releases that live elsewhere
                rows.setdefault(part, []).append(document & _ROW)
        return {part: records_of(storage, part, np.array(at, np.int64)) for part, at in rows.items()}


def _clustered_with(run: OpenRun, documents: Sequence[int]) -> list[int]:
    """All members of the clusters that hold one of these documents, exact copies too.

    A survivor that has only exact copies is in no row of its own.
    """
    if not documents:
        return []
    wanted = pa.array(documents, pa.uint64())
    holding = pc.field("document").isin(wanted) | pc.field("survivor").isin(wanted)
    clusters = {row["cluster"] for row in _clustered(run, holding)}
    inside = list(_clustered(run, pc.field("cluster").isin(pa.array(sorted(clusters), pa.uint64()))))
    return sorted({row[name] for row in inside for name in ("document", "survivor")})


def _clustered(run: OpenRun, where: pc.Expression) -> Iterator[dict[str, int]]:
    for step, name in _CLUSTERED:
        for receipt in run.receipts(step).values():
            yield from read_table(run.storage, receipt, name, ["document", "cluster", "survivor"], where).to_pylist()
