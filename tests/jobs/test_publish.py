"""`publish` as a person types it: killed, stopped, refused, and what loads from where it published."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import orjson
import pytest
from hub_server import WRITER, HubServer
from trial import CHECKOUT, verb

NAME = "mill/corn"
PLACE = f"hf://datasets/{NAME}"


def manifest_of(root: Path) -> dict[str, Any]:
    return orjson.loads((root / "dataset" / "manifest.json").read_bytes())


def publish(root: Path, hub: HubServer, home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return verb("publish", str(root), "--to", PLACE, *words, **hub.environment(home=str(home)))


def started(root: Path, hub: HubServer, home: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "jobs.publish", str(root), "--to", PLACE],
        cwd=CHECKOUT,
        env=os.environ | hub.environment(home=str(home)),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_an_upload_that_was_stopped_half_way_goes_on_and_sends_nothing_twice(
    how: signal.Signals, sharded: Path, hub: HubServer, tmp_path: Path
) -> None:
    shards = {shard["sha256"]: shard["bytes"] for shard in manifest_of(sharded)["shards"]}
    assert len(shards) == 4
    stuck = hub.fail("PUT /lfs/upload/", skip=2, times=2, cut_after=1000, hold=True)
    process = started(sharded, hub, tmp_path)
    assert stuck.held.wait(60)
    while len(hub.large) < 2:
        assert process.poll() is None
    process.send_signal(how)
    if how == signal.SIGINT:
        hub.release()  # what was being sent is given up once it can be
    told = process.communicate(timeout=60)[1]
    hub.release()
    assert process.returncode == (-9 if how == signal.SIGKILL else 1)
    assert how == signal.SIGKILL or "stopped; run the same command again to do the rest" in told
    assert [commit.title for commit in hub.repos[NAME].history()] == ["initial commit"]
    arrived = dict.fromkeys(hub.large)
    before = hub.received.copy()
    again = publish(sharded, hub, tmp_path, "--json")
    assert again.returncode == 0, again.stderr
    result = orjson.loads(again.stdout)
    assert all(hub.received[sha256] == before[sha256] == shards[sha256] for sha256 in arrived)
    assert result["sent_bytes"] == sum(size for sha256, size in shards.items() if sha256 not in arrived)
    assert len(hub.repos[NAME].history()) == 2
    assert hub.repos[NAME].branches["main"] == result["commit"]


def test_what_would_happen_is_said_first_and_a_dry_run_does_nothing(
    sharded: Path, hub: HubServer, tmp_path: Path
) -> None:
    told = publish(sharded, hub, tmp_path, "--dry-run")
    assert told.returncode == 0, told.stderr
    assert "4 shard(s) and what describes them" in told.stderr
    assert "it is made private (--public makes it public)" in told.stderr
    assert "data/train-00003-of-00004.parquet" in told.stdout
    assert not hub.repos
    folder = verb("publish", str(sharded), "--to", str(tmp_path / "out"), "--dry-run", "--json")
    assert len(orjson.loads(folder.stdout)["write"]) == 8
    assert not (tmp_path / "out").exists()


def test_errors_are_one_line_without_the_token(sharded: Path, hub: HubServer, tmp_path: Path) -> None:
    hub.create(NAME)
    hub.fail("POST .*/preupload/", 403)
    told = publish(sharded, hub, tmp_path)
    assert told.returncode == 1
    assert "this token may not write there (403)" in told.stderr
    assert "Traceback" not in told.stderr
    assert WRITER not in told.stdout + told.stderr
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("mine")
    told = verb("publish", str(sharded), "--to", str(tmp_path / "out"))
    assert told.returncode == 1
    assert "holds something else (mine.txt)" in told.stderr


LOAD = """
import sys
import duckdb, pandas, polars
from datasets import load_dataset, load_dataset_builder
name, files, first = sys.argv[1:]
whole = load_dataset(name, split="train")
print(whole.num_rows, whole.column_names, str(whole.features["text"].dtype))
print(sum(1 for _ in load_dataset(name, split="train", streaming=True)))
print(load_dataset_builder(name).info.splits["train"].num_examples)
if files:
    lazy = polars.scan_parquet(files)
    print(lazy.collect().height, lazy.collect_schema().names())
    relation = duckdb.read_parquet(files)
    print(len(relation), relation.columns)
    frame = pandas.read_parquet(first)
    print(len(frame), list(frame.columns))
"""


def loaded(name: str, home: Path, files: str = "", first: str = "", **environment: str) -> list[str]:
    """What the four readers say, each in a process that knows nothing of ours."""
    told = subprocess.run(
        [sys.executable, "-c", LOAD, name, files, first],
        env=os.environ | {"HF_HOME": str(home)} | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        cwd=home,
    )
    assert told.returncode == 0, told.stderr
    return told.stdout.splitlines()


def expected(root: Path) -> tuple[int, list[str]]:
    manifest = manifest_of(root)
    return manifest["funnel"]["kept"], [column["name"] for column in manifest["columns"]]


def test_a_published_folder_loads_everywhere(sharded: Path, tmp_path: Path) -> None:
    told = verb("publish", str(sharded), "--to", str(tmp_path / "out"), "--license", "odc-by", "--title", "Corn")
    assert told.returncode == 0, told.stderr
    rows, columns = expected(sharded)
    first = tmp_path / "out" / "data" / "train-00000-of-00004.parquet"
    files = str(tmp_path / "out" / "data" / "train-*.parquet")
    assert loaded(str(tmp_path / "out"), tmp_path, files, str(first)) == [
        f"{rows} {columns} large_string",
        str(rows),
        str(rows),
        f"{rows} {columns}",
        f"{rows} {columns}",
        f"{manifest_of(sharded)['shards'][0]['rows']} {columns}",
    ]


def test_a_repository_on_the_hub_loads_by_its_name(sharded: Path, hub: HubServer, tmp_path: Path) -> None:
    assert publish(sharded, hub, tmp_path).returncode == 0
    rows, columns = expected(sharded)
    told = loaded(NAME, tmp_path, **hub.environment(home=str(tmp_path)))
    assert told == [f"{rows} {columns} large_string", str(rows), str(rows)]
    assert not hub.unknown
