"""A part starts as soon as what it reads is there, happens once, and is never done again."""

import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny import Folder, Listener, execute, values

from pipeline.attempts import Failure
from pipeline.errors import PartsFailed
from pipeline.execution import MOST_OUTAGES, Execution
from pipeline.local_runner import LocalRunner
from pipeline.receipts import Receipt
from pipeline.steps import PartTask, Step, plan_steps
from pipeline.storage import LocalStorage


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    folder = Folder(tmp_path / "files")
    folder.write(**{name: [place, 10 * place] for place, name in enumerate("abcde", 1)})
    return folder


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "root"


def chain(folder: Folder, *, span: int = 2, times: int = 1, plus: int = 0) -> tuple[Step, Step, Step]:
    """Numbers of each file, sums of `span` files, and two totals of all sums."""
    numbers = folder.numbers(times=times)
    sums = folder.sums("sums", numbers, span=span, plus=plus)
    return numbers, sums, folder.sums("totals", sums, partitions=2)


def sealed(root: Path, step: str) -> int:
    return len(list((root / "steps" / step).rglob("manifest-*.parquet")))


def test_a_bundle_reads_its_own_files_and_the_last_may_be_short(folder: Folder, root: Path) -> None:
    execution = execute(root, folder.source(), *chain(folder))
    assert values(execution, "numbers") == [[1, 10], [2, 20], [3, 30], [4, 40], [5, 50]]
    assert values(execution, "sums") == [[11, 22], [33, 44], [55]]
    assert values(execution, "totals") == [[33, 77, 55]] * 2


def test_bundles_of_bundles_read_those_that_cover_their_files(folder: Folder, root: Path) -> None:
    numbers, pairs, _ = chain(folder)
    fours = folder.sums("fours", pairs, span=4)
    execution = execute(root, folder.source(), numbers, pairs, fours)
    assert values(execution, "fours") == [[33, 77], [55]]


def test_what_follows_a_barrier_reads_all_of_it(folder: Folder, root: Path) -> None:
    numbers, sums, totals = chain(folder)
    last = folder.sums("last", totals, span=3)
    execution = execute(root, folder.source(), numbers, sums, totals, last)
    assert values(execution, "last") == [[165, 165]] * 2


@settings(max_examples=25)
@given(st.integers(1, 9), st.integers(1, 3), st.integers(1, 3), st.integers(1, 3))
def test_any_bundles_give_the_same_sums(
    tmp_path_factory: pytest.TempPathFactory, files: int, first: int, factor: int, partitions: int
) -> None:
    here = tmp_path_factory.mktemp("graph")
    folder = Folder(here / "files")
    folder.write(**{f"f{n}": [2**n] for n in range(files)})
    numbers = folder.numbers()
    some = folder.sums("some", numbers, span=first)
    more = folder.sums("more", some, span=first * factor)
    both = Step(name="both", stage=more.stage, inputs=(numbers, some), span=first * factor)
    total = folder.sums("total", more, partitions=partitions)
    execution = execute(here / "root", folder.source(), numbers, some, more, both, total)
    for step in ("numbers", "some", "more", "both"):
        assert sum(sum(part) for part in values(execution, step)) == 2**files - 1
    assert values(execution, "both") == values(execution, "more")
    assert [sum(part) for part in values(execution, "total")] == [2**files - 1] * partitions


def test_a_later_steps_ready_part_goes_before_an_earlier_steps_next(folder: Folder, root: Path) -> None:
    execute(root, folder.source(), *chain(folder))
    totals = ["totals partition 0 of 2", "totals partition 1 of 2"]
    assert folder.ran() == [
        *("numbers a", "numbers b", "sums a and 1 more"),
        *("numbers c", "numbers d", "sums c and 1 more"),
        *("numbers e", "sums e"),
        *totals,
    ]


class Watched(LocalRunner):
    """Holds `slots` parts, gives the last one back first, and looks at what is sealed when a part is handed out."""

    def __init__(self, root: Path, slots: int) -> None:
        super().__init__()
        self.slots = slots
        self.root = root
        self.most = 0
        self.sealed_at: dict[str, list[int]] = {}

    def submit(self, task: PartTask) -> None:
        for inputs in task.inputs:
            if inputs.manifest:
                assert (self.root / inputs.manifest).exists()
        self.sealed_at.setdefault(task.step, []).append(sum(sealed(self.root, step) for step in ("numbers", "sums")))
        self._tasks.appendleft(task)
        self.most = max(self.most, len(self._tasks))


@pytest.mark.parametrize("slots", [1, 2, 3, 20])
def test_a_barrier_starts_when_its_inputs_are_sealed_and_no_more_run_than_there_are_slots(
    folder: Folder, root: Path, slots: int
) -> None:
    runner = Watched(root, slots)
    execution = execute(root, folder.source(), *chain(folder), runner=runner)
    assert runner.sealed_at["totals"] == [2, 2]
    assert runner.most == min(slots, 5)
    assert values(execution, "totals") == [[33, 77, 55]] * 2


@pytest.mark.parametrize("slots", [2, 20])
def test_neither_workers_nor_the_order_of_completion_change_a_byte(folder: Folder, tmp_path: Path, slots: int) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    first = execute(one, folder.source(), *chain(folder))
    second = execute(other, folder.source(), *chain(folder), runner=Watched(other, slots))
    assert digests(first) == digests(second)


def digests(execution: Execution) -> dict[str, list[str]]:
    return {
        name: [state.receipts[part.key].files["n"].sha256 for part in state.planned.parts]
        for name, state in execution.states.items()
    }


def test_a_finished_run_runs_nothing_again(folder: Folder, root: Path) -> None:
    first = execute(root, folder.source(), *chain(folder))
    folder.ran()
    listener = Listener()
    again = execute(root, folder.source(), *chain(folder), listener=listener)
    assert folder.ran() == []
    assert listener.reused == {"numbers": 5, "sums": 3, "totals": 2}
    assert listener.told == []
    assert digests(again) == digests(first)


def test_ten_files_and_then_a_hundred_cost_ninety(tmp_path: Path) -> None:
    folder, root = Folder(tmp_path / "files"), tmp_path / "root"
    folder.write(**{f"f{n:03}": [n] for n in range(10)})
    execute(root, folder.source(), *chain(folder))
    assert len(folder.ran()) == 10 + 5 + 2
    folder.write(**{f"f{n:03}": [n] for n in range(100)})
    execution = execute(root, folder.source(), *chain(folder))
    ran = folder.ran()
    assert sorted(line for line in ran if line.startswith("numbers")) == [f"numbers f{n:03}" for n in range(10, 100)]
    assert sum(line.startswith("sums") for line in ran) == 45
    assert sum(line.startswith("totals") for line in ran) == 2
    assert sum(values(execution, "totals")[0]) == sum(range(100))
    assert sealed(root, "numbers") == 2  # the old seal stays


def test_a_file_put_in_the_middle_keeps_what_is_done_of_the_others(folder: Folder, root: Path) -> None:
    execute(root, folder.source(), *chain(folder))
    folder.ran()
    folder.write(bb=[7])
    execution = execute(root, folder.source(), *chain(folder))
    ran = folder.ran()
    assert [line for line in ran if line.startswith("numbers")] == ["numbers bb"]
    assert sorted(line for line in ran if line.startswith("sums")) == ["sums bb and 1 more", "sums d and 1 more"]
    assert values(execution, "sums") == [[11, 22], [7, 33], [44, 55]]


def test_a_file_that_changed_is_read_again_and_a_file_taken_away_is_not_missed(folder: Folder, root: Path) -> None:
    execute(root, folder.source(), *chain(folder, span=1))
    folder.ran()
    folder.write(b=[99])
    (folder.path / "d").unlink()
    execution = execute(root, folder.source(), *chain(folder, span=1))
    assert folder.ran()[:2] == ["numbers b", "sums b"]
    assert values(execution, "sums") == [[11], [99], [33], [55]]
    assert values(execution, "totals") == [[11, 99, 33, 55]] * 2


def test_a_changed_step_runs_again_with_what_follows_and_nothing_before_it(folder: Folder, root: Path) -> None:
    execute(root, folder.source(), *chain(folder))
    folder.ran()
    execution = execute(root, folder.source(), *chain(folder, plus=1))
    assert {line.split()[0] for line in folder.ran()} == {"sums", "totals"}
    assert values(execution, "totals") == [[35, 79, 56]] * 2
    execute(root, folder.source(), *chain(folder, times=2))
    assert len(folder.ran()) == 5 + 3 + 2
    execute(root, folder.source(), *chain(folder))
    assert folder.ran() == []


def test_a_failing_part_stops_only_what_reads_it(folder: Folder, root: Path) -> None:
    folder.break_("bug", "b")
    folder.break_("input", "d")
    listener = Listener()
    with pytest.raises(PartsFailed) as caught:
        execute(root, folder.source(), *chain(folder), listener=listener)
    assert caught.value.step == "numbers"
    assert list(caught.value.failures) == ["b", "d"]
    assert caught.value.failures["d"] == "d: torn"
    assert "2 part(s) of step numbers failed: b: ZeroDivisionError: a slip of the pen" in str(caught.value)
    ran = folder.ran()
    assert [line for line in ran if line.startswith("numbers")] == [f"numbers {name}" for name in "abcde"]
    assert [line for line in ran if not line.startswith("numbers")] == ["sums e"]
    assert [sealed(root, step) for step in ("numbers", "sums", "totals")] == [0, 0, 0]
    told = [(step, type(outcome)) for step, outcome in listener.told]
    assert told.count(("numbers", Failure)) == 2
    assert told.count(("numbers", Receipt)) == 3


def test_a_rerun_does_only_what_failed_and_what_waited_for_it(folder: Folder, root: Path, tmp_path: Path) -> None:
    folder.break_("bug", "b")
    with pytest.raises(PartsFailed):
        execute(root, folder.source(), *chain(folder))
    folder.ran()
    folder.mend()
    again = execute(root, folder.source(), *chain(folder))
    assert folder.ran() == ["numbers b", "sums a and 1 more", "totals partition 0 of 2", "totals partition 1 of 2"]
    assert [sealed(root, step) for step in ("numbers", "sums", "totals")] == [1, 1, 1]
    assert digests(again) == digests(execute(tmp_path / "clean", folder.source(), *chain(folder)))


def test_failures_of_a_step_are_told_for_the_first_step_that_has_some(folder: Folder, root: Path) -> None:
    numbers, sums, totals = chain(folder)
    lost = folder.sums("lost", Step(name="nowhere", stage=numbers.stage))
    broken = Step(name="lost", stage=lost.stage, inputs=(sums,), span=2)
    with pytest.raises(PartsFailed) as caught:
        execute(root, folder.source(), numbers, sums, broken, totals)
    assert caught.value.step == "lost"
    assert len(caught.value.failures) == 3
    assert sealed(root, "totals") == 1  # it does not read the failed step


def test_a_killed_attempt_leaves_files_that_nobody_lists_and_the_rerun_gives_the_same_bytes(
    folder: Folder, root: Path, tmp_path: Path
) -> None:
    folder.break_("kill", "c")
    program = (
        "import sys; from pathlib import Path; import test_execution as t\n"
        "folder = t.Folder(Path(sys.argv[1]))\n"
        "t.execute(Path(sys.argv[2]), folder.source(), *t.chain(folder))"
    )
    command = [sys.executable, "-c", program, str(folder.path), str(root)]
    assert subprocess.run(command, cwd=Path(__file__).parent, check=False).returncode == -9
    folder.mend()
    written = {path.name.split("-")[0] for path in (root / "steps" / "numbers").rglob("*.parquet")}
    receipts = {path.stem for path in (root / "steps" / "numbers").rglob("*.json")}
    assert len(written - receipts) == 1  # what was being written when the process was killed
    assert len(receipts) == 2
    folder.ran()
    again = execute(root, folder.source(), *chain(folder))
    assert folder.ran()[0] == "numbers c"
    assert digests(again) == digests(execute(tmp_path / "clean", folder.source(), *chain(folder)))


def test_a_seal_says_what_the_step_was_and_what_it_read(folder: Folder, root: Path) -> None:
    import orjson

    steps = chain(folder)
    execution = Execution(LocalStorage(root), folder.source(), plan_steps(steps, folder.source()), {"provenance": "me"})
    execution.run(LocalRunner(), Listener())
    state = execution.states["sums"]
    facts = orjson.loads(pq.read_schema(root / state.manifest).metadata[b"gristmill"])
    assert facts["payload"]["stage"] == {"is": "sums", "version": 1, "of": "numbers", "plus": 0}
    assert facts["upstream"] == {"numbers": execution.states["numbers"].manifest}
    assert facts["provenance"] == "me"


def test_two_runs_at_once_share_their_parts(folder: Folder, root: Path) -> None:
    """The second starts when the first is half done; parts that both do are committed once."""
    source = folder.source()
    plans = [plan_steps(chain(folder), source) for _ in range(2)]
    late = Execution(LocalStorage(root), source, plans[1], {})
    execute(root, source, *chain(folder))
    late.run(LocalRunner(), Listener())
    assert len(folder.ran()) == 2 * 10
    listed = [
        entry.path for state in late.states.values() for r in state.receipts.values() for entry in r.files.values()
    ]
    there = [str(path.relative_to(root)) for path in root.rglob("*.n.parquet")]
    assert sorted(there) == sorted(listed)


class Gone:
    """A runner whose every part finds that storage is gone."""

    slots = 3

    def __init__(self) -> None:
        self.started = 0
        self.ended: list[Failure] = []

    def submit(self, task: PartTask) -> None:
        self.started += 1
        self.ended.append(Failure(task.step, task.part.key, task.part.name, "connection refused", outage=True))

    def wait(self) -> list[Receipt | Failure]:
        return [self.ended.pop()]

    def close(self) -> None:
        pass


def test_where_storage_is_gone_for_part_after_part_no_new_ones_are_started(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "in")
    folder.write(**{f"f{number:03d}": [number] for number in range(100)})
    runner = Gone()
    with pytest.raises(PartsFailed, match="connection refused"):
        execute(tmp_path / "out", folder.source(), folder.numbers(), runner=runner)
    assert MOST_OUTAGES + runner.slots <= runner.started <= MOST_OUTAGES + 2 * runner.slots
