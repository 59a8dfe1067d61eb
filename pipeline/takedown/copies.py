"""The copies of some pages: texts that are equal in all that is stored, and near-duplicates by the clusters of the last run."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.runs import OpenRun
from pipeline.schemas import document_number
from pipeline.storage import Storage
from pipeline.tables import read_table
from pipeline.takedown.finding import Found, Rows, Told, Wanted, documents_at, find_texts, joined
from pipeline.takedown.listing import bare_id
from pipeline.takedown.places import INGEST, Part, Place
from pipeline.takedown.tombstones import TEXT_OF, digest_with

_CLUSTERED = (("clusters", "clusters"), ("settled-text", "settled"), ("settled-url", "settled"))  # steps and tables
_PART, _SOURCE, _ROW = 24, 48, (1 << 24) - 1


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


def find_copies(run: OpenRun, parts: Sequence[Part], pages: Found, key: bytes, told: Told) -> Copies:
    """The copies of `pages`, which are not among them: exact ones, their clusters, and exact ones of those in the clusters."""
    storage = run.storage
    texts = _texts(storage, pages, key)
    exact = find_texts(storage, parts, _among(texts, key), told)
    mates = _mates(run, parts, joined(pages, exact))
    further = _texts(storage, mates, key) - texts
    if further:
        exact = joined(exact, find_texts(storage, parts, _among(further, key), told))
    found = joined(exact, mates)
    others = {part: np.setdiff1d(rows, pages.get(part, np.empty(0, np.int64))) for part, rows in found.items()}
    copies = {part: rows for part, rows in others.items() if rows.size}
    documents = [document for _, document in documents_at(storage, copies, ("record_id", "url"))]
    names = {(bare_id(str(each["record_id"] or "")), str(each["url"] or "")) for each in documents}
    return Copies(rows=copies, names=tuple(sorted(names)), texts=texts | further)


def _texts(storage: Storage, found: Found, key: bytes) -> frozenset[str]:
    documents = documents_at(storage, found, ("text",))
    return frozenset(digest_with(key, TEXT_OF, str(document["text"])) for _, document in documents)


def _among(digests: Iterable[str], key: bytes) -> Callable[[Sequence[str]], list[int]]:
    wanted = frozenset(digests)
    return lambda texts: [place for place, text in enumerate(texts) if digest_with(key, TEXT_OF, text) in wanted]


def _mates(run: OpenRun, parts: Sequence[Part], found: Found) -> dict[Part, Rows]:
    """All documents of the last run that are in a cluster with one that was found."""
    ingest = run.step(INGEST)
    assert ingest is not None  # noqa: S101  a run without is refused before
    place = Place(INGEST, ingest.fingerprint, run.source.name)
    numbers = {part.key: number for number, part in enumerate(run.source.parts)}
    here = {part: rows for part, rows in found.items() if part.place == place and part.key in numbers}
    seeds = [
        document_number(numbers[part.key], int(str(document["document_row"])))
        for part, document in documents_at(run.storage, here, ())
    ]
    known = {part.key: part for part in parts if part.place == place}
    rows: dict[Part, list[int]] = {}
    for document in _clustered_with(run, seeds):
        if document >> _SOURCE == 0:  # others are those of earlier releases, which live elsewhere
            part = known[run.source.parts[document >> _PART].key]
            rows.setdefault(part, []).append(document & _ROW)
    return {part: _record_rows(run.storage, part, at) for part, at in rows.items()}


def _clustered_with(run: OpenRun, documents: Sequence[int]) -> list[int]:
    """All members of the clusters that hold one of these documents, exact copies too.

    A survivor that has only exact copies is in no row of its own.
    """
    wanted = pa.array(documents, pa.uint64())
    clusters = {
        row["cluster"] for row in _clustered(run, pc.field("document").isin(wanted) | pc.field("survivor").isin(wanted))
    }
    inside = list(_clustered(run, pc.field("cluster").isin(pa.array(sorted(clusters), pa.uint64()))))
    return sorted({row[name] for row in inside for name in ("document", "survivor")})


def _clustered(run: OpenRun, where: pc.Expression) -> Iterator[dict[str, int]]:
    for step, name in _CLUSTERED:
        for receipt in run.receipts(step).values():
            yield from read_table(run.storage, receipt, name, ["document", "cluster", "survivor"], where).to_pylist()


def _record_rows(storage: Storage, part: Part, documents: Sequence[int]) -> Rows:
    rows = read_table(storage, part.receipt, "documents", ["record_row"])["record_row"].to_numpy()
    return np.unique(rows[np.array(documents, np.int64)].astype(np.int64))
