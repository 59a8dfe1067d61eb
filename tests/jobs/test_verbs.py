"""What a person types: help, exit codes, one-line errors, and results a machine can read."""

from pathlib import Path

import orjson
import pytest
from datasets import load_dataset
from trial import Crawl, verb

from jobs.cli import VERBS

NAMES = [each.__name__ for each in VERBS]


@pytest.mark.parametrize("name", NAMES)
def test_every_verb_has_help_with_an_example(name: str) -> None:
    told = verb(name, "--help")
    assert told.returncode == 0
    assert f"Example: gristmill {name.replace('_', '-')}" in " ".join(told.stdout.split())
    assert "--json" in told.stdout


def test_gristmill_without_a_verb_lists_them() -> None:
    from typer.testing import CliRunner

    from jobs.cli import app

    told = CliRunner().invoke(app, [])
    assert all(name.replace("_", "-") in told.output for name in NAMES)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["curate", "nonsense", "-i", ".", "-o", "ROOT"], "no recipe 'nonsense': shipped are fineweb"),
        (["curate", "fineweb", "-i", "NOWHERE", "-o", "ROOT"], "no such file or folder"),
        (["curate", "fineweb", "-i", "EMPTY", "-o", "ROOT"], "in this folder"),
        (["curate", "fineweb", "-i", "ftp://host/x.warc.gz", "-o", "ROOT"], "can be read"),
        (["curate", "fineweb", "-o", "ROOT"], "name it with --input"),
        (["curate", "fineweb", "-i", "CRAWL", "-o", "ROOT", "--limit", "0"], "at least 1"),
        (["curate", "fineweb", "-i", "CRAWL", "-o", "ROOT", "--local", "--workers", "2"], "--local"),
        (["curate", "nowhere.py:mine", "-i", "CRAWL", "-o", "ROOT"], "no file"),
        (["curate", "fineweb", "-i", "CRAWL"], "Missing option"),
        (["plan", "fineweb", "-i", "NOWHERE"], "no such file or folder"),
        (["status", "EMPTY"], "no run here"),
        (["why", "EMPTY", "https://example.org/"], "no run here"),
        (["verify", "EMPTY"], "no run here"),
        (["publish", "EMPTY", "--to", "ROOT"], "no run here"),
        (["publish", "EMPTY", "--to", "hf://mill/corn"], "write hf://datasets/ORG/NAME"),
        (["publish", "EMPTY", "--to", "ROOT", "--license", "My Own"], "--license My Own"),
        (["publish", "EMPTY"], "Missing option"),
        (["report", "EMPTY"], "no run here"),
    ],
)
def test_a_wrong_command_is_one_clear_error_and_exit_code_2(
    words: list[str], says: str, crawl: Crawl, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    real = {"ROOT": "root", "NOWHERE": "nowhere", "EMPTY": "empty"}
    places = {word: str(tmp_path / name) for word, name in real.items()} | {"CRAWL": str(crawl.folder)}
    told = verb(*(places.get(word, word) for word in words))
    assert told.returncode == 2, told.stderr
    assert says in told.stderr
    assert "Traceback" not in told.stderr
    assert not (tmp_path / "root" / "dataset").exists()


def test_an_archive_that_is_none_fails_its_part_only_and_ends_with_exit_code_1(crawl: Crawl, tmp_path: Path) -> None:
    bad = tmp_path / "bad.warc.gz"
    bad.write_bytes(b"this is no archive" * 100)
    good = min(crawl.folder.rglob("*.warc.gz"))
    told = verb("curate", "fineweb", "-i", str(bad), "-i", str(good), "-o", str(tmp_path / "out"), "--local")
    assert told.returncode == 1
    last = told.stderr.strip().splitlines()[-1]
    assert "1 part(s) of step ingest failed" in last
    assert "bad.warc.gz" in last
    assert "Traceback" not in told.stderr
    assert not (tmp_path / "out" / "dataset").exists()
    shown = orjson.loads(verb("status", str(tmp_path / "out"), "--json").stdout)
    assert shown["steps"][0]["done"] == 1
    assert not shown["funnel"]["complete"]


@pytest.mark.ray
def test_a_cluster_that_does_not_answer_is_one_clear_error_at_once(crawl: Crawl, tmp_path: Path) -> None:
    told = verb("curate", "fineweb", "-i", str(crawl.folder), "-o", str(tmp_path), "--ray", "127.0.0.1:9", timeout=60)
    assert told.returncode == 1
    assert "Ray at 127.0.0.1:9 could not be reached" in told.stderr
    assert "Traceback" not in told.stderr


def test_status_and_verify_of_a_finished_run_agree_with_its_manifest(finished: Path) -> None:
    manifest = orjson.loads((finished / "dataset" / "manifest.json").read_bytes())
    shown = orjson.loads(verb("status", str(finished), "--json").stdout)
    assert shown["funnel"] == manifest["funnel"]
    assert all(step["sealed"] and step["done"] == step["parts"] for step in shown["steps"])
    checked = verb("verify", str(finished), "--json")
    assert checked.returncode == 0
    assert orjson.loads(checked.stdout)["faults"] == []
    assert "Where the records went" in verb("status", str(finished)).stdout
    assert "0 faults" in verb("verify", str(finished)).stdout


def test_plan_prints_every_bound_and_runs_nothing(crawl: Crawl, tmp_path: Path) -> None:
    told = verb("plan", "fineweb", "-i", str(crawl.folder), "-o", str(tmp_path / "root"))
    assert told.returncode == 0, told.stderr
    for word in ("0.12", "0.67", "many_short_lines", "core-hours", "memory", "fingerprint"):
        assert word in told.stdout
    assert not (tmp_path / "root").exists()


def test_plan_of_a_finished_run_says_that_nothing_is_missing(crawl: Crawl, finished: Path) -> None:
    told = orjson.loads(verb("plan", "fineweb", "-i", str(crawl.folder), "-o", str(finished), "--json").stdout)
    assert all(step["done"] == step["parts"] for step in told["steps"])


def test_the_dataset_opens_in_datasets_as_it_is(finished: Path, tmp_path: Path) -> None:
    manifest = orjson.loads((finished / "dataset" / "manifest.json").read_bytes())
    loaded = load_dataset(str(finished / "dataset"), split="train", cache_dir=str(tmp_path))
    assert loaded.num_rows == manifest["funnel"]["kept"]
    assert loaded.column_names[:4] == ["text", "id", "dump", "url"]


def test_verify_finds_a_flipped_byte_and_ends_with_exit_code_1(finished: Path, tmp_path: Path) -> None:
    import shutil

    shutil.copytree(finished, tmp_path / "copy")
    shard = next((tmp_path / "copy" / "dataset" / "data").glob("*.parquet"))
    data = bytearray(shard.read_bytes())
    data[len(data) // 2] ^= 1
    shard.unlink()
    shard.write_bytes(data)
    told = verb("verify", str(tmp_path / "copy"))
    assert told.returncode == 1
    assert "FAULT dataset/data/train-00000-of-00001.parquet" in told.stdout


def test_a_command_that_cannot_start_leaves_no_run(crawl: Crawl, tmp_path: Path) -> None:
    told = verb("curate", "fineweb", "-i", str(crawl.folder), "-o", str(tmp_path / "out"), "--local", "--workers", "2")
    assert told.returncode == 2
    assert not (tmp_path / "out" / "runs").exists()


def test_a_recipe_function_that_goes_wrong_is_one_clear_error(crawl: Crawl, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("def mine(needed):\n    return needed\n")
    told = verb("plan", f"{tmp_path}/mine.py:mine", "-i", str(crawl.folder))
    assert (told.returncode, told.stdout) == (2, "")
    assert "TypeError: mine() missing 1 required positional argument" in " ".join(told.stderr.split())
    assert "Traceback" not in told.stderr
