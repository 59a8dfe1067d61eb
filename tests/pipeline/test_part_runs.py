"""A part happens once, whatever happens to those who try."""

import errno
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from tiny import NUMBERS, Folder

from pipeline.errors import StorageError, TransientError
from pipeline.receipts import Receipt, receipt_path
from pipeline.steps import (
    FIRST_WAIT_SECONDS,
    MOST_ATTEMPTS,
    Failure,
    PartInputs,
    PartRun,
    PartTask,
    plan_steps,
    run_part,
)
from pipeline.storage import LocalStorage
from pipeline.tables import read_table


def task_of(folder: Folder, root: Path, place: int = 0, **fields: Any) -> PartTask:
    """The task of one part of a step over all files of `folder`."""
    source, step = folder.source(), folder.numbers(**fields)
    (planned,) = plan_steps([step], source)
    part = planned.parts[place]
    return PartTask(
        root=str(root),
        step=step.name,
        stage=step.stage,
        fingerprint=planned.fingerprint,
        source=source.name,
        part=part,
        files=source.parts[part.first : part.first + part.count],
        inputs=(),
    )


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    folder = Folder(tmp_path / "files")
    folder.write(a=[1, 2, 3])
    return folder


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "root"


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    waited: list[float] = []
    monkeypatch.setattr("time.sleep", waited.append)
    return waited


def files_of(root: Path) -> list[str]:
    return sorted(path.name for path in root.rglob("*") if path.is_file())


def listed(receipt: Receipt) -> list[str]:
    """The names that a folder holds which holds this part and nothing else."""
    return sorted([f"{receipt.key}.json", *(entry.path.rsplit("/", 1)[-1] for entry in receipt.files.values())])


def done(outcome: Receipt | Failure) -> Receipt:
    assert isinstance(outcome, Receipt), outcome.why
    return outcome


def failed(outcome: Receipt | Failure) -> Failure:
    assert isinstance(outcome, Failure)
    return outcome


def test_a_part_that_is_run_has_a_receipt_of_all_it_wrote(folder: Folder, root: Path) -> None:
    task = task_of(folder, root)
    receipt = done(run_part(task))
    storage = LocalStorage(root)
    path = receipt_path("numbers", task.fingerprint, "numbers", task.part.key)
    assert Receipt.from_json(storage.get(path)) == receipt
    assert (receipt.step, receipt.name, receipt.counts) == ("numbers", "a", {"rows": 3})
    assert receipt.rows("n") == 3
    assert read_table(storage, receipt, "n")["n"].to_pylist() == [1, 2, 3]
    assert files_of(root) == listed(receipt)
    assert receipt.facts["seconds"] >= 0
    assert receipt.facts["peak_rss_bytes"] > 1 << 20


def test_of_two_attempts_the_first_to_commit_wins_and_the_other_leaves_nothing(folder: Folder, root: Path) -> None:
    task, storage = task_of(folder, root), LocalStorage(root)
    early, late = PartRun(task, storage), PartRun(task, storage)
    for attempt, rows in ((early, [1]), (late, [2, 2])):
        attempt.writer("n", NUMBERS).write_columns({"n": rows})
    assert early.attempt != late.attempt
    receipt = late.commit({"rows": 2})
    assert early.commit({"rows": 1}) == receipt
    assert receipt.attempt == late.attempt
    assert files_of(root) == listed(receipt)
    assert read_table(storage, receipt, "n")["n"].to_pylist() == [2, 2]


def test_many_attempts_at_once_agree_on_one(folder: Folder, root: Path) -> None:
    task = task_of(folder, root)
    with ThreadPoolExecutor(6) as pool:
        receipts = [done(outcome) for outcome in pool.map(run_part, [task] * 6)]
    assert all(receipt == receipts[0] for receipt in receipts)
    assert files_of(root) == listed(receipts[0])


def test_the_same_part_gives_the_same_bytes_under_another_name(folder: Folder, tmp_path: Path) -> None:
    one, two = (done(run_part(task_of(folder, tmp_path / place))) for place in ("one", "two"))
    assert one.files["n"].path != two.files["n"].path
    assert (one.files["n"].sha256, one.files["n"].bytes) == (two.files["n"].sha256, two.files["n"].bytes)


def test_a_hiccup_costs_a_retry(folder: Folder, root: Path, waits: list[float]) -> None:
    folder.break_("hiccup", "a")
    receipt = done(run_part(task_of(folder, root)))
    assert folder.ran() == ["numbers a"] * 2
    assert len(waits) == 1
    assert files_of(root) == listed(receipt)


def test_an_outage_is_waited_for_longer_and_longer_but_not_for_ever(
    folder: Folder, root: Path, waits: list[float]
) -> None:
    folder.break_("outage", "a")
    failure = failed(run_part(task_of(folder, root)))
    assert failure.why == f"the network is down (after {MOST_ATTEMPTS} attempts)"
    assert failure.trace == ""
    assert folder.ran() == ["numbers a"] * MOST_ATTEMPTS
    assert len(waits) == MOST_ATTEMPTS - 1
    for turn, wait in enumerate(waits, 1):
        assert 0.5 <= wait / (FIRST_WAIT_SECONDS * 2**turn) <= 1.5
    assert files_of(root) == []


def test_a_bad_input_fails_its_part_at_once_and_in_one_line(folder: Folder, root: Path, waits: list[float]) -> None:
    folder.break_("input", "a")
    failure = failed(run_part(task_of(folder, root)))
    assert (failure.step, failure.name, failure.why, failure.trace) == ("numbers", "a", "a: torn", "")
    assert waits == []
    assert files_of(root) == []


def test_a_bug_fails_its_part_at_once_and_says_where_it_is(folder: Folder, root: Path, waits: list[float]) -> None:
    folder.break_("bug", "a")
    failure = failed(run_part(task_of(folder, root)))
    assert failure.why.startswith("ZeroDivisionError: a slip of the pen (tiny.py:")
    assert "Traceback" in failure.trace
    assert waits == []
    assert files_of(root) == []


def test_the_notes_of_a_bug_are_told(folder: Folder, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stumble(*_: object) -> None:
        error = ValueError("broken")
        error.add_note("a.warc, records at 0-900: <urn:1>")
        raise error

    monkeypatch.setattr("tiny.fault", stumble)
    why = failed(run_part(task_of(folder, root))).why
    assert why.startswith("ValueError: broken (test_part_runs.py:")
    assert why.endswith("; a.warc, records at 0-900: <urn:1>)")


def test_an_interrupt_goes_through_and_leaves_nothing(
    folder: Folder, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("tiny.fault", interrupt)
    with pytest.raises(KeyboardInterrupt):
        run_part(task_of(folder, root))
    assert files_of(root) == []


@dataclass
class Trouble:
    """What goes wrong when receipts are created: an error before, one error after, or a wrong answer."""

    before: BaseException | None = None
    after: BaseException | None = None
    answer: bool | None = None


@pytest.fixture
def trouble(monkeypatch: pytest.MonkeyPatch) -> Trouble:
    trouble, put_new = Trouble(), LocalStorage.put_new

    def troubled(self: LocalStorage, path: str, data: bytes) -> bool:
        if trouble.before:
            raise trouble.before
        created = put_new(self, path, data)
        error, trouble.after = trouble.after, None
        if error:
            raise error
        return created if trouble.answer is None else trouble.answer

    monkeypatch.setattr(LocalStorage, "put_new", troubled)
    return trouble


def test_a_part_is_committed_also_when_the_answer_is_lost(
    folder: Folder, root: Path, waits: list[float], trouble: Trouble
) -> None:
    """The receipt is there, so the files it names must stay: the second attempt finds it and takes its own away."""
    trouble.after = TransientError("timed out")
    receipt = done(run_part(task_of(folder, root)))
    assert len(waits) == 1
    assert files_of(root) == listed(receipt)
    assert read_table(LocalStorage(root), receipt, "n")["n"].to_pylist() == [1, 2, 3]


def test_a_receipt_that_was_sent_twice_is_not_taken_for_anothers(folder: Folder, root: Path, trouble: Trouble) -> None:
    trouble.answer = False
    receipt = done(run_part(task_of(folder, root)))
    assert files_of(root) == listed(receipt)


def test_an_interrupt_after_the_commit_does_not_undo_it(folder: Folder, root: Path, trouble: Trouble) -> None:
    trouble.after = KeyboardInterrupt()
    task = task_of(folder, root)
    with pytest.raises(KeyboardInterrupt):
        run_part(task)
    receipt = Receipt.from_json(
        LocalStorage(root).get(receipt_path("numbers", task.fingerprint, "numbers", task.part.key))
    )
    assert files_of(root) == listed(receipt)


def test_where_no_receipt_could_be_created_nothing_stays(folder: Folder, root: Path, trouble: Trouble) -> None:
    trouble.before = StorageError("root: disk full")
    assert failed(run_part(task_of(folder, root))).why == "root: disk full"
    assert files_of(root) == []


def test_what_cannot_be_removed_does_not_hide_what_went_wrong(
    folder: Folder, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise StorageError("permission denied")

    folder.break_("input", "a")
    monkeypatch.setattr(LocalStorage, "delete", refuse)
    assert failed(run_part(task_of(folder, root))).why == "a: torn"


def test_a_full_disk_fails_the_part_in_one_line(folder: Folder, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    failure = failed(run_part(task_of(folder, root)))
    assert failure.why.endswith(".n.parquet: disk full; free some space and run the same command again")
    assert files_of(root) == []


def test_a_part_reads_the_receipts_it_is_given_or_the_manifest_of_all(folder: Folder, root: Path) -> None:
    from pipeline.receipts import seal

    task, storage = task_of(folder, root), LocalStorage(root)
    receipt = done(run_part(task))
    seal(storage, "m", [receipt, receipt], {})
    inputs = (
        PartInputs(step="few", span=2, receipts=(receipt,)),
        PartInputs(step="all", span=4, manifest="m"),
    )
    part = PartRun(replace(task, inputs=inputs), storage)
    assert list(part.receipts("few")) == [receipt]
    assert list(part.receipts("all")) == [receipt, receipt]
    assert (part.span("few"), part.span("all")) == (2, 4)
