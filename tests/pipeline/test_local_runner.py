"""In this process parts run one after the other, when they are waited for."""

from pathlib import Path

from tiny import Folder

from pipeline.local_runner import LocalRunner
from pipeline.receipts import Receipt
from pipeline.steps import PartTask, plan_steps


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
