"""A takedown that is killed at any of its writes is completed by running it again, and leaves what an undisturbed one leaves."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from handmade import Page, crawl_steps, run_crawl
from tiny import Listener

from pipeline.dataset import build_dataset
from pipeline.errors import StorageError
from pipeline.execution import Execution
from pipeline.local_runner import LocalRunner
from pipeline.runs import OpenRun, open_run
from pipeline.steps import PlannedStep, plan_steps
from pipeline.storage import LocalStorage
from pipeline.takedown.completing import complete
from pipeline.takedown.listing import Entry, Listing
from pipeline.takedown.removal import begin, refuse_unfit
from pipeline.takedown.survey import survey
from pipeline.takedown.tombstones import next_id, read_takedown, refuse_unfinished, unfinished
from pipeline.verify import verify

CRAWL = {
    "a.warc": (
        Page(url="https://a.test/1", text="The mill grinds slowly."),
        Page(url="https://a.test/2", text="Copied from https://b.test/1: but exceeding small."),
        Page(url="https://a.test/pic", gate="not_html"),
    ),
    "b.warc": (Page(url="https://b.test/1", text="The mill grinds slowly."), Page(url="https://c.test/1", text="Rye.")),
}
LISTING = Listing(
    name="list.txt", sha256="0" * 64, entries=(Entry("url", "https://a.test/1"), Entry("domain", "c.test"))
)
WRITES = ("put", "put_new", "copy", "delete", "writer")


class Killed(BaseException):
    """The process is gone: nothing that it would still do happens."""


class Death:
    """Kills before write number `at`, and lets nothing be written from then on, by those who tidy up either."""

    def __init__(self, at: int) -> None:
        self.at, self.writes = at, 0

    @contextmanager
    def coming(self) -> Iterator[None]:
        with pytest.MonkeyPatch.context() as patch:
            for name in WRITES:
                patch.setattr(LocalStorage, name, self._mortal(getattr(LocalStorage, name)))
            yield

    def _mortal(self, write: Any) -> Any:
        def mortal(*words: Any) -> Any:
            self.writes += 1
            if self.writes >= self.at:
                raise Killed
            return write(*words)

        return mortal


class Again:
    """Does the run of the crawl again."""

    at_once = 1

    def planned(self, run: OpenRun, tombstones: str) -> list[PlannedStep]:
        return plan_steps(crawl_steps(CRAWL, bundle=1, shard=1), run.source, tombstones)

    def execute(self, run: OpenRun, execution: Execution) -> None:  # noqa: ARG002  the protocol's
        execution.run(LocalRunner(), Listener())

    def build(self, run: OpenRun) -> dict[str, Any]:
        return build_dataset(run)


def nothing(*_: Any) -> None:
    """Nobody listens."""


def take_down(root: Path) -> dict[str, Any]:
    """As the verb does it: an interrupted takedown is completed, else one is begun."""
    storage = LocalStorage(root)
    left = unfinished(storage)
    if left is not None:
        return complete(storage, read_takedown(storage, left), Again(), nothing)
    id_, run = next_id(storage), open_run(storage)
    refuse_unfit(run)
    takedown = begin(run, LISTING, "page", survey([run], LISTING, "page", nothing), id_)
    return complete(storage, takedown, Again(), nothing)


@pytest.fixture(autouse=True)
def nothing_waits_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda _: None)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("killed") / "root"
    build_dataset(run_crawl(root, CRAWL, bundle=1, shard=1))
    return root


@pytest.fixture(scope="module")
def undisturbed(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("undisturbed") / "root"
    shutil.copytree(finished, root)
    take_down(root)
    return root


def shards(root: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((root / "dataset" / "data").iterdir())}


def kinds(root: Path) -> list[str]:
    """The files of a ROOT by their folder."""
    return sorted(str(path.parent.relative_to(root)) for path in root.rglob("*") if path.is_file())


def test_an_undisturbed_takedown_removes_the_pages_and_elects_again(undisturbed: Path) -> None:
    run = open_run(LocalStorage(undisturbed))
    assert [each for each in verify(run) if each] == []
    assert run.totals("pack")["rows"] == 2
    texts = b"".join(path.read_bytes() for path in undisturbed.rglob("*") if path.is_file())
    assert b"a.test/1" not in texts
    assert b"c.test" not in texts


@pytest.mark.slow
def test_killed_at_any_write_and_run_again_it_completes(finished: Path, undisturbed: Path, tmp_path: Path) -> None:
    wanted, at, alive = (shards(undisturbed), kinds(undisturbed)), 0, False
    while not alive:
        at += 1
        root = tmp_path / str(at)
        shutil.copytree(finished, root)
        death = Death(at)
        with death.coming(), suppress(Killed):
            take_down(root)
            alive = True
        if not alive:
            begun = unfinished(LocalStorage(root)) is not None
            finished_at = list((root / "takedowns").glob("*.json")) if (root / "takedowns").is_dir() else []
            assert begun or finished_at or shards(root) == shards(finished)
            if begun:
                with pytest.raises(StorageError, match="is not finished"):
                    refuse_unfinished(LocalStorage(root))
            if not finished_at:
                take_down(root)
        run = open_run(LocalStorage(root))
        assert [each for each in verify(run) if each] == [], at
        assert shards(root) == wanted[0], at
        left = [path for path in root.rglob("*") if path.is_file() and b"a.test/1" in path.read_bytes()]
        assert left == [], at
        assert len(list((root / "takedowns").glob("*.json"))) == 1
        rows = [
            path.name for path in (root / "takedowns").glob("*.rows.parquet")
        ]  # numbers alone, where its last write was one
        assert len(kinds(root)) - len(rows) == len(wanted[1]), at
        shutil.rmtree(root)
    assert at > 40
