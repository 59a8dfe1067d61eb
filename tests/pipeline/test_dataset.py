"""The dataset folder is what the run packed, whole or not there."""

import hashlib
import subprocess
from pathlib import Path
from typing import Any

import orjson
import polars as pl
import pyarrow.dataset as ds
import pytest
from handmade import CRAWL, KEPT, Handmade, crawl_of, crawl_steps, run_crawl
from obstore.store import MemoryStore
from tiny import execute

from pipeline.dataset import build_dataset, read_dataset_manifest, shard_name
from pipeline.errors import StorageError
from pipeline.local_runner import LocalRunner
from pipeline.runs import OpenRun, record_run
from pipeline.schemas import DATASET
from pipeline.steps import plan_steps
from pipeline.storage import LocalStorage, ObjectStorage, Storage


def built(root: Path, pages: Any = CRAWL, **options: Any) -> tuple[OpenRun, dict[str, Any]]:
    run = run_crawl(root, pages, **options)
    return run, build_dataset(run)


def data(root: Path) -> list[str]:
    return sorted(path.name for path in (root / "dataset" / "data").iterdir())


def test_shards_have_the_names_that_the_hub_uses() -> None:
    assert shard_name(0, 12) == "dataset/data/train-00000-of-00012.parquet"
    assert shard_name(99_999, 100_000) == "dataset/data/train-99999-of-100000.parquet"


def test_the_shards_are_those_of_the_run_in_order(tmp_path: Path) -> None:
    run, manifest = built(tmp_path)
    assert data(tmp_path) == [f"train-0000{n}-of-00003.parquet" for n in range(3)]
    receipts = list(run.receipts("pack").values())
    assert [shard["sha256"] for shard in manifest["shards"]] == [each.files["data"].sha256 for each in receipts]
    for shard, receipt in zip(manifest["shards"], receipts, strict=True):
        stored = (tmp_path / "dataset" / shard["path"]).read_bytes()
        assert stored == run.storage.get(receipt.files["data"].path)
        assert len(stored) == shard["bytes"]


def test_any_reader_of_parquet_opens_it(tmp_path: Path) -> None:
    built(tmp_path)
    table = ds.dataset(tmp_path / "dataset" / "data").to_table()
    assert table.schema.equals(DATASET)
    assert table["url"].to_pylist() == KEPT
    assert pl.read_parquet(tmp_path / "dataset" / "data" / "*.parquet")["url"].to_list() == KEPT


def test_the_manifest_says_what_the_dataset_is(tmp_path: Path) -> None:
    run, manifest = built(tmp_path)
    assert read_dataset_manifest(run.storage) == orjson.loads(orjson.dumps(manifest))
    assert (manifest["run"], manifest["recipe"], manifest["source"], manifest["files"]) == (
        run.record.id,
        "tiny",
        "crawl",
        5,
    )
    assert manifest["funnel"]["kept"] == sum(shard["rows"] for shard in manifest["shards"]) == 3
    assert manifest["rules"][0] == {
        "signal": "words_count",
        "op": "<",
        "value": 3,
        "reason": "few_words",
        "null_fails": False,
    }
    assert list(manifest["steps"]) == ["ingest", "decide", "survivors", "pack", "index"]
    assert all((tmp_path / step["manifest"]).exists() for step in manifest["steps"].values())


def test_the_card_tells_readers_where_the_files_are_and_how_many_pages_there_are(tmp_path: Path) -> None:
    built(tmp_path)
    card = (tmp_path / "dataset" / "README.md").read_text()
    assert card.startswith("---\npretty_name: crawl (tiny)\n")
    assert "path: data/train-*.parquet" in card
    assert "The text of 3 web pages, extracted from 5 archive files" in card


def test_card_description_and_checksums_are_listed_and_right(tmp_path: Path) -> None:
    _, manifest = built(tmp_path)
    folder = tmp_path / "dataset"
    for entry in manifest["metadata_files"]:
        data = (folder / entry["path"]).read_bytes()
        assert (hashlib.sha256(data).hexdigest(), len(data)) == (entry["sha256"], entry["bytes"])
    told = subprocess.run(
        ["sha256sum", "--check", "SHA256SUMS"], cwd=folder, capture_output=True, text=True, check=True
    )
    listed = sorted(line.removesuffix(": OK") for line in told.stdout.splitlines())
    assert listed == sorted(str(path.relative_to(folder)) for path in folder.rglob("*.*"))


def test_a_folder_of_an_earlier_version_is_made_anew(tmp_path: Path) -> None:
    run, manifest = built(tmp_path)
    (tmp_path / "dataset" / "croissant.json").unlink()
    assert build_dataset(run) == manifest
    assert (tmp_path / "dataset" / "croissant.json").exists()


def test_the_manifest_names_no_place_of_the_machine_it_was_made_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ["/opt/x/gristmill", "curate", "~/me/mine.py:strict", "--input=/data/a b", "-o/data/c", "s3://b/c", "a/b"]
    monkeypatch.setattr("sys.argv", words)
    _, manifest = built(tmp_path)
    assert manifest["provenance"]["argv"] == [
        "…/gristmill",
        "curate",
        "…/mine.py:strict",
        "--input=…/a b",
        "-o…/c",
        "s3://b/c",
        "a/b",
    ]


def test_the_manifest_tells_languages_dates_and_input(tmp_path: Path) -> None:
    _, manifest = built(tmp_path)
    assert manifest["languages"] == {"en": 3}
    assert manifest["dates"] == ["2024-05-01T00:00:00Z"] * 2
    assert manifest["dumps"] == {"crawl": 5}
    assert manifest["input_bytes"] == sum(100 * len(pages) for pages in CRAWL.values())
    table = ds.dataset(tmp_path / "dataset" / "data").to_table()
    assert manifest["arrow_bytes"] == pytest.approx(table.nbytes, rel=0.2)


def test_stale_shards_go_when_their_number_changes(tmp_path: Path) -> None:
    built(tmp_path, shard=2)
    _, manifest = built(tmp_path, shard=4)
    assert data(tmp_path) == ["train-00000-of-00002.parquet", "train-00001-of-00002.parquet"]
    assert [shard["path"] for shard in manifest["shards"]] == [f"data/{name}" for name in data(tmp_path)]
    built(tmp_path, {"a.warc": CRAWL["a.warc"]})
    assert data(tmp_path) == ["train-00000-of-00001.parquet"]


def test_building_again_changes_nothing(tmp_path: Path) -> None:
    run, manifest = built(tmp_path)
    before = {path: path.stat().st_ino for path in (tmp_path / "dataset").rglob("*")}
    assert build_dataset(run) == manifest
    assert {path: path.stat().st_ino for path in (tmp_path / "dataset").rglob("*")} == before


def test_two_places_hold_the_same_shards(tmp_path: Path) -> None:
    (_, one), (_, two) = built(tmp_path / "one"), built(tmp_path / "two")
    assert one["shards"] == two["shards"]


def test_records_that_do_not_add_up_make_no_dataset(tmp_path: Path) -> None:
    run = run_crawl(tmp_path, CRAWL, ingest=Handmade(pages=tuple(CRAWL.values()), lost=1))
    with pytest.raises(StorageError, match="records are not conserved: 14 records, but 9 kept, dropped or failed"):
        build_dataset(run)
    assert not (tmp_path / "dataset").exists()


def test_an_unfinished_run_makes_no_dataset(tmp_path: Path) -> None:
    storage, source, steps = LocalStorage(tmp_path), crawl_of(CRAWL), crawl_steps(CRAWL)
    record = record_run(storage, recipe="tiny", rules=(), source=source, steps=plan_steps(steps, source))
    execute(tmp_path, source, *steps[:3])
    with pytest.raises(StorageError, match="not every shard is packed; run the same command again"):
        build_dataset(OpenRun(storage, record))


def test_a_folder_that_was_left_half_built_has_no_manifest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    built(tmp_path)
    run = run_crawl(tmp_path, {"e.warc": CRAWL["e.warc"]})

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(LocalStorage, "copy", stop)
    with pytest.raises(KeyboardInterrupt):
        build_dataset(run)
    assert read_dataset_manifest(run.storage) is None
    monkeypatch.undo()
    assert len(build_dataset(run)["shards"]) == 1


def test_a_damaged_manifest_is_told_with_the_way_to_mend_it(tmp_path: Path) -> None:
    run, _ = built(tmp_path)
    (tmp_path / "dataset" / "manifest.json").write_text('{"run":')
    with pytest.raises(StorageError, match=r"dataset/manifest\.json is damaged: .*; delete it and run the same"):
        read_dataset_manifest(run.storage)


def test_a_run_in_an_object_store_makes_the_same_dataset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tiny import Listener

    from pipeline import attempts as machine
    from pipeline.execution import Execution

    _, local = built(tmp_path)
    storage: Storage = ObjectStorage("s3://bucket/run", store=MemoryStore())
    monkeypatch.setattr(machine, "open_storage", lambda _: storage)
    source, graph = crawl_of(CRAWL), crawl_steps(CRAWL)
    planned = plan_steps(graph, source)
    record = record_run(storage, recipe="tiny", rules=(), source=source, steps=planned)
    Execution(storage, source, planned, {}).run(LocalRunner(), Listener())
    manifest = build_dataset(OpenRun(storage, record))
    assert manifest["shards"] == local["shards"]
    assert storage.names("dataset/data") == data(tmp_path)
    assert Execution(storage, source, planned, {}).states["pack"].sealed
