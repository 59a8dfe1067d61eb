"""Exact copies from a recipe to the dataset, over rows of text and over a crawl."""

import json
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from trial import Crawl

from dedup.exact import Exact
from dedup.minhash import MinHash
from jobs.clusters.asking import Asked
from jobs.clusters.tables import print_told
from jobs.clusters.told import AloneTold, ClusterTold
from jobs.looking.parts import last_steps
from jobs.recipe import Recipe
from jobs.recipes.fineweb import fineweb
from jobs.running import Prepared, prepare, run
from pipeline.errors import RecipeError
from pipeline.extraction import Trafilatura
from pipeline.funnel import funnel
from pipeline.inspection.frames import funnel_frame, records_frame
from pipeline.inspection.reading import Files
from pipeline.report.page import report
from pipeline.runs import OpenRun, open_run
from pipeline.steps import plan_steps
from pipeline.storage import open_storage
from pipeline.verify import verify
from pipeline.why import find, story

PASSES = (Exact(by="url"), Exact(by="text"))
RECIPE = Recipe(
    name="copies", ingest=(Trafilatura(),), rules=(), exact=PASSES, minhash=MinHash(bands=20, rows=2, ngram=1)
)
ROWS = [
    ("http://a.org/one", "the quick brown fox jumps over the lazy dog and runs away"),
    ("http://a.org/two", "the quick brown fox jumps over the lazy dog and runs away"),
    ("HTTP://A.org:80/one?utm_source=x#top", "the quick brown fox jumps over the lazy dog and goes"),
    ("http://b.org/", "something else entirely stands on this page of the web"),
    ("http://b.org/near", "the quick brown fox jumps over the lazy dog and runs"),
    ("http://c.org/", "short"),
    ("http://c.org/too", "short"),
]


def curated(recipe: Recipe, prepared: Prepared) -> OpenRun:
    steps = plan_steps(recipe.steps(), prepared.source)
    run(replace(prepared, recipe=recipe, steps=steps), local=True)
    opened = open_run(prepared.storage)
    assert [finding for finding in verify(opened) if finding] == []
    return opened


def rows_run(folder: Path, rows: list[tuple[str, str]], recipe: Recipe, files: int = 2) -> tuple[OpenRun, pl.DataFrame]:
    given = folder / "in"
    given.mkdir(parents=True)
    for number in range(files):
        lines = [
            json.dumps({"url": url, "text": text, "id": url, "date": "2024-01-01"}) for url, text in rows[number::files]
        ]
        (given / f"{number}.jsonl").write_text("\n".join(lines) + "\n")
    opened = curated(recipe, prepare("fineweb", [str(given)], str(folder / "root")))
    return opened, pl.read_parquet(folder / "root/dataset/data/*.parquet")


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[OpenRun, pl.DataFrame]:
    return rows_run(tmp_path_factory.mktemp("rows"), ROWS, RECIPE)


def test_copies_are_counted_by_their_reason_and_the_sizes_of_clusters_hold_them(
    told: tuple[OpenRun, pl.DataFrame],
) -> None:
    opened, data = told
    numbers = funnel(opened)
    assert numbers.copies == {"same_url": 1, "same_text": 2}
    assert (numbers.near_duplicates, numbers.kept) == (1, 3)
    assert numbers.conservation() is None
    sizes = dict(data.select("url", "minhash_cluster_size").iter_rows())
    assert sizes == {"http://a.org/one": 4, "http://b.org/": 1, "http://c.org/": 2}


def test_why_names_the_reason_the_survivor_and_the_others(told: tuple[OpenRun, pl.DataFrame]) -> None:
    reasons = {}
    for url, _ in ROWS:
        (place,) = find(told[0], url)
        each = story(told[0], *place)
        reasons[url] = each.reason
        assert each.duplicates
        if each.duplicates["cluster_size"] == 4:
            assert each.duplicates["survivor"] == "http://a.org/one"
            assert len(each.duplicates["members"]) == 3
        if each.duplicates["cluster_size"] == 2:
            assert each.duplicates["survivor"] == "http://c.org/"
            assert len(each.duplicates["members"]) == 1
    assert list(reasons.values()) == [None, "same_text", "same_url", None, "near_duplicate", None, "same_text"]


def test_a_copy_is_told_as_such_where_near_duplicates_are_asked_for(told: tuple[OpenRun, pl.DataFrame]) -> None:
    asked = Asked(told[0])
    (copied,) = asked.page("http://a.org/two", most=5)
    assert isinstance(copied, ClusterTold)
    (one,) = [each for each in copied.removed if each.document in copied.asked]
    assert (one.fate, one.same, one.copy_of) == ("exact_copy", "same_text", "http://a.org/one")
    assert copied.survivor.url == "http://a.org/one"
    print_told(copied, asked.minhash, asked.survival)
    (cluster,) = asked.page("http://b.org/near", most=5)
    assert isinstance(cluster, ClusterTold)
    assert (cluster.size, cluster.survivor.url) == (4, "http://a.org/one")
    fates = {each.url: (each.fate, each.same) for each in cluster.removed}
    assert fates == {
        "http://a.org/two": ("exact_copy", "same_text"),
        "HTTP://A.org:80/one?utm_source=x#top": ("exact_copy", "same_url"),
        "http://b.org/near": ("near_duplicate", None),
    }
    (short,) = asked.page("http://c.org/", most=5)
    assert isinstance(short, ClusterTold)
    assert (short.size, [each.url for each in short.removed]) == (2, ["http://c.org/too"])
    (alone,) = asked.page("http://b.org/", most=5)
    assert isinstance(alone, AloneTold)
    told_ = asked.all(most=5)
    assert (told_.copies, told_.sizes, told_.documents - told_.clusters) == (True, [(2, 1), (4, 1)], 4)


def test_a_copy_of_a_page_that_an_earlier_release_has_names_that_page(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text(
        "from test_exact_copies import RECIPE\n\n\ndef mine():\n    return RECIPE\n", encoding="utf-8"
    )  # a recipe as a person names it, so that the release is checked against it
    for name, rows in (("a", ROWS[:1]), ("b", [(f"{url}#", text) for url, text in ROWS])):
        given = tmp_path / name / "in"
        given.mkdir(parents=True)
        lines = [json.dumps({"url": url, "text": text, "id": f"{name}{url}"}) for url, text in rows]
        (given / "0.jsonl").write_text("\n".join(lines) + "\n")
    first, second = (str(tmp_path / name / "root") for name in "ab")
    run(prepare(f"{file}:mine", [str(tmp_path / "a/in")], first, source="before"), local=True)
    run(prepare(f"{file}:mine", [str(tmp_path / "b/in")], second, source="now", against=[first]), local=True)
    opened = open_run(open_storage(second))
    numbers = funnel(opened)
    assert numbers.copies == {"same_url": 2, "same_text": 2}
    assert numbers.in_releases == {"before": 1}
    assert numbers.copies_in_releases == {"before": 3}
    assert (numbers.near_duplicates, numbers.kept) == (1, 2)
    assert numbers.conservation() is None
    assert [finding for finding in verify(opened) if finding] == []
    page = str(report(opened))
    (place,) = find(opened, "http://a.org/two#")
    each = story(opened, *place)
    assert each.reason == "same_text"
    assert each.duplicates
    assert each.duplicates["survivor"] == "http://a.org/one"
    assert each.duplicates["earlier"]["source"] == "before"
    assert "| of these, of pages of `before` | 3 |" in opened.storage.get("dataset/README.md").decode()
    assert "Of the copies, 3 are of pages that before has, or of others like them." in page


def test_frames_card_and_report_tell_copies_apart(told: tuple[OpenRun, pl.DataFrame]) -> None:
    opened, _ = told
    ways = funnel_frame(opened).filter(pl.col("fate") == "copy")
    assert dict(ways.select("reason", "records").iter_rows()) == {"same_url": 1, "same_text": 2}
    reasons = records_frame(Files(opened, 10), ["reason"])["reason"].drop_nulls().value_counts()
    assert dict(reasons.iter_rows()) == {"same_url": 1, "same_text": 2, "near_duplicate": 1}
    card = opened.storage.get("dataset/README.md").decode()
    assert "### Exact copies" in card
    assert "freed of copies and near-duplicates" in card
    assert "copy: `same_text`" in card


def test_what_other_bounds_would_keep_is_refused_with_the_reason(told: tuple[OpenRun, pl.DataFrame]) -> None:
    with pytest.raises(RecipeError, match="take exact copies away"):
        last_steps(told[0])


@pytest.mark.parametrize("files", [1, 3])
def test_neither_the_order_of_rows_nor_the_number_of_files_decides_what_stays(
    tmp_path: Path, files: int, told: tuple[OpenRun, pl.DataFrame]
) -> None:
    _, data = rows_run(tmp_path, ROWS[::-1], RECIPE, files)
    columns = ["url", "text", "minhash_cluster_size"]
    assert sorted(data.select(columns).rows()) == sorted(told[1].select(columns).rows())


def test_copies_alone_can_be_taken_away(tmp_path: Path) -> None:
    opened, data = rows_run(tmp_path, ROWS, replace(RECIPE, minhash=None))
    assert set(data["url"]) == {"http://a.org/one", "http://b.org/", "http://b.org/near", "http://c.org/"}
    assert funnel(opened).near_duplicates == 0


def test_over_a_crawl_copies_collapsed_before_leave_the_same_pages(
    crawl: Crawl, finished_run: OpenRun, tmp_path: Path
) -> None:
    prepared = prepare("fineweb", [str(crawl.folder)], str(tmp_path))
    opened = curated(replace(fineweb(), exact=(Exact(by="text"),)), prepared)
    found, plain = (
        pl.read_parquet(Path(each.storage.location) / "dataset/data/*.parquet") for each in (opened, finished_run)
    )
    assert funnel(opened).copies["same_text"] > 0
    assert set(found["id"]) == set(plain["id"])


def test_two_passes_of_a_kind_are_refused_before_anything_starts() -> None:
    with pytest.raises(RecipeError, match="name each kind once"):
        replace(RECIPE, exact=(Exact(by="text"), Exact(by="text", fold=True))).steps()
