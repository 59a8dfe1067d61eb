"""A dataset published in a folder is whole or has no manifest, and nothing of others is touched."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import orjson
import pandas as pd
import polars as pl
import pytest
from datasets import load_dataset
from handmade import CRAWL, Page, crawl_of, crawl_steps, run_crawl
from obstore.store import MemoryStore
from tiny import execute

from pipeline.dataset import build_dataset
from pipeline.errors import InputError, RecipeError, StorageError
from pipeline.publishing.bundle import Bundle, open_bundle
from pipeline.publishing.folder import FolderPlan, plan_folder, publish_to_folder
from pipeline.publishing.release import Release
from pipeline.runs import record_run
from pipeline.schemas import DATASET
from pipeline.steps import plan_steps
from pipeline.storage import LocalStorage, ObjectStorage, Storage

CHOSEN = Release(title="Corn", license="odc-by")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    build_dataset(run_crawl(tmp_path / "root", CRAWL))
    return tmp_path / "root"


def bundle_of(root: Path, release: Release = CHOSEN) -> Bundle:
    return open_bundle(LocalStorage(root), release)


def published(bundle: Bundle, target: Storage, *, force: bool = False) -> FolderPlan:
    plan = plan_folder(bundle, target, lambda _: None)
    publish_to_folder(bundle, target, plan, lambda _: None, force=force)
    return plan


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def check(folder: Path) -> None:
    subprocess.run(["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=folder, check=True, capture_output=True)


def test_the_folder_holds_the_dataset_and_what_describes_it(root: Path, tmp_path: Path) -> None:
    done: list[int] = []
    bundle, target = bundle_of(root), LocalStorage(tmp_path / "out")
    publish_to_folder(bundle, target, plan_folder(bundle, target, done.append), done.append, force=False)
    found = files_of(tmp_path / "out")
    assert set(found) == {
        "README.md",
        "SHA256SUMS",
        "croissant.json",
        "manifest.json",
        *(f"data/train-0000{n}-of-00003.parquet" for n in range(3)),
    }
    for path, data in files_of(root / "dataset").items():
        assert (found[path] == data) == path.startswith("data/")
    assert b"license: odc-by" in found["README.md"]
    assert sum(done) == bundle.size == sum(map(len, found.values()))
    check(tmp_path / "out")


def test_without_choices_the_files_are_those_of_the_dataset_folder(root: Path, tmp_path: Path) -> None:
    published(bundle_of(root, Release()), LocalStorage(tmp_path / "out"))
    assert files_of(tmp_path / "out") == files_of(root / "dataset")


def test_publishing_again_writes_nothing(root: Path, tmp_path: Path) -> None:
    published(bundle_of(root), LocalStorage(tmp_path / "out"))
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*")}
    plan = published(bundle_of(root), LocalStorage(tmp_path / "out"))
    assert (plan.write, plan.remove) == ((), ())
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*")} == before


def test_another_release_replaces_what_changed_and_removes_stale_shards(root: Path, tmp_path: Path) -> None:
    target = LocalStorage(tmp_path / "out")
    published(bundle_of(root), target)
    build_dataset(run_crawl(root, CRAWL, shard=4))
    plan = published(bundle_of(root), target)
    assert plan.remove == tuple(f"data/train-0000{n}-of-00003.parquet" for n in range(3))
    assert len(list((tmp_path / "out" / "data").iterdir())) == 2
    check(tmp_path / "out")


def test_one_that_was_stopped_half_way_has_no_manifest_and_goes_on(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = LocalStorage(tmp_path / "out")
    put = LocalStorage.copy
    copies: list[str] = []

    def stop_at_the_second(self: LocalStorage, source: str, name: str) -> None:
        copies.append(name)
        if len(copies) == 2:
            raise KeyboardInterrupt
        put(self, source, name)

    monkeypatch.setattr(LocalStorage, "copy", stop_at_the_second)
    with pytest.raises(KeyboardInterrupt):
        published(bundle_of(root), target)
    monkeypatch.undo()
    assert list(files_of(tmp_path / "out")) == ["data/train-00000-of-00003.parquet"]
    plan = published(bundle_of(root), target)
    assert [file.path for file in plan.same] == ["data/train-00000-of-00003.parquet"]
    check(tmp_path / "out")


def test_what_a_killed_attempt_left_is_removed_and_what_it_cut_is_written_anew(root: Path, tmp_path: Path) -> None:
    target = LocalStorage(tmp_path / "out")
    target.put("data/train-00000-of-00003.parquet.0123.partial", b"half")
    target.put("data/train-00001-of-00003.parquet", b"not these bytes")
    published(bundle_of(root), target)
    assert not list((tmp_path / "out").rglob("*.partial"))
    check(tmp_path / "out")


def test_a_damaged_shard_is_named_and_no_manifest_is_written(root: Path, tmp_path: Path) -> None:
    shard = root / "dataset" / "data" / "train-00001-of-00003.parquet"
    data = bytearray(shard.read_bytes())
    data[len(data) // 2] ^= 1
    shard.unlink()
    shard.write_bytes(data)
    with pytest.raises(StorageError, match=r"dataset/data/train-00001-of-00003\.parquet is damaged"):
        published(bundle_of(root), LocalStorage(tmp_path / "out"))
    assert list(files_of(tmp_path / "out")) == ["data/train-00000-of-00003.parquet"]


def test_a_place_that_holds_something_else_is_left_alone_unless_forced(root: Path, tmp_path: Path) -> None:
    (tmp_path / "out" / "photos").mkdir(parents=True)
    (tmp_path / "out" / "letter.txt").write_text("dear")
    with pytest.raises(StorageError, match=r"holds something else \(letter\.txt, photos/\).*--force"):
        published(bundle_of(root), LocalStorage(tmp_path / "out"))
    assert list(files_of(tmp_path / "out")) == ["letter.txt"]
    published(bundle_of(root), LocalStorage(tmp_path / "out"), force=True)
    assert (tmp_path / "out" / "letter.txt").read_text() == "dear"
    check(tmp_path / "out")


def test_shards_of_nobody_knows_what_are_something_else_too(root: Path, tmp_path: Path) -> None:
    target = LocalStorage(tmp_path / "out")
    target.put("data/train-00000-of-00009.parquet", b"theirs")
    with pytest.raises(StorageError, match="holds something else"):
        published(bundle_of(root), target)
    assert target.get("data/train-00000-of-00009.parquet") == b"theirs"


@pytest.mark.parametrize("place", ["", "dataset", "dataset/data/deep", ".."])
def test_the_run_itself_is_no_place_to_publish(root: Path, place: str) -> None:
    with pytest.raises(RecipeError, match="publish to a place of its own"):
        plan_folder(bundle_of(root), LocalStorage((root / place).resolve()), lambda _: None)


def test_an_object_store_gets_the_same_files_and_can_be_published_from(root: Path, tmp_path: Path) -> None:
    store = ObjectStorage("s3://bucket/corn", store=MemoryStore())
    published(bundle_of(root), store)
    published(bundle_of(root), LocalStorage(tmp_path / "out"))
    names = [*store.names(""), *(f"data/{name}" for name in store.names("data"))]
    assert {name: store.get(name) for name in names} == files_of(tmp_path / "out")
    bundle = bundle_of(root)
    copied = ObjectStorage("s3://bucket/run", store=MemoryStore())
    for path, data in files_of(root).items():
        copied.put(path, data)
    again = open_bundle(copied, CHOSEN)
    assert again.files == bundle.files
    published(again, LocalStorage(tmp_path / "again"))
    assert files_of(tmp_path / "again") == files_of(tmp_path / "out")


def test_no_run_no_finished_run_and_a_later_unfinished_run_are_told_apart(root: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no run here"):
        bundle_of(tmp_path / "nowhere")
    storage, source, steps = LocalStorage(root), crawl_of(CRAWL), crawl_steps(CRAWL)
    record_run(storage, recipe="tiny", rules=(), source=source, steps=plan_steps(steps, source))
    with pytest.raises(StorageError, match=r"a later run .* is not finished"):
        bundle_of(root)
    unfinished = LocalStorage(tmp_path / "unfinished")
    record_run(unfinished, recipe="tiny", rules=(), source=source, steps=plan_steps(steps, source))
    execute(tmp_path / "unfinished", source, *steps[:3])
    with pytest.raises(StorageError, match="the run is not finished"):
        open_bundle(unfinished, CHOSEN)


def test_a_dataset_of_an_earlier_version_says_what_to_do(root: Path) -> None:
    path = root / "dataset" / "manifest.json"
    manifest: dict[str, Any] = orjson.loads(path.read_bytes())
    del manifest["metadata_files"]
    path.write_bytes(orjson.dumps(manifest))
    with pytest.raises(StorageError, match="made by an earlier version; run the same"):
        bundle_of(root)


def test_a_dataset_of_which_nothing_was_kept_is_published_and_read(tmp_path: Path) -> None:
    pages = {name: (Page(url=f"https://{name}/pic", gate="not_html"),) for name in ("a.warc", "b.warc", "c.warc")}
    build_dataset(run_crawl(tmp_path / "root", pages))
    published(bundle_of(tmp_path / "root"), LocalStorage(tmp_path / "out"))
    check(tmp_path / "out")
    files = f"{tmp_path}/out/data/train-*.parquet"
    names = DATASET.names
    assert pl.read_parquet(files).columns == names
    assert duckdb.read_parquet(files).columns == names
    assert list(pd.read_parquet(tmp_path / "out" / "data").columns) == names
    stream = load_dataset(str(tmp_path / "out"), split="train", streaming=True, cache_dir=str(tmp_path / "cache"))
    assert (list(stream), stream.column_names) == ([], names)
    with pytest.raises(ValueError, match="corresponds to no data"):  # datasets itself opens no empty split
        load_dataset(str(tmp_path / "out"), split="train", cache_dir=str(tmp_path / "cache"))


@pytest.fixture
def full_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount, umount = shutil.which("mount"), shutil.which("umount")
    command = [mount or "", "-t", "tmpfs", "-o", "size=12k,mode=777", "tmpfs", str(disk)]
    if not (mount and umount) or subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip("only root can mount a small file system")
    yield disk
    subprocess.run([umount, str(disk)], check=True)


def test_a_full_disk_is_said_to_be_full_and_leaves_no_manifest(root: Path, full_disk: Path) -> None:
    with pytest.raises(StorageError, match="disk full; free some space and run the same command again"):
        published(bundle_of(root), LocalStorage(full_disk))
    assert not (full_disk / "manifest.json").exists()
    assert not list(full_disk.rglob("*.partial"))


def test_a_place_that_is_not_ours_is_permission_denied(root: Path, tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    theirs.chmod(0o500)
    bundle, user = bundle_of(root), os.geteuid()
    if user == 0:
        tmp_path.chmod(0o711)
        os.seteuid(65534)
    try:
        with pytest.raises(StorageError, match="permission denied"):
            published(bundle, LocalStorage(theirs / "out"))
    finally:
        os.seteuid(user)
        theirs.chmod(0o700)
