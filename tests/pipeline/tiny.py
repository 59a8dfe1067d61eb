"""A machine small enough to see through: files of numbers, and stages that add them up."""

import os
import signal
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa

from pipeline.attempts import Failure
from pipeline.errors import InputError, TransientError
from pipeline.execution import Execution, Runner, StepState
from pipeline.identity import NOT_IDENTITY
from pipeline.local_runner import LocalRunner
from pipeline.receipts import Receipt
from pipeline.sources import Source, SourcePart
from pipeline.steps import PartRun, Step, plan_steps
from pipeline.storage import LocalStorage
from pipeline.tables import read_table

NUMBERS = pa.schema([pa.field("n", pa.int64(), nullable=False)])
RUNS = "runs.log"


def note(folder: str, part: PartRun) -> None:
    """Remembers that this part was run."""
    with (Path(folder) / RUNS).open("a") as log:
        log.write(f"{part.task.step} {part.task.part.name}\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """Writes the numbers of the files it covers; a file `NAME.fault` beside a file says how its part goes wrong."""

    name: ClassVar[str] = "numbers"
    version: ClassVar[int] = 1

    times: int = 1
    folder: str = field(metadata=NOT_IDENTITY)

    def run(self, part: PartRun) -> dict[str, int]:
        note(self.folder, part)
        writer = part.writer("n", NUMBERS)
        for file in part.task.files:
            numbers = [int(line) * self.times for line in Path(file.location).read_text().split()]
            writer.write_columns({"n": numbers})
            fault(Path(f"{file.location}.fault"))
        return {"rows": writer.rows}


def fault(path: Path) -> None:
    """Goes wrong in the way that the file at `path` names, if it is there."""
    how = path.read_text() if path.exists() else ""
    if how == "bug":
        raise ZeroDivisionError("a slip of the pen")
    if how == "input":
        raise InputError(f"{path.stem}: torn")
    if how == "hiccup":
        path.unlink()
        raise TransientError("the network hiccuped")
    if how == "outage":
        raise TransientError("the network is down")
    if how == "kill":
        os.kill(os.getpid(), signal.SIGKILL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """Writes one sum for each part of `of` that it reads."""

    name: ClassVar[str] = "sums"
    version: ClassVar[int] = 1

    of: str
    plus: int = 0
    folder: str = field(metadata=NOT_IDENTITY)

    def run(self, part: PartRun) -> dict[str, int]:
        note(self.folder, part)
        sums = [sum(read_table(part.storage, r, "n")["n"].to_pylist()) + self.plus for r in part.receipts(self.of)]
        part.writer("n", NUMBERS).write_columns({"n": sums})
        return {"rows": len(sums)}


class Folder:
    """Files of numbers, in the order of their names, and what has been run over them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir(exist_ok=True)
        (path / RUNS).touch()

    def write(self, **files: Iterable[int]) -> None:
        for name, numbers in files.items():
            (self.path / name).write_text("\n".join(map(str, numbers)))

    def break_(self, how: str, *names: str) -> None:
        for name in names:
            (self.path / f"{name}.fault").write_text(how)

    def mend(self) -> None:
        for path in self.path.glob("*.fault"):
            path.unlink()

    def source(self) -> Source:
        files = sorted(file for file in self.path.iterdir() if not file.suffix)
        parts = [SourcePart(file.name, str(file), file.stat().st_size, file.read_text()) for file in files]
        return Source("numbers", tuple(parts))

    def ran(self) -> list[str]:
        """The parts run since this was last asked, `step name`, in order."""
        lines = (self.path / RUNS).read_text().splitlines()
        (self.path / RUNS).write_text("")
        return lines

    def numbers(self, **fields: Any) -> Step:
        return Step(name="numbers", stage=Numbers(folder=str(self.path), **fields))

    def sums(self, name: str, of: Step, *, plus: int = 0, span: int = 1, partitions: int = 0) -> Step:
        stage = Sums(of=of.name, plus=plus, folder=str(self.path))
        return Step(name=name, stage=stage, inputs=(of,), span=span, partitions=partitions)


class Listener:
    """Hears what a run says."""

    def __init__(self) -> None:
        self.reused: dict[str, int] = {}
        self.told: list[tuple[str, Receipt | Failure]] = []

    def begin(self, steps: Sequence[StepState]) -> None:
        self.reused = {state.name: state.reused for state in steps}

    def ended(self, state: StepState, outcome: Receipt | Failure) -> None:
        self.told.append((state.name, outcome))


def execute(
    root: Path, source: Source, *steps: Step, runner: Runner | None = None, listener: Listener | None = None
) -> Execution:
    """Plans and runs `steps` over `source` below `root`."""
    execution = Execution(LocalStorage(root), source, plan_steps(steps, source), {})
    execution.run(runner or LocalRunner(), listener or Listener())
    return execution


def values(execution: Execution, step: str) -> list[list[int]]:
    """The numbers of each part of a finished step."""
    state = execution.states[step]
    receipts = [state.receipts[part.key] for part in state.planned.parts]
    return [read_table(execution._storage, receipt, "n")["n"].to_pylist() for receipt in receipts]
