"""`--against` where exact copies are looked for, of a crawl and of anyone's rows, with near-duplicates and without."""

import json
import shutil
from pathlib import Path

import pytest
from leftovers import traces
from test_curate_against import RECIPES, curated, kept, written
from test_dedup_verb import kept as kept_rows
from test_dedup_verb import parquet, text, told
from trial import dataset_digests, typed

from jobs.running import prepare
from pipeline.errors import RecipeError

COPIES = """
from dedup.exact import Exact

BOTH = (Exact(by="url"), Exact(by="text"))


def copies():
    return replace(star(), name="copies", minhash=None, survival=Components(order=ORDER), exact=BOTH)


def near():
    return replace(star(), name="near", exact=BOTH)


def folded():
    return replace(copies(), exact=(Exact(by="url"), Exact(by="text", fold=True)))


def plain_star():
    return replace(star(), name="plain-star")
"""
AT = "https://example.org"


def page(number: int, url: str, year: int, row: int, words: int = 40) -> dict[str, str]:
    return {
        "text": text(number, words),
        "url": f"{AT}/{url}",
        "id": f"urn:{year}-{row}",
        "date": f"{year}-01-01T00:00:{row:02}Z",
    }


OLD = [
    page(1, "a", 2023, 0),
    page(2, "a", 2023, 1),
    page(3, "b", 2023, 2),
    page(4, "c", 2023, 3),
    page(9, "s", 2023, 4, 2),
]
NEW = [
    page(1, "x", 2024, 0),  # the text of /a
    page(5, "a?utm_source=m", 2024, 1),  # the address of /a
    page(2, "y", 2024, 2),  # the text of a page that went there by its address
    page(9, "t", 2024, 3, 2),  # a text too short for a signature
    page(6, "z", 2024, 4),
    page(6, "z2", 2024, 5),
]
STAY = {f"{AT}/y", f"{AT}/z"}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("copies")
    (folder / "mine.py").write_text(RECIPES + COPIES)
    written(folder / "y2023.jsonl", OLD)
    written(folder / "y2024.jsonl", NEW)
    return folder


def years(made: Path, recipe: str, root: Path) -> None:
    curated(f"{made}/mine.py:{recipe}", [str(made / "y2023.jsonl")], root, "y2023")
    curated(f"{made}/mine.py:{recipe}", [str(made / "y2024.jsonl")], root, "y2024", root)


@pytest.fixture(scope="module", params=["copies", "near"])
def root(request: pytest.FixtureRequest, made: Path) -> Path:
    years(made, request.param, made / request.param)
    return made / request.param


def test_release_after_release_keeps_what_all_at_once_does(made: Path, root: Path) -> None:
    assert set(kept(root)) == STAY
    whole = curated(
        f"{made}/mine.py:{root.name}",
        [str(made / f"y{year}.jsonl") for year in (2023, 2024)],
        made / f"{root.name}-whole",
        "all",
    )
    stays = {url for url in kept(whole) if url not in {row["url"] for row in OLD}}
    assert stays == STAY


def test_why_names_the_page_that_the_copy_went_for(root: Path) -> None:
    for url, reason, earlier in (
        (f"{AT}/x", "same_text", "a"),
        (f"{AT}/a?utm_source=m", "same_url", "a"),
        (f"{AT}/t", "same_text", "s"),
    ):
        (story,) = json.loads(typed("why", str(root), url, "--json").stdout)["records"]
        assert story["duplicates"]["reason"] == reason
        assert not story["duplicates"]["keep"]
        assert story["duplicates"]["earlier"]["source"] == "y2023"
        assert story["duplicates"]["earlier"]["url"] == f"{AT}/{earlier}"


def test_status_card_report_and_duplicates_tell_of_them(root: Path) -> None:
    card = (root / "dataset" / "README.md").read_text()
    assert "| of these, of pages of `y2023` | 3 |" in card
    status = typed("status", str(root), "--json")
    assert json.loads(status.stdout)["funnel"]["copies_in_releases"] == {"y2023": 3}
    assert typed("report", str(root)).returncode == 0
    asked = typed("duplicates", str(root), f"{AT}/x", "--json")
    assert asked.returncode == 0, asked.stderr
    shown = typed("duplicates", str(root), f"{AT}/x")
    assert "exact_copy" in shown.stdout


def moved(made: Path, root: Path) -> Path:
    """A copy, whose records name it and not the one that it is of."""
    shutil.copytree(made, root)
    for record in root.glob("runs/*.json"):
        record.write_bytes(record.read_bytes().replace(str(made).encode(), str(root).encode()))
    return root


def take_down(made: Path, root: Path, recipe: str, line: str, *, scope: str) -> None:
    (root.parent / "list.txt").write_text(f"{line}\n")
    words = (
        "--urls",
        str(root.parent / "list.txt"),
        "--scope",
        scope,
        "--recipe",
        f"{made}/mine.py:{recipe}",
        "--local",
    )
    done = typed("takedown", str(root), *words, "--json")
    assert done.returncode == 0, done.stderr


def test_a_page_comes_back_where_the_one_it_is_a_copy_of_is_taken_down(made: Path, root: Path, tmp_path: Path) -> None:
    out = moved(root, tmp_path / "out")
    take_down(made, out, root.name, f"{AT}/s", scope="page")
    assert set(kept(out)) == STAY | {f"{AT}/t"}
    fresh = tmp_path / "fresh"
    shutil.copytree(out / "takedowns", fresh / "takedowns")
    years(made, root.name, fresh)
    assert dataset_digests(fresh) == dataset_digests(out)


def test_a_release_without_such_keys_is_refused_before_anything_starts(made: Path, root: Path, tmp_path: Path) -> None:
    plain = curated(f"{made}/mine.py:plain_star", [str(made / "y2023.jsonl")], tmp_path / "plain", "y2023")
    new = [str(made / "y2024.jsonl")]
    for recipe, against, words in (
        ("near", plain, "took no copies by url away"),
        ("folded", root, "copies by text: fold True against False"),
    ):
        with pytest.raises(RecipeError, match=words):
            prepare(
                f"{made}/mine.py:{recipe}", new, str(tmp_path / "out"), source="y2024", against=[f"{against}@y2023"]
            )
    assert not (tmp_path / "out" / "steps").exists()


@pytest.mark.parametrize("more", [["--no-near"], []], ids=["copies alone", "near-duplicates too"])
def test_rows_that_an_earlier_release_has_go_and_it_is_told_what_they_are_copies_of(
    tmp_path: Path, more: list[str]
) -> None:
    parquet(
        tmp_path / "old" / "a.parquet", text=[text(1), text(2), "few"], url=["u:1", "u:1", None], id=["a0", "a1", "a2"]
    )
    new = [text(1), text(4), text(4), "few", text(5)]
    parquet(
        tmp_path / "new" / "c.parquet", text=new, url=[None, None, "u:4", None, "U:1"], id=[f"c{n}" for n in range(5)]
    )
    old, out = str(tmp_path / "one"), str(tmp_path / "two")
    words = ["--exact", "text,url", *more]
    assert typed("dedup", str(tmp_path / "old"), "--output", old, *words).returncode == 0
    done = typed("dedup", str(tmp_path / "new"), "--output", out, "--against", old, *words)
    assert done.returncode == 0, done.stderr
    assert kept_rows(Path(out))["text"].to_pylist() == [text(4)]
    columns = (
        "cluster_size",
        "reason",
        "copy_of_source",
        "copy_of_file",
        "copy_of_row",
        "survivor_source",
        "survivor_row",
    )
    assert told(Path(out)).select(columns).rows() == [
        (1, "same_text", "old", "a.parquet", 0, "old", 0),
        (2, None, None, None, None, None, 1),
        (2, "same_text", None, "c.parquet", 1, None, 1),
        (1, "same_text", "old", "a.parquet", 2, "old", 2),
        (1, "same_url", "old", "a.parquet", 0, "old", 0),
    ]
    other = ["--output", str(tmp_path / "three"), "--against", old, "--exact", "text", *more]
    again = typed("dedup", str(tmp_path / "new"), *other)
    assert again.returncode == 2
    assert "behind passes by none against url" in " ".join(again.stderr.split())
    asked = typed("duplicates", out, "c.parquet:0", "--json")
    assert asked.returncode == 0, asked.stderr
    assert typed("verify", out).returncode == 0


def test_a_cluster_that_is_taken_down_takes_copies_of_its_pages_in_later_releases_along(
    made: Path, root: Path, tmp_path: Path
) -> None:
    """Of `/a`, copies by address with another text too."""
    out = moved(root, tmp_path / "out")
    take_down(made, out, root.name, f"{AT}/a", scope="cluster")
    gone = [f"{AT}/a?utm_source=m", f"{AT}/x", "urn:2024-0", "urn:2024-1", "urn:2023-0", "urn:2023-1"]
    assert traces(out, gone) == []
    assert {f"{AT}/z"} <= set(kept(out))
