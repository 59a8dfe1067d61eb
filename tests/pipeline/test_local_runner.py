"""In this process parts run one after the other when they are waited for, or side by side in threads."""

from pathlib import Path
from threading import Event

import pytest
from tiny import Folder

from pipeline.attempts import Failure
from pipeline.local_runner import LocalRunner, ThreadRunner
from pipeline.receipts import Receipt
from pipeline.steps import PartTask, PlannedPart, plan_steps


def tasks(folder: Folder, root: Path) -> list[PartTask]:
    source, step = folder.source(), folder.numbers()
    (planned,) = plan_steps([step], source)
    return [
        PartTask(
            root=str(root),
            step="numbers",
            stage=step.stage,
            fingerprint=planned.fingerprint,
            source=source.name,
            part=part,
            files=source.parts[part.first : part.first + 1],
            inputs=(),
        )
        for part in planned.parts
    ]


def test_parts_run_in_the_order_they_were_handed_in(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "files")
    folder.write(a=[1], b=[2], c=[3])
    runner = LocalRunner()
    for task in tasks(folder, tmp_path / "root"):
        runner.submit(task)
    assert folder.ran() == []
    (first,) = runner.wait()
    assert isinstance(first, Receipt)
    assert first.name == "a"
    assert folder.ran() == ["numbers a"]
    runner.wait()
    runner.close()
    assert folder.ran() == ["numbers b"]


def test_one_part_runs_at_a_time() -> None:
    assert LocalRunner().slots == 1


# Side by side.


def task(name: str) -> PartTask:
    part = PlannedPart(key=name, name=name, first=0, count=1)
    return PartTask(root="", step="s", stage=None, fingerprint="", source="", part=part, files=(), inputs=())


def test_parts_run_side_by_side_and_end_in_any_order() -> None:
    second_began = Event()

    def run(task: PartTask) -> Failure:
        if task.part.name == "first":
            assert second_began.wait(10)
        second_began.set()
        return Failure("s", task.part.key, task.part.name, "ended")

    runner = ThreadRunner(2, run)
    runner.submit(task("first"))
    runner.submit(task("second"))
    ended = [outcome.name for _ in range(2) for outcome in runner.wait()]
    runner.close()
    assert sorted(ended) == ["first", "second"]


def test_what_waits_when_the_runner_closes_does_not_run() -> None:
    began, go, ran = Event(), Event(), []

    def run(task: PartTask) -> Failure:
        ran.append(task.part.name)
        began.set()
        assert go.wait(10)
        return Failure("s", task.part.key, task.part.name, "ended")

    runner = ThreadRunner(1, run)
    runner.submit(task("first"))
    runner.submit(task("second"))
    assert began.wait(10)
    runner.close()
    go.set()
    assert runner.wait()[0].name == "first"
    assert ran == ["first"]


def test_what_ends_a_thread_is_raised_where_it_is_waited_for() -> None:
    def run(_: PartTask) -> Failure:
        raise SystemExit(3)

    runner = ThreadRunner(1, run)
    runner.submit(task("first"))
    with pytest.raises(SystemExit):
        runner.wait()
    runner.close()


def test_threads_do_the_same_parts(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "files")
    folder.write(a=[1], b=[2], c=[3], d=[4])
    runner = ThreadRunner(3)
    todo = tasks(folder, tmp_path / "root")
    for each in todo:
        runner.submit(each)
    done = [outcome for _ in todo for outcome in runner.wait()]
    runner.close()
    assert sorted(outcome.name for outcome in done if isinstance(outcome, Receipt)) == ["a", "b", "c", "d"]
    assert all("cpu_seconds" in outcome.facts for outcome in done if isinstance(outcome, Receipt))
