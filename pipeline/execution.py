"""Runs a planned graph: a part starts as soon as the parts it reads have receipts, a barrier once its inputs are sealed.

The driver holds receipts, never data. What is already committed is not run again, so a second run does only what is missing.
"""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from pipeline.errors import PartsFailed
from pipeline.heritage import Heritage
from pipeline.receipts import Receipt, Receipts, manifest_path, seal, standing
from pipeline.remote.retries import share
from pipeline.sources import Source
from pipeline.steps import Failure, PartInputs, PartTask, PlannedStep
from pipeline.storage import Storage

MOST_OUTAGES = (
    8  # parts in a row (beyond those in flight) for which storage was gone: the others would only wait for it too
)


class Runner(Protocol):
    """Hands parts out and receipts back."""

    slots: int

    def submit(self, task: PartTask) -> None:
        """Starts a part; never called with more than `slots` in flight."""
        ...

    def wait(self) -> list[Receipt | Failure]:
        """Blocks until at least one part in flight ends; what ended."""
        ...

    def close(self) -> None:
        """Ends everything in flight."""
        ...


class Observer(Protocol):
    """Hears of progress."""

    def begin(self, steps: Sequence["StepState"]) -> None:
        """The graph, with what was already done."""
        ...

    def ended(self, state: "StepState", outcome: Receipt | Failure) -> None:
        """One part ended."""
        ...


@dataclass(slots=True)
class StepState:
    """Where one step stands."""

    planned: PlannedStep
    depth: int
    receipts: Receipts = field(default_factory=Receipts)
    failures: list[Failure] = field(default_factory=list[Failure])
    missing: dict[int, int] = field(
        default_factory=dict[int, int]
    )  # for each part: the parts it reads that are not done
    behind: int = 0  # the same for what every part reads: all of a barrier's inputs, and barriers
    reused: int = 0
    manifest: str = ""
    sealed: bool = False

    @property
    def name(self) -> str:
        """The step's name."""
        return self.planned.step.name

    @property
    def done(self) -> bool:
        """Whether every part has its receipt."""
        return len(self.receipts) == len(self.planned.parts)


class Execution:
    """One run of a planned graph over one source; what is the same as in an earlier run is taken over from its `heritage`."""

    def __init__(
        self,
        storage: Storage,
        source: Source,
        steps: Sequence[PlannedStep],
        facts: dict[str, Any],
        heritage: Heritage | None = None,
    ) -> None:
        self._storage = storage
        self._heritage = heritage
        self._source = source
        self._facts = facts
        self._places: dict[tuple[str, str], int] = {}
        self._ready: list[tuple[int, int, str]] = []
        self._shares = 1
        self.states = {planned.step.name: self._load(planned, depth) for depth, planned in enumerate(steps)}
        self._readers: dict[str, list[StepState]] = {name: [] for name in self.states}
        for state in self.states.values():
            for upstream in state.planned.step.inputs:
                self._readers[upstream.name].append(state)

    def _load(self, planned: PlannedStep, depth: int) -> StepState:
        """What is committed of a step: from its seal if it has one, else from the receipts that are there."""
        keys = [part.key for part in planned.parts]
        step, source = planned.step.name, self._source.name
        state = StepState(planned, depth, manifest=manifest_path(step, planned.fingerprint, source, keys))
        state.receipts, state.sealed = standing(self._storage, step, planned.fingerprint, source, keys)
        state.reused = len(state.receipts)
        self._places |= {(step, key): place for place, key in enumerate(keys)}
        return state

    def run(self, runner: Runner, observer: Observer) -> None:
        """Runs every missing part.

        Raises:
            PartsFailed: after everything that could run has run, for the first step with failed parts.
        """
        self._shares = runner.slots + 1  # the driver asks for things too
        share(self._shares)
        observer.begin(list(self.states.values()))
        for state in self.states.values():
            self._seal(state)
            self._count_missing(state)
        in_flight, outages, hopeless = 0, 0, MOST_OUTAGES + runner.slots
        while in_flight or (self._ready and outages < hopeless):
            while self._ready and in_flight < runner.slots and outages < hopeless:
                _, place, name = heapq.heappop(self._ready)
                if (inherited := self._inherited(self.states[name], place)) is not None:
                    observer.ended(self.states[name], inherited)
                    self._settle(inherited)
                    continue
                self._shares = runner.slots + 1  # a cluster grows
                runner.submit(self._task(self.states[name], place))
                in_flight += 1
            for outcome in runner.wait() if in_flight else ():
                in_flight -= 1
                outages = outages + 1 if isinstance(outcome, Failure) and outcome.outage else 0
                observer.ended(self.states[outcome.step], outcome)
                self._settle(outcome)
        for state in self.states.values():
            if state.failures:
                raise PartsFailed(state.name, {failure.name: failure.why for failure in state.failures})

    def _inherited(self, state: StepState, place: int) -> Receipt | None:
        """The part as an earlier run left it, where everything that it reads is as it was."""
        if self._heritage is None:
            return None
        upstream = [self.states[step.name] for step in state.planned.step.inputs]
        reads = [(each.planned, each.receipts, _covered(state.planned, place, each.planned)) for each in upstream]
        return self._heritage.receipt(state.planned, state.planned.parts[place].key, reads)

    def _count_missing(self, state: StepState) -> None:
        """For each part not done: how many of the parts it reads are still missing."""
        upstream = [self.states[step.name] for step in state.planned.step.inputs]
        some = [each for each in upstream if not _is_whole(each.planned, state.planned)]
        state.behind = sum(
            len(each.planned.parts) - len(each.receipts) for each in upstream if _is_whole(each.planned, state.planned)
        )
        for place, part in enumerate(state.planned.parts):
            if part.key not in state.receipts:
                state.missing[place] = sum(self._unfinished(state, place, each) for each in some)
                self._offer(state, place)

    def _unfinished(self, state: StepState, place: int, upstream: StepState) -> int:
        parts = upstream.planned.parts
        return sum(
            parts[part].key not in upstream.receipts for part in _covered(state.planned, place, upstream.planned)
        )

    def _offer(self, state: StepState, place: int) -> None:
        if state.missing[place] == 0 and state.behind == 0:
            heapq.heappush(self._ready, (-state.depth, place, state.name))  # later steps first: that is how it streams

    def _settle(self, outcome: Receipt | Failure) -> None:
        state = self.states[outcome.step]
        if isinstance(outcome, Failure):
            state.failures.append(outcome)
            return
        state.receipts[outcome.key] = outcome
        self._seal(state)
        place = self._places[outcome.step, outcome.key]
        for reader in self._readers[outcome.step]:
            if _is_whole(state.planned, reader.planned):
                reader.behind -= 1
                opened = list(reader.missing) if reader.behind == 0 else []
            else:
                opened = [state.planned.parts[place].first // reader.planned.step.span]
                reader.missing.update((at, reader.missing[at] - 1) for at in opened if at in reader.missing)
            for waiting in opened:
                if waiting in reader.missing:
                    self._offer(reader, waiting)

    def _seal(self, state: StepState) -> None:
        if state.done and not state.sealed:
            receipts = (state.receipts[part.key] for part in state.planned.parts)
            upstream = {step.name: self.states[step.name].manifest for step in state.planned.step.inputs}
            facts = {"payload": state.planned.payload, "upstream": upstream} | self._facts
            seal(self._storage, state.manifest, receipts, facts)
            state.sealed = True

    def _task(self, state: StepState, place: int) -> PartTask:
        step, part = state.planned.step, state.planned.parts[place]
        return PartTask(
            root=self._storage.location,
            step=step.name,
            stage=step.stage,
            fingerprint=state.planned.fingerprint,
            source=self._source.name,
            part=part,
            files=() if step.is_barrier else self._source.parts[part.first : part.first + part.count],
            inputs=tuple(self._inputs(state, place, self.states[upstream.name]) for upstream in step.inputs),
            shares=self._shares,
            tombstones=state.planned.tombstones,
        )

    def _inputs(self, state: StepState, place: int, upstream: StepState) -> PartInputs:
        step = upstream.planned.step
        covered = list(_covered(state.planned, place, upstream.planned))
        if len(covered) == len(upstream.planned.parts) and (state.planned.step.is_barrier or step.is_barrier):
            return PartInputs(step=step.name, span=step.span, manifest=upstream.manifest)
        receipts = tuple(upstream.receipts[upstream.planned.parts[i].key] for i in covered)
        return PartInputs(step=step.name, span=step.span, receipts=receipts)


def _is_whole(upstream: PlannedStep, reader: PlannedStep) -> bool:
    """Whether every part of `reader` reads all parts of `upstream`."""
    return reader.step.is_barrier or upstream.step.is_barrier


def _covered(reader: PlannedStep, place: int, upstream: PlannedStep) -> range:
    """Places of the `upstream` parts that part `place` of `reader` reads."""
    if _is_whole(upstream, reader):
        return range(len(upstream.parts))
    part = reader.parts[place]
    return range(part.first // upstream.step.span, -(-(part.first + part.count) // upstream.step.span))
