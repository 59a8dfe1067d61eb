"""Scores in the order of survival, from `--score` and from a recipe to what is kept and what is told of it."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from test_dedup_verb import kept, parquet, told
from trial import typed

from dedup.exact import Exact
from dedup.lines import RepeatedLines
from dedup.minhash import MinHash
from dedup.survival import DEFAULT_ORDER, Components, Star
from filters.line_quality import LineQuality
from jobs import looking
from jobs.recipe import Recipe
from jobs.recipes.fineweb import fineweb
from jobs.running import prepare, run
from pipeline.errors import RecipeError
from pipeline.extraction import Trafilatura
from pipeline.identity import canonical
from pipeline.runs import OpenRun, open_run
from pipeline.steps import plan_steps

FOX = "the quick brown fox jumps over the lazy dog and runs away again"
NAN = float("nan")
TEXTS = [FOX, f"{FOX} now", f"{FOX} and", "too short", f"{FOX} now", "something else entirely stands on this page"]
IDS = list("abcdef")


def deduplicated(file: Path, root: Path, *more: str) -> set[str]:
    done = typed("dedup", str(file), "--output", str(root), *more)
    assert done.returncode == 0, done.stderr
    return {row["id"] for row in kept(root).to_pylist()}


@pytest.mark.parametrize("kind", ["float64", "int8", "decimal", "json", "struct"])
@pytest.mark.parametrize(
    "more", [(), ("--rule", "components"), ("--exact", "text")], ids=["star", "components", "exact"]
)
def test_the_row_with_the_highest_score_stays(tmp_path: Path, kind: str, more: tuple[str, ...]) -> None:
    scores: list[Any] = [3, 1, None, None, 2, 5]
    if kind == "float64":
        scores[2] = NAN
    file, name = tmp_path / "a.parquet", "q"
    if kind == "json":
        file = tmp_path / "a.jsonl"
        rows = [{"text": text, "id": id_, "q": score} for text, id_, score in zip(TEXTS, IDS, scores, strict=True)]
        del rows[2]["q"]
        file.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    elif kind == "struct":
        pl.DataFrame({"text": TEXTS, "id": IDS, "m": [{"q": score} for score in scores]}).write_parquet(file)
        name = "m.q"
    else:
        types = {"float64": pl.Float64, "int8": pl.Int8, "decimal": pl.Decimal(6, 2)}
        pl.DataFrame({"text": TEXTS, "id": IDS, "q": scores}, schema_overrides={"q": types[kind]}).write_parquet(file)
    assert deduplicated(file, tmp_path / "by", "--score", name, *more) == {"a", "d", "f"}
    assert deduplicated(file, tmp_path / "plain", *more) == {"b", "d", "f"}


def test_copies_alone_go_by_the_score_and_are_told_with_it(tmp_path: Path) -> None:
    file = parquet(tmp_path / "a.parquet", text=["same", "same", "same"], id=["x", "y", "z"], q=[0.25, NAN, 0.5])
    assert deduplicated(file, tmp_path / "out", "--exact", "text", "--no-near", "--score", "q") == {"z"}
    (cluster,) = json.loads(typed("duplicates", str(tmp_path / "out"), "x", "--json").stdout)["clusters"]
    orders = {each["record_id"]: (each["order"]["score"], each["decided_by"]) for each in cluster["members"]}
    assert orders == {"z": (0.5, None), "x": (0.25, "score"), "y": (None, "score")}
    shown = typed("duplicates", str(tmp_path / "out"), "x").stdout
    assert "* decides: score, the higher q stays" in shown


def test_duplicates_says_that_the_score_decided(tmp_path: Path) -> None:
    file = parquet(tmp_path / "a.parquet", text=TEXTS, id=IDS, q=[3.0, 1.0, NAN, NAN, 2.0, 5.0])
    deduplicated(file, tmp_path / "out", "--score", "q", "--exact", "text")
    (cluster,) = json.loads(typed("duplicates", str(tmp_path / "out"), "b", "--json").stdout)["clusters"]
    orders = {each["record_id"]: (each["order"]["score"], each["decided_by"]) for each in cluster["members"]}
    assert orders == {"a": (3.0, None), "b": (1.0, "score"), "c": (None, "score"), "e": (2.0, "score")}
    assert told(tmp_path / "out").filter(pl.col("row") == 1)["copy_of_row"].to_list() == [4]


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--score", "quality"], "no column quality; there are text, q, s; name the right one with --score"),
        (["--score", "s"], "column s is string, not a number; name one with --score"),
    ],
)
def test_a_score_that_is_none_is_an_error_before_anything_starts(tmp_path: Path, words: list[str], why: str) -> None:
    file = parquet(tmp_path / "a.parquet", text=["a"], q=[1.0], s=["good"])
    done = typed("dedup", str(file), "--output", str(tmp_path / "out"), *words)
    assert done.returncode == 2
    assert why in done.stderr
    assert not (tmp_path / "out" / "steps").exists()


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ({"q": "5"}, "row 1: column q is a str, not a number"),
        ({"q": True}, "row 1: column q is a bool, not a number"),
    ],
)
def test_a_line_whose_score_is_no_number_is_named(tmp_path: Path, row: dict[str, Any], why: str) -> None:
    file = tmp_path / "a.jsonl"
    file.write_text(f'{{"text": "a", "q": 1}}\n{json.dumps({"text": "b"} | row)}\n')
    done = typed("dedup", str(file), "--output", str(tmp_path / "out"), "--score", "q", "--format", "jsonl")
    assert done.returncode == 1
    assert why in done.stderr
    missing = typed("dedup", str(file), "--output", str(tmp_path / "other"), "--score", "r", "--format", "jsonl")
    assert (missing.returncode, "no column r" in missing.stderr) == (1, True)


# Recipes.

ORDER = ("score", *DEFAULT_ORDER)
RECIPE = Recipe(
    name="scored",
    ingest=(Trafilatura(), LineQuality()),
    rules=(),
    minhash=MinHash(bands=20, rows=2, ngram=1),
    survival=Components(order=ORDER, score="line_punct_ratio"),
    repeats=(RepeatedLines(unit="line"),),
)
LINES = [
    "the quick brown fox jumps over the dog",
    "it runs away again and again today",
    "nobody has seen it since that day",
    "this line is the same on each page",
]
PAGES = {
    "http://a/none": "\n".join(LINES) + " and some more words",
    "http://a/all": "\n".join(f"{line}." for line in LINES),
    "http://a/some": "\n".join([f"{LINES[0]}.", *LINES[1:]]),
}


def curated(folder: Path, recipe: Recipe) -> OpenRun:
    given = folder / "in"
    given.mkdir(parents=True)
    rows = [json.dumps({"url": url, "text": text, "id": url}) for url, text in PAGES.items()]
    (given / "0.jsonl").write_text("\n".join(rows) + "\n")
    prepared = prepare("fineweb", [str(given)], str(folder / "root"))
    run(replace(prepared, recipe=recipe, steps=plan_steps(recipe.steps(), prepared.source)), local=True)
    return open_run(prepared.storage)


@pytest.mark.parametrize("exact", [(), (Exact(by="url"), Exact(by="text"))], ids=["near", "exact"])
@pytest.mark.parametrize("star", [False, True], ids=["components", "star"])
def test_a_signal_of_ingest_says_which_page_stays(tmp_path: Path, star: bool, exact: tuple[Exact, ...]) -> None:
    rule = Star(similarity=0.2, order=ORDER, score="line_punct_ratio") if star else RECIPE.survival
    opened = curated(tmp_path, replace(RECIPE, survival=rule, exact=exact))
    data = pl.read_parquet(tmp_path / "root/dataset/data/*.parquet")
    assert data.select("url", "minhash_cluster_size").rows() == [("http://a/all", 3)]
    card = opened.storage.get("dataset/README.md").decode()
    assert "the higher `line_punct_ratio`, then the longest text" in card
    told_ = json.loads(typed("duplicates", str(tmp_path / "root"), "http://a/none", "--json").stdout)
    (cluster,) = told_["clusters"]
    decided = {each["url"]: (each["order"]["score"], each["decided_by"]) for each in cluster["members"]}
    assert decided == {
        "http://a/all": (1.0, None),
        "http://a/none": (0.0, "score"),
        "http://a/some": (0.25, "score"),
    }
    if not exact:
        looked = looking.open_run(str(tmp_path / "root"))
        assert looked.what_if(()).before.documents == 1


def test_a_line_is_first_on_the_page_of_the_highest_score(tmp_path: Path) -> None:
    opened = curated(tmp_path, RECIPE)
    signals = looking.open_run(opened.storage.location).records("url", "copied_line_chars_ratio")
    copied = dict(signals.select("url", "copied_line_chars_ratio").rows())
    assert copied["http://a/some"] > 0, "its first line, with the full stop, is of the page that has all of them"
    assert copied["http://a/all"] == 0
    assert copied["http://a/none"] > 0


@pytest.mark.parametrize(
    ("score", "why"),
    [
        ("quality", "the score quality, which nothing writes at ingest; there are language_score, nonblank_line_count"),
        ("url", "the score url, which is no number"),
        ("repeated_line_ratio", "which nothing writes at ingest"),
        ("record_row", "which nothing writes at ingest"),
    ],
)
def test_a_recipe_whose_score_nothing_writes_is_refused(score: str, why: str) -> None:
    with pytest.raises(RecipeError, match=why):
        replace(RECIPE, survival=Components(order=ORDER, score=score))


def test_recipes_without_a_score_are_what_they_were() -> None:
    for step in replace(fineweb(), exact=(Exact(by="text"),), repeats=(RepeatedLines(unit="line"),)).steps():
        if step.name != "ingest":
            assert '"score"' not in json.dumps(canonical(step.stage))
