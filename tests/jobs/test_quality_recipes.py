"""A recipe with a quality model, from archives to the card: scores are columns, rules judge them, and every page says why."""

import hashlib
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from trial import Crawl, dataset_digests, receipt_times, typed, verb

from filters.quality.fasttext import DCLM_THRESHOLD, FastTextQuality
from filters.quality.kenlm import KenLmQuality
from filters.tokens import TokenCounter
from jobs.bench.score.hashed_binary import write_hashed
from jobs.named_recipes import load_recipe
from jobs.quality_models import model_at
from jobs.recipe import Recipe
from jobs.recipes.fineweb import fineweb
from jobs.recipes.fineweb_edu import fineweb_edu
from jobs.running import Prepared, prepare, run
from jobs.training.fasttext_classifier import FRESH
from pipeline.assets import Asset
from pipeline.errors import RecipeError
from pipeline.funnel import funnel
from pipeline.measures import Rule
from pipeline.quality import Ensemble, Quality
from pipeline.runs import open_run
from pipeline.storage import open_storage
from pipeline.verify import verify
from pipeline.why import find, story

LOW = Rule("fasttext_score", "<", 0.5, "low_quality_score", null_fails=True)


TRAIN = """
import sys
import fasttext
text, path, dim = sys.argv[1:]
settings = {"lr": 1.0, "epoch": 200, "bucket": 5_000, "wordNgrams": 2, "thread": 1, "verbose": 0, "seed": 1}
fasttext.train_supervised(text, dim=int(dim), **settings).save_model(path)
"""


@pytest.fixture(scope="session")
def model(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A classifier of texts of the crawl by whether they have an even number of characters: it says something of each.

    fastText 0.9.2 reads memory it never wrote: in a process that takes fresh memory for all that is large that is zeros.
    """
    folder = tmp_path_factory.mktemp("model")
    texts = pl.concat([pl.read_parquet(file) for file in (finished / "dataset" / "data").glob("*.parquet")])["text"]
    lines = [f"__label__{'hq' if len(text) % 2 else 'cc'} {' '.join(text.split())}\n" for text in texts]
    (folder / "train.txt").write_text("".join(lines), encoding="utf-8")
    made = folder / "quality.bin"
    command = [sys.executable, "-c", TRAIN, str(folder / "train.txt"), str(made), "8"]
    subprocess.run(command, check=True, capture_output=True, env=os.environ | FRESH)
    return made


def scored_by(model: Path) -> FastTextQuality:
    digest = hashlib.sha256(model.read_bytes()).hexdigest()
    return FastTextQuality(model=Asset(name=model.name, sha256=digest, location=str(model)))


def ready(recipe: Recipe, crawl: Crawl, root: Path) -> Prepared:
    return prepare((recipe, ()), [str(crawl.folder)], str(root))


def dataset(root: Path) -> pl.DataFrame:
    return pl.concat([pl.read_parquet(file) for file in sorted((root / "dataset" / "data").glob("*.parquet"))])


@pytest.fixture(scope="module")
def late(crawl: Crawl, finished: Path, model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that scores what deduplication left, begun from the finished one, so that nothing is read again."""
    root = tmp_path_factory.mktemp("late") / "root"
    shutil.copytree(finished, root)
    quality = Quality(models=(scored_by(model),), rules=(LOW,), after="deduplication")
    run(ready(replace(fineweb(), name="late", quality=quality), crawl, root), local=True)
    return root


def test_a_model_behind_deduplication_drops_what_it_scores_low_and_nothing_is_read_again(
    late: Path, finished: Path
) -> None:
    before, after = dataset(finished), dataset(late)
    assert 0 < after.height < before.height
    assert after.columns == [*before.columns, "fasttext_score"]
    assert after["fasttext_score"].min() >= 0.5
    assert set(after["id"]) < set(before["id"])
    assert {path.split("/")[2] for path in receipt_times(late, "ingest")} == {
        path.split("/")[2] for path in receipt_times(finished, "ingest")
    }
    numbers = funnel(open_run(open_storage(str(late))))
    assert numbers.conservation() is None
    assert numbers.dropped["low_quality_score"] == before.height - after.height


def test_each_page_says_its_score_and_which_rule_it_failed(late: Path, finished: Path) -> None:
    now = open_run(open_storage(str(late)))
    kept = set(dataset(late)["id"])
    for id_ in dataset(finished)["id"]:
        told = story(now, *find(now, id_)[0])
        check = next(each for each in told.checks if each.rule.reason == "low_quality_score")
        assert told.verdict == ("keep" if id_ in kept else "drop")
        assert (told.reason == "low_quality_score") == (id_ not in kept) == check.fails
        assert check.value == told.signals["fasttext_score"]


def test_a_run_with_scores_verifies_and_its_card_names_model_and_column(late: Path) -> None:
    assert list(filter(None, verify(open_run(open_storage(str(late)))))) == []
    card = (late / "dataset" / "README.md").read_text()
    assert "### Quality scores" in card
    assert "fasttext_score" in card
    assert "fasttext_quality" in card
    assert "rule: `low_quality_score`" in card


def test_looking_at_the_run_tells_scores_and_reasons(late: Path, finished: Path) -> None:
    from jobs.looking.run import Run

    records = Run(str(late)).records("fasttext_score", "verdict", "reason")
    outscored = records.filter(pl.col("reason") == "low_quality_score")
    assert outscored.height == dataset(finished).height - dataset(late).height
    assert outscored["fasttext_score"].max() < 0.5
    assert set(outscored["verdict"]) == {"drop"}


def test_a_model_behind_ingest_gives_the_same_scores_and_judges_before_deduplication(
    crawl: Crawl, finished: Path, late: Path, model: Path, tmp_path: Path
) -> None:
    root = shutil.copytree(finished, tmp_path / "root")
    quality = Quality(models=(scored_by(model),), rules=(LOW,))
    run(ready(replace(fineweb(), name="early", quality=quality), crawl, root), local=True)
    early = dataset(root)
    both = early.join(dataset(late), on="id", suffix="_late")
    assert both.height
    assert both["fasttext_score"].equals(both["fasttext_score_late"].rename("fasttext_score"))
    opened = open_run(open_storage(str(root)))
    assert funnel(opened).conservation() is None
    assert [step.name for step in opened.record.steps].index("score-fasttext_score") == 1


def test_the_top_tenth_by_percentile_is_at_most_a_tenth_of_what_is_left(
    crawl: Crawl, finished: Path, model: Path, tmp_path: Path
) -> None:
    root = shutil.copytree(finished, tmp_path / "root")
    rule = Rule("fasttext_score_percentile", "<", 0.9, "low_quality_score", null_fails=True)
    quality = Quality(
        models=(scored_by(model),),
        ensemble=Ensemble(buckets=10, weight="token_count"),
        rules=(rule,),
        after="deduplication",
    )
    recipe = replace(fineweb(), name="tenth", measures=(TokenCounter(),), quality=quality)
    run(ready(recipe, crawl, root), local=True)
    before, after = dataset(finished), dataset(root)
    assert 0 < after["token_count"].sum() <= before["token_count"].sum() / 10
    assert after["quality_bucket"].to_list() == [9] * after.height


@pytest.mark.ray
@pytest.mark.slow
def test_ray_gives_the_bytes_of_a_local_run(
    crawl: Crawl, finished: Path, late: Path, model: Path, tmp_path: Path
) -> None:
    root = shutil.copytree(finished, tmp_path / "root")
    quality = Quality(models=(scored_by(model),), rules=(LOW,), after="deduplication")
    run(ready(replace(fineweb(), name="late", quality=quality), crawl, root), workers=2)
    assert dataset_digests(root) == dataset_digests(late)


def test_dclm_is_whole_with_its_model_and_ends_before_it_without(model: Path) -> None:
    assert load_recipe("dclm")[0].quality is None
    whole = load_recipe(f"dclm:{model}")[0].quality
    assert whole is not None
    assert [rule.value for rule in whole.rules] == [DCLM_THRESHOLD]
    tenth = load_recipe(f"dclm:{model},0.1")[0].quality
    assert tenth is not None
    assert [rule.value for rule in tenth.rules] == [0.9]
    with pytest.raises(RecipeError, match="'2' is no share"):
        load_recipe(f"dclm:{model},2")


def test_fineweb_edu_keeps_what_rounds_to_three(model: Path) -> None:
    found = fineweb_edu(replace(scored_by(model), column="edu_score"))
    assert found.quality is not None
    assert found.quality.after == "deduplication"
    assert [(rule.op, rule.value) for rule in found.quality.rules] == [("<=", 2.5)]


@pytest.mark.parametrize("least", [1, 2, 3, 4, 5])
def test_fineweb_edu_judges_halves_as_rounding_does(model: Path, least: int) -> None:
    found = fineweb_edu(replace(scored_by(model), column="edu_score"), least)
    assert found.quality is not None
    (rule,) = found.quality.rules
    for score in (number / 4 for number in range(21)):
        drops = score <= rule.value if rule.op == "<=" else score < rule.value
        assert drops == (round(score) < least), score


@pytest.mark.parametrize(
    "weight", ["fasttext_score", "quality_bucket", "url", "language_score", "line_punct_ratio", "nothing"]
)
def test_an_ensemble_weighs_by_a_whole_number_that_is_there_before_it(model: Path, weight: str) -> None:
    quality = Quality(models=(scored_by(model),), ensemble=Ensemble(weight=weight))
    with pytest.raises(RecipeError, match=f"weighs documents by {weight}, which is no whole number"):
        replace(fineweb(), quality=quality)


@pytest.mark.parametrize(
    ("named", "why"),
    [
        ("x=", "no model at an empty name"),
        ("", "no model at an empty name"),
        ("~no-such-user/x", "home directory"),
        ("a" * 300, "File name too long"),
        ("/dev/null", "Not a directory"),
    ],
)
def test_what_cannot_be_a_model_is_one_clear_line(tmp_path: Path, named: str, why: str) -> None:
    (tmp_path / "rows.jsonl").write_text('{"text": "corn"}\n')
    told = typed("score", str(tmp_path / "rows.jsonl"), "--model", named, "--output", str(tmp_path / "out"), "--local")
    assert told.returncode == 2
    assert why in " ".join(told.stderr.split())
    assert not (tmp_path / "out").exists()


def test_a_score_named_as_a_column_of_the_dataset_is_refused_before_anything_starts(
    model: Path, tmp_path: Path
) -> None:
    (tmp_path / "rows.jsonl").write_text('{"text": "corn"}\n')
    told = typed(
        "score", str(tmp_path / "rows.jsonl"), "--model", f"token_count={model}", "--output", str(tmp_path / "out")
    )
    assert told.returncode == 2
    assert "token_count is another column already" in " ".join(told.stderr.split())
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("fineweb-edu", "named with its classifier"),
        ("fineweb-edu:/nowhere", "no model at /nowhere"),
        ("nemotron-cc-like:", "named with its classifiers"),
        ("dclm:/nowhere.bin", "no model at /nowhere.bin"),
    ],
)
def test_a_recipe_without_its_model_says_how_it_is_named(name: str, why: str) -> None:
    with pytest.raises(RecipeError, match=why):
        load_recipe(name)


@pytest.fixture
def perplexity(tmp_path: Path) -> Path:
    """A KenLM binary as CCNet calls them."""
    words = ["<unk>", "<s>", "</s>", *["the", "of", "and", "a", "in", "to", "is"]]
    grams = [{(word,): (-1.0, 0.0) for word in words}, {("<s>", "the"): (-0.25, 0.0), ("of", "the"): (-0.5, 0.0)}]
    write_hashed(tmp_path / "en.arpa.bin", grams)
    return tmp_path / "en.arpa.bin"


@pytest.mark.parametrize("recipe", ["dclm:{}", "dclm:{},0.1", "nemotron-cc-like:{}", "fineweb-edu:{}"])
def test_a_recipe_that_keeps_what_scores_high_takes_no_perplexity(recipe: str, perplexity: Path) -> None:
    with pytest.raises(RecipeError, match="the lower its score the better"):
        load_recipe(recipe.format(perplexity))


def test_binaries_of_kenlm_are_told_from_fasttexts_by_their_first_bytes(perplexity: Path) -> None:
    assert isinstance(model_at(str(perplexity)), KenLmQuality)
    for name in ("lm.binary", "lm.klm"):
        shutil.copyfile(perplexity, perplexity.with_name(name))
        assert isinstance(model_at(str(perplexity.with_name(name))), KenLmQuality)
    (perplexity.with_name("fasttext.bin")).write_bytes(b"")
    assert isinstance(model_at(str(perplexity.with_name("fasttext.bin"))), FastTextQuality)


def test_rows_of_anyone_are_scored_by_a_binary_of_kenlm(finished: Path, perplexity: Path, tmp_path: Path) -> None:
    done = verb(
        "score", str(finished / "dataset" / "data"), "--model", str(perplexity), "--output", str(tmp_path / "out"), "--local"
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = dataset(tmp_path / "out")
    scorer = model_at(str(perplexity)).load()
    expected = scorer.score(scorer.prepare(found["text"].to_list())).values
    assert found["perplexity"].to_list() == pytest.approx(expected.round(1).tolist())
    assert found["perplexity"].n_unique() > 2


def test_a_model_of_another_digest_is_refused_before_anything_starts(crawl: Crawl, model: Path, tmp_path: Path) -> None:
    told = typed(
        "curate", f"dclm:{model}@{'0' * 64}", "--input", str(crawl.folder), "--output", str(tmp_path), "--local"
    )
    assert told.returncode == 2
    assert "but the recipe names " + "0" * 64 in " ".join(told.stderr.split())
    assert not (tmp_path / "runs").exists()


def test_rows_of_anyone_are_scored_alone(finished: Path, model: Path, tmp_path: Path) -> None:
    done = verb(
        "score", str(finished / "dataset" / "data"), "--model", f"good={model}", "--buckets", "4",
        "--output", str(tmp_path), "--local",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    before, after = dataset(finished), dataset(tmp_path)
    assert after["id"].to_list() == before["id"].to_list()
    assert after["good"].null_count() == 0
    assert set(after["quality_bucket"]) <= {0, 1, 2, 3}
    assert "texts scored" in done.stdout
    again = typed("score", str(finished / "dataset" / "data"), "--model", "/nowhere", "--output", str(tmp_path))
    assert again.returncode == 2
    assert "no model at /nowhere" in again.stderr


def test_a_plan_without_a_source_has_the_models_steps(model: Path) -> None:
    recipe = load_recipe(f"nemotron-cc-like:{model},{model}")[0]
    names = [step.name for step in recipe.steps()]
    late = ["late-score-model_1_score", "late-score-model_2_score", "histograms", "thresholds", "percentiles", "pack"]
    assert [name for name in names if name in late] == late


@pytest.mark.ray
@pytest.mark.slow
def test_scoring_streams_behind_extraction(crawl: Crawl, model: Path, tmp_path: Path) -> None:
    """The scores of the first files are committed while others are still being read."""
    quality = Quality(models=(scored_by(model),), rules=(LOW,))
    run(ready(replace(fineweb(), name="early", quality=quality), crawl, tmp_path), workers=1)
    read, scores = receipt_times(tmp_path, "ingest"), receipt_times(tmp_path, "score-fasttext_score")
    assert len(read) == len(scores) == 4
    assert sorted(scores.values())[0] < sorted(read.values())[1]
    assert sorted(scores.values())[-2] < max(read.values())
