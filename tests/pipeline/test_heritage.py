"""What is taken over from an earlier run of the same steps, and what is not."""

from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa
import pytest
from tiny import Folder, Listener, Sums, execute, note

from pipeline.execution import Execution
from pipeline.heritage import Heritage
from pipeline.local_runner import LocalRunner
from pipeline.runs import OpenRun, record_run
from pipeline.sources import Source
from pipeline.steps import Step, plan_steps
from pipeline.storage import LocalStorage
from pipeline.tables import read_table

PAIR = pa.schema([pa.field("n", pa.int64(), nullable=False), pa.field("noise", pa.int64(), nullable=False)])


class Noisy(Sums):
    """Sums, and beside them a number that nobody should read: how often it was run here."""

    def run(self, part: Any) -> dict[str, int]:
        note(self.folder, part)
        rows = len((Path(self.folder) / "runs.log").read_text().splitlines())
        sums = [sum(read_table(part.storage, r, "n")["n"].to_pylist()) for r in part.receipts(self.of)]
        part.writer("n", PAIR).write_columns({"n": sums, "noise": [rows] * len(sums)})
        return {"rows": len(sums)}


class ReadsSums(Sums):
    columns_read: ClassVar[dict[str, tuple[str, ...]]] = {"n": ("n",)}


def graph(folder: Folder, *, reader: type[Sums] = Sums) -> tuple[Step, ...]:
    """`ingest` of a file each, `decide` over it, a barrier over all of these, and `pack` over `decide`."""
    ingest = Step(name="ingest", stage=folder.numbers().stage)
    decide = Step(name="decide", stage=Noisy(of="ingest", folder=str(folder.path)), inputs=(ingest,))
    whole = folder.sums("whole", decide, partitions=1)
    pack = Step(name="pack", stage=reader(of="decide", folder=str(folder.path)), inputs=(decide,))
    return ingest, decide, whole, pack


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    made = Folder(tmp_path / "in")
    made.write(a=[1, 2], b=[3], c=[4])
    return made


def again(root: Path, folder: Folder, steps: tuple[Step, ...], changed: set[str], tombstones: str = "t") -> Execution:
    """Runs the steps with other tombstones over what an earlier run of them left."""
    storage, source = LocalStorage(root), folder.source()
    before = record_run(storage, recipe="tiny", rules=(), source=source, steps=plan_steps(steps, source))
    execute(root, source, *steps)
    folder.ran()
    heritage = Heritage(OpenRun(storage, before), changed)
    execution = Execution(storage, source, plan_steps(steps, source, tombstones), {}, heritage)
    execution.run(LocalRunner(), Listener())
    return execution


def key(source: Source, name: str) -> str:
    return next(part.key for part in source.parts if part.name == name)


def test_where_nothing_changed_nothing_is_run_and_no_table_is_written(folder: Folder, tmp_path: Path) -> None:
    root = tmp_path / "out"
    execution = again(root, folder, graph(folder), set())
    assert folder.ran() == []
    for step in ("decide", "whole", "pack"):
        state = execution.states[step]
        assert state.sealed
        old = plan_steps(graph(folder), folder.source())
        before = next(planned.fingerprint for planned in old if planned.step.name == step)
        for receipt in state.receipts.values():
            assert receipt.fingerprint != before == receipt.facts["taken_over_from"]
            assert all(before in entry.path and (root / entry.path).exists() for entry in receipt.files.values())
    assert execution.states["ingest"].planned.fingerprint == plan_steps(graph(folder), folder.source())[0].fingerprint


def test_what_follows_from_a_changed_part_is_run_again_and_nothing_else(folder: Folder, tmp_path: Path) -> None:
    again(tmp_path / "out", folder, graph(folder), {key(folder.source(), "b")})
    assert sorted(folder.ran()) == ["decide b", "pack b", "whole partition 0 of 1"]


def test_a_reader_of_some_columns_is_run_only_where_these_changed(folder: Folder, tmp_path: Path) -> None:
    again(tmp_path / "out", folder, graph(folder, reader=ReadsSums), {key(folder.source(), "b")})
    assert sorted(folder.ran()) == ["decide b", "whole partition 0 of 1"]


def test_a_part_that_is_run_again_to_the_same_bytes_ends_the_change(folder: Folder, tmp_path: Path) -> None:
    ingest = Step(name="ingest", stage=folder.numbers().stage)
    decide = folder.sums("decide", ingest)
    again(tmp_path / "out", folder, (ingest, decide, folder.sums("pack", decide)), {key(folder.source(), "b")})
    assert folder.ran() == ["decide b"]


def test_what_was_taken_over_is_taken_over_again(folder: Folder, tmp_path: Path) -> None:
    root, source = tmp_path / "out", folder.source()
    first = again(root, folder, graph(folder), set())
    storage = LocalStorage(root)
    record = record_run(
        storage, recipe="tiny", rules=(), source=source, steps=[state.planned for state in first.states.values()]
    )
    heritage = Heritage(OpenRun(storage, record), set())
    second = Execution(storage, source, plan_steps(graph(folder), source, "u"), {}, heritage)
    second.run(LocalRunner(), Listener())
    assert folder.ran() == []
    for name in ("decide", "pack"):
        assert [r.files for r in second.states[name].receipts.values()] == [
            r.files for r in first.states[name].receipts.values()
        ]


def test_signals_that_tell_what_stands_in_other_documents_change_where_no_page_went(
    folder: Folder, tmp_path: Path
) -> None:
    ingest = Step(name="ingest", stage=folder.numbers().stage)
    counted = Step(
        name="repeats-line", stage=Noisy(of="ingest", folder=str(folder.path)), inputs=(ingest,), partitions=1
    )
    noisy = Noisy(of="repeats-line", folder=str(folder.path))
    told = Step(name="measure-repeated-line", stage=noisy, inputs=(ingest, counted))
    steps = ingest, counted, told, folder.sums("decide", told)
    again(tmp_path / "same", folder, steps, set())
    assert folder.ran() == []
    again(tmp_path / "out", folder, steps, {key(folder.source(), "b")})
    rerun = [f"{step} {file}" for step in ("decide", "measure-repeated-line") for file in "abc"]
    assert sorted(folder.ran()) == [*rerun, "repeats-line partition 0 of 1"]
