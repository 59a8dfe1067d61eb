"""Same input, recipe and lock file: the same bytes, however the work was cut, spread, killed and resumed."""

import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from trial import CHECKOUT, Crawl, dataset_digests, receipt_times

from jobs.running import Prepared, prepare, run
from pipeline.steps import plan_steps


def with_recipe(prepared: Prepared, **changes: object) -> Prepared:
    recipe = replace(prepared.recipe, **changes)
    return replace(prepared, recipe=recipe, steps=plan_steps(recipe.steps(), prepared.source))


@pytest.mark.parametrize("batch_pages", [1, 7])
def test_other_batch_sizes_give_the_same_bytes(crawl: Crawl, finished: Path, tmp_path: Path, batch_pages: int) -> None:
    prepared = prepare("fineweb", [str(crawl.folder)], str(tmp_path))
    run(with_recipe(prepared, batch_pages=batch_pages), local=True)
    assert dataset_digests(tmp_path) == dataset_digests(finished)


def test_bundling_files_otherwise_gives_the_same_bytes(crawl: Crawl, finished: Path, tmp_path: Path) -> None:
    prepared = prepare("fineweb", [str(crawl.folder)], str(tmp_path))
    run(with_recipe(prepared, bundle=2), local=True)
    assert dataset_digests(tmp_path) == dataset_digests(finished)


def test_the_crawl_somewhere_else_gives_the_same_bytes(crawl: Crawl, finished: Path, tmp_path: Path) -> None:
    moved = tmp_path / "elsewhere"
    subprocess.run(["cp", "-r", str(crawl.folder), str(moved)], check=True)
    run(prepare("fineweb", [str(moved)], str(tmp_path / "out")), local=True)
    assert dataset_digests(tmp_path / "out") == dataset_digests(finished)


@pytest.mark.ray
@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_ray_with_any_number_of_workers_gives_the_bytes_of_a_local_run(
    crawl: Crawl, finished: Path, tmp_path: Path, workers: int
) -> None:
    run(prepare("fineweb", [str(crawl.folder)], str(tmp_path)), workers=workers)
    assert dataset_digests(tmp_path) == dataset_digests(finished)


def start(crawl: Crawl, root: Path, *options: str) -> subprocess.Popen[str]:
    """Starts the main job with a process group of its own."""
    command = [sys.executable, "-m", "jobs.curate", "fineweb", "--input", str(crawl.folder), "--output", str(root)]
    return subprocess.Popen(
        [*command, *options],
        cwd=CHECKOUT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def wait_for_receipts(driver: subprocess.Popen[str], root: Path, count: int, seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while len(list((root / "steps" / "ingest").glob("*/*/*.json"))) < count:
        assert driver.poll() is None, driver.stdout.read() if driver.stdout else ""
        assert time.monotonic() < deadline, "no part was committed in time"
        time.sleep(0.05)


@pytest.mark.slow
@pytest.mark.parametrize("options", [("--local",), pytest.param(("--workers", "2"), marks=pytest.mark.ray)])
def test_kill_minus_9_of_the_whole_process_group_loses_nothing_and_changes_no_byte(
    crawl: Crawl, finished: Path, tmp_path: Path, options: tuple[str, ...]
) -> None:
    driver = start(crawl, tmp_path, *options)
    wait_for_receipts(driver, tmp_path, 2)
    os.killpg(driver.pid, signal.SIGKILL)
    driver.wait(timeout=30)
    driver.stdout.close()
    before = receipt_times(tmp_path)
    assert not (tmp_path / "dataset" / "manifest.json").exists()

    run(prepare("fineweb", [str(crawl.folder)], str(tmp_path)), local=True)
    assert dataset_digests(tmp_path) == dataset_digests(finished)
    after = receipt_times(tmp_path)
    assert {path: after[path] for path in before} == before, "a committed part was done again"


@pytest.mark.slow
@pytest.mark.parametrize("options", [("--local",), pytest.param(("--workers", "2"), marks=pytest.mark.ray)])
def test_control_c_stops_cleanly_says_what_is_done_and_a_second_run_does_the_rest(
    crawl: Crawl, finished: Path, tmp_path: Path, options: tuple[str, ...]
) -> None:
    driver = start(crawl, tmp_path, *options)
    wait_for_receipts(driver, tmp_path, 1)
    os.killpg(driver.pid, signal.SIGINT)
    told, _ = driver.communicate(timeout=60)
    assert driver.returncode == 1, told
    assert re.search(r"stopped; done so far: ingest [1-4]/4, decide", told), told
    assert "Run the same command again" in told
    assert "Traceback" not in told
    before = receipt_times(tmp_path)

    run(prepare("fineweb", [str(crawl.folder)], str(tmp_path)), local=True)
    assert dataset_digests(tmp_path) == dataset_digests(finished)
    assert before.items() <= receipt_times(tmp_path).items()
