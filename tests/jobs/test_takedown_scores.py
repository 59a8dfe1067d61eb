"""A takedown from a run that scores by models, ensembles and a remote model: no word, answer or number of a page is left."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from chat_server import ChatServer
from leftovers import documents, keys_of, packed, run_at, traces
from scored_rows import arpa, digest, write_rows
from test_takedown import faults
from trial import dataset_digests, receipt_times, typed

from jobs.running import prepare, run
from pipeline.funnel import funnel
from pipeline.tables import read_table

RECIPE = """
from dedup.minhash import MinHash
from filters.quality.endpoint import EndpointQuality
from filters.quality.kenlm import KenLmQuality
from jobs.recipe import Recipe
from pipeline.asked import Sample
from pipeline.assets import Asset
from pipeline.extraction import Resiliparse
from pipeline.measures import Rule
from pipeline.quality import Ensemble, Quality

MODEL = KenLmQuality(model=Asset(name="mill.arpa", sha256="{sha256}", location="{location}"))
ASKED = EndpointQuality(model="miller-7b", base_url="{address}", sample=Sample(share=0.9), column="points", seconds=10)
LOW = Rule("points", "<", 1, "few_points")


def scored(name: str, after: str, ensemble: Ensemble | None = Ensemble(buckets=4)) -> Recipe:
    quality = Quality(models=(MODEL, ASKED), ensemble=ensemble, rules=(LOW,), after=after)
    return Recipe(
        name=name, ingest=(Resiliparse(),), rules=(), minhash=MinHash(bands=4, rows=8, ngram=3), bundle=1, shard_files=1,
        quality=quality,
    )


def early() -> Recipe:
    return scored("early", "ingest")


def late() -> Recipe:
    return scored("late", "deduplication")


def plain() -> Recipe:
    return scored("plain", "ingest", None)
"""
FILES, ROWS = 4, 8


@pytest.fixture(scope="module")
def server() -> Iterator[ChatServer]:
    """A judge who quotes what it judges: what it says must go with the page."""
    with ChatServer() as server:
        server.judge = lambda text: f"It says: {text}\nPoints: {len(text) % 6}"
        yield server


@pytest.fixture(scope="module")
def made(server: ChatServer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scored")
    write_rows(folder / "in", FILES, ROWS)
    model = arpa(folder / "mill.arpa")
    (folder / "mine.py").write_text(RECIPE.format(sha256=digest(model), location=model, address=server.base_url))
    for name in ("early", "late", "plain"):
        run(prepare(f"{folder}/mine.py:{name}", [str(folder / "in")], str(folder / name)), local=True)
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    """Copies of the finished runs, by their recipes' names."""
    return Path(shutil.copytree(made, tmp_path / "scored"))


def take_down(folder: Path, name: str, *lines: str, code: int = 0) -> Any:
    (folder / "list.txt").write_text("\n".join(lines))
    words = ("--urls", f"{folder}/list.txt", "--recipe", f"{folder}/mine.py:{name}", "--local", "--json")
    told = typed("takedown", str(folder / name), *words)
    assert told.returncode == code, told.stderr
    return orjson.loads(told.stdout) if told.stdout else told.stderr


def answered_pages(root: Path, step: str) -> set[str]:
    opened = run_at(root)
    rows = [
        row
        for receipt in opened.receipts(step).values()
        for row in read_table(opened.storage, receipt, "answers", ["record_id", "answer"]).to_pylist()
    ]
    return {row["record_id"] for row in rows if row["answer"]}


STEP = {"early": "score-points", "plain": "score-points", "late": "late-score-points"}


@pytest.mark.parametrize("name", STEP)
def test_a_page_and_what_models_said_of_it_go_and_do_not_come_back(name: str, folder: Path, server: ChatServer) -> None:
    root = folder / name
    asked = answered_pages(root, STEP[name])
    kept = packed(root)
    gone = next(page for page in documents(root) if page["record_id"] in asked & kept.keys())
    number = gone["text"].rpartition("\n")[2]
    words = [gone["url"], gone["record_id"], f"{number}\n", gone["text"]]
    assert number.startswith("the page of number ")
    assert {hit.partition(": ")[0].split("/")[1] for hit in traces(root, words)} >= {"ingest", STEP[name]}

    told = take_down(folder, name, gone["url"])
    assert (told["records"], told["documents"]) == (1, 1)
    assert traces(root, words, keys_of(gone)) == []
    assert faults(root) == []
    assert gone["record_id"] not in answered_pages(root, STEP[name])
    now = packed(root)
    assert now.keys() == kept.keys() - {gone["record_id"]}
    for column in ("perplexity", "points"):
        assert all(now[id_][column] == kept[id_][column] for id_ in now), "other pages have the scores that they had"
    assert funnel(run_at(root)).conservation() is None

    questions = len(server.asked)
    run(prepare(f"{folder}/mine.py:{name}", [str(folder / "in")], str(root)), local=True)
    assert packed(root) == now
    assert traces(root, words, keys_of(gone)) == []
    assert len(server.asked) == questions, "nobody is asked again"


@pytest.mark.parametrize("name", ["early", "late"])
def test_a_mended_run_is_what_scoring_without_the_page_gives(name: str, folder: Path) -> None:
    """Percentiles and buckets are of what is left."""
    listed = [page["url"] for page in documents(folder / name)][::7]
    take_down(folder, name, *listed)
    fresh = folder / "fresh"
    shutil.copytree(folder / name / "takedowns", fresh / "takedowns")
    run(prepare(f"{folder}/mine.py:{name}", [str(folder / "in")], str(fresh)), local=True)
    assert dataset_digests(fresh) == dataset_digests(folder / name)


def test_shards_without_such_a_page_keep_their_bytes(folder: Path) -> None:
    root = folder / "plain"
    before, (gone, *_) = dataset_digests(root), packed(root).values()
    told = take_down(folder, "plain", gone["url"])
    after = dataset_digests(root)
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {gone["shard"]} == {path.rpartition("/")[2] for path in told["shards"]["rewritten"]}


def test_scores_of_parts_without_such_a_page_are_not_made_again(folder: Path) -> None:
    root = folder / "early"
    before = receipt_times(root, "score-*")
    take_down(folder, "early", next(iter(packed(root).values()))["url"])
    after = receipt_times(root, "score-*")
    assert before.keys() == after.keys()
    assert sum(before[path] != after[path] for path in before) == 2, "one part of each of the two models"


def test_a_model_that_is_gone_is_missed_before_a_takedown_begins_and_only_where_it_is_needed(folder: Path) -> None:
    gone = {name: next(iter(packed(folder / name).values()))["url"] for name in STEP}
    (folder / "mine.py").write_text((folder / "mine.py").read_text().replace("mill.arpa", "away.arpa"))
    before = dataset_digests(folder / "late")
    assert "away.arpa" in take_down(folder, "late", gone["late"], code=2)
    assert not (folder / "late" / "takedowns").exists()
    assert dataset_digests(folder / "late") == before
    assert take_down(folder, "early", gone["early"])["records"] == 1
    assert faults(folder / "early") == []


def test_a_run_of_the_verb_score_is_taken_down_from_by_its_models(folder: Path, tmp_path: Path) -> None:
    root = tmp_path / "root"
    words = (
        "score",
        str(folder / "in"),
        "--model",
        f"like={folder}/mill.arpa",
        "--buckets",
        "4",
        "--output",
        str(root),
    )
    assert typed(*words, "--local").returncode == 0
    page = documents(root)[3]
    (tmp_path / "list.txt").write_text(page["url"])
    given = ("takedown", str(root), "--urls", str(tmp_path / "list.txt"), "--local")
    refused = typed(*given)
    assert refused.returncode == 2
    assert "is named with its models: --recipe score:MODEL,MODEL…" in " ".join(refused.stderr.split())
    other = typed(*given, "--recipe", f"score:like={folder}/mill.arpa")
    assert other.returncode == 2, "that has no buckets"
    assert not (root / "takedowns").exists()
    told = typed(*given, "--recipe", f"score:like={folder}/mill.arpa,4")
    assert told.returncode == 0, told.stderr
    assert traces(root, [page["url"], page["record_id"], page["text"]], keys_of(page)) == []
    assert faults(root) == []
    assert typed(*words, "--local").returncode == 0
    assert page["record_id"] not in packed(root)


@pytest.mark.parametrize("name", STEP)
def test_why_says_which_score_dropped_a_page(name: str, made: Path) -> None:
    root = made / name
    kept = packed(root)
    asked = answered_pages(root, STEP[name])
    (page, *_) = [page for page in documents(root) if page["record_id"] in asked - kept.keys()]
    told = orjson.loads(typed("why", str(root), page["url"], "--json").stdout)["records"][0]
    assert (told["verdict"], told["reason"]) == ("drop", "few_points")
    assert told["signals"]["points"] == 0
    assert told["signals"]["perplexity"] > 1
    shown = " ".join(typed("why", str(root), page["url"]).stdout.split())
    assert "dropped: few_points" in shown
    assert "points" in shown
    assert "perplexity" in shown


def test_why_shows_the_scores_of_a_run_without_rules(made: Path, tmp_path: Path) -> None:
    root = tmp_path / "root"
    words = ("score", str(made / "in"), "--model", f"like={made}/mill.arpa", "--output", str(root), "--local")
    assert typed(*words).returncode == 0
    (page, *_) = packed(root).values()
    assert f"like {page['like']:.4g}" in " ".join(typed("why", str(root), page["url"]).stdout.split())
