"""Models as a person names them on a command line, and what the verbs that take them say."""

from pathlib import Path

import orjson
import pytest
from model_makers import fasttext_model
from scored_rows import arpa, digest, write_recipe, write_rows
from static_model import model as static_model
from trial import typed

from filters.quality.fasttext import FastTextQuality
from filters.quality.kenlm import KenLmQuality
from filters.quality.static import StaticQuality
from jobs.quality_models import model_at
from pipeline.errors import RecipeError


@pytest.fixture
def classifier(tmp_path: Path) -> Path:
    (tmp_path / "mill.bin").write_bytes(fasttext_model(wordNgrams=2))
    return tmp_path / "mill.bin"


@pytest.fixture
def static(tmp_path: Path) -> Path:
    return Path(static_model(tmp_path / "static", head="softmax").location)


def test_a_label_stands_behind_the_place_and_a_digest_behind_that(classifier: Path, static: Path) -> None:
    named = model_at(f"{classifier}#__label__1@{digest(classifier)}", "good")
    assert isinstance(named, FastTextQuality)
    assert (named.label, named.column, named.model.sha256) == ("__label__1", "good", digest(classifier))
    named.check()
    assert model_at(f"{classifier}#__label__1") == model_at(f"{classifier}#__label__1@{digest(classifier)}")
    numbered = model_at(f"{static}#2")
    assert isinstance(numbered, StaticQuality)
    assert numbered.label == 2
    numbered.check()


def test_a_place_may_have_the_mark_of_a_label_in_its_name(tmp_path: Path) -> None:
    found = model_at(str(arpa(tmp_path / "a#b.arpa")))
    assert isinstance(found, KenLmQuality)
    found.check()


def test_a_label_of_a_model_that_has_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"mill\.arpa has no labels, and 'good' is named"):
        model_at(f"{arpa(tmp_path / 'mill.arpa')}#good")


def test_a_label_that_is_not_there_ends_it_before_anything_is_read(classifier: Path, tmp_path: Path) -> None:
    rows = write_rows(tmp_path / "in", 1, 2)
    words = ("--model", str(classifier), "--output", str(tmp_path / "out"), "--local")
    told = typed("score", str(rows), *words)
    assert told.returncode == 2
    assert "has no label '__label__hq'; it has __label__" in " ".join(told.stderr.split())
    assert not (tmp_path / "out" / "steps").exists()
    assert typed("score", str(rows), "--model", f"{classifier}#__label__0", *words[2:]).returncode == 0


@pytest.mark.parametrize("kind", ["fasttext", "static"])
def test_the_folder_that_training_made_stands_for_its_model(kind: str, classifier: Path, static: Path) -> None:
    folder = classifier.parent / "good-pages"
    folder.mkdir()
    (folder / "report.json").write_text("{}")
    (folder / "report.html").write_text("<p>")
    classifier.rename(folder / "model.bin") if kind == "fasttext" else static.rename(folder / "model")
    inner = folder / ("model.bin" if kind == "fasttext" else "model")
    found = model_at(f"{folder}#{'__label__1' if kind == 'fasttext' else '0'}")
    assert found == model_at(f"{inner}#{'__label__1' if kind == 'fasttext' else '0'}")
    found.check()


def test_score_says_which_rows_have_no_text_and_are_left_out(tmp_path: Path) -> None:
    texts = ["corn", None, " \n", "half \\ud83d of a pair", ""]
    lines = [b'{"id": "%d", "text": %s}\n' % (n, orjson.dumps(text)) for n, text in enumerate(texts)]
    (tmp_path / "rows.jsonl").write_bytes(b"".join(lines).replace(b"\\\\u", b"\\u"))
    model = arpa(tmp_path / "mill.arpa")
    words = ("--model", str(model), "--output", str(tmp_path / "out"), "--local")
    told = " ".join(typed("score", str(tmp_path / "rows.jsonl"), *words).stdout.split())
    assert told.startswith("2 texts scored in")
    assert told.endswith("3 rows are not in it: no_text 1, empty_text 2")


def test_plan_says_that_a_model_is_missing(tmp_path: Path) -> None:
    rows, model = write_rows(tmp_path / "in", 1, 2), arpa(tmp_path / "mill.arpa")
    recipe = f"{write_recipe(tmp_path / 'mine.py', model)}:early"
    assert typed("plan", recipe, "--input", str(rows), "--output", str(tmp_path / "out")).returncode == 0
    model.unlink()
    told = typed("plan", recipe, "--input", str(rows), "--output", str(tmp_path / "out"))
    assert told.returncode == 2
    assert "asset mill.arpa is missing" in told.stderr


def test_models_verify_looks_at_a_single_file_too(classifier: Path, tmp_path: Path) -> None:
    (found,) = orjson.loads(typed("models", "verify", str(classifier), "--json").stdout)["models"]
    assert (found["sound"], found["sha256"]) == (True, digest(classifier))
    assert [each["kind"] for each in found["files"]] == ["fasttext"]
    assert f"sha256 {digest(classifier)}" in typed("models", "verify", str(classifier)).stdout
    (tmp_path / "cut.bin").write_bytes(classifier.read_bytes()[:-1])
    told = typed("models", "verify", str(tmp_path / "cut.bin"))
    assert told.returncode == 1
    assert "REFUSED" in told.stdout
