"""A Ray started for a run is this machine's alone; a part that kills its process, or meets an unlike node, harms no other."""

import os
from pathlib import Path

import pytest
from tiny import Folder, execute

from pipeline.environment import environment
from pipeline.errors import PartsFailed
from pipeline.receipts import Receipt
from pipeline.steps import PartTask, plan_steps


def descendants() -> set[int]:
    """Process ids of all that this process has started, directly or not."""
    parents: dict[int, int] = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            pid, rest = status.read_text().split(" (", 1)
        except OSError:
            continue
        parents[int(pid)] = int(rest.rpartition(")")[2].split()[1])
    found = {os.getpid()}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def listening() -> set[str]:
    """Local addresses, in the kernel's hexadecimal, on which this process and its descendants listen for TCP."""
    sockets: dict[str, str] = {}
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in Path(table).read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A":
                sockets[f"socket:[{fields[9]}]"] = fields[1].split(":")[0]
    addresses: set[str] = set()
    for pid in descendants():
        for descriptor in Path(f"/proc/{pid}/fd").glob("*"):
            try:
                addresses.add(sockets.get(str(descriptor.readlink()), ""))
            except OSError:
                continue
    return addresses - {""}


@pytest.mark.ray
@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="needs Linux's /proc")
def test_nothing_of_a_ray_started_here_listens_beyond_loopback() -> None:
    from pipeline.ray_runner import RayRunner

    runner = RayRunner(workers=1)
    try:
        addresses = listening()
    finally:
        runner.close()
    loopback = {"0100007F", "0000000000000000FFFF00000100007F", "00000000000000000000000001000000"}
    assert addresses
    assert addresses <= loopback


@pytest.mark.ray
@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="needs Linux's /proc")
def test_a_part_is_taken_by_the_worker_that_ray_started_beforehand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "kept")
    from pipeline.ray_runner import RayRunner, ray

    runner = RayRunner(workers=1)
    try:
        beforehand = descendants()
        own_pid = ray.remote(num_cpus=1)(lambda: os.getpid())  # noqa: PLW0108  Ray takes no built-in function
        taken_by = ray.get(own_pid.remote())
    finally:
        runner.close()
    assert taken_by in beforehand
    assert os.environ["PYTHONPATH"] == "kept"


@pytest.mark.ray
def test_a_part_that_kills_its_process_is_tried_again_and_then_fails_alone(tmp_path: Path) -> None:
    from pipeline.ray_runner import MOST_CRASHES, RayRunner

    folder = Folder(tmp_path / "files")
    folder.write(a=[1], b=[2], c=[3])
    folder.break_("kill", "b")
    said: list[str] = []
    runner = RayRunner(workers=1, say=said.append)
    try:
        with pytest.raises(PartsFailed, match=r"1 part\(s\) of step numbers failed: b: the worker died"):
            execute(tmp_path / "root", folder.source(), folder.numbers(), runner=runner)
    finally:
        runner.close()
    assert sorted(folder.ran()) == ["numbers a", *["numbers b"] * (MOST_CRASHES + 1), "numbers c"]
    assert said == ["1 part(s) lost their process or node and are done again"] * MOST_CRASHES


def task_below(root: Path, folder: Folder) -> PartTask:
    folder.write(a=[1, 2])
    source, step = folder.source(), folder.numbers()
    (planned,) = plan_steps([step], source)
    return PartTask(
        root=str(root),
        step=step.name,
        stage=step.stage,
        fingerprint=planned.fingerprint,
        source=source.name,
        part=planned.parts[0],
        files=source.parts,
        inputs=(),
    )


def test_a_node_that_does_not_see_the_runs_root_does_nothing(tmp_path: Path) -> None:
    from pipeline.ray_runner import Unlike, run_alike

    folder, root = Folder(tmp_path / "files"), tmp_path / "root"
    task = task_below(root, folder)
    outcome = run_alike(task, environment(()))
    assert isinstance(outcome, Unlike)
    assert f"does not see {root}, a local path" in outcome.why
    assert folder.ran() == []
    assert not root.exists()

    (root / "runs").mkdir(parents=True)
    (root / "runs" / "a.json").touch()
    assert isinstance(run_alike(task, environment(())), Receipt)


def test_a_node_with_another_engine_does_nothing(tmp_path: Path) -> None:
    from pipeline.ray_runner import Unlike, run_alike

    folder = Folder(tmp_path / "files")
    outcome = run_alike(task_below(tmp_path / "root", folder), environment(()) | {"polars": "0.1"})
    assert isinstance(outcome, Unlike)
    assert "would not give the same bytes, it has polars" in outcome.why
    assert folder.ran() == []
