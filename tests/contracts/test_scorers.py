"""What every quality model promises, whichever library runs it: of its value in a recipe, of its files, and of its scores."""

import dataclasses
import os
import pickle
import random
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pytest
from handmade import Page, crawl_of, crawl_steps
from scorers import MODELS, SERVER, Case, model_classes, plain
from tiny import execute

from pipeline.errors import RecipeError
from pipeline.identity import canonical, digest
from pipeline.quality import QualityModel, signals_of_model
from pipeline.quality_steps import score_step
from pipeline.storage import LocalStorage
from pipeline.tables import read_table

LOADED = {name: case for name, case in MODELS.items() if not hasattr(case.cls, "asker")}
NATIVE = ("fasttext", "numba", "onnxruntime", "safetensors", "tokenizers", "torch", "transformers")
HEAD_ALONE = {
    ".arpa": 0.5,
    ".binary": 0.99,
}  # files of which the driver looks at no more: from this share on a cut is seen later
BLANK = ["", " ", "\n \t\n", "\u3000\u2028"]
ODD = [
    "\0",
    "corn\0mill \0 rye\0",
    "\ufffd corn \ufffd",  # what half of a surrogate pair becomes before a text is a row
    "\U0001f600\U0001f600 mill \U0010ffff",
    "e\u0301\u200b\ufeff\u202e",
    "日本語の文章。\nहिन्दी में एक वाक्य।",
    "sail\r\nsail\rsail\u2028sail\x85sail",
    "corn rye wheat mill " * 150_000 + "x" * 1_000_000,
]


TEXTS = [*plain(20), *BLANK, *ODD]


@pytest.fixture(scope="module", autouse=True)
def server() -> Iterator[None]:
    with SERVER:
        yield


@pytest.fixture(autouse=True)
def nothing_waits_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda _: None)


@pytest.fixture(scope="module", params=MODELS)
def case(request: pytest.FixtureRequest) -> Case:
    return MODELS[request.param]


@pytest.fixture(scope="module")
def model(case: Case, tmp_path_factory: pytest.TempPathFactory) -> Any:
    return case.made(tmp_path_factory.mktemp("model"))


def scored(model: QualityModel, root: Path, *files: Sequence[str], window: int | None = None) -> list[pa.Table]:
    """The column of each file's documents, as the step of a recipe writes it."""
    pages = {
        f"{n}.warc": tuple(Page(url=f"{n}/{row}", text=text) for row, text in enumerate(file))
        for n, file in enumerate(files)
    }
    ingest = crawl_steps(pages)[0]
    step = score_step(model, ingest)
    if window and hasattr(step.stage, "window"):
        step = dataclasses.replace(step, stage=dataclasses.replace(step.stage, window=window))
    state = execute(root, crawl_of(pages), ingest, step).states[step.name]
    return [read_table(LocalStorage(root), state.receipts[part.key], "signals") for part in state.planned.parts]


def scores(
    model: QualityModel, root: Path, *files: Sequence[str], window: int | None = None
) -> list[list[float | None]]:
    return [table[model.column].to_pylist() for table in scored(model, root, *files, window=window)]


@pytest.fixture(scope="module")
def table(model: Any, tmp_path_factory: pytest.TempPathFactory) -> pa.Table:
    return scored(model, tmp_path_factory.mktemp("all"), TEXTS)[0]


def test_every_quality_model_is_under_the_contracts() -> None:
    assert {case.cls for case in MODELS.values()} == model_classes()
    assert len(model_classes()) >= 6


# The value in a recipe.


def test_a_model_is_a_frozen_dataclass_with_keywords_only(model: Any) -> None:
    assert isinstance(model, QualityModel)
    assert type(model).__dataclass_params__.frozen
    assert all(field.kw_only for field in dataclasses.fields(model))
    assert not hasattr(model, "__dict__"), "it has slots, so nothing can be added to it"
    assert hash(model) == hash(dataclasses.replace(model))


def test_a_model_is_the_same_once_it_was_written_down_and_read(model: Any) -> None:
    for copy in (pickle.loads(pickle.dumps(model)), eval(repr(model), names_in(model)), dataclasses.replace(model)):
        assert copy == model
        assert digest(copy) == digest(model)
    assert orjson.loads(orjson.dumps(canonical(model))) == canonical(model)


def names_in(value: Any) -> dict[str, type]:
    """The classes that a value is written with."""
    inside = (
        [getattr(value, field.name) for field in dataclasses.fields(value)] if dataclasses.is_dataclass(value) else []
    )
    return {type(value).__name__: type(value)} | {name: cls for each in inside for name, cls in names_in(each).items()}


def test_every_field_that_bears_identity_makes_another_model_and_no_other_does(
    case: Case, model: Any, tmp_path: Path
) -> None:
    declared = {field.name for field in dataclasses.fields(model) if field.metadata.get("identity", True)}
    assert declared == set(case.others), "a field without another value in the list of models"
    assert {field.name for field in dataclasses.fields(model)} - declared == set(case.elsewhere)
    for name, other in case.changed(model, tmp_path):
        assert digest(other) != digest(model), name
    for name, value in case.elsewhere.items():
        assert digest(dataclasses.replace(model, **{name: value})) == digest(model), name


def test_a_newer_version_and_another_engine_are_another_model(model: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    before = digest(model)
    monkeypatch.setattr(type(model), "version", type(model).version + 1)
    assert digest(model) != before
    monkeypatch.undo()
    for engine in type(model).engines:
        monkeypatch.setattr("pipeline.identity.version", lambda name, engine=engine: "0" if name == engine else "1")
        one = digest(model)
        monkeypatch.setattr("pipeline.identity.version", lambda _: "1")
        assert digest(model) != one, engine
        monkeypatch.undo()


def test_where_its_files_lie_and_what_they_are_called_is_no_part_of_it(model: Any, tmp_path: Path) -> None:
    moved = {
        field.name: dataclasses.replace(value, location=str(tmp_path / "elsewhere"), name="other")
        for field in dataclasses.fields(model)
        if hasattr(value := getattr(model, field.name), "location")
    }
    elsewhere = dataclasses.replace(model, **moved)
    assert (digest(elsewhere), elsewhere, hash(elsewhere)) == (digest(model), model, hash(model))


def test_the_driver_loads_no_library_and_another_process_knows_it_by_the_same_digest(
    model: Any, tmp_path: Path
) -> None:
    """With another hash seed, so that an iteration over a set would show."""
    (tmp_path / "model").write_bytes(pickle.dumps(model))
    program = (
        "import pickle, sys\n"
        "from pipeline.identity import digest\n"
        "model = pickle.load(open(sys.argv[1], 'rb'))\n"
        "model.check()\n"
        f"print(digest(model), *(name for name in {NATIVE} if name in sys.modules))"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "model")]
    environment = os.environ | {"PYTHONHASHSEED": "4711", "PYTHONPATH": str(Path(__file__).parents[2])}
    told = subprocess.run(command, env=environment, check=True, capture_output=True, text=True, timeout=120)
    assert told.stdout.split() == [digest(model)]


# The files.


def paths(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_file())


def refused(model: Any, path: Path, *, steps: Sequence[str] = ("check", "load")) -> None:
    """By each of the steps, in one line that says which file."""
    for step in steps:
        with pytest.raises(RecipeError) as raised:
            getattr(model, step)()
        assert path.name in str(raised.value) or str(path.parent) in str(raised.value), (step, str(raised.value))
        assert "\n" not in str(raised.value)


def named_again(model: Any, folder: Path) -> Any:
    """The same model, with the digests of the files as they are in `folder`, as if somebody had pinned those."""
    from scorers import asset, files

    named = {}
    for field in dataclasses.fields(model):
        value = getattr(model, field.name)
        if type(value).__name__ == "Asset":
            named[field.name] = asset(folder / Path(value.location).name)
        elif type(value).__name__ == "ModelFiles":
            named[field.name] = files(folder)
    return dataclasses.replace(model, **named)


@pytest.fixture(params=LOADED)
def fresh(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Any, Path]:
    """A model of its own that no process has loaded: what a worker holds already needs no file."""
    return LOADED[request.param].made(tmp_path / "model", 3), tmp_path / "model"


def test_a_missing_file_is_named_before_anything_starts(fresh: tuple[Any, Path]) -> None:
    model, folder = fresh
    for path in paths(folder):
        path.rename(folder.with_name("away"))
        refused(model, path, steps=["check"])
        folder.with_name("away").rename(path)
    model.check()


def test_a_file_of_other_bytes_is_named_before_anything_starts(fresh: tuple[Any, Path]) -> None:
    model, folder = fresh
    for path in paths(folder):
        before = path.read_bytes()
        path.write_bytes(before[:-1] + bytes([before[-1] ^ 1]))
        refused(model, path)
        path.write_bytes(before)
    model.check()


@pytest.mark.parametrize("share", [0, 0.5, 0.99])
def test_a_file_that_was_cut_short_is_refused_though_its_digest_was_named(
    fresh: tuple[Any, Path], share: float
) -> None:
    model, folder = fresh
    for path in paths(folder):
        before = path.read_bytes()
        path.write_bytes(before[: int(len(before) * share)])
        cut = named_again(model, folder)
        refused(cut, path, steps=["load"])
        if share < HEAD_ALONE.get(path.suffix, 1):
            refused(cut, path, steps=["check"])
        path.write_bytes(before)
    named_again(model, folder).check()


def test_what_the_files_cannot_do_is_refused_before_anything_starts(case: Case, model: Any) -> None:
    for name, value in case.strange.items():
        with pytest.raises(RecipeError):
            dataclasses.replace(model, **{name: value}).check()
    model.check()


@pytest.mark.parametrize("named", [name for name, case in MODELS.items() if name not in LOADED])
def test_a_model_that_is_asked_wants_its_key_before_anything_starts(
    named: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MILL_KEY", raising=False)
    with pytest.raises(RecipeError, match="MILL_KEY"):
        dataclasses.replace(MODELS[named].made(tmp_path), key_variable="MILL_KEY").check()  # type: ignore[type-var]


# The scores.


def test_scores_are_one_float64_column_row_for_row(model: Any, table: pa.Table) -> None:
    assert table.schema == signals_of_model(model)
    assert table.schema.types == [pa.float64()]
    assert table.num_rows == len(TEXTS)


def test_a_text_without_a_word_has_no_score_and_every_other_has_one(model: Any, table: pa.Table) -> None:
    known = [score is not None for score in table[model.column].to_pylist()]
    assert known == [bool(text.strip()) for text in TEXTS]
    assert known.count(False) == len(BLANK)


def test_scores_are_whole_steps_within_the_declared_range(case: Case, model: Any, table: pa.Table) -> None:
    found = table[model.column].drop_null().to_numpy()
    assert np.isfinite(found).all()
    assert (np.rint(found * model.resolution) / model.resolution == found).all()
    assert case.least <= found.min()
    assert found.max() <= case.most
    assert len(set(found.tolist())) >= 4, "texts that say different things"


def test_a_text_has_the_same_score_alone_in_any_batch_and_in_any_order(
    model: Any, table: pa.Table, tmp_path: Path
) -> None:
    wanted = dict(zip(TEXTS, table[model.column].to_pylist(), strict=True))
    short = [text for text in TEXTS if len(text) < 1_000_000]
    alone = scores(model, tmp_path / "alone", *([text] for text in short))
    assert [score for (score,) in alone] == [wanted[text] for text in short]
    for window in (1, 3, 7):
        drawn = random.Random(window).sample(short, len(short))
        cut = random.Random(window).randrange(len(drawn))
        found = scores(model, tmp_path / str(window), drawn[:cut], drawn[cut:], window=window)
        assert [*found[0], *found[1]] == [wanted[text] for text in drawn]


def test_files_without_documents_and_without_words_have_columns_too(model: Any, tmp_path: Path) -> None:
    none, blank = scored(model, tmp_path, [], BLANK)
    assert none.schema == blank.schema == signals_of_model(model)
    assert blank[model.column].to_pylist() == [None] * len(BLANK)
    assert none.num_rows == 0


def test_many_texts_at_once_have_the_scores_of_few(model: Any, tmp_path: Path) -> None:
    texts = plain(300, seed=2)
    (together,) = scores(model, tmp_path / "together", texts)
    parts = scores(model, tmp_path / "parts", *(texts[first : first + 60] for first in range(0, 300, 60)))
    assert [score for part in parts for score in part] == together
