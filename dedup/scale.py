"""How the deduplication is cut so that no task takes more than its memory: more data means more partitions.

The cut depends on an estimate of the documents, so it is part of what barriers are and never of what `minhash` signs. Where the
estimate was too low, `edges` works through its range in pieces, and what cannot be cut further says so instead of taking more.
"""

from dataclasses import dataclass, replace
from math import ceil, sqrt
from typing import ClassVar

from dedup.bbit import packed_bytes
from dedup.minhash import MinHash
from dedup.survival import Star, Survival
from pipeline.errors import RecipeError
from pipeline.schemas import document_number
from pipeline.sizes import bytes_text

# Measured at some million rows (see docs/decisions.md): bytes of a task's memory, at most.
BASE_BYTES = 350_000_000  # the process with all that is imported
EDGE_BYTES = 160  # a key of a band in `edges` while its range is sorted
KNOWN_BYTES = 32  # and where earlier releases are asked for it
COMPONENT_BYTES = 320  # a clustered document in `components`
ELECTED_BYTES = 200  # a clustered document in `clusters`
UNIT_BYTES = 250  # a line or paragraph in `repeats-…`
UNITS = 30  # lines of a document: web pages as trafilatura leaves them have about as many
GATHERED_BYTES = 250  # a clustered document in `gathered`; by star three times its keys and signature more
ROUTED_BYTES = 200  # an edge in `routed-…`
ANSWER_BYTES = 100  # a clustered document in `answers`
SAME_BYTES = 350  # a key in `copies-…`, or a copy's original in `settled-…`
MET_BYTES = 450  # and where earlier releases are asked for it, which may have it too
INDEX_BYTES = 60  # a key of `index`, of which a record has two: its address and its id
LEAST_MEMORY = 512 << 20

MOST_READS = 50_000  # row groups that all parts of a step together open; above, a level of merging stands before them
MOST_OPENED = 5_000  # parts that a partition of a level opens, one after the other: minutes at the latency of a bucket
_MANY = 1 << 20
ROUNDS = 16  # of joining components; what does not converge in as many raises


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """What is known of a source before it is read: about how many `documents` it has, at most, and its number of `files`.

    `earlier` has the documents that stay and the files of each release that it is compared with.
    """

    documents: int = 0
    files: int = 1
    earlier: tuple[tuple[int, int], ...] = ()

    @property
    def all_documents(self) -> int:
        """With those of earlier releases, which may all be clustered."""
        return self.documents + sum(documents for documents, _ in self.earlier)

    @property
    def all_files(self) -> int:
        """With those of earlier releases."""
        return self.files + sum(files for _, files in self.earlier)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """How a graph is cut.

    `ranges` of keys for each band in `edges`, which holds at most `rows` keys at a time; `merged` parts of `minhash` are sorted
    into one first (1: no such level); `components` has `joins` partitions by number of document, and `clusters` has `elections`.
    `most_joined` and `most_elected` are the most clustered documents that one partition of either can hold. Exact copies are
    found in `copies` partitions, `most_copies` keys at a time.

    Levels of merging, each 1 where there is none: keys that were merged are dealt to the ranges of each band by way of `ranged`
    groups of these, `rows` at a time; edges are routed to the partitions of `components` by way of `routed` groups,
    `members` to the elections by way of `gathered`, and what was elected comes back to the parts by way of `answers`,
    ranges of documents. These hold `most_routed`, `most_gathered` and `most_answers` rows at a time. Keys of exact copies are
    dealt to their partitions by way of `dealt` groups, `most_copies` at a time, and what is known of copies comes back by way
    of `found` ranges of documents.
    """

    ranges: int = 1
    rows: int = 10_000_000
    merged: int = 1
    joins: int = 1
    most_joined: int = 5_000_000
    elections: int = 1
    most_elected: int = 8_000_000
    copies: int = 1
    most_copies: int = 5_000_000
    ranged: int = 1
    routed: int = 1
    most_routed: int = 10_000_000
    gathered: int = 1
    most_gathered: int = 5_000_000
    answers: int = 1
    most_answers: int = 5_000_000
    dealt: int = 1
    found: int = 1

    def __post_init__(self) -> None:
        counts = tuple(getattr(self, name) for name in self.__slots__)
        if min(counts) < 1:
            raise RecipeError(f"deduplication cannot be cut like this: {self}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """The most memory that one task of the deduplication or of `index` takes, in bytes; RecipeError below half a gibibyte."""

    name: ClassVar[str] = "scale"
    version: ClassVar[int] = 1

    memory: int = 2 << 30

    def __post_init__(self) -> None:
        if self.memory < LEAST_MEMORY:
            raise RecipeError(f"scale: a task needs at least {bytes_text(LEAST_MEMORY)}, not {bytes_text(self.memory)}")

    def shape(self, minhash: MinHash | None, survival: Survival, extent: Extent, *, span: int) -> Shape:
        """How to cut what is expected of a source of which each part of `minhash` covers `span` files."""
        room = self.memory - BASE_BYTES
        bundles = ceil(extent.files / span)
        exact = self._copied(extent, span)
        if minhash is None:
            return exact
        rows = room // (EDGE_BYTES + (KNOWN_BYTES if extent.earlier else 0))
        ranges = parts_of(extent.documents, rows)
        joined, elected = room // COMPONENT_BYTES, room // elected_bytes(minhash, survival)
        joins = min(parts_of(extent.all_documents, joined), extent.all_files)
        elections = parts_of(extent.all_documents, elected)
        parts = ceil(extent.all_files / span)
        elects_many = parts * elections > MOST_READS
        merged = _merged(minhash, extent, rows, ranges, span)
        opened = ceil(bundles / merged) * minhash.bands * ranges
        return replace(
            exact,
            ranges=ranges,
            rows=rows,
            merged=merged,
            joins=joins,
            most_joined=joined,
            elections=elections,
            most_elected=elected,
            ranged=_level(ranges) if merged > 1 and opened > 2 * MOST_READS else 1,
            routed=_level(joins) if joins * max(minhash.bands * ranges, joins) > MOST_READS else 1,
            most_routed=room // ROUTED_BYTES,
            gathered=_level(elections) if elects_many else 1,
            most_gathered=room // gathered_bytes(minhash, survival),
            answers=_level(bundles) if elects_many else 1,
        )

    def _copied(self, extent: Extent, span: int) -> Shape:
        """How exact copies are cut.

        Few groups: a part's keys are written before it is known how they are cut, in row groups that each group reads in part.
        """
        room = self.memory - BASE_BYTES
        most = room // (SAME_BYTES + (MET_BYTES if extent.earlier else 0))
        partitions = parts_of(extent.documents, most)
        bundles = ceil(extent.all_files / span)
        many = bundles * partitions > MOST_READS
        return Shape(
            copies=partitions,
            most_copies=most,
            most_answers=room // ANSWER_BYTES,
            dealt=groups_of(partitions, max(2, ceil(sqrt(partitions) / 8))) if many else 1,
            found=_level(bundles) if many else 1,
        )

    def units(self, extent: Extent) -> tuple[int, int]:
        """In how many partitions lines repeated across documents are counted, and how many lines fit in memory there."""
        most = (self.memory - BASE_BYTES) // UNIT_BYTES
        return parts_of(extent.documents * UNITS, most), most

    def indexed(self, extent: Extent) -> int:
        """In how many partitions records are found by address and id: each sorts its keys in memory."""
        return parts_of(2 * extent.documents, (self.memory - BASE_BYTES) // INDEX_BYTES)


def elected_bytes(minhash: MinHash, survival: Survival) -> int:
    """Bytes of a clustered document in `clusters`."""
    if not isinstance(survival, Star):
        return ELECTED_BYTES
    from dedup.star import planned_bytes  # with its kernels, so only where they are used

    values = minhash.bands * minhash.rows
    whole = planned_bytes(_MANY, minhash.bands, packed_bytes(values, survival.bits))
    as_read = 8 * minhash.bands + packed_bytes(values, survival.bits)  # before they are one array
    return ELECTED_BYTES + as_read + -(-whole // _MANY)


def gathered_bytes(minhash: MinHash, survival: Survival) -> int:
    """Bytes of a clustered document in `gathered`."""
    if not isinstance(survival, Star):
        return GATHERED_BYTES
    return GATHERED_BYTES + 3 * (8 * minhash.bands + packed_bytes(minhash.bands * minhash.rows, survival.bits))


def _level(partitions: int) -> int:
    """In how many groups a level deals what `partitions` then read: few, since for each all is opened that was written."""
    return groups_of(partitions, ceil(sqrt(partitions) / 2))


def groups_of(partitions: int, groups: int) -> int:
    """As few groups of partitions as have no more to a group than `groups` have: then none is without any."""
    return ceil(partitions / ceil(partitions / groups))


def slices_of(writers: int) -> int:
    """How many partitions of a level share a group, each of which opens a slice of what `writers` wrote."""
    return ceil(writers / MOST_OPENED)


def parts_of(documents: int, most: int) -> int:
    """Into how many parts documents are cut of which a part holds `most`; a quarter is left for uneven parts."""
    return max(1, ceil(documents * 1.25 / most))


def _merged(minhash: MinHash, extent: Extent, rows: int, ranges: int, span: int) -> int:
    """How many parts of `minhash` are merged to one, so that `edges` opens few: a power of two, as far as memory lets it."""
    parts = ceil(extent.files / span)
    wanted = parts * minhash.bands * ranges / MOST_READS
    fits = rows / max(1, extent.documents / parts)
    merged = 1
    while merged < wanted and 2 * merged <= min(fits, parts):
        merged *= 2
    return merged


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranges:
    """`count` ranges of the documents of an `extent`: small, where their `starts` would travel with each part of a step."""

    extent: Extent = Extent()
    count: int = 1

    def starts(self) -> tuple[int, ...]:
        """The first document number of each range."""
        return starts(self.extent, self.count)


def starts(extent: Extent, joins: int) -> tuple[int, ...]:
    """The first document number of each partition of `components`: about equally many files each."""
    return tuple(_first_document(extent, place * extent.all_files // joins) for place in range(joins))


def _first_document(extent: Extent, file: int) -> int:
    """The number of the first document of a file; those of earlier releases are numbered on behind this run's."""
    sources = extent.files, *(files for _, files in extent.earlier)
    for source, files in enumerate(sources):
        if file < files:
            return document_number(file, 0, source)
        file -= files
    raise ValueError(f"{extent} has no file {file} behind its last")


def pieces_of(extent: Extent, most: int) -> tuple[int, ...]:
    """Into how many pieces each earlier release is cut, of which a task can hold the documents that are clustered."""
    return tuple(min(parts_of(documents, most), files) for documents, files in extent.earlier)


def rounds_of(joins: int) -> int:
    """How many rounds are planned to join components in as many partitions."""
    return ROUNDS if joins > 1 else 0
