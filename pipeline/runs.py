"""What a run was: its record, written before the first part, and a finished or unfinished run opened again from it.

ROOT keeps every run's record; the last one is what `status`, `why` and `verify` speak of.
"""

import dataclasses
import hashlib
import os
import platform
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson

from pipeline.environment import installed, source_digest
from pipeline.errors import InputError, StorageError
from pipeline.measures import Rule
from pipeline.receipts import Receipts, leads_out, manifest_path, standing
from pipeline.rows.columns import RowColumns
from pipeline.sources import Source, load_source, save_source
from pipeline.steps import PlannedPart, PlannedStep, parts_of
from pipeline.storage import Storage
from pipeline.storage_errors import shown

FOLDER = "runs"
BESIDE = ("measure-", "annotate-", "score-", "late-score-", "percentiles")  # how steps are called that write signals beside the documents
PROVENANCE = ("gristmill", "datatrove", "trafilatura", "pyarrow", "polars", "ray", "fastwarc", "spacy", "tokenizers")


@dataclass(frozen=True, slots=True)
class StepRecord:
    """A step as a run's record keeps it."""

    name: str
    fingerprint: str
    span: int
    partitions: int
    inputs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReleaseRecord:
    """An earlier release that a run is compared with: the run `run` of `source` at `root`. The first is source 1 of documents."""

    root: str
    source: str
    run: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """What was asked for: recipe (readable), rules, source, steps, provenance, and the releases it is compared with.

    `memory` is the most that a task may take, by which the steps are cut, where the recipe does not say it.
    """

    id: str
    recipe: str
    source: str
    rules: tuple[Rule, ...]
    steps: tuple[StepRecord, ...]
    payload: Any
    provenance: dict[str, Any]
    releases: tuple[ReleaseRecord, ...] = ()
    memory: int | None = None

    def to_json(self) -> bytes:
        """The record as its file holds it."""
        return orjson.dumps(dataclasses.asdict(self), option=orjson.OPT_INDENT_2)

    @classmethod
    def from_json(cls, data: bytes, where: str = "a run's record") -> "RunRecord":
        """The record of its file's bytes; StorageError where they are damaged, naming `where` they were."""
        try:
            fields = orjson.loads(data)
            fields["rules"] = tuple(_rule(rule) for rule in fields["rules"])
            fields["releases"] = tuple(ReleaseRecord(**each) for each in fields.get("releases", ()))
            fields["steps"] = tuple(StepRecord(inputs=tuple(step.pop("inputs")), **step) for step in fields["steps"])
            record = cls(**fields)
            record._check()
            return record
        except (orjson.JSONDecodeError, AttributeError, KeyError, TypeError, ValueError) as error:
            raise StorageError(f"{where} is damaged: {error}") from error

    def _check(self) -> None:
        """ValueError for what no run writes: a list of files that is elsewhere, a step of no parts."""
        if leads_out(self.source) or self.source.count("/") < 2:
            raise ValueError(f"its source {self.source} is no list of files below ROOT")
        if (wrong := next((step for step in self.steps if step.span < 1 or step.partitions < 0), None)) is not None:
            raise ValueError(f"step {wrong.name} has a span of {wrong.span} and {wrong.partitions} partitions")


def _rule(fields: dict[str, Any]) -> Rule:
    value: Any = fields.pop("value")
    return Rule(value=tuple(value) if isinstance(value, list) else value, **fields)


def provenance(now: datetime) -> dict[str, Any]:
    """Where a run came from; never part of an identity."""
    return {
        "started": now.isoformat(timespec="seconds"),
        "argv": [shown(word) for word in sys.argv],  # a dataset's manifest is published
        "commit": _commit(),
        "source": source_digest(),
        "lock": _lock(),
        "python": platform.python_version(),
        "machine": platform.machine(),
        "versions": {name: installed(name) for name in PROVENANCE},
    }


def _commit() -> str | None:
    """The checkout's commit, with a `+` where the checkout has changes.

    Where there is no repository (a container, what a job uploads) it is what `GRISTMILL_COMMIT` says, None where nobody does.
    """
    told = os.environ.get("GRISTMILL_COMMIT") or None
    here = Path(__file__).parent
    try:
        head = subprocess.run(
            ["git", "describe", "--always", "--dirty=+", "--abbrev=40"],  # noqa: S607  git is where the user's shell finds it
            cwd=here,
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return told
    return head.stdout.strip() or told


def _lock() -> str | None:
    """SHA-256 of the checkout's lock file; None where there is none."""
    lock = Path(__file__).parents[1] / "requirements.lock"
    return hashlib.sha256(lock.read_bytes()).hexdigest() if lock.is_file() else None


def record_run(
    storage: Storage,
    *,
    recipe: str,
    rules: Sequence[Rule],
    source: Source,
    steps: Sequence[PlannedStep],
    releases: Sequence[ReleaseRecord] = (),
    memory: int | None = None,
) -> RunRecord:
    """Writes what is about to run; nothing in ROOT is replaced by it."""
    now = datetime.now(UTC)
    origin = provenance(now)
    record = RunRecord(
        id=new_run_id(now),
        recipe=recipe,
        source=save_source(storage, source),
        rules=tuple(rules),
        steps=tuple(step_record(planned) for planned in steps),
        payload={planned.step.name: planned.payload for planned in steps},
        provenance=origin,
        releases=tuple(releases),
        memory=memory,
    )
    write_record(storage, record)
    return record


def new_run_id(now: datetime) -> str:
    """A name for a run's record; later ones sort behind earlier ones."""
    return f"{now:%Y%m%dT%H%M%S.%f}-{uuid4().hex[:6]}"


def write_record(storage: Storage, record: RunRecord) -> None:
    """Keeps a run's record in ROOT, of which it is the last from now on."""
    storage.put_new(f"{FOLDER}/{record.id}.json", record.to_json())


def step_record(planned: PlannedStep) -> StepRecord:
    """What a run's record keeps of a step."""
    step = planned.step
    inputs = tuple(upstream.name for upstream in step.inputs)
    return StepRecord(step.name, planned.fingerprint, step.span, step.partitions, inputs)


def _rows_compared(payload: dict[str, Any]) -> dict[str, Any]:
    """What a deduplication of rows said of the documents that it compares."""
    found: dict[str, Any] = payload.get("survivors", {}).get("stage", {}).get("documents", {})
    return found


class OpenRun:
    """A run of ROOT, with its parts and receipts as they stand now."""

    def __init__(self, storage: Storage, record: RunRecord) -> None:
        self.storage = storage
        self.record = record
        self._receipts: dict[str, Receipts] = {}

    @cached_property
    def source(self) -> Source:
        """The run's input files."""
        return load_source(self.storage, self.record.source)

    @property
    def columns(self) -> RowColumns | None:
        """Which columns of its input rows the run read, where that was not the customary ones."""
        payload = self.record.payload
        stage = payload["ingest"]["stage"] if "ingest" in payload else _rows_compared(payload)
        named = {field.name: stage.get("columns", {}).get(field.name) for field in dataclasses.fields(RowColumns)}
        return RowColumns(**named) if any(named.values()) else None

    def step(self, name: str) -> StepRecord | None:
        """A step of the run by name."""
        return next((step for step in self.record.steps if step.name == name), None)

    def parts(self, step: StepRecord) -> tuple[PlannedPart, ...]:
        """A step's parts, in order."""
        return parts_of(self.source, span=step.span, partitions=step.partitions)

    def manifest(self, step: StepRecord) -> str:
        """Where the seal of the step is, or will be."""
        return manifest_path(step.name, step.fingerprint, self.source.name, [part.key for part in self.parts(step)])

    def is_sealed(self, step: StepRecord) -> bool:
        """Whether the step is finished."""
        return self.storage.exists(self.manifest(step))

    def receipts(self, name: str) -> Receipts:
        """Receipts of a step by part key, in the order of its parts; only those that are there."""
        if name not in self._receipts:
            step = self.step(name)
            keys = [part.key for part in self.parts(step)] if step else []
            source = self.source.name
            self._receipts[name] = (
                standing(self.storage, name, step.fingerprint, source, keys)[0] if step else Receipts()
            )
        return self._receipts[name]

    def totals(self, name: str) -> dict[str, int]:
        """The counts of a step, added up over its parts."""
        sums: dict[str, int] = {}
        for receipt in self.receipts(name).values():
            for key, count in receipt.counts.items():
                sums[key] = sums.get(key, 0) + count
        return sums


def open_run(storage: Storage) -> OpenRun:
    """The last run of ROOT; InputError where there is none."""
    names = run_ids(storage)
    if not names:
        raise InputError(
            f"{storage.location}: no run here; start one with `gristmill curate RECIPE --input … --output …`"
        )
    return open_run_of(storage, names[-1])


def run_ids(storage: Storage) -> list[str]:
    """The names of all runs of ROOT, the last last."""
    return [name.removesuffix(".json") for name in storage.names(FOLDER) if name.endswith(".json")]


def open_run_of(storage: Storage, id_: str) -> OpenRun:
    """The run of ROOT that is called `id_`."""
    path = f"{FOLDER}/{id_}.json"
    return OpenRun(storage, RunRecord.from_json(storage.get(path), path))
