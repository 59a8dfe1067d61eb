"""`--against`: what earlier releases hold is taken out of a new one, as a person types it."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from trial import dataset_digests, receipt_times, typed

from jobs import against
from jobs.looking import run as looking
from jobs.running import prepare, run
from pipeline.errors import GristmillError, PartsFailed, RecipeError
from pipeline.runs import open_run
from pipeline.storage import open_storage
from pipeline.verify import verify

RECIPES = """
from dataclasses import replace

from dedup.minhash import MinHash
from dedup.survival import Components, Star
from filters.html_only import HtmlOnly
from filters.url import UrlPolicy
from jobs.recipe import Recipe
from pipeline.extraction import Trafilatura
from pipeline.rehydration import Rehydration

ORDER = ("release", "date", "record_id")


def star():
    return Recipe(
        name="star",
        ingest=(HtmlOnly(), UrlPolicy(), Trafilatura()),
        rules=(),
        minhash=MinHash(bands=20, rows=2, ngram=2),
        survival=Star(similarity=0.5, order=ORDER),
        bundle=2,
    )


def reads():
    return replace(star(), name="reads", survival=Star(similarity=0.5, bits=1, read_text=True, order=ORDER))


def bands():
    return replace(star(), minhash=MinHash(bands=14, rows=2, ngram=2, seed=7))


def form():
    return replace(star(), minhash=MinHash(bands=20, rows=2, ngram=2, normal_form="datatrove-0.2"))


def wider():
    return replace(star(), survival=Star(similarity=0.5, bits=16, order=ORDER))


def plain():
    return replace(star(), survival=Components())


def none():
    return replace(star(), minhash=None)
"""

WORDS = "mill grain stone water wheel flour bread oven field wind sail rope sack cart horse road town bell river bridge"


@pytest.fixture(scope="module")
def recipes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("recipes") / "mine.py"
    file.write_text(RECIPES)
    return file


def pages(seed: int, year: int, count: int = 24) -> list[dict[str, str]]:
    """Pages of a few families: copies of one text with some words changed. A year has half of its families from the last."""
    random = np.random.default_rng(seed)
    found: list[dict[str, str]] = []
    for number in range(count):
        family = np.random.default_rng(int(random.integers(8)) + 4 * (year - 2022))
        words = list(family.choice(WORDS.split(), 40))
        for place in random.integers(0, len(words), int(random.integers(0, 16))):
            words[place] = str(random.choice(["lamp", "clock", "chair", "table"]))
        at = f"{year}-{seed}-{number:02}"
        date = f"{year}-01-01T00:00:{number:02}Z"
        found.append({"text": " ".join(words), "url": f"https://example.org/{at}", "id": f"urn:{at}", "date": date})
    return found


def written(file: Path, rows: Sequence[dict[str, str]]) -> str:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(file)


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> dict[int, list[str]]:
    """Three files of each year."""
    folder = tmp_path_factory.mktemp("rows")
    return {
        year: [written(folder / f"{year}-{part}.jsonl", pages(part, year, 10)) for part in range(3)]
        for year in (2022, 2023, 2024)
    }


def curated(recipe: str, files: Sequence[str], root: Path, source: str, *releases: Path | str) -> Path:
    run(prepare(recipe, files, str(root), source=source, against=list(map(str, releases))), local=True)
    assert [finding for finding in verify(open_run(open_storage(str(root)))) if finding] == []
    return root


def kept(root: Path) -> list[str]:
    return pl.read_parquet(root / "dataset" / "data" / "*.parquet")["url"].to_list()


@pytest.fixture(scope="module")
def first(recipes: Path, inputs: dict[int, list[str]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return curated(f"{recipes}:star", inputs[2022], tmp_path_factory.mktemp("first") / "out", "y2022")


@pytest.fixture(scope="module")
def second(recipes: Path, inputs: dict[int, list[str]], first: Path) -> Path:
    return curated(f"{recipes}:star", inputs[2023], first.parent / "second", "y2023", first)


def test_a_row_of_releases_keeps_what_all_of_their_files_at_once_do(
    recipes: Path, inputs: dict[int, list[str]], first: Path, second: Path, tmp_path: Path
) -> None:
    third = curated(f"{recipes}:star", inputs[2024], tmp_path / "third", "y2024", first, second)
    whole = curated(f"{recipes}:star", [file for files in inputs.values() for file in files], tmp_path / "all", "all")
    assert kept(first) + kept(second) + kept(third) == kept(whole)
    assert kept(second)
    totals = [open_run(open_storage(str(root))).totals("survivors") for root in (second, third)]
    for number, counts in enumerate(totals, 1):
        assert 0 < counts[f"in_release.{number}"] < counts["dropped.near_duplicate"], "some, and some inside"


def test_texts_of_an_earlier_release_are_read_where_estimates_leave_a_pair_open(
    recipes: Path, inputs: dict[int, list[str]], tmp_path: Path
) -> None:
    one = curated(f"{recipes}:reads", inputs[2022], tmp_path / "one", "y2022")
    other = curated(f"{recipes}:reads", inputs[2023], tmp_path / "other", "y2023", one)
    whole = curated(f"{recipes}:reads", [*inputs[2022], *inputs[2023]], tmp_path / "all", "all")
    assert kept(one) + kept(other) == kept(whole)
    assert kept(other)


def test_why_names_the_document_of_the_earlier_release_and_the_report_is_made(
    first: Path, second: Path, inputs: dict[int, list[str]], tmp_path: Path
) -> None:
    rows = {row["url"]: row for year in (2022, 2023) for part in range(3) for row in pages(part, year, 10)}
    named = 0
    for url in sorted({row["url"] for part in range(3) for row in pages(part, 2023, 10)} - set(kept(second))):
        (told,) = json.loads(typed("why", str(second), url, "--json").stdout)["records"]
        assert (told["verdict"], told["reason"]) == ("drop", "near_duplicate")
        earlier = told["duplicates"]["earlier"]
        if earlier:
            named += 1
            assert earlier["url"] in kept(first)
            assert earlier["id"] == rows[earlier["url"]]["id"]
            assert (earlier["root"], earlier["source"]) == (str(first), "y2022")
            assert earlier["file"] == f"{earlier['url'].split('/')[-1][:6]}.jsonl"
            assert earlier["row"] == int(earlier["url"][-2:])
            assert 0.5 <= told["duplicates"]["similarity"] <= 1
            page = typed("why", str(second), url).stdout
            assert f"{first}@y2022, similarity {told['duplicates']['similarity']:.2f}" in page.replace("\n", "")
            assert earlier["id"] in page
    assert named > 2
    assert typed("report", str(second), "--output", str(tmp_path / "report.html")).returncode == 0
    assert "like one of y2022" in (tmp_path / "report.html").read_text().replace("<wbr>", "")
    assert f"| of these, like one of `y2022` | {named} |" in (second / "dataset" / "README.md").read_text()


def test_what_other_rules_would_keep_beside_releases_is_not_guessed(second: Path) -> None:
    with pytest.raises(RecipeError, match="compared with earlier releases"):
        looking.open_run(str(second)).what_if(())


def test_a_removed_release_is_said_to_be_gone_and_the_rest_is_told(
    recipes: Path, inputs: dict[int, list[str]], tmp_path: Path
) -> None:
    one = curated(f"{recipes}:star", inputs[2022][:1], tmp_path / "one", "y2022")
    other = curated(f"{recipes}:star", inputs[2022][:1], tmp_path / "other", "again", one)
    assert kept(other) == []
    one.rename(tmp_path / "moved")
    url = kept(tmp_path / "moved")[0]
    told = typed("why", str(other), url)
    assert told.returncode == 0
    assert f"near-duplicate of a document of the earlier release {one}@y2022" in told.stdout.replace("\n", "")
    assert "not there" in told.stdout


def test_dumps_of_one_root_are_compared_with_those_that_are_finished_and_the_same_command_does_nothing_more(
    recipes: Path, inputs: dict[int, list[str]], first: Path, second: Path, tmp_path: Path
) -> None:
    star = f"{recipes}:star"
    root = curated(star, inputs[2022], tmp_path / "root", "y2022")
    words = [star, "--output", str(root), "--against", str(root), "--source", "y2023"]
    words += [word for file in inputs[2023] for word in ("--input", file)]
    assert typed("curate", *words, "--local").returncode == 0
    assert kept(root) == kept(second)
    digests, times = dataset_digests(root), receipt_times(root)
    told = typed("curate", *words, "--local")
    assert "of these, like one of y2022" in told.stdout
    assert f"against {root}@y2022" in told.stderr.replace("\n", "")
    assert (dataset_digests(root), receipt_times(root)) == (digests, times)
    planned = json.loads(typed("plan", *words, "--json").stdout)["steps"]
    assert [step["done"] for step in planned if step["step"] == "earlier"] == [1]
    run(prepare(star, inputs[2023], str(root), source="y2023"), local=True)
    assert receipt_times(root, "minhash") == {name: at for name, at in times.items() if "/minhash/" in name}
    assert len(kept(root)) > len(kept(second))


def refused(recipe: str, files: Sequence[str], root: Path, *releases: object, source: str = "new") -> str:
    with pytest.raises(GristmillError) as told:
        prepare(recipe, files, str(root), source=source, against=list(map(str, releases)))
    assert not (root / "steps").exists()
    return str(told.value)


def test_what_is_no_index_of_this_recipe_is_refused_before_anything_starts(
    recipes: Path, inputs: dict[int, list[str]], first: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def said(name: str, *releases: object) -> str:
        return refused(f"{recipes}:{name}", inputs[2023], tmp_path / "new", *releases)

    assert said("bands", first).endswith("bands 14 against 20; seed 7 against 1")
    assert said("form", first).endswith("normal_form datatrove-0.2 against datatrove-0.10")
    assert said("wider", first).endswith("signatures of 16 bits against 8 of them")
    assert said("none", first) == "--against: this recipe looks for no near-duplicates and no exact copies"
    assert "no run of source y1999; there are y2022" in said("star", f"{first}@y1999")
    assert "source y2022 of" in said("star", first, f"{first}@y2022")
    assert said("star", tmp_path / "nothing").endswith("nothing: no run here")
    monkeypatch.setattr(against, "unidata_version", "99.0")
    assert "Unicode 99.0 against 1" in said("star", first)


@pytest.mark.parametrize(
    ("recipe", "why"),
    [
        ("plain", "signatures of 8 bits against plain components, which keep none"),
        ("none", "that run looked for no near-duplicates, so it is no index"),
    ],
)
def test_a_run_without_what_the_rule_needs_is_refused(
    recipes: Path, inputs: dict[int, list[str]], tmp_path: Path, recipe: str, why: str
) -> None:
    old = curated(f"{recipes}:{recipe}", inputs[2022][:1], tmp_path / "old", "old")
    assert why in refused(f"{recipes}:star", inputs[2023], tmp_path / "new", old)


def test_an_unfinished_run_is_refused_and_engines_of_other_versions_are(
    recipes: Path, inputs: dict[int, list[str]], tmp_path: Path, first: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.pack.Pack.run", lambda *_: 1 / 0)
    with pytest.raises(PartsFailed):
        run(prepare(f"{recipes}:star", inputs[2022], str(tmp_path / "old"), source="old"), local=True)
    why = refused(f"{recipes}:star", inputs[2023], tmp_path / "new", tmp_path / "old")
    assert "the run of source old is not finished; finish it with `gristmill curate` first" in why
    monkeypatch.setattr("pipeline.identity.version", lambda name: "0.0.1" if name == "xxhash" else "9")
    assert "xxhash 0.0.1 against" in refused(f"{recipes}:star", inputs[2023], tmp_path / "new", first)
