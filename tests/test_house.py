"""The rules of the house that no other tool checks."""

import ast
import importlib.util
import re
import subprocess
import tomllib
from collections.abc import Iterator
from importlib.metadata import Distribution, distribution, distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("pipeline", "filters", "dedup", "jobs")
MODULES = sorted(path.relative_to(ROOT) for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
MOST_LINES, MOST_FUNCTION_LINES = 300, 40
LONGER = {
    "jobs/annotate.py:annotate": "a line for each option",
    "jobs/bench/verb.py:bench": "a line for each option",
    "jobs/curate.py:curate": "a line for each option",
    "jobs/dedup.py:dedup": "a line for each option",
    "jobs/fit_language.py:fit_language": "a line for each option",
    "jobs/publish.py:publish": "a line for each option",
    "jobs/plan.py:plan": "a line for each option",
    "jobs/replay.py:replay": "a line for each option",
    "jobs/sample_scores.py:sample_scores": "a line for each option",
    "jobs/train_quality.py:train_quality": "a line for each option",
}


def tracked() -> list[Path]:
    """The files that belong to the project, also those that are not committed yet."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


# Packages.


def installed_names(found: Distribution) -> set[str]:
    """The first part of every path that a distribution installs, and what it says it provides."""
    declared = (found.read_text("top_level.txt") or "").split()
    return {Path(file).parts[0].removesuffix(".py") for file in found.files or ()} | set(declared)


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_is_ours_alone(package: str) -> None:
    others = {found.name for found in distributions() if package in installed_names(found)} - {"gristmill"}
    assert not others, f"import {package} could find another: {others}"
    spec = importlib.util.find_spec(package)
    assert spec is not None
    assert spec.origin == str(ROOT / package / "__init__.py")


def test_our_distribution_installs_these_packages_and_cannot_be_uploaded() -> None:
    with (ROOT / "pyproject.toml").open("rb") as file:
        project = tomllib.load(file)
    assert project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"] == list(PACKAGES)
    assert "Private :: Do Not Upload" in distribution("gristmill").metadata.get_all("Classifier", [])


# Modules.


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_a_module_says_what_it_is_for_in_whole_sentences(module: Path) -> None:
    said = ast.get_docstring(ast.parse((ROOT / module).read_text()))
    assert said, f"{module} has no docstring"
    assert re.search(r"[.:?!`]$", said)


def too_long() -> Iterator[str]:
    for module in MODULES:
        text = (ROOT / module).read_text()
        if text.count("\n") > MOST_LINES:
            yield str(module)
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > MOST_FUNCTION_LINES:
                    yield f"{module}:{node.name}"


def test_modules_and_functions_can_be_taken_in_at_once() -> None:
    assert set(too_long()) == set(LONGER), "split what is too long, and forget what no longer is"


VAGUE = re.compile(
    r"(?:^|_)(?:util|helper|common|manager|misc)s?(?:$|_)|(?:Util|Helper|Common|Manager|Misc)s?(?![a-z])"
)


def names_in(path: Path) -> Iterator[str]:
    """The names of folder, file and classes."""
    yield from path.relative_to(ROOT).with_suffix("").parts
    yield from (node.name for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ClassDef))


@pytest.mark.parametrize("top", [*PACKAGES, "tests"])
def test_nothing_has_a_name_that_could_hold_anything(top: str) -> None:
    found = {name: path for path in sorted((ROOT / top).rglob("*.py")) for name in names_in(path)}
    assert not {name: path for name, path in found.items() if VAGUE.search(name)}


def test_files_of_tests_have_names_of_their_own() -> None:
    """Tests are no packages, so two files of one name would be taken for one another."""
    names = [path.name for path in (ROOT / "tests").rglob("*.py") if path.name != "conftest.py"]
    assert sorted(set(names)) == sorted(names)
    assert not list((ROOT / "tests").rglob("__init__.py"))


# What must not leave the machine it was made on.

HOMES = re.compile(
    r"(?<![\w.~-])/(?:home|Users|root|work|workspace|builds?|runner)/(?!ray\b)[\w.-]|[A-Z]:\\{1,2}Users\\"
)
SECRETS = re.compile(
    r"\b(?:AKIA[0-9A-Z]{16}|hf_[A-Za-z0-9]{30,}|gh[pousr]_[A-Za-z0-9]{30,})\b|-----BEGIN [A-Z ]*PRIVATE KEY"
)


def texts() -> Iterator[tuple[str, str]]:
    for path in tracked():
        yield str(path.relative_to(ROOT)), path.read_bytes().decode("utf-8", "ignore")


def test_no_file_names_a_place_of_the_machine_it_was_written_on() -> None:
    own = [re.compile(rf"(?<![\w.~-]){re.escape(str(place))}\b") for place in (ROOT, Path.home())]
    found = [name for name, text in texts() if any(pattern.search(text) for pattern in [HOMES, *own])]
    assert not found


def test_no_file_holds_a_secret() -> None:
    assert not [name for name, text in texts() if SECRETS.search(text)]


def test_lock_files_hold_versions_and_digests_and_no_address() -> None:
    locks = [path for path in tracked() if path.suffix == ".lock"]
    assert len(locks) >= 2
    for path in locks:
        for line in path.read_text().splitlines():
            assert re.fullmatch(
                r"[A-Za-z0-9][\w.-]*(\[[\w,-]+\])?==[\w.!+-]+( ; .+)? \\|    --hash=sha256:[0-9a-f]{64}( \\)?", line
            ), f"{path.name}: {line}"
