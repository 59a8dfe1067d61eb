"""The examples of docs/other-data.md, run from top to bottom."""

import re
import shutil
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from jobs.cli import app
from pipeline.runs import open_run
from pipeline.storage import open_storage
from pipeline.verify import verify

PAGE = (Path(__file__).parents[2] / "docs" / "other-data.md").read_text()
BLOCKS = re.findall(r"^```(sh|python)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def words_of(line: str, folder: Path) -> list[str]:
    """The words of a command, with globs as a shell would give them."""
    words: list[str] = []
    for word in line.split():
        words += sorted(str(file.relative_to(folder)) for file in folder.glob(word)) if "*" in word else [word]
    return words


def test_the_examples_of_the_page_run(finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(finished / "dataset" / "data", tmp_path / "data")
    urls = pl.read_parquet(tmp_path / "data" / "*.parquet")["url"]
    pl.DataFrame({"url": urls, "edu_score": [number % 5 + 0.5 for number in range(len(urls))]}).write_csv(
        tmp_path / "scores.csv"
    )
    monkeypatch.chdir(tmp_path)
    ran: list[str] = []
    for kind, text in BLOCKS:
        if kind == "python":
            name = re.match(r"# (\w+\.py)\n", text)
            assert name, f"no file's name begins the block {text[:40]}"
            (tmp_path / name[1]).write_text(text)
            continue
        for line in text.splitlines():
            command, verb, *words = words_of(line, tmp_path)
            assert command == "gristmill"
            told = CliRunner().invoke(app, [verb, *words])
            assert told.exit_code == 0, f"{line}: {told.output}"
            ran.append(verb)
    assert ran == ["curate", "status", "plan", "measure", "annotate", "curate", "curate"]

    run = open_run(open_storage(str(tmp_path / "out")))
    assert run.record.recipe == "with_scores"
    assert run.totals("decide")["dropped.not_educational"] > 0
    for root in ("out", "theirs"):
        opened = open_run(open_storage(str(tmp_path / root)))
        assert [finding for finding in verify(opened) if finding] == []
        assert opened.totals("pack")["rows"] > 0
