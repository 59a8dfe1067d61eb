"""`--memory`: the most that a task may take is kept from run to run, and never changes what stays."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from leftovers import run_at, traces
from test_curate_against import RECIPES, pages, written
from test_dedup_verb import parquet, text
from trial import dataset_digests, receipt_times, typed

from dedup.scale import BASE_BYTES, INDEX_BYTES, Extent, Scale
from jobs.estimate import memory_ceiling
from jobs.named_recipes import load_recipe
from jobs.recipe import Recipe
from pipeline.url_index import UrlIndex


@pytest.fixture
def words(tmp_path: Path) -> list[str]:
    """Recipe, ROOT and input of a small run."""
    (tmp_path / "mine.py").write_text(RECIPES)
    file = written(tmp_path / "rows" / "a.jsonl", pages(0, 2022, 20))
    return [f"{tmp_path}/mine.py:star", "--output", str(tmp_path / "out"), "--input", file]


def curated(words: list[str], *more: str) -> str:
    done = typed("curate", *words, *more, "--local")
    assert done.returncode == 0, done.stderr
    return " ".join(done.stderr.split())


def test_it_is_kept_for_the_next_run_and_another_cuts_anew_but_reads_and_signs_nothing(
    words: list[str], tmp_path: Path
) -> None:
    root = tmp_path / "out"
    assert "in the last run" not in curated(words, "--memory", "4GB")
    assert run_at(root).record.memory == 4_000_000_000
    digests, times = dataset_digests(root), receipt_times(root)
    assert "at most 4.0 GB a task, as in the last run" in curated(words)
    assert (dataset_digests(root), receipt_times(root)) == (digests, times)
    assert run_at(root).record.memory == 4_000_000_000

    said = curated(words, "--memory", "1GB")
    assert "at most 1.0 GB a task, 4.0 GB in the last run: the same documents stay, and edges," in said
    assert "are done again" in said
    assert dataset_digests(root) == digests
    for step in ("ingest", "decide", "minhash"):
        assert receipt_times(root, step) == {name: at for name, at in times.items() if f"/{step}/" in name}


def test_plan_says_what_the_next_run_will_take(words: list[str], tmp_path: Path) -> None:
    told = json.loads(typed("plan", *words, "--memory", "4GB", "--json").stdout)
    assert told["deduplication"]["memory_bytes"] == told["index"]["memory_bytes"] == 4_000_000_000
    assert told["index"]["partitions"] == 1
    curated(words, "--memory", "4GB")
    page = " ".join(typed("plan", *words).stdout.split())
    assert "index: 1 partition; at most 4.0 GB a task" in page
    assert "at most 4.0 GB a task, as in the last run" in page


@pytest.mark.parametrize(("size", "says"), [("some", "--memory some"), ("12MB", "a task needs at least 536.9 MB")])
@pytest.mark.parametrize("verb", ["curate", "plan"])
def test_what_is_no_memory_is_refused_before_anything_starts(
    verb: str, size: str, says: str, words: list[str], tmp_path: Path
) -> None:
    done = typed(verb, *words, "--memory", size)
    assert done.returncode == 2
    assert says in done.stderr
    assert not (tmp_path / "out" / "steps").exists()


def test_a_takedown_cuts_as_the_run_did(words: list[str], tmp_path: Path) -> None:
    curated(words, "--memory", "1GB")
    page = pages(0, 2022, 20)[3]
    (tmp_path / "list.txt").write_text(page["url"])
    done = typed(
        "takedown", str(tmp_path / "out"), "--urls", str(tmp_path / "list.txt"), "--recipe", words[0], "--local"
    )
    assert done.returncode == 0, done.stderr
    assert run_at(tmp_path / "out").record.memory == 1_000_000_000
    assert traces(tmp_path / "out", [page["url"]]) == []


def test_a_deduplication_of_rows_is_cut_as_before(tmp_path: Path) -> None:
    parquet(tmp_path / "data" / "a.parquet", text=[text(1), text(2), text(1)])
    given = ("dedup", str(tmp_path / "data"), "--output", str(tmp_path / "out"))
    assert typed(*given, "--memory", "1GB").returncode == 0
    times = receipt_times(tmp_path / "out")
    assert typed(*given).returncode == 0
    assert receipt_times(tmp_path / "out") == times
    assert run_at(tmp_path / "out").record.memory == 1_000_000_000


def partitions(recipe: Recipe, documents: int) -> int:
    (index,) = (step.stage for step in recipe.steps(Extent(documents=documents)) if step.name == "index")
    assert isinstance(index, UrlIndex)
    return index.partitions


def test_the_index_is_cut_so_that_each_partition_fits() -> None:
    recipe, _ = load_recipe("fineweb")
    assert partitions(recipe, 1_000_000) == 1
    scale = Scale()
    for documents in (10**7, 10**9):
        keys = 2 * documents / partitions(recipe, documents)
        assert BASE_BYTES + keys * INDEX_BYTES <= scale.memory
    assert partitions(recipe, 10**9) > 50


def test_without_a_deduplication_the_index_takes_no_more_than_a_part_that_reads() -> None:
    fineweb, _ = load_recipe("fineweb")
    recipe = replace(fineweb, minhash=None)
    assert recipe.cut_by.memory <= memory_ceiling(recipe, 1)
    assert partitions(recipe, 10**9) > partitions(fineweb, 10**9)
