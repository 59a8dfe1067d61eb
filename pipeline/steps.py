"""Steps, and what a part of one is given to run.

A step is inert: name, stage (a frozen dataclass: what is done), inputs (other steps), and its shape. A *map* step's part `i`
covers the `span` consecutive source parts from `i * span` on and reads those parts of its inputs that cover the same; a
*barrier* has a fixed number of partitions, each of which may read everything, and waits until its inputs are sealed.
"""

import hashlib
import unicodedata
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol
from uuid import uuid4

import pyarrow as pa

from pipeline.errors import GristmillError, RecipeError, StorageError
from pipeline.identity import canonical, digest
from pipeline.mended import is_mended
from pipeline.receipts import Receipt, read_manifest, receipt_path, step_folder
from pipeline.rows.line_writer import LineWriter
from pipeline.sources import Source, SourcePart
from pipeline.storage import Storage
from pipeline.tables import ROW_GROUP, TableWriter


class Stage(Protocol):
    """What a step does to one part. A frozen dataclass: its class's name and version and its fields are its identity."""

    name: ClassVar[str]
    version: ClassVar[int]

    def run(self, part: "PartRun") -> dict[str, int]:
        """Writes the part's tables through `part` and returns its counts."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A stage with its place in the graph."""

    name: str
    stage: Stage
    inputs: tuple["Step", ...] = ()
    span: int = 1
    partitions: int = 0

    def __post_init__(self) -> None:
        if self.span < 1 or self.partitions < 0:
            raise RecipeError(f"step {self.name}: {self.span} files a part and {self.partitions} partitions cannot be")
        for upstream in () if self.partitions else self.inputs:
            if not upstream.partitions and self.span % upstream.span:
                raise RecipeError(
                    f"step {self.name} covers {self.span} files a part, which {upstream.name}'s {upstream.span} do not divide"
                )

    @property
    def is_barrier(self) -> bool:
        """Whether the step waits for all parts of its inputs."""
        return self.partitions > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedPart:
    """One part of a planned step: its key, readable name, and the range of source parts it covers."""

    key: str
    name: str
    first: int
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedStep:
    """A step over a given source: fingerprint and parts are known, nothing has run."""

    step: Step
    fingerprint: str
    parts: tuple[PlannedPart, ...]
    payload: Any
    tombstones: str = ""


def plan_steps(steps: Sequence[Step], source: Source, tombstones: str = "") -> list[PlannedStep]:
    """Fingerprints and parts of `steps` (each after its inputs) over `source`.

    A map step's fingerprint is its stage's identity and its inputs' fingerprints; a barrier's also holds the ordered keys of
    the source's parts, because what it says of a document depends on all of them, and that of
    every step that is not mended the digest of the `tombstones`, if there are any.
    """
    planned: dict[str, PlannedStep] = {}
    for step in steps:
        planned[step.name] = plan_step(step, source, planned, tombstones)
    return list(planned.values())


def plan_step(step: Step, source: Source, known: Mapping[str, PlannedStep], tombstones: str = "") -> PlannedStep:
    """One step whose inputs are `known` by name."""
    payload: dict[str, Any] = {
        "step": step.name,
        "stage": canonical(step.stage, step.name),
        "inputs": [known[upstream.name].fingerprint for upstream in step.inputs],
        "unicode": unicodedata.unidata_version,  # decides lower case, categories and normal forms everywhere
    }
    if step.is_barrier:
        payload |= {"partitions": step.partitions, "parts": source.digest}
    if tombstones and not is_mended(step.name):
        payload["tombstones"] = tombstones
    parts = parts_of(source, span=step.span, partitions=step.partitions)
    return PlannedStep(step=step, fingerprint=digest(payload), parts=parts, payload=payload, tombstones=tombstones)


def parts_of(source: Source, *, span: int, partitions: int) -> tuple[PlannedPart, ...]:
    """The parts of a step of this shape: bundles of `span` files, or `partitions` that each see all."""
    total = len(source.parts)
    if partitions:
        return tuple(
            PlannedPart(key=f"p{n:05d}", name=f"partition {n} of {partitions}", first=0, count=total)
            for n in range(partitions)
        )
    return tuple(_bundle(source, first, span) for first in range(0, total, span))


def _bundle(source: Source, first: int, span: int) -> PlannedPart:
    members = source.parts[first : first + span]
    keys = "".join(member.key for member in members)
    key = keys if span == 1 else hashlib.sha256(keys.encode()).hexdigest()[:16]
    name = members[0].name if len(members) == 1 else f"{members[0].name} and {len(members) - 1} more"
    return PlannedPart(key=key, name=name, first=first, count=len(members))


@dataclass(frozen=True, slots=True, kw_only=True)
class PartInputs:
    """What a part reads of one input step: receipts of the parts it covers, or the manifest of all of them."""

    step: str
    span: int
    receipts: tuple[Receipt, ...] = ()
    manifest: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PartTask:
    """Everything a worker needs to run one part; small, and all that travels to it."""

    root: str
    step: str
    stage: Stage
    fingerprint: str
    source: str
    part: PlannedPart
    files: tuple[SourcePart, ...]
    inputs: tuple[PartInputs, ...]
    shares: int = 1  # processes that share the run's retry budgets
    tombstones: str = ""  # the digest of what was taken down from ROOT


class PartRun:
    """A part being run: opens its inputs, hands out writers under an attempt's own name, commits."""

    def __init__(self, task: PartTask, storage: Storage) -> None:
        self.task = task
        self.storage = storage
        self.attempt = uuid4().hex[:12]
        self.facts: dict[str, Any] = {}
        self._writers: dict[str, TableWriter | LineWriter] = {}

    @property
    def partition(self) -> int:
        """Which partition of its barrier this part is, from 0."""
        return int(self.task.part.key[1:])

    def receipts(self, step: str) -> Sequence[Receipt]:
        """The committed parts of input `step` that this part reads, in order."""
        inputs = next(given for given in self.task.inputs if given.step == step)
        return read_manifest(self.storage, inputs.manifest) if inputs.manifest else inputs.receipts

    def span(self, step: str) -> int:
        """Source parts that one part of input `step` covers."""
        return next(given.span for given in self.task.inputs if given.step == step)

    def writer(self, table: str, schema: pa.Schema, row_group: int = ROW_GROUP, **options: Any) -> TableWriter:
        """A writer for one of this part's tables; `options` are those of `TableWriter`."""
        path = self._path(f"{table}.parquet")
        self._writers[table] = writer = TableWriter(self.storage.writer(path), path, schema, row_group, **options)
        return writer

    def lines(self, table: str) -> LineWriter:
        """The same for lines of JSON."""
        path = self._path(f"{table}.jsonl")
        self._writers[table] = writer = LineWriter(self.storage.writer(path), path)
        return writer

    def _path(self, name: str) -> str:
        of = self.task
        return f"{step_folder(of.step, of.fingerprint, of.source)}/{of.part.key}-{self.attempt}.{name}"

    def commit(self, counts: dict[str, int]) -> Receipt:
        """Closes the tables and creates the receipt; where another attempt was first, its receipt is the answer."""
        task = self.task
        receipt = Receipt(
            step=task.step,
            fingerprint=task.fingerprint,
            source=task.source,
            key=task.part.key,
            name=task.part.name,
            attempt=self.attempt,
            files={table: writer.close() for table, writer in self._writers.items()},
            counts=counts,
            facts=self.facts,
        )
        return self._create(receipt)

    def _create(self, receipt: Receipt) -> Receipt:
        """Creates the receipt; while its fate is unknown (a lost answer, an interrupt) the files it names must stay."""
        path = receipt_path(receipt.step, receipt.fingerprint, receipt.source, receipt.key)
        written, self._writers = self._writers, {}
        try:
            created = self.storage.put_new(path, receipt.to_json())
        except StorageError:  # a refusal is an answer: there is no receipt
            self._writers = written
            raise
        first = receipt if created else Receipt.from_json(self.storage.get(path), path)
        if first.attempt != self.attempt:  # equal where a request was sent twice and found its own receipt
            self._writers = written
            self.discard()
        return first

    def discard(self) -> None:
        """Removes what this attempt wrote, where no receipt can name it; what cannot be removed stays, unlisted."""
        for writer in self._writers.values():
            writer.abandon()
            with suppress(GristmillError):
                self.storage.delete(writer.path)
