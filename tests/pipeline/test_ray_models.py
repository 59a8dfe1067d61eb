"""Where Ray has a GPU, models live in actors: loaded once, kept for all parts, and replaced when one dies.

The GPU is one that Ray is told of: which process runs what does not depend on there being silicon behind it.
"""

import functools
import os
import signal
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from handmade import Page, crawl_of, crawl_steps
from tiny import execute

from pipeline.quality import Scored
from pipeline.quality_steps import score_step
from pipeline.storage import LocalStorage
from pipeline.tables import read_table

pytestmark = pytest.mark.ray
loads: list[int] = []


@dataclass(frozen=True, slots=True, kw_only=True)
class Whose:
    """The process that scored a text, and how often the model was loaded there; `mark` is made by one that is killed once."""

    name: ClassVar[str] = "whose"
    version: ClassVar[int] = 1
    engines: ClassVar[tuple[str, ...]] = ()
    device: ClassVar[str] = "cpu"

    column: str = "pid"
    resolution: int = 1
    mark: str = field(default="", metadata={"identity": False})

    def check(self) -> None:
        """Nothing to check."""

    def load(self) -> "Whose":
        loads.append(1)
        return self

    def prepare(self, texts: Sequence[str]) -> list[str]:
        return list(texts)

    def score(self, prepared: list[str]) -> Scored:
        if self.mark and any("fatal" in text for text in prepared) and not Path(self.mark).exists():
            Path(self.mark).touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return Scored(np.full(len(prepared), float(os.getpid())))


PAGES = {f"{n}": tuple(Page(url=f"{n}/{m}", text=f"text {n} {m}") for m in range(3)) for n in range(6)}
FATAL = PAGES | {"3": (Page(url="3/0", text="a fatal text"), *PAGES["3"][1:])}


@pytest.fixture
def with_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    import pipeline.ray_connection as connection

    monkeypatch.setattr(connection.ray, "init", functools.partial(connection.ray.init, num_gpus=1))


def scored(
    root: Path, pages: dict[str, tuple[Page, ...]], model: Whose, said: list[str] | None = None
) -> list[set[int]]:
    """For each part, the processes that scored it."""
    from pipeline.ray_runner import RayRunner

    ingest = crawl_steps(pages)[0]
    runner = RayRunner(workers=1, say=(said if said is not None else []).append)
    try:
        execution = execute(root, crawl_of(pages), ingest, score_step(model, ingest), runner=runner)
    finally:
        runner.close()
    state: Any = execution.states["score-pid"]
    receipts = [state.receipts[part.key] for part in state.planned.parts]
    assert [receipt.rows("signals") for receipt in receipts] == [len(of) for of in pages.values()]
    tables = [read_table(LocalStorage(root), receipt, "signals")["pid"].to_pylist() for receipt in receipts]
    return [{int(pid) for pid in table} for table in tables]


@pytest.mark.usefixtures("with_gpu")
def test_all_parts_of_a_model_are_scored_by_the_one_process_that_has_the_gpu(tmp_path: Path) -> None:
    found = scored(tmp_path, PAGES, Whose())
    assert len(set.union(*found)) == 1


@pytest.mark.usefixtures("with_gpu")
def test_the_part_of_an_actor_that_died_is_done_again_by_another_and_no_score_is_lost(tmp_path: Path) -> None:
    said: list[str] = []
    found = scored(tmp_path / "root", FATAL, Whose(mark=str(tmp_path / "killed")), said)
    assert (tmp_path / "killed").exists()
    assert all(len(pids) == 1 for pids in found)
    assert 1 <= len(set.union(*found)) <= 2
    assert any("done again" in line for line in said)


def test_without_a_gpu_workers_score_as_they_run_any_part(tmp_path: Path) -> None:
    found = scored(tmp_path, PAGES, Whose())
    assert all(len(pids) == 1 for pids in found)
