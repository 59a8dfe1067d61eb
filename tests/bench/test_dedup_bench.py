"""`gristmill bench dedup` from end to end, on few documents: ours, the floor, a peer that is not there, signatures alone."""

import os
import subprocess
import sys
from pathlib import Path

import orjson
import pytest

from dedup.costs import StepCost, costs
from dedup.scale import Shape
from dedup.survival import Components, Star, Survival
from jobs.bench.dedup.benchmark import MINHASH
from jobs.bench.dedup.scale_page import sections
from jobs.bench.dedup.signatures import deduplication, planned, run_steps
from jobs.bench.dedup.systems import System, all_systems, run
from jobs.bench.settings import CHECKOUT, PEERS, Settings
from jobs.synthetic.truth.plan import Truth
from jobs.synthetic.truth.signatures import planted_source
from pipeline.errors import RecipeError

TRUTH = Truth(documents=4_000)
ROWS = 700  # documents of a file
CUT = Shape(
    ranges=2,
    rows=1_000,
    merged=2,
    joins=2,
    most_joined=10_000,
    elections=3,
    most_elected=10_000,
    ranged=2,
    routed=2,
    gathered=2,
    answers=2,
)


def bench(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "jobs.bench", "dedup", *words],
        cwd=CHECKOUT, env=os.environ, capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip


def test_ours_and_the_floor_are_held_to_the_truth_and_who_is_not_there_is_named(tmp_path: Path) -> None:
    names = ("gristmill fast components", "in memory", "read and hash", "daft")
    asked = [word for name in names for word in ("--system", name)]
    told = bench(
        "--documents",
        "2000",
        "--words",
        "60",
        "--dedupers",
        str(tmp_path / "none"),
        "-o",
        str(tmp_path),
        "--json",
        *asked,
    )
    assert told.returncode == 0, told.stderr
    result = orjson.loads(told.stdout)
    assert result == orjson.loads((tmp_path / "dedup.json").read_bytes())
    systems = result["systems"]
    assert list(systems) == list(names)
    assert "make dedupers" in systems["daft"]["missing"]
    assert systems["read and hash"]["judged"] is None
    ours, floor = (systems[name]["judged"] for name in names[:2])
    assert ours["removed"] == floor["removed"] > 100
    assert ours["recall"] == floor["recall"] > 0.5
    assert ours["precision"] > 0.95
    assert sum(each["pairs"] for each in ours["bins"]) > 100
    assert systems[names[0]]["peak_rss_bytes"] > 50 << 20
    assert "| in memory |" in (tmp_path / "dedup.md").read_text()
    assert not list((tmp_path / "runs").iterdir())


@pytest.mark.peers
@pytest.mark.skipif(not PEERS.is_file(), reason="no .venv-peers: make peers")
def test_the_family_datatrove_removes_as_many_as_datatrove(tmp_path: Path) -> None:
    names = ("gristmill datatrove components", "datatrove")
    asked = [word for name in names for word in ("--system", name)]
    told = bench("--documents", "1000", "--words", "40", "--files", "2", "-o", str(tmp_path), "--json", *asked)
    assert told.returncode == 0, told.stderr
    ours, theirs = (orjson.loads(told.stdout)["systems"][name]["judged"] for name in names)
    assert ours["removed"] == theirs["removed"] > 50  # which of a component stays is another choice
    assert ours["precision"] == pytest.approx(theirs["precision"], abs=0.03)


def test_a_peer_that_fails_is_named_and_takes_nobody_along(tmp_path: Path) -> None:
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\necho no such package >&2\nexit 3\n")
    broken.chmod(0o755)
    asked = ("--system", "read and hash", "--system", "daft", "--dedupers", str(broken))
    told = bench("--documents", "1000", "--words", "30", "-o", str(tmp_path / "out"), "--json", *asked)
    assert told.returncode == 0, told.stderr
    systems = orjson.loads(told.stdout)["systems"]
    assert systems["daft"]["missing"] == "it failed: no such package"
    assert systems["read and hash"]["seconds"] > 0


def test_a_system_that_nobody_knows_is_refused(tmp_path: Path) -> None:
    settings = Settings(
        input=None, pages=1, files=None, workers=1, peers=None, runs=1, output=tmp_path, systems=("nobody",)
    )
    with pytest.raises(RecipeError, match="no system nobody"):
        all_systems(settings)
    left_out = System(name="daft", command=("-c", ""), python=None)
    assert "ours-only" in run(left_out, tmp_path, tmp_path, MINHASH, 1)["missing"]


@pytest.fixture(scope="module", params=[Components(), Star()], ids=["components", "star"])
def ran(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[list[dict], tuple[StepCost, ...]]:
    survival: Survival = request.param
    made = deduplication(TRUTH, rows=ROWS, survival=survival, shape=CUT)
    root = str(tmp_path_factory.mktemp("signatures"))
    found = run_steps(planned(TRUTH, made, rows=ROWS), planted_source(TRUTH, ROWS), root, 2)
    return found, costs(made, span=1)


def test_tasks_and_objects_of_each_step_are_as_planned(ran: tuple[list[dict], tuple[StepCost, ...]]) -> None:
    found, planned_costs = ran
    assert [(each["step"], each["parts"], each["objects"]) for each in found] == [
        (cost.step, cost.tasks, cost.objects) for cost in planned_costs
    ]


def test_signatures_alone_are_as_often_alike_as_they_are_meant_to_be(
    ran: tuple[list[dict], tuple[StepCost, ...]],
) -> None:
    counts = {each["step"]: each["counts"] for each in ran[0]}
    assert counts["minhash"] == {"documents": 4_000, "signed": 4_000}
    assert 0.1 < counts["clusters"]["documents"] / 4_000 < 0.2
    assert counts["survivors"]["dropped.near_duplicate"] == counts["clusters"]["removed"]


def test_signatures_cut_in_any_way_keep_the_same(tmp_path: Path) -> None:
    whole = deduplication(TRUTH, rows=ROWS, survival=Components())
    found = run_steps(planned(TRUTH, whole, rows=ROWS), planted_source(TRUTH, ROWS), str(tmp_path / "one"), 1)
    other = deduplication(TRUTH, rows=ROWS, survival=Components(), shape=CUT)
    cut = run_steps(planned(TRUTH, other, rows=ROWS), planted_source(TRUTH, ROWS), str(tmp_path / "two"), 1)
    assert found[-1]["counts"] == cut[-1]["counts"]


def test_signatures_are_measured_step_by_step_and_leave_nothing_behind(tmp_path: Path) -> None:
    told = bench("--signatures", "3000", "-o", str(tmp_path), "--json")
    assert told.returncode == 0, told.stderr
    result = orjson.loads(told.stdout)
    assert [step["step"] for step in result["steps"]][:2] == ["minhash", "edges"]
    assert result["steps"][0]["table_bytes"]["bands"] > 3_000 * 14 * 8
    assert {file.name for file in tmp_path.iterdir()} == {"dedup.json", "dedup.md"}


def test_the_tables_of_the_page_on_scale_are_what_the_code_computes() -> None:
    page = (CHECKOUT / "docs" / "scale.md").read_text(encoding="utf-8")
    for section in sections():
        assert section in page, f"make it anew with python -m jobs.bench.dedup.scale_page:\n{section}"
