"""A cluster gives the bytes of one machine: jobs from a checkout, nodes that come late or are lost, drivers that are killed."""

import json
import re
import secrets
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from ray_nodes import BIN, Cluster, end
from run_places import Bucket, digests

from jobs.running import prepare, run

pytestmark = [pytest.mark.cluster, pytest.mark.ray]

PATIENCE = 150.0
OWN_RECIPE = '''
from dataclasses import dataclass, replace
from typing import ClassVar

import pyarrow as pa

from jobs.recipes.fineweb import fineweb
from pipeline.measures import Rule
from pipeline.pages import Pages


@dataclass(frozen=True, slots=True, kw_only=True)
class Commas:
    """Counts commas: a measure that no checkout has."""

    name: ClassVar[str] = "commas"
    version: ClassVar[int] = 1
    engines: ClassVar[tuple[str, ...]] = ()
    signals: ClassVar[pa.Schema] = pa.schema([pa.field("commas_count", pa.int32())])

    def measure(self, pages: Pages) -> pa.RecordBatch:
        counts = [text.count(",") for text in pages.texts]
        return pa.record_batch([pa.array(counts, pa.int32())], schema=self.signals)


def mine():
    base = fineweb()
    rule = Rule(signal="commas_count", op="<", value=50, reason="few_commas")
    return replace(base, name="mine", measures=(Commas(),), rules=(*base.rules, rule))
'''


def start(command: Sequence[str], checkout: Path, environment: dict[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command,
        cwd=checkout,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def submit(cluster: Cluster, checkout: Path, *words: str, **environment: str) -> subprocess.Popen[str]:
    """`ray job submit --working-dir .` in a checkout, with variables that Ray is to set on every node.

    Into a pipe it would hold back what the job says until there are 8 KB of it.
    """
    sent = ["--runtime-env-json", json.dumps({"env_vars": environment})]
    job = ["--address", cluster.jobs_address, "--working-dir", ".", *sent, "--", "python", "-m", *words]
    return start([str(BIN / "ray"), "job", "submit", *job], checkout, cluster.environment | {"PYTHONUNBUFFERED": "1"})


def curate_from_outside(cluster: Cluster, checkout: Path, *words: str, **environment: str) -> subprocess.Popen[str]:
    """`curate --ray ADDRESS` in a checkout: a driver that is no job, and ships the checkout itself."""
    command = [sys.executable, "-m", "jobs.curate", *words, "--ray", cluster.address]
    return start(command, checkout, cluster.environment | environment)


def hear(process: subprocess.Popen[str], words: str) -> None:
    """Waits until the process has said a line with `words`."""
    assert process.stdout is not None
    timer = threading.Timer(PATIENCE, end, (process,), {"at_once": True})
    timer.start()
    said: list[str] = []
    while words not in "".join(said[-1:]):
        said.append(process.stdout.readline())
        assert said[-1], "".join(said)
    timer.cancel()


def ended(process: subprocess.Popen[str]) -> str:
    """What a process said until it ended."""
    try:
        return process.communicate(timeout=PATIENCE)[0]
    finally:
        if process.poll() is None:
            end(process, at_once=True)


def receipts(root: Path) -> int:
    """How many files have been read to the end."""
    return len(list((root / "steps" / "ingest").glob("*/*/*.json")))


def wait_until(driver: subprocess.Popen[str], so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not so():
        assert driver.poll() is None, ended(driver)
        assert time.monotonic() < deadline, "it did not come to that in time"
        time.sleep(0.05)


def test_a_job_from_a_checkout_waits_for_machines_outlives_one_and_gives_the_bytes_of_a_local_run(
    cluster: Cluster, checkout: Path, crawl_folder: Path, local_root: Path, tmp_path: Path
) -> None:
    job = submit(
        cluster, checkout, "jobs.curate", "fineweb", "--ray", "auto", "-i", str(crawl_folder), "-o", str(tmp_path)
    )
    hear(job, "waiting: no node can take a part")
    cluster.grow_to(2)
    doomed = cluster.newest()
    wait_until(job, lambda: receipts(tmp_path) > 0 and cluster.works_at(doomed, "ingest"))
    cluster.lose(doomed)
    rest = ended(job)
    assert job.returncode == 0, rest
    assert re.search(r"[23] node\(s\) with [12] CPUs; at most 64 parts in flight", rest), rest
    assert "lost their process or node and are done again" in rest, rest
    assert digests(tmp_path) == digests(local_root)


def test_a_driver_that_was_killed_is_started_again_and_a_users_own_measure_travels(
    cluster: Cluster, checkout: Path, crawl_folder: Path, local_root: Path, tmp_path: Path
) -> None:
    cluster.grow_to(1)
    (tmp_path / "own.py").write_text(OWN_RECIPE)
    recipe, root = f"{tmp_path}/own.py:mine", tmp_path / "out"
    command = (recipe, "-i", str(crawl_folder), "--output", str(root))
    driver = curate_from_outside(cluster, checkout, *command)
    wait_until(driver, lambda: receipts(root) > 0)
    end(driver, at_once=True)
    assert driver.wait() == -signal.SIGKILL
    driver.communicate()
    before = {path: path.stat().st_mtime_ns for path in root.glob("steps/*/*/*/*.json")}

    again = curate_from_outside(cluster, checkout, *command)
    said = ended(again)
    assert again.returncode == 0, said
    assert "parts were done before" in said
    assert {path: path.stat().st_mtime_ns for path in before} == before, "a committed part was done again"

    alone = tmp_path / "alone"
    shutil.copytree(local_root, alone)  # its ingest is the same, so only what the measure changes is left to do
    run(prepare(recipe, [str(crawl_folder)], str(alone)), local=True)
    assert digests(root) == digests(alone)
    assert digests(root) != digests(local_root)


def test_a_node_with_other_engines_than_the_drivers_ends_the_run_before_it_contributes(
    cluster: Cluster, checkout: Path, crawl_folder: Path, tmp_path: Path
) -> None:
    cluster.grow_to(1)
    other = tmp_path / "site" / "trafilatura-9.9.9.dist-info"
    other.mkdir(parents=True)
    (other / "METADATA").write_text("Metadata-Version: 2.1\nName: trafilatura\nVersion: 9.9.9\n")
    root = tmp_path / "out"
    command = ("fineweb", "-i", str(crawl_folder), "-o", str(root))
    driver = curate_from_outside(cluster, checkout, *command, PYTHONPATH=str(other.parent))
    said = ended(driver)
    assert driver.returncode == 1, said
    assert re.search(
        r"would not give the same bytes, it has trafilatura 2\.\S+ instead of 9\.9\.9", said.splitlines()[-1]
    )
    assert "Traceback" not in said
    assert receipts(root) == 0


def test_a_wrong_token_is_one_clear_line(cluster: Cluster, checkout: Path, crawl_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("0" * 64)
    driver = curate_from_outside(
        cluster, checkout, "fineweb", "--input", str(crawl_folder), "--output", str(tmp_path / "out"),
        RAY_AUTH_TOKEN_PATH=str(tmp_path / "token"),
    )  # fmt: skip
    said = ended(driver).splitlines()
    assert driver.returncode == 1
    assert said[-1].startswith(
        f"gristmill: Ray at {cluster.address} could not be reached or started: it asks for a token"
    )
    assert not [line for line in said[:-1] if "uthent" in line]
    assert not (tmp_path / "out" / "runs").exists()


def test_a_job_uploads_no_more_than_a_checkout_and_keeps_its_run_in_a_bucket(
    cluster: Cluster, checkout: Path, crawl_folder: Path, local_root: Path, bucket: Bucket, tmp_path: Path
) -> None:
    cluster.grow_to(1)
    clutter = (
        "out/x0",
        "demo/x1",
        ".venv/lib/x2",
        ".git/objects/x3",
        ".hypothesis/x4",
        "mine/x.warc.gz",
        "mine/x.parquet",
    )
    for name in clutter:
        (checkout / name).parent.mkdir(parents=True, exist_ok=True)
        (checkout / name).write_bytes(secrets.token_bytes(5_000_000))
    command = ("jobs.curate", "fineweb", "--ray", "auto", "-i", str(crawl_folder), "--limit", "2", "-o", bucket.url)
    job = submit(cluster, checkout, *command, **bucket.settings)
    said = ended(job)
    assert job.returncode == 0, said
    assert "the input is on a local path" in said

    kept = [path for path in cluster.uploaded().rglob("*") if path.is_file()]
    assert any(path.name == "ray_runner.py" for path in kept)
    assert not {path.name for path in kept} & {Path(name).name for name in clutter}

    alone = tmp_path / "alone"
    shutil.copytree(local_root, alone)
    run(prepare("fineweb", [str(crawl_folder)], str(alone), limit=2), local=True)
    assert bucket.digests() == digests(alone)
