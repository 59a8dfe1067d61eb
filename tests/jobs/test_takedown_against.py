"""`takedown` where the last run is compared with earlier ones of the same ROOT: all of them forget the page, in order."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from leftovers import run_at, traces
from test_curate_against import RECIPES, curated, kept, pages
from test_takedown_rows import Killed, killing
from trial import dataset_digests, typed

from pipeline.errors import StorageError
from pipeline.runs import OpenRun
from pipeline.takedown.chain import chain_of
from pipeline.takedown.tombstones import Takedown, key_of, next_id, write_takedown
from pipeline.verify import verify

YEARS = (2022, 2023, 2024)


def files(folder: Path) -> dict[int, list[str]]:
    """A file of each year; the last one has a page of the first once more, to the character."""
    folder.mkdir()
    found: dict[int, list[str]] = {}
    for year in YEARS:
        rows = pages(0, year, 16)
        if year == YEARS[-1]:
            rows.append({**pages(0, YEARS[0], 16)[0], "id": "urn:again", "url": "https://example.org/again"})
        file = folder / f"{year}.jsonl"
        file.write_text("".join(json.dumps(row) + "\n" for row in rows))
        found[year] = [str(file)]
    return found


def years(recipe: str, folder: Path, root: Path) -> None:
    """The years, each compared with those before it."""
    inputs = {year: [str(folder / f"{year}.jsonl")] for year in YEARS}
    curated(recipe, inputs[2022], root, "y2022")
    curated(recipe, inputs[2023], root, "y2023", root)
    curated(recipe, inputs[2024], root, "y2024", f"{root}@y2022,y2023")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("years")
    (folder / "mine.py").write_text(RECIPES)
    files(folder / "rows")
    years(f"{folder}/mine.py:star", folder / "rows", folder / "out")
    return folder


@pytest.fixture
def root(made: Path, tmp_path: Path) -> Path:
    return moved(made / "out", tmp_path / "out")


def moved(made: Path, root: Path) -> Path:
    """A copy, whose records name it and not the one that it is of."""
    shutil.copytree(made, root)
    for record in root.glob("runs/*.json"):
        record.write_bytes(record.read_bytes().replace(str(made).encode(), str(root).encode()))
    return root


def asked(made: Path, root: Path, lines: Sequence[str], scope: str) -> tuple[str, ...]:
    (root.parent / "list.txt").write_text("\n".join(lines))
    words = ("--urls", str(root.parent / "list.txt"), "--scope", scope, "--recipe", f"{made}/mine.py:star", "--local")
    return ("takedown", str(root), *words, "--json")


def take_down(made: Path, root: Path, *lines: str, scope: str = "page") -> Any:
    done = typed(*asked(made, root, lines, scope))
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def faults(run: OpenRun) -> list[str]:
    return [f"{each.where}: {each.what}" for each in verify(run) if each and each.where != "dataset"]


def removed_for(root: Path) -> dict[str, str]:
    """Pages of the last year that went for one of an earlier one, with that."""
    there = set(kept(root))
    found = {}
    for row in pages(0, YEARS[-1], 16):
        if row["url"] not in there:
            (told,) = json.loads(typed("why", str(root), row["url"], "--json").stdout)["records"]
            if told["duplicates"]["earlier"]:
                found[row["url"]] = told["duplicates"]["earlier"]["url"]
    return found


def test_all_runs_forget_the_page_and_what_went_for_it_is_elected_again(made: Path, root: Path) -> None:
    gone_for = removed_for(root)
    page = next(earlier for earlier in gone_for.values())
    id_ = f"urn:{page.rpartition('/')[2]}"
    before, chain = set(kept(root)), chain_of(run_at(root))
    assert [run.source.name for run in chain] == ["y2022", "y2023", "y2024"]
    take_down(made, root, page)
    assert traces(root, [page, id_]) == []
    now = chain_of(run_at(root))
    assert [run.source.name for run in now] == ["y2022", "y2023", "y2024"]
    assert not {run.record.id for run in now} & {run.record.id for run in chain}
    assert [fault for run in now for fault in faults(run)] == []
    assert [each for each in verify(run_at(root)) if each] == []
    fresh = root.parent / "fresh"
    shutil.copytree(root / "takedowns", fresh / "takedowns")
    years(f"{made}/mine.py:star", made / "rows", fresh)
    assert dataset_digests(fresh) == dataset_digests(root)
    for mended, again in zip(now, chain_of(run_at(fresh)), strict=True):
        assert mended.totals("survivors") == again.totals("survivors")
        assert [step.fingerprint for step in mended.record.steps] == [step.fingerprint for step in again.record.steps]
    assert before <= set(kept(root)), "what an earlier page took the place of comes back, nothing else changes"


def test_a_page_that_went_for_one_that_is_taken_down_comes_back_as_a_page_and_goes_with_its_cluster(
    made: Path, root: Path
) -> None:
    first = pages(0, YEARS[0], 16)[0]["url"]
    assert "https://example.org/again" not in kept(root)
    as_page = moved(root, root.parent / "as-page")
    survivor = next(iter(json.loads(typed("why", str(root), "https://example.org/again", "--json").stdout)["records"]))
    earlier = survivor["duplicates"]["earlier"]["url"]
    before = set(kept(root))
    take_down(made, as_page, earlier, first)
    assert set(kept(as_page)) - before, "something that went for them is there again"
    told = take_down(made, root, earlier, first, scope="cluster")
    assert told["copies"] >= 1
    assert traces(root, [earlier, "https://example.org/again", "urn:again"]) == []
    assert [fault for run in chain_of(run_at(root)) for fault in faults(run)] == []


def test_an_earlier_run_that_is_not_finished_is_refused(made: Path, root: Path) -> None:
    first = chain_of(run_at(root))[0]
    step = first.step("pack")
    assert step is not None
    (root / first.manifest(step)).unlink()
    done = typed(*asked(made, root, [kept(root)[0]], "page"))
    assert done.returncode == 1
    assert "the run of y2022, with which the last is compared, is in progress" in done.stderr
    assert not (root / "takedowns").exists()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # files that are open when it ends
def test_killed_at_any_change_the_chain_is_completed_to_the_same(made: Path, root: Path) -> None:
    page = next(iter(removed_for(root).values()))
    whole = moved(root, root.parent / "whole")
    with pytest.MonkeyPatch.context() as patch:
        changes = killing(patch, 10**9)
        take_down(made, whole, page)
        total = changes()
    for after in range(3, total, total // 4):
        trial = moved(root, root.parent / f"trial-{after}")
        words = asked(made, trial, [page], "page")
        with pytest.MonkeyPatch.context() as patch:
            killing(patch, after)
            with pytest.raises(Killed):
                typed(*words)
        done = typed(*words)
        assert done.returncode == 0, (after, done.stderr)
        assert dataset_digests(trial) == dataset_digests(whole), after
        assert [fault for run in chain_of(run_at(trial)) for fault in faults(run)] == [], after
        assert traces(trial, [page]) == [], after


@pytest.fixture
def apart(made: Path, tmp_path: Path) -> tuple[Path, Path]:
    """Two years at ROOTs of their own, the later one compared with the earlier."""
    recipe, first, second = f"{made}/mine.py:star", tmp_path / "first", tmp_path / "second"
    curated(recipe, [str(made / "rows" / "2022.jsonl")], first, "y2022")
    curated(recipe, [str(made / "rows" / "2023.jsonl")], second, "y2023", first)
    return first, second


def test_after_a_takedown_at_an_earlier_root_one_at_a_later_root_goes_by_what_that_has_become(
    made: Path, apart: tuple[Path, Path], tmp_path: Path
) -> None:
    first, second = apart
    earlier, later = kept(first)[0], kept(second)[0]
    take_down(made, first, earlier)
    take_down(made, second, later)
    run = run_at(second)
    assert [each.run for each in run.record.releases] == [run_at(first).record.id]
    assert [each for each in verify(run) if each] == []
    assert traces(second, [later]) == []
    fresh = tmp_path / "fresh"
    shutil.copytree(second / "takedowns", fresh / "takedowns")
    curated(f"{made}/mine.py:star", [str(made / "rows" / "2023.jsonl")], fresh, "y2023", first)
    assert dataset_digests(fresh) == dataset_digests(second)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # files that are open when it ends
def test_one_that_was_interrupted_is_completed_whatever_is_taken_down_at_an_earlier_root_meanwhile(
    made: Path, apart: tuple[Path, Path]
) -> None:
    first, second = apart
    later, words = kept(second)[0], asked(made, second, [kept(second)[0]], "page")
    for after, earlier in zip((4, 30), kept(first), strict=False):
        with pytest.MonkeyPatch.context() as patch:
            killing(patch, after)
            with pytest.raises(Killed):
                typed(*words)
        take_down(made, first, earlier)
    done = typed("takedown", str(second), "--recipe", f"{made}/mine.py:star", "--local", "--json")
    assert done.returncode == 0, done.stderr
    run = run_at(second)
    assert [each.run for each in run.record.releases] == [run_at(first).record.id]
    assert [each for each in verify(run) if each] == []
    assert traces(second, [later]) == []


def test_of_two_that_begin_at_once_one_is_refused_and_changes_nothing(root: Path) -> None:
    storage = run_at(root).storage
    key, id_ = key_of(storage), next_id(storage)
    write_takedown(storage, Takedown(id=id_, facts={"of": "one"}, stones=()), key)
    there = {path: path.read_bytes() for path in (root / "takedowns").iterdir()}
    with pytest.raises(StorageError, match="somebody else has just begun a takedown here"):
        write_takedown(storage, Takedown(id=id_, facts={"of": "other"}, stones=()), key)
    assert {path: path.read_bytes() for path in (root / "takedowns").iterdir()} == there
