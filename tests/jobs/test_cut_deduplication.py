"""Deduplication cut for a large source, and by another rule: what a recipe's user sees of it."""

import shutil
from dataclasses import replace
from pathlib import Path

import orjson
import polars as pl
import pytest
from trial import Crawl, dataset_digests, typed

from dedup import scale
from dedup.scale import Extent
from jobs.looking.run import open_run as look_at
from jobs.running import Prepared, prepare, run
from pipeline.runs import OpenRun, open_run
from pipeline.steps import plan_steps
from pipeline.storage import open_storage
from pipeline.tables import read_table
from pipeline.verify import verify

LARGE = Extent(documents=20_000_000, files=4)


def cut(prepared: Prepared) -> Prepared:
    """As if the source had many documents, in small bundles."""
    recipe = replace(prepared.recipe, bundle=1)
    return replace(prepared, recipe=recipe, steps=plan_steps(recipe.steps(LARGE), prepared.source))


def survivors(run_: OpenRun) -> pl.DataFrame:
    parts = run_.parts(run_.step("survivors"))
    receipts = run_.receipts("survivors")
    return pl.concat(
        pl.DataFrame(pl.from_arrow(read_table(run_.storage, receipts[part.key], "survivors"))) for part in parts
    )


def test_cut_for_a_large_source_a_crawl_keeps_the_same_pages_in_the_same_bytes(
    finished: Path, finished_run: OpenRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scale, "MOST_READS", 100)
    root = tmp_path / "root"
    shutil.copytree(finished, root)
    prepared = cut(prepare("fineweb", [], str(root)))
    steps = {planned.step.name: len(planned.parts) for planned in prepared.steps}
    assert steps["sorted"] == 2
    assert steps["edges"] == 14 * 3
    assert steps["components"] == steps["components-1"] == 4
    assert steps["clusters"] == 3
    run(prepared, local=True)
    assert dataset_digests(root) == dataset_digests(finished)
    again = open_run(open_storage(str(root)))
    assert survivors(again).equals(survivors(finished_run))
    assert [finding for finding in verify(again) if finding] == []


@pytest.fixture(scope="module")
def starred(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("starred") / "root"
    shutil.copytree(finished, root)
    run(prepare("fineweb-star", [], str(root)), local=True)
    return root


def test_a_run_by_the_rule_star_is_looked_at_like_any_other(starred: Path, crawl: Crawl) -> None:
    told = open_run(open_storage(str(starred)))
    assert [finding for finding in verify(told) if finding] == []
    gone = survivors(told).filter(~pl.col("keep") & pl.col("cluster").is_not_null())
    assert gone.height
    duplicate = next(page for page in crawl.planted if page.expectation == "near_duplicate")
    (story,) = orjson.loads(typed("why", str(starred), duplicate.url, "--json").stdout)["records"]
    assert story["duplicates"]["cluster_size"] > 1
    assert len(story["duplicates"]["members"]) == story["duplicates"]["cluster_size"] - 1


def test_what_if_gives_what_the_run_by_the_rule_star_kept(starred: Path) -> None:
    looked = look_at(str(starred))
    before = looked.what_if({}).before
    manifest = orjson.loads((starred / "dataset" / "manifest.json").read_bytes())
    assert before.documents == sum(shard["rows"] for shard in manifest["shards"])
    assert before.near_duplicates == manifest["duplicates"]["removed"] > 0


def test_plan_tells_how_deduplication_is_cut(crawl: Crawl, tmp_path: Path) -> None:
    told = orjson.loads(
        typed("plan", "fineweb", "--input", str(crawl.folder), "--output", str(tmp_path), "--json").stdout
    )
    assert {"ranges", "joins", "elections", "merged", "memory_bytes"} <= set(told["deduplication"])
    text = typed("plan", "fineweb", "--input", str(crawl.folder), "--output", str(tmp_path)).stdout
    assert "1 range of keys in each band" in " ".join(text.split())
    assert "a task" in text
