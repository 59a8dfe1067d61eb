"""Scoring that is killed, has no room, or has a model that says no number or is another than it was: what a person finds then."""

import os
import shutil
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from model_makers import fasttext_model
from scored_rows import arpa, digest, write_recipe, write_rows
from trial import CHECKOUT, dataset_digests, receipt_times, typed

from jobs.running import prepare, run
from pipeline.errors import PartsFailed

FILES = 8


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files that take a moment each to score, a model and recipes that name it."""
    folder = tmp_path_factory.mktemp("scored")
    write_rows(folder / "in", FILES, rows=10, lines=3_000)
    write_recipe(folder / "mine.py", arpa(folder / "mill.arpa"))
    return folder


def command(made: Path, verb: str, root: Path) -> list[str]:
    if verb == "score":
        return ["score", str(made / "in"), "--model", str(made / "mill.arpa"), "--output", str(root)]
    return ["curate", f"{made}/mine.py:{verb}", "--input", str(made / "in"), "--output", str(root)]


STEPS = {"score": "score-perplexity", "early": "score-perplexity", "late": "late-score-perplexity"}


@pytest.fixture(scope="module")
def undisturbed(made: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, str]]:
    """What each command leaves that nothing happened to."""
    folder, found = tmp_path_factory.mktemp("undisturbed"), {}
    for verb in STEPS:
        told = typed(*command(made, verb, folder / verb), "--local")
        assert told.returncode == 0, told.stderr
        found[verb] = dataset_digests(folder / verb)
    return found


def started(words: list[str]) -> subprocess.Popen[str]:
    """A verb in a process group of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", f"jobs.{words[0]}", *words[1:]],
        cwd=CHECKOUT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def wait_for_scores(driver: subprocess.Popen[str], root: Path, step: str, count: int) -> None:
    deadline = time.monotonic() + 120
    while len(receipt_times(root, step)) < count:
        assert driver.poll() is None, driver.stdout.read() if driver.stdout else ""
        assert time.monotonic() < deadline, "no part was scored in time"
        time.sleep(0.005)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("verb", "options"),
    [
        ("score", ("--local",)),
        ("early", ("--local",)),
        ("late", ("--local",)),
        pytest.param("score", ("--workers", "2"), marks=pytest.mark.ray),
    ],
)
def test_killed_while_it_scores_it_goes_on_and_scores_nothing_twice(
    made: Path, undisturbed: dict[str, dict[str, str]], verb: str, options: tuple[str, ...], tmp_path: Path
) -> None:
    root, step = tmp_path / "root", STEPS[verb]
    words = [*command(made, verb, root), *options]
    driver = started(words)
    try:
        wait_for_scores(driver, root, step, 2)
    finally:
        os.killpg(driver.pid, signal.SIGKILL)
        driver.communicate(timeout=30)
    before = receipt_times(root)
    assert len(receipt_times(root, step)) < FILES, "it was killed too late to say anything"
    assert not (root / "dataset").exists()

    told = typed(*command(made, verb, root), "--local")
    assert told.returncode == 0, told.stderr
    assert dataset_digests(root) == undisturbed[verb]
    assert before.items() <= receipt_times(root).items(), "a committed part was done again"
    in_flight = 2 if "--workers" in options else 1
    assert len(list(root.glob(f"steps/{step}/*/*/*signals.parquet"))) <= FILES + in_flight
    assert typed("verify", str(root)).returncode == 0


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount, umount = shutil.which("mount"), shutil.which("umount")
    words = [mount or "", "-t", "tmpfs", "-o", "size=64m,mode=777", "tmpfs", str(disk)]
    if not (mount and umount) or subprocess.run(words, check=False, capture_output=True).returncode:
        pytest.skip("only root can mount a small file system")
    yield disk
    subprocess.run([umount, str(disk)], check=True)


@pytest.mark.slow
def test_a_disk_that_is_full_while_scores_are_written_is_said_to_be_and_the_rest_is_done_later(
    made: Path, undisturbed: dict[str, dict[str, str]], small_disk: Path
) -> None:
    root = small_disk / "root"
    words = [*command(made, "score", root), "--local"]
    driver = started(words)
    wait_for_scores(driver, root, STEPS["score"], 2)
    with (small_disk / "filler").open("wb", buffering=0) as filler:
        try:
            while True:
                filler.write(bytes(1 << 12))
        except OSError:
            pass
    told, _ = driver.communicate(timeout=120)
    assert driver.returncode == 1, told
    assert "disk full; free some space and run the same command again" in " ".join(told.split())
    assert "Traceback" not in told
    before = receipt_times(root)
    assert 2 <= len(receipt_times(root, STEPS["score"])) < FILES
    (small_disk / "filler").unlink()
    assert typed(*words).returncode == 0
    assert dataset_digests(root) == undisturbed["score"]
    assert before.items() <= receipt_times(root).items()


# Scores that are no numbers.


def with_a_word_that_is_none(content: bytes, word: str, folder: Path) -> bytes:
    """A classifier one of whose words has a vector of no numbers."""
    from fasttext.FastText import _FastText

    (folder / "sound.bin").write_bytes(content)
    model = _FastText(str(folder / "sound.bin"))
    dim, rows = model.get_dimension(), model.get_input_matrix().shape[0]
    end = len(content) - (1 + 16 + 4 * dim * len(model.get_labels()))
    place = end - 4 * dim * (rows - model.get_word_id(word))
    return content[:place] + struct.pack("<f", float("nan")) * dim + content[place + 4 * dim :]


def test_pages_whose_score_is_no_number_fail_their_part_are_named_and_a_mended_model_ends_it(tmp_path: Path) -> None:
    rows = write_rows(tmp_path / "in", 3, rows=6)
    first = (rows / "01.jsonl").read_text()
    (rows / "01.jsonl").write_text(first.replace("the page of number 8", "the page of sail").replace("10", "sail"))
    sound = fasttext_model(wordNgrams=2)
    (tmp_path / "mill.bin").write_bytes(with_a_word_that_is_none(sound, "sail", tmp_path))
    root = tmp_path / "root"
    (tmp_path / "mine.py").write_text(MINE.format(sha256=digest(tmp_path / "mill.bin"), folder=tmp_path))
    words = ["curate", f"{tmp_path}/mine.py:mine", "--input", str(rows), "--output", str(root), "--local"]
    told = typed(*words)
    assert told.returncode == 1
    assert "01.jsonl: fasttext_score: 2 pages have a score that is no number: id-1-2, id-1-4" in " ".join(
        told.stderr.split()
    )
    assert "Traceback" not in told.stderr
    assert not (root / "dataset").exists()
    assert len(receipt_times(root, "score-fasttext_score")) == 2, "the other parts were done"
    assert "2/3" in typed("status", str(root)).stdout

    read = receipt_times(root, "ingest")
    (tmp_path / "mill.bin").write_bytes(sound)
    (tmp_path / "mine.py").write_text(MINE.format(sha256=digest(tmp_path / "mill.bin"), folder=tmp_path))
    assert typed(*words).returncode == 0
    assert pl.read_parquet(root / "dataset/data/*.parquet")["fasttext_score"].null_count() == 0
    assert receipt_times(root, "ingest") == read


MINE = """
from filters.quality.fasttext import FastTextQuality
from jobs.recipe import Recipe
from pipeline.assets import Asset
from pipeline.extraction import Resiliparse
from pipeline.quality import Quality


def mine() -> Recipe:
    model = Asset(name="mill.bin", sha256="{sha256}", location="{folder}/mill.bin")
    quality = Quality(models=(FastTextQuality(model=model, label="__label__1"),))
    return Recipe(name="mine", ingest=(Resiliparse(),), rules=(), quality=quality)
"""


# A model that is another than it was.


@pytest.fixture
def few(tmp_path: Path) -> Path:
    write_rows(tmp_path / "in", 2, rows=5)
    write_recipe(tmp_path / "mine.py", arpa(tmp_path / "mill.arpa"))
    return tmp_path


def scores(root: Path) -> list[float]:
    return pl.read_parquet(root / "dataset/data/*.parquet")["perplexity"].to_list()


def test_a_model_that_changed_between_runs_scores_anew_or_is_refused_where_it_was_named(few: Path) -> None:
    words, root = [*command(few, "score", few / "root"), "--local"], few / "root"
    assert typed(*words).returncode == 0
    before, read, named = scores(root), receipt_times(root, "ingest"), digest(few / "mill.arpa")
    kept = dataset_digests(root)
    arpa(few / "mill.arpa", first=2.0)

    pinned = [f"{word}@{named}" if word.endswith(".arpa") else word for word in words]
    for refused in (pinned, [*command(few, "early", root), "--local"]):
        told = typed(*refused)
        assert told.returncode == 2
        assert f"but the recipe names {named}" in " ".join(told.stderr.split())
        assert dataset_digests(root) == kept, "the dataset is what it was"

    assert typed(*words).returncode == 0
    assert all(now > then for now, then in zip(scores(root), before, strict=True))
    assert receipt_times(root, "ingest") == read, "nothing was read again"
    assert typed(*command(few, "score", few / "fresh"), "--local").returncode == 0
    assert dataset_digests(few / "fresh") == dataset_digests(root)


@pytest.mark.parametrize("how", ["changed", "gone", "cut"])
def test_a_model_that_changes_once_the_run_has_begun_fails_it_by_its_name(
    few: Path, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from jobs import running

    path, unlike = (
        few / "mill.arpa",
        {"changed": 1.25, "gone": 1.5, "cut": 1.75}[how],
    )  # what this process has not loaded yet
    write_recipe(few / "mine.py", arpa(path, unlike))
    prepared, real = prepare(f"{few}/mine.py:early", [str(few / "in")], str(few / "root")), running.execute

    def later(*given: object) -> None:
        {
            "changed": lambda: arpa(path, 3.0),
            "gone": path.unlink,
            "cut": lambda: path.write_bytes(path.read_bytes()[:99]),
        }[how]()
        real(*given)

    monkeypatch.setattr(running, "execute", later)
    with pytest.raises(PartsFailed, match=r"mill\.arpa"):
        run(prepared, local=True)
    assert not (few / "root" / "dataset").exists()
    monkeypatch.undo()
    arpa(path, unlike)
    run(prepared, local=True)
    assert len(scores(few / "root")) == 10 - 2  # of ten, the worst quarter goes
