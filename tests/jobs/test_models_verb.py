"""`gristmill models`: what is refused is said, and a registry holds whole models or none."""

import hashlib
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import orjson
import pytest
from model_makers import fasttext_model, model_folder, trapped
from trial import CHECKOUT, typed, verb

from pipeline.errors import RecipeError, StorageError
from pipeline.model_files import REGISTRY, ModelFiles, listing
from pipeline.model_registry import add_model, models_in


def sha256_of(folder: Path) -> str:
    return hashlib.sha256(listing(folder).encode()).hexdigest()


def told(*words: object, code: int = 0) -> dict[str, Any]:
    found = typed("models", *map(str, words), "--json")
    assert found.returncode == code, found.stderr
    return orjson.loads(found.stdout)


# verify


def test_verify_lists_files_and_the_digest_for_the_recipe(tmp_path: Path) -> None:
    folder = model_folder(tmp_path / "m")
    (found,) = told("verify", folder)["models"]
    assert found["sound"]
    assert found["sha256"] == sha256_of(folder)
    assert ModelFiles(name="m", sha256=found["sha256"], location=str(folder)).folder() == folder
    (weights,) = [each for each in found["files"] if each["path"] == "model.safetensors"]
    assert weights["kind"] == "safetensors"
    assert weights["bytes"] == (folder / "model.safetensors").stat().st_size
    assert weights["sha256"] == hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()


def test_verify_says_what_is_refused_and_why_and_ends_with_1(tmp_path: Path) -> None:
    folder = model_folder(tmp_path / "m", pytorch_model__bin=trapped(tmp_path / "mark"), modeling__py="import os")
    (found,) = told("verify", folder, code=1)["models"]
    assert {each["path"] for each in found["files"] if each["refused"]} == {"modeling.py", "pytorch_model.bin"}
    shown = verb("models", "verify", str(folder))
    assert shown.returncode == 1
    assert "modeling.py  REFUSED: it is code" in shown.stdout
    assert "may be loaded" not in shown.stdout
    assert not (tmp_path / "mark").exists()


def test_verify_shows_a_sound_model_to_a_person(tmp_path: Path) -> None:
    folder = model_folder(tmp_path / "m")
    shown = verb("models", "verify", str(folder))
    assert shown.returncode == 0
    assert f"m may be loaded: sha256 {sha256_of(folder)}" in shown.stdout
    assert "model.safetensors  safetensors 2 tensors" in shown.stdout


def test_what_is_no_list_of_files_is_a_fault(tmp_path: Path) -> None:
    folder = model_folder(tmp_path / "m")
    (folder / "link.txt").symlink_to("vocab.txt")
    (found,) = told("verify", folder, code=1)["models"]
    assert "is a link" in found["problems"][0]
    (tmp_path / "empty").mkdir()
    assert told("verify", tmp_path / "empty", code=1)["models"][0]["problems"] == ["it is empty"]


def test_a_folder_of_the_registry_must_have_the_digest_that_it_is_called_by(tmp_path: Path) -> None:
    place, _, _ = add_model(model_folder(tmp_path / "m"), "mill", tmp_path / "models")
    assert told("verify", place)["models"][0]["sound"]
    (place / "extra.txt").write_text("x")
    (found,) = told("verify", place, code=1)["models"]
    assert f"should be {place.name}" in found["problems"][0]


RECIPE = """
from dataclasses import replace
from filters.quality.fasttext import FastTextQuality
from jobs.recipes.gopher import gopher
from pipeline.assets import Asset
from pipeline.quality import Quality

def mine():
    model = Asset(name="quality.bin", sha256="{sha256}", location="{location}")
    return replace(gopher(), quality=Quality(models=(FastTextQuality(model=model, label="__label__1"),)))
"""


def test_the_models_of_a_recipe_are_verified_as_it_names_them(tmp_path: Path) -> None:
    model, recipe = tmp_path / "quality.bin", tmp_path / "mine.py"
    model.write_bytes(fasttext_model())
    fields = {"sha256": hashlib.sha256(model.read_bytes()).hexdigest(), "location": model}
    recipe.write_text(RECIPE.format(**fields))
    (found,) = told("verify", "--recipe", f"{recipe}:mine")["models"]
    assert (found["name"], found["sound"]) == ("fasttext_score", True)
    assert [(each["path"], each["kind"]) for each in found["files"]] == [(str(model), "fasttext")]
    recipe.write_text(RECIPE.format(**fields | {"sha256": "0" * 64}))
    (found,) = told("verify", "--recipe", f"{recipe}:mine", code=1)["models"]
    assert "but the recipe names 0000" in found["problems"][0]
    model.write_bytes(trapped(tmp_path / "mark"))
    recipe.write_text(RECIPE.format(**fields | {"sha256": hashlib.sha256(model.read_bytes()).hexdigest()}))
    (found,) = told("verify", "--recipe", f"{recipe}:mine", code=1)["models"]
    assert found["files"][0]["refused"] == "it is a pickle"
    assert not (tmp_path / "mark").exists()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["verify"], "name a FOLDER, or a recipe"),
        (["verify", "FOLDER", "--recipe", "gopher"], "name a FOLDER, or a recipe"),
        (["verify", "NOWHERE"], "is no folder"),
        (["verify", "--recipe", "gopher"], "names no quality models"),
        (["add", "FOLDER"], "what the model is called"),
        (["add", "--name", "mill"], "name a FOLDER"),
        (["add", "FOLDER", "--name", "mill"], f"in {REGISTRY}"),
        (["add", "FOLDER", "--name", "../mill", "--registry", "NOWHERE"], "a name has letters"),
        (["add", "NOWHERE", "--name", "mill", "--registry", "NOWHERE"], "cannot be read"),
        (["list"], f"in {REGISTRY}"),
        (["list", "--registry", "NOWHERE"], "no registry that can be read"),
        (["burn"], "burn"),
    ],
)
def test_a_wrong_command_is_one_clear_error(
    words: list[str], says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(REGISTRY, raising=False)
    places = {"FOLDER": str(model_folder(tmp_path / "m")), "NOWHERE": str(tmp_path / "nowhere")}
    found = typed("models", *(places.get(word, word) for word in words))
    assert found.returncode == 2
    assert says in found.stderr


# add and list


def test_a_model_that_was_added_is_found_by_its_name_and_digest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = model_folder(tmp_path / "m", **{"1_Pooling/config__json": "{}"})
    monkeypatch.setenv(REGISTRY, str(tmp_path / "models"))
    added = told("add", folder, "--name", "mill")
    assert added["new"]
    assert added["folder"] == str(tmp_path / "models" / "mill" / sha256_of(folder))
    assert ModelFiles(name="mill", sha256=added["sha256"]).folder() == Path(added["folder"])
    assert listing(Path(added["folder"])) == listing(folder)
    assert not os.access(Path(added["folder"]) / "config.json", os.W_OK) or os.geteuid() == 0
    assert not told("add", folder, "--name", "mill")["new"]
    listed = told("list")["models"]
    assert [(each["name"], each["sha256"], each["files"]) for each in listed] == [("mill", added["sha256"], 7)]
    shown = typed("models", "list").stdout
    assert f"{added['sha256']}  mill  7 files" in shown


def test_what_is_refused_is_not_added(tmp_path: Path) -> None:
    folder = model_folder(tmp_path / "m", weights__pt=trapped(tmp_path / "mark"))
    with pytest.raises(RecipeError, match="pickles run code"):
        add_model(folder, "mill", tmp_path / "models")
    assert not (tmp_path / "models").exists()


def test_a_copy_that_is_not_whole_is_never_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, registry = model_folder(tmp_path / "m"), tmp_path / "models"
    calls = iter(range(3))

    def full(_: int) -> None:
        if next(calls) == 2:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageError, match="No space left"):
        add_model(folder, "mill", registry)
    assert list(models_in(registry)) == []
    assert list((registry / "mill").iterdir()) == []


def test_a_file_that_changes_while_it_is_copied_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, registry = model_folder(tmp_path / "m"), tmp_path / "models"
    real = os.fsync

    def changing(file: int) -> None:
        (folder / "vocab.txt").write_text("[PAD]\n[UNK]\nrye!\n")
        real(file)

    monkeypatch.setattr(os, "fsync", changing)
    with pytest.raises(StorageError, match="changed while it was copied"):
        add_model(folder, "mill", registry)
    assert list(models_in(registry)) == []


def test_many_may_add_the_same_model_at_a_time(tmp_path: Path) -> None:
    folder, registry = model_folder(tmp_path / "m"), tmp_path / "models"
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: add_model(folder, "mill", registry), range(16)))
    assert len({place for place, _, _ in found}) == 1
    assert sum(new for _, _, new in found) == 1
    digest = sha256_of(folder)
    assert sorted(path.name for path in (registry / "mill").iterdir()) == [digest, f"{digest}.txt"]


def test_a_killed_copy_leaves_nothing_that_is_taken_for_a_model(tmp_path: Path) -> None:
    folder, registry = model_folder(tmp_path / "m"), tmp_path / "models"
    dying = (
        "import os, sys\nfrom pathlib import Path\nfrom pipeline.model_registry import add_model\n"
        "os.fsync = lambda _: os.kill(os.getpid(), 9)\nadd_model(Path(sys.argv[1]), 'mill', Path(sys.argv[2]))"
    )
    ended = subprocess.run([sys.executable, "-c", dying, str(folder), str(registry)], check=False, cwd=CHECKOUT)
    assert ended.returncode == -9
    assert list(models_in(registry)) == []
    assert add_model(folder, "mill", registry)[2]


def test_a_damaged_model_of_the_registry_is_not_taken_for_the_one_that_is_added(tmp_path: Path) -> None:
    folder, registry = model_folder(tmp_path / "m"), tmp_path / "models"
    place, _, _ = add_model(folder, "mill", registry)
    (place / "vocab.txt").chmod(0o644)
    (place / "vocab.txt").write_text("[PAD]\n")
    with pytest.raises(StorageError, match="the registry is damaged, remove"):
        add_model(folder, "mill", registry)
