"""What a deduplication takes: tasks, objects, requests, bytes and core-seconds of each step, as `gristmill plan` prints.

Tasks and objects follow from the graph and are exact. Bytes and seconds are measured constants times documents, keys or
edges, for planning and never for deciding. A request is a footer or a row group that a task reads, or the list of receipts of
an input; columns that lie side by side come in one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil

from dedup.minhash import MinHash
from dedup.scale import BASE_BYTES, COMPONENT_BYTES, EDGE_BYTES, elected_bytes
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
SORTED_SECONDS = 0.43e-6  # a key in `sorted`
JOINED_SECONDS = 1.8e-6  # an edge in `components` or a round
MEMBER_SECONDS = 1.2e-6  # a document in `members`
MEMBER_KEY_SECONDS = 0.15e-6  # a key in `members`, by star
PACKED_SECONDS = 3.0e-6  # a document's signature to pack and write, by star
ELECTED_SECONDS = 7.8e-6  # a clustered document in `clusters`; by star half as much again
SURVIVOR_SECONDS = 1.0e-6  # a document in `survivors`

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


_ROUNDS = "components-"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Facts:
    """What the formulas are in: counts of documents, keys, edges, parts and cuts."""

    made: Deduplication
    minhash: MinHash
    parts: int
    words: int
    clustered_share: float

    @property
    def documents(self) -> int:
        return self.made.extent.documents

    @property
    def bands(self) -> int:
        return self.minhash.bands

    @property
    def keys(self) -> int:
        return self.documents * self.bands

    @property
    def clustered(self) -> int:
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
    def sorted_parts(self) -> int:
        return ceil(self.parts / self.made.shape.merged)

    @property
    def signature_bytes(self) -> int:
        survival, minhash = self.made.survival, self.minhash
        return -(-minhash.bands * minhash.rows * survival.bits // 8) if isinstance(survival, Star) else 0


def costs(made: Deduplication, *, span: int, words: int = 400, clustered: float = CLUSTERED) -> tuple[StepCost, ...]:
    """What each step takes, in order, for texts of `words` words of which a share is `clustered`; texts are not in the bytes.

    Of the steps for near-duplicates: what exact passes and earlier releases take is not told.
    """
    if made.minhash is None:
        return ()
    facts = _Facts(
        made=made,
        minhash=made.minhash,
        parts=ceil(made.extent.files / span),
        words=words,
        clustered_share=clustered,
    )
    near = (step for step in made.steps((), span=span) if step.name in _FORMULAS or step.name.startswith(_ROUNDS))
    return tuple(_cost(step, facts) for step in near)


def _cost(step: Step, facts: _Facts) -> StepCost:
    tasks = step.partitions or ceil(facts.made.extent.files / step.span)
    name = step.name.partition("-")[0] if step.name.startswith(_ROUNDS) else step.name
    if name != step.name:
        return _round(step.name, tasks, facts)
    return _FORMULAS[name](name, tasks, facts)


def _made(
    step: str, tasks: int, tables: int, requests: float, read: float, written: float, seconds: float, memory: float
) -> StepCost:
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


def _minhash(step: str, tasks: int, facts: _Facts) -> StepCost:
    """Reads texts, which whoever gives them counts."""
    written = facts.keys * KEY_BYTES + facts.documents * (ORDER_BYTES + facts.signature_bytes)
    a_word = WORD_SECONDS[facts.minhash.family] * facts.minhash.bands * facts.minhash.rows / 112
    seconds = facts.documents * facts.words * a_word + facts.keys * SIGNED_SECONDS / 14
    seconds += facts.documents * PACKED_SECONDS * (facts.signature_bytes > 0)
    return _made(step, tasks, 2, 0, 0, written, seconds, SIGNING_BYTES)


def _sorted(step: str, tasks: int, facts: _Facts) -> StepCost:
    """Opens each part twice a band: to count, and to read."""
    volume, written = facts.keys * KEY_BYTES, facts.keys * SORTED_KEY_BYTES
    requests = tasks + facts.parts * (1 + 3 * facts.bands)
    most = min(facts.made.shape.rows, facts.documents * facts.made.shape.merged / max(1, facts.parts))
    return _made(step, tasks, 1, requests, volume, written, facts.keys * SORTED_SECONDS, most * EDGE_BYTES)


def _edges(step: str, tasks: int, facts: _Facts) -> StepCost:
    """A row group of each part, whole; after `sorted` only that of the range."""
    merged = facts.made.shape.merged > 1
    opened = facts.sorted_parts if merged else facts.parts
    read = facts.keys * (SORTED_KEY_BYTES if merged else KEY_BYTES * facts.made.shape.ranges)
    seconds = facts.keys * KEY_SECONDS
    held = min(facts.documents / facts.made.shape.ranges, facts.made.shape.rows) * EDGE_BYTES
    return _made(step, tasks, 1, tasks * (1 + 2 * opened), read, facts.edges * EDGE_ROW_BYTES, seconds, held)


def _round(step: str, tasks: int, facts: _Facts) -> StepCost:
    """The first reads a row group of each part of `edges`, those behind of each partition of the round before."""
    number = int(step.rpartition("-")[2])
    works = number <= WORKING_ROUNDS
    before = facts.bands * facts.made.shape.ranges if number == 1 else tasks
    heard = (facts.edges if number == 1 else facts.left) * works
    requests = tasks * (1 + 2 * before * works)
    held = min(facts.clustered / tasks, facts.made.shape.most_joined) * COMPONENT_BYTES
    read, written = heard * EDGE_ROW_BYTES, facts.left * EDGE_ROW_BYTES * works
    return _made(step, tasks, 1, requests, read, written, heard * JOINED_SECONDS, held * works)


def _components(step: str, tasks: int, facts: _Facts) -> StepCost:
    before = tasks if tasks > 1 else facts.bands * facts.made.shape.ranges
    requests = tasks * (1 + 2 * before)
    held = min(facts.clustered / tasks, facts.made.shape.most_joined) * COMPONENT_BYTES
    heard = facts.left if tasks > 1 else facts.edges
    written = facts.clustered * COMPONENT_ROW_BYTES
    return _made(step, tasks, 1, requests, heard * EDGE_ROW_BYTES, written, heard * JOINED_SECONDS, held)


def _members(step: str, tasks: int, facts: _Facts) -> StepCost:
    """Reads the order of its documents, by star all their keys too, and looks into each partition of `components`."""
    star = facts.signature_bytes > 0
    read = facts.documents * (ORDER_BYTES + facts.signature_bytes) + facts.clustered * COMPONENT_ROW_BYTES
    groups = facts.documents / 2_000
    requests = tasks * (4 + facts.made.shape.joins) + facts.parts * (1 + star * (1 + facts.bands)) + groups
    row = MEMBER_ROW_BYTES + facts.signature_bytes + 8 * facts.bands * star
    seconds = facts.documents * MEMBER_SECONDS + facts.keys * MEMBER_KEY_SECONDS * star
    read += facts.keys * KEY_BYTES * star
    return _made(step, tasks, 1, requests, read, facts.clustered * row, seconds, SIGNING_BYTES / 5)


def _clusters(step: str, tasks: int, facts: _Facts) -> StepCost:
    """Reads its row group of each part of `members`, twice by the rule components."""
    star = facts.signature_bytes > 0
    volume = facts.clustered * (MEMBER_ROW_BYTES + facts.signature_bytes + 8 * facts.bands * star)
    times = 1 if star else 2
    a_document = elected_bytes(facts.minhash, facts.made.survival)
    held = min(facts.clustered / tasks, facts.made.shape.most_elected) * a_document
    seconds = facts.clustered * ELECTED_SECONDS * (1.5 if star else 1)
    requests = tasks * (1 + 2 * times * facts.parts)
    return _made(step, tasks, 1, requests, volume * times, facts.clustered * ELECTED_ROW_BYTES, seconds, held)


def _survivors(step: str, tasks: int, facts: _Facts) -> StepCost:
    """Opens each election, for any cluster may be in any; verdicts are not counted."""
    read, written = facts.clustered * ELECTED_ROW_BYTES, facts.documents * SURVIVOR_ROW_BYTES
    requests = tasks * (1 + 2 * facts.made.shape.elections)
    seconds = facts.documents * SURVIVOR_SECONDS
    return _made(step, tasks, 1, requests, read, written, seconds, SIGNING_BYTES / 5)


_FORMULAS: dict[str, Callable[[str, int, _Facts], StepCost]] = {
    "minhash": _minhash,
    "sorted": _sorted,
    "edges": _edges,
    "components": _components,
    "members": _members,
    "clusters": _clusters,
    "survivors": _survivors,
}
