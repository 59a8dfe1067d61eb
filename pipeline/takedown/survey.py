"""What a takedown would remove: the listed pages and, if asked for, their copies, with the tombstones of all of them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pipeline.runs import OpenRun
from pipeline.takedown.copies import NO_COPIES, Copies, find_copies
from pipeline.takedown.finding import Told, Wanted, find_records, joined
from pipeline.takedown.listing import ID, URL, Entry, Listing
from pipeline.takedown.mending import Removal
from pipeline.takedown.places import Part, all_places, ingested, rows_read
from pipeline.takedown.stored import documents_of
from pipeline.takedown.tombstones import TEXT_OF, URL_OF_COPY, Tombstone, digest_with, key_of, load_tombstones

PAGE, CLUSTER = "page", "cluster"
SCOPES = (PAGE, CLUSTER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What would go: rows by part, tombstones that are new, and of the list what was nowhere and what was barred before.

    `copies` counts the records that are not listed themselves; `known` is the digest of the tombstones that were there.
    """

    key: bytes
    known: str
    removals: Mapping[Part, Removal]
    stones: tuple[Tombstone, ...]
    unknown: tuple[Entry, ...]
    before: tuple[Entry, ...]
    copies: int

    @property
    def records(self) -> int:
        """Records of all parts."""
        return sum(len(removal.records) for removal in self.removals.values())

    @property
    def documents(self) -> int:
        """Documents of all parts."""
        return sum(len(removal.documents) for removal in self.removals.values())


def survey(chain: Sequence[OpenRun], listing: Listing, scope: str, told: Told) -> Survey:
    """Looks for what is listed in all that ROOT holds, and for its copies if `scope` is `cluster`; writes nothing.

    Of the deduplications in the `chain` the input files are read, for ROOT has not all of their rows.
    """
    storage = chain[-1].storage
    known = load_tombstones(storage)
    key = known.key if known else key_of(storage)
    parts = ingested(storage, all_places(storage))
    parts += {(part.place, part.key): part for run in chain for part in rows_read(run)}.values()
    hits, listed = find_records(storage, parts, Wanted.of(listing.entries), told)
    copies = find_copies(chain, parts, listed, key, told) if scope == CLUSTER else NO_COPIES
    same_id = find_records(storage, parts, copies.wanted, told)[1] if copies.names else {}  # an id can be there twice
    rows = joined(listed, copies.rows, same_id)
    there = (
        {(stone.kind, stone.digest) for takedown in known.takedowns for stone in takedown.stones} if known else set()
    )
    stones = {(stone.kind, stone.digest): stone for stone in (*_of_copies(copies, key), *_of_list(listing, hits, key))}
    before = tuple(entry for entry in listing.entries if known and known.has(entry.kind, entry.value))
    return Survey(
        key=key,
        known=known.digest if known else "",
        removals={
            part: Removal(records=some, documents=documents_of(storage, part, some)) for part, some in rows.items()
        },
        stones=tuple(sorted(stone for name, stone in stones.items() if name not in there)),
        unknown=tuple(entry for entry in listing.entries if not hits.get(entry) and entry not in before),
        before=before,
        copies=sum(map(len, rows.values())) - sum(map(len, listed.values())),
    )


def _of_list(listing: Listing, hits: Mapping[Entry, int], key: bytes) -> Iterator[Tombstone]:
    for entry in listing.entries:
        digest = digest_with(key, entry.kind, entry.value)
        yield Tombstone(kind=entry.kind, digest=digest, listed=True, records=hits.get(entry, 0))


def _of_copies(copies: Copies, key: bytes) -> Iterator[Tombstone]:
    """A copy is barred by its id, by its address where it has no id, and by its text wherever that comes from."""
    named = [(TEXT_OF, text) for text in copies.texts]
    for record_id, url in copies.names:
        named += [(ID, digest_with(key, ID, record_id))] if record_id else []
        named += [(URL_OF_COPY if record_id else URL, digest_with(key, URL, url))] if url else []
    for kind, digest in named:
        yield Tombstone(kind=kind, digest=digest, listed=False, records=0)
