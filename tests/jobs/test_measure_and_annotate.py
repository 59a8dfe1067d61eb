"""A finished run gets more to say of its documents, from their text or from somebody's file; its archives are gone."""

import hashlib
import shutil
from dataclasses import replace
from pathlib import Path

import orjson
import polars as pl
import pytest
from trial import receipt_times, typed, verb

from jobs.extending import Extended, add_step
from jobs.recipes.fineweb import fineweb
from jobs.running import prepare, run
from pipeline.annotations.annotating import annotate_step
from pipeline.annotations.annotation import Annotation
from pipeline.annotations.side_files import side_columns
from pipeline.extension import recorded_step
from pipeline.runs import OpenRun, open_run
from pipeline.storage import open_storage
from pipeline.tables import read_table
from pipeline.verify import verify
from pipeline.why import find, story

MINE = """
from dataclasses import dataclass, replace
from typing import ClassVar

import pyarrow as pa

from jobs.recipes.fineweb import fineweb
from pipeline.measures import Rule, schema, signals_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Vowels:
    name: ClassVar[str] = "vowels"
    version: ClassVar[int] = 1
    engines: ClassVar[tuple[str, ...]] = ()
    signals: ClassVar[pa.Schema] = schema(vowel_ratio="float64")

    letters: str = "aeiou"

    def measure(self, pages):
        ratios = [sum(text.count(letter) for letter in self.letters) / max(len(text), 1) for text in pages.texts]
        return signals_of(self.signals, {"vowel_ratio": ratios}, len(pages))


def few():
    return Vowels(letters="ae")


def judged():
    base = fineweb()
    return replace(base, name="judged", measures=(Vowels(),), rules=(*base.rules, Rule("vowel_ratio", "<", 0.3, "few_vowels")))
"""


@pytest.fixture(scope="module")
def mine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("mine") / "mine.py"
    file.write_text(MINE)
    return file


@pytest.fixture
def root(finished: Path, tmp_path: Path) -> Path:
    return shutil.copytree(finished, tmp_path / "root")


def opened(root: Path) -> OpenRun:
    return open_run(open_storage(str(root)))


def documents(run_: OpenRun) -> pl.DataFrame:
    tables = [read_table(run_.storage, receipt, "documents") for receipt in run_.receipts("ingest").values()]
    return pl.concat([pl.from_arrow(table) for table in tables])


def signals(run_: OpenRun, step: str) -> pl.DataFrame:
    receipts = run_.receipts(step)
    tables = [read_table(run_.storage, receipts[part.key], "signals") for part in run_.source.parts]
    return pl.concat([pl.from_arrow(table) for table in tables])


# Measure.


def test_a_measure_is_added_from_stored_text_and_found_done_by_a_recipe(root: Path, mine: Path) -> None:
    before = receipt_times(root)
    told = verb("measure", str(root), "--filter", f"{mine}:Vowels", "--local", "--json")
    assert told.returncode == 0, told.stderr
    now = opened(root)
    assert orjson.loads(told.stdout)["documents"] == now.totals("ingest")["documents"]
    texts = documents(now)["text"]
    expected = [sum(map(text.count, "aeiou")) / len(text) for text in texts]
    assert signals(now, "measure-vowels")["vowel_ratio"].to_list() == expected
    assert receipt_times(root).items() >= before.items()

    measured = receipt_times(root, "measure-vowels")
    run(prepare(f"{mine}:judged", [], str(root)), local=True)
    assert receipt_times(root, "measure-vowels") == measured
    assert opened(root).totals("decide")["dropped.few_vowels"] > 0


def test_status_why_and_verify_speak_of_the_new_signal(root: Path, mine: Path) -> None:
    url = documents(opened(root))["url"][0]
    verdict = story(opened(root), *find(opened(root), url)[0])
    assert typed("measure", str(root), "--filter", f"{mine}:Vowels", "--local").returncode == 0
    now = opened(root)
    told = story(now, *find(now, url)[0])
    assert 0.1 < told.signals["vowel_ratio"] < 0.6
    assert (told.verdict, told.reason, told.shard) == (verdict.verdict, verdict.reason, verdict.shard)
    shown = orjson.loads(typed("status", str(root), "--json").stdout)
    assert {"step": "measure-vowels", "parts": 4, "done": 4, "sealed": True}.items() <= {
        key: value for step in shown["steps"] if step["step"] == "measure-vowels" for key, value in step.items()
    }.items()
    assert shown["funnel"]["complete"]
    assert [finding for finding in verify(now) if finding] == []


def test_a_shipped_measure_is_named_by_its_module_and_a_second_time_costs_nothing(root: Path) -> None:
    words = ("measure", str(root), "--filter", "filters.personal_data:PersonalData", "--local")
    assert "it is a transform, and only a measure" in typed(*words).stderr
    words = ("measure", str(root), "--filter", "filters.line_quality:LineQuality", "--local")
    assert "is written by ingest already" in typed(*words).stderr


def test_a_measure_with_other_parameters_takes_the_place_of_one_that_no_rule_judges_by(root: Path, mine: Path) -> None:
    for name, reused in (("Vowels", 0), ("Vowels", 4), ("few", 0)):
        told = typed("measure", str(root), "--filter", f"{mine}:{name}", "--local", "--json")
        assert orjson.loads(told.stdout)["reused"] == reused
    assert [step.name for step in opened(root).record.steps].count("measure-vowels") == 1
    run(prepare(f"{mine}:judged", [], str(root)), local=True)
    told = typed("measure", str(root), "--filter", f"{mine}:few", "--local")
    assert (told.returncode, told.stdout) == (2, "")
    assert "step decide judges by measure-vowels as it was" in told.stderr


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("nonsense", "no measure 'nonsense'"),
        ("nowhere.py:Mine", "no file"),
        ("filters.nowhere:Mine", "no module filters.nowhere"),
        ("FILE:Nobody", "has no function Nobody"),
        ("FILE:judged", "it is a Recipe"),
    ],
)
def test_what_is_no_measure_is_one_clear_error(root: Path, mine: Path, name: str, says: str) -> None:
    runs = len(list((root / "runs").iterdir()))
    told = typed("measure", str(root), "--filter", name.replace("FILE", str(mine)), "--local")
    assert (told.returncode, told.stdout) == (2, "")
    assert says in " ".join(told.stderr.split())
    assert "Traceback" not in told.stderr
    assert len(list((root / "runs").iterdir())) == runs


def test_a_run_that_is_not_finished_is_not_measured(root: Path, mine: Path) -> None:
    for file in root.glob("steps/ingest/*/*/manifest*"):
        file.unlink()
    min(root.glob("steps/ingest/*/*/*.json")).unlink()
    told = typed("measure", str(root), "--filter", f"{mine}:Vowels", "--local")
    assert told.returncode == 2
    assert "step ingest has 3 of 4 parts; finish the run" in " ".join(told.stderr.split())


# Annotate.


def side(run_: OpenRun) -> pl.DataFrame:
    """Columns of every type for some of the run's documents, in no order, and for pages the run has not."""
    known = documents(run_).select("url", id="record_id").unique("url", maintain_order=True)
    strange = pl.DataFrame({"url": ["https://nowhere.example/"], "id": ["<urn:none>"]})
    rows = pl.concat([known.gather_every(2), strange])
    number = pl.int_range(pl.len())
    return rows.with_columns(
        edu_score=pl.when(number % 5 > 0).then(number / 7),
        good=number % 2 == 0,
        level=number,
        label=pl.format("l{}", number),
    ).sample(fraction=1.0, shuffle=True, seed=4)


WRITERS = {
    "parquet": pl.DataFrame.write_parquet,
    "csv": pl.DataFrame.write_csv,
    "jsonl": pl.DataFrame.write_ndjson,
}


@pytest.mark.parametrize("on", ["url", "id"])
@pytest.mark.parametrize("kind", WRITERS)
def test_columns_of_a_file_are_joined_row_by_row(root: Path, tmp_path: Path, kind: str, on: str) -> None:
    before = opened(root)
    rows, file = side(before), tmp_path / f"scores.{kind}"
    WRITERS[kind](rows, file)
    columns = side_columns(str(file), on, ["edu_score", "good", "level", "label"])
    assert dict(columns) == {"edu_score": "float64", "good": "bool", "level": "int64", "label": "string"}
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    annotation = Annotation(name="scores", on=on, columns=columns, sha256=sha256, path=str(file))
    done = annotated(before, annotation)
    key = {"url": "url", "id": "record_id"}[on]
    expected = (
        documents(before)
        .select(key)
        .join(rows.select(pl.col(on).alias(key), *dict(columns)), on=key, how="left", maintain_order="left")
    )
    assert signals(done.run, "annotate-scores").equals(expected.drop(key))
    assert done.total("matched") == expected["level"].count() > 10
    assert [finding for finding in verify(done.run) if finding] == []


def annotated(run_: OpenRun, annotation: Annotation) -> Extended:
    step = annotate_step(annotation, recorded_step(run_, "ingest").step)
    return add_step(run_, step, annotation=annotation, local=True)


def test_the_verb_says_how_many_matched_and_the_same_file_is_the_same_step(root: Path, tmp_path: Path) -> None:
    rows = side(opened(root))
    rows.write_parquet(tmp_path / "scores.parquet")
    words = ("annotate", str(root), "--with", str(tmp_path / "scores.parquet"), "--on", "url", "--local", "--json")
    told = orjson.loads(typed(*words, "--columns", "edu_score, good").stdout)
    assert told["columns"] == {"edu_score": "float64", "good": "bool"}
    urls = documents(opened(root))["url"].to_list()
    assert told["matched"] == sum(url in set(rows["url"]) for url in urls)
    (tmp_path / "scores.parquet").rename(tmp_path / "moved.parquet")
    words = (*words[:3], str(tmp_path / "moved.parquet"), *words[4:], "--name", "scores", "--columns", "edu_score,good")
    again = orjson.loads(typed(*words).stdout)
    assert (again["fingerprint"], again["reused"]) == (told["fingerprint"], 4)
    url = rows.filter(pl.col("edu_score").is_not_null() & pl.col("url").is_in(urls))["url"][0]
    shown = typed("why", str(root), url)
    assert "edu_score" in shown.stdout


def test_a_recipe_judges_by_an_annotation_and_does_not_need_its_file_again(root: Path, tmp_path: Path) -> None:
    rows, file = side(opened(root)), tmp_path / "scores.parquet"
    rows.write_parquet(file)
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    recipe = tmp_path / "with_scores.py"
    recipe.write_text(f"""
from dataclasses import replace

from jobs.recipes.fineweb import fineweb
from pipeline.annotations.annotation import Annotation
from pipeline.measures import Rule

SCORES = Annotation(name="scores", on="url", columns=(("level", "int64"),), sha256="{digest}", path="{file}")


def with_scores():
    base = fineweb()
    rules = (*base.rules, Rule("level", "==", 0, "level_zero"), Rule("level", "<", 0, "no_level", null_fails=True))
    return replace(base, name="with_scores", annotations=(SCORES,), rules=rules)
""")
    run(prepare(f"{recipe}:with_scores", [], str(root)), local=True)
    counts = opened(root).totals("decide")
    assert counts["dropped.no_level"] > 0
    wanted = dict(rows.select("url", "level").iter_rows())
    kept = pl.read_parquet(root / "dataset" / "data" / "*.parquet")["url"].to_list()
    assert kept
    assert all(wanted.get(url, 0) > 0 for url in kept)
    file.unlink()
    done = receipt_times(root)
    run(prepare(f"{recipe}:with_scores", [], str(root)), local=True)
    assert receipt_times(root) == done


@pytest.mark.parametrize(
    ("rows", "words", "says", "code"),
    [
        ({"url": ["a", "b", "a"], "s": [1, 2, 3]}, [], "url a is there more than once", 1),
        ({"url": ["a"], "s": [[1]]}, [], "column s is large_list", 2),
        ({"url": ["a"], "s": [1]}, ["--columns", "t"], "no column t; there are url, s", 2),
        ({"id": ["a"], "s": [1]}, [], "no column url; there are id, s", 2),
        ({"url": ["a"], "date": ["b"]}, [], "signal date is written by ingest already", 2),
        ({"url": ["a"], "s": [1]}, ["--on", "text"], "--on text: give id or url", 2),
        ({"url": ["a"], "s": [1]}, ["--name", "../x"], "the name becomes a folder's", 2),
        ({"url": ["a"]}, [], "name at least one column", 2),
    ],
)
def test_what_cannot_be_joined_is_one_clear_error_and_leaves_the_run_as_it_was(
    root: Path, tmp_path: Path, rows: dict, words: list[str], says: str, code: int
) -> None:
    pl.DataFrame(rows).write_parquet(tmp_path / "side.parquet")
    runs = len(list((root / "runs").iterdir()))
    told = typed("annotate", str(root), "--with", str(tmp_path / "side.parquet"), "--on", "url", "--local", *words)
    assert (told.returncode, told.stdout) == (code, "")
    assert says in " ".join(told.stderr.split())
    assert "Traceback" not in told.stderr
    assert len(list((root / "runs").iterdir())) == runs


def test_recipes_may_not_have_two_signals_of_one_name() -> None:
    from pipeline.errors import RecipeError

    scores = Annotation(name="s", on="id", columns=(("language", "string"),), sha256="0" * 64, path="x")
    with pytest.raises(RecipeError, match="signal language is written twice"):
        replace(fineweb(), annotations=(scores,))
