"""A machine that would give other bytes says so before it works."""

from importlib.metadata import version
from pathlib import Path

import pytest

from jobs.named_recipes import load_recipe
from pipeline.environment import CHECKOUT, PACKAGES, differences_from, engines_of, environment, source_digest
from pipeline.sources import Source, SourcePart
from pipeline.steps import plan_steps


def fineweb_engines() -> set[str]:
    recipe, _ = load_recipe("fineweb")
    source = Source("s", (SourcePart("a", "a", 1, "t"),))
    return engines_of([step.payload for step in plan_steps(recipe.steps(), source)])


def test_every_engine_that_a_recipe_declares_is_compared() -> None:
    found = fineweb_engines()
    assert found >= {"trafilatura", "lxml", "spacy", "fasttext-numpy2-wheel", "tokenizers", "datatrove"}
    here = environment(found)
    assert {name: here[name] for name in found} == {name: version(name) for name in found}
    assert here["pyarrow"] == version("pyarrow"), "it writes the files, whoever names it"


def test_a_machine_does_not_differ_from_itself() -> None:
    assert differences_from(environment(fineweb_engines())) == ""


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"trafilatura": "9.9"}, f"trafilatura {version('trafilatura')} instead of 9.9"),
        ({"Python": "3.99"}, "instead of 3.99"),
        ({"gristmill's source": "0"}, f"gristmill's source {source_digest()} instead of 0"),
        ({"no-such-engine": "1.0"}, "no-such-engine none instead of 1.0"),
    ],
)
def test_what_differs_is_named(changed: dict[str, str], said: str) -> None:
    assert said in differences_from(environment(fineweb_engines()) | changed)


def test_the_source_digest_sees_every_module(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import shutil

    for package in PACKAGES:
        shutil.copytree(CHECKOUT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    before = source_digest()
    monkeypatch.setattr("pipeline.environment.CHECKOUT", tmp_path)
    assert source_digest() == before, "where the checkout lies does not matter"
    with (tmp_path / "filters" / "c4.py").open("a") as module:
        module.write("\n")
    assert source_digest() != before
