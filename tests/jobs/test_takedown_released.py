"""A takedown and what is around it: it is killed, has no right to write, and its dataset is published over the one before."""

import codecs
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest
from hub_server import HubServer
from leftovers import documents, packed, traces
from test_takedown import RECIPE, faults, take_down
from trial import CHECKOUT, dataset_digests, typed, verb

NAME = "mill/corn"


@pytest.fixture
def root(sharded: Path, tmp_path: Path) -> Path:
    shutil.copytree(sharded, tmp_path / "root")
    (tmp_path / "mine.py").write_text(RECIPE)
    return tmp_path / "root"


def kept_alone(root: Path) -> dict[str, object]:
    """A page of the dataset that has no near-duplicate."""
    there = packed(root)
    return next(page for page in documents(root) if page["cluster"] is None and page["record_id"] in there)


def test_killed_while_it_works_nothing_else_may_until_it_is_completed(root: Path) -> None:
    page = kept_alone(root)
    url, id_ = str(page["url"]), str(page["record_id"]).strip("<>")
    listed, recipe = root.parent / "list.txt", f"{root.parent}/mine.py:sharded"
    listed.write_text(url)
    words = ["takedown", str(root), "--urls", str(listed), "--recipe", recipe, "--local"]
    process = subprocess.Popen(
        [sys.executable, "-m", "jobs.takedown", *words[1:]], cwd=CHECKOUT, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    for line in process.stderr:
        if "rows removed from" in line:
            process.kill()
    assert process.wait(60) == -signal.SIGKILL
    process.stderr.close()
    for refused in (
        ("curate", recipe, "--output", str(root)),
        ("publish", str(root), "--to", str(root.parent / "out")),
    ):
        told = typed(*refused)
        assert told.returncode == 1
        assert "is not finished; `gristmill takedown" in told.stderr
    assert any("is not finished" in fault for fault in faults(root))

    told = typed("takedown", str(root), "--recipe", recipe, "--local", "--json")
    assert told.returncode == 0, told.stderr
    assert orjson.loads(told.stdout)["records"] == 1
    assert traces(root, [url, id_]) == []
    assert faults(root) == []
    again = typed("takedown", str(root), "--local")
    assert "nothing to complete" in again.stdout


@pytest.fixture
def theirs(sharded: Path) -> Iterator[Path]:
    """A run that this process may read but not write, whoever runs it."""
    folder = Path(tempfile.mkdtemp(prefix="gristmill-theirs-"))
    shutil.copytree(sharded, folder / "root")
    (folder / "mine.py").write_text(RECIPE)
    subprocess.run(["chmod", "-R", "a+rX,a-w", str(folder)], check=True)
    user = os.geteuid()
    codecs.lookup("utf-8-sig")  # the list's: another user may not be able to read this Python's own files
    if user == 0:
        os.seteuid(65534)
    yield folder
    os.seteuid(user)
    subprocess.run(["chmod", "-R", "u+w", str(folder)], check=True)
    shutil.rmtree(folder)


def test_without_the_right_to_write_it_is_refused_before_anything_is_done(theirs: Path) -> None:
    root = theirs / "root"
    page = kept_alone(root)
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as listed:
        listed.write(str(page["url"]))
        listed.flush()
        words = ("--urls", listed.name, "--recipe", f"{theirs}/mine.py:sharded", "--local")
        told = typed("takedown", str(root), *words)
    assert told.returncode == 1
    assert "permission denied" in told.stderr
    assert not (root / "takedowns").exists()
    assert faults(root) == []


def test_publishing_again_sends_the_shards_that_changed_and_removes_nothing_else(
    root: Path, hub: HubServer, tmp_path: Path
) -> None:
    def publish() -> None:
        told = verb("publish", str(root), "--to", f"hf://datasets/{NAME}", **hub.environment(home=str(tmp_path)))
        assert told.returncode == 0, told.stderr

    publish()
    before = dataset_digests(root)
    head = hub.repos[NAME].history()[0]
    page = kept_alone(root)
    take_down(root, str(page["url"]))
    sent = hub.received.copy()
    publish()
    after = dataset_digests(root)
    changed = {name for name in before if after[name] != before[name]}
    assert len(changed) == 1
    assert {sha256 for sha256, size in hub.received.items() if size != sent.get(sha256)} == {
        after[name] for name in changed
    }
    now = hub.repos[NAME].history()[0]
    assert now.files.keys() == head.files.keys()
    same = {path for path in head.files if head.files[path] == now.files[path]}
    assert {f"data/{name}" for name in before.keys() - changed} <= same
