"""What the formulas of `dedup.costs` are in: measured constants, and what follows from a graph."""

from dataclasses import dataclass
from math import ceil

from dedup.bbit import packed_bytes
from dedup.minhash import MinHash
from dedup.scale import BASE_BYTES
from dedup.steps import Deduplication
from dedup.survival import Star
from pipeline.steps import Step

# Bytes written, after Zstandard; docs/scale.md says how each was measured.
KEY_BYTES = 10.4  # a band's key with its document, in `minhash`
SORTED_KEY_BYTES = 13.6  # the same in `sorted`, where documents of many files lie side by side
ORDER_BYTES = 9.0  # a row of `order` with an id of 12 digits; one of 36 random characters takes 25 more
EDGE_ROW_BYTES = 7.4  # an edge, in `edges` and in rounds
COMPONENT_ROW_BYTES = 6.6  # a clustered document in `components`
MEMBER_ROW_BYTES = 12.4  # the same in `members`, by the rule components
ELECTED_ROW_BYTES = 11.0  # the same in `clusters`
SURVIVOR_ROW_BYTES = 2.0  # a document in `survivors`

# Core-seconds.
WORD_SECONDS = {"fast": 30e-9, "datatrove": 1.2e-6}  # to sign a word
SIGNED_SECONDS = 5.0e-6  # a signature's keys: to make, sort and write them
KEY_SECONDS = 0.34e-6  # a key in `edges`
READ_SECONDS = 0.024e-6  # a key of another range, read with those of one's own
SORTED_SECONDS = 0.43e-6  # a key in `sorted`, and again in `ranged`
JOINED_SECONDS = 1.8e-6  # an edge in `components` or a round
ROUTED_SECONDS = 1.5e-6  # an edge in `routed-…`
MEMBER_SECONDS = 1.2e-6  # a document in `members`
MEMBER_KEY_SECONDS = 0.15e-6  # a key in `members`, by star
GATHERED_SECONDS = 1.5e-6  # a clustered document in `gathered`
PACKED_SECONDS = 3.0e-6  # a document's signature to pack and write, by star
ELECTED_SECONDS = 7.8e-6  # a clustered document in `clusters`; by star half as much again
ANSWER_SECONDS = 1.0e-6  # a clustered document in `answers`
SURVIVOR_SECONDS = 1.0e-6  # a document in `survivors`

# Exact copies.
SAME_ROW_BYTES = 45.3  # a key in `exact-…` with an id of 36 characters that are random, and again in `dealt-…`
COPY_ROW_BYTES = 15.0  # a copy in `copies-…`, with its pair and its share of an original, and again in `found-…`
SETTLED_ROW_BYTES = 9.0  # a copy in `settled-…`
RETURNED_ROW_BYTES = 11.8  # the same in `answers-…`
KEYED_SECONDS = 5.0e-6  # a document's key to sort and write
HASHED_SECONDS = 8.0e-9  # a word of its text
ADDRESS_SECONDS = 7.4e-6  # an address in its canonical form
DEALT_SECONDS = 1.6e-6  # a key in `dealt-…`
COPIED_SECONDS = 2.9e-6  # a key in `copies-…`
COPIED_DEALT_SECONDS = 1.2e-6  # the same behind `dealt-…`
RETURNED_SECONDS = 5.0e-6  # a copy in `found-…`, `settled-…` or `answers-…`
COPIED = 0.1  # of the documents are copies by each pass: what a crawl has is its own

CLUSTERED = 0.15  # of the documents have an edge
EDGES_A_DOCUMENT = 2.7  # that `edges` finds for a clustered document, all bands together
ROUND_EDGES_A_DOCUMENT = 1.1  # that are left of them after the first round
WORKING_ROUNDS = 3  # of joining components; those planned behind pass their input on
SIGNING_BYTES = 500_000_000  # what a part of `minhash` holds and sorts at a time, at most


@dataclass(frozen=True, slots=True, kw_only=True)
class StepCost:
    """What one step takes; `memory` is that of a task, at most, in bytes."""

    step: str
    tasks: int
    objects: int
    requests: int
    read_bytes: int
    written_bytes: int
    core_seconds: float
    memory: int


def costed(
    step: str, tasks: int, tables: int, requests: float, read: float, written: float, seconds: float, memory: float
) -> StepCost:
    """A step of which each task writes so many `tables` and holds so much `memory` besides its process."""
    return StepCost(
        step=step,
        tasks=tasks,
        objects=tasks * (tables + 1),  # and a receipt
        requests=int(requests),
        read_bytes=int(read),
        written_bytes=int(written),
        core_seconds=seconds,
        memory=int(BASE_BYTES + memory),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the formulas are in: counts of documents, keys, edges, parts and cuts."""

    made: Deduplication
    steps: tuple[Step, ...]
    parts: int
    words: int
    clustered_share: float

    @property
    def documents(self) -> int:
        """Of this run."""
        return self.made.extent.documents

    @property
    def minhash(self) -> MinHash:
        """How documents are compared; formulas of near-duplicates alone ask."""
        assert self.made.minhash  # noqa: S101  for the type checker: else there are no such steps
        return self.made.minhash

    @property
    def copied(self) -> int:
        """Documents that are copies by a pass."""
        return int(self.documents * COPIED)

    @property
    def bands(self) -> int:
        """How many bands there are."""
        return self.minhash.bands

    @property
    def keys(self) -> int:
        """A key in each band for each document."""
        return self.documents * self.bands

    @property
    def clustered(self) -> int:
        """Documents that have an edge."""
        return int(self.documents * self.clustered_share)

    @property
    def edges(self) -> int:
        """What `edges` finds."""
        return int(self.clustered * EDGES_A_DOCUMENT)

    @property
    def left(self) -> int:
        """The edges after a round."""
        return int(self.clustered * ROUND_EDGES_A_DOCUMENT)

    @property
    def found(self) -> int:
        """The tasks of `edges`."""
        return self.bands * self.made.shape.ranges

    @property
    def stars(self) -> bool:
        """Whether the rule of survival is star."""
        return isinstance(self.made.survival, Star)

    @property
    def member_bytes(self) -> float:
        """Of a clustered document in `members`."""
        return MEMBER_ROW_BYTES + (self.signature_bytes + 8 * self.bands) * self.stars

    def level(self, name: str) -> Step | None:
        """A level of merging, where there is one."""
        return next((step for step in self.steps if step.name == name), None)

    def slices(self, name: str) -> int:
        """How many partitions of a level share a group."""
        return next(getattr(step.stage, "slices", 1) for step in self.steps if step.name == name)

    def dealt(self, rows: int, level: Step, most: int) -> int:
        """Requests for what a level has for one partition: of each slice a footer, and a row group of each set."""
        return self.slices(level.name) * (1 + max(1, ceil(rows / level.partitions / most)))

    def brought_back(self, readers: int, level: Step, rows: int) -> int:
        """Requests of `readers` that each open their range of a level: one on both sides of a start opens two."""
        opened = readers + level.partitions // self.slices(level.name)
        return opened * self.dealt(rows, level, self.made.shape.most_answers)

    @property
    def sorted_parts(self) -> int:
        """How many parts `sorted` has."""
        return ceil(self.parts / self.made.shape.merged)

    @property
    def signature_bytes(self) -> int:
        """Of a packed signature, by star; else 0."""
        survival, minhash = self.made.survival, self.minhash
        return packed_bytes(minhash.bands * minhash.rows, survival.bits) if isinstance(survival, Star) else 0
