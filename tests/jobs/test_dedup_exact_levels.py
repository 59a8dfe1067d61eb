"""Copies of anyone's rows where levels of merging stand between the steps: the same rows, and whoever asks is told the same."""

import json
from pathlib import Path

import pytest
from test_copies_against import COPIES
from test_curate_against import RECIPES, pages
from test_curate_against import written as rows_of_file
from test_dedup_exact import A, B, deduplicated, written
from test_dedup_verb import kept, told
from trial import typed

from dedup import scale


def test_rows_are_told_alike_with_levels_and_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = written(
        tmp_path / "data", {f"{number}{name}": rows for number in range(4) for name, rows in (("a", A), ("b", B))}
    )
    monkeypatch.setattr("jobs.deduplicating.BUNDLE_BYTES", 1)
    deduplicated(folder, tmp_path / "flat", "text", "url", near=True)
    monkeypatch.setattr(scale, "MOST_READS", 1)
    monkeypatch.setattr(scale, "SAME_BYTES", scale.Scale().memory // 20)
    deduplicated(folder, tmp_path / "levels", "text", "url", near=True)
    steps = {path.name for path in (tmp_path / "levels" / "steps").iterdir()}
    levels = {f"{name}-{kind}" for name in ("dealt", "found", "answers") for kind in ("url", "text")}
    assert levels <= steps
    assert not levels & {path.name for path in (tmp_path / "flat" / "steps").iterdir()}
    assert told(tmp_path / "levels").equals(told(tmp_path / "flat"))
    assert kept(tmp_path / "levels").equals(kept(tmp_path / "flat"))
    for asked in ([], ["3a.parquet:1"], ["2b.parquet:1"]):
        one, other = (typed("duplicates", str(tmp_path / name), *asked, "--json") for name in ("flat", "levels"))
        assert one.returncode == 0, one.stderr
        assert json.loads(other.stdout) | {"run": ""} == json.loads(one.stdout) | {"run": ""}
    done = typed("verify", str(tmp_path / "levels"))
    assert done.returncode == 0, done.stderr


def test_plan_says_which_levels_there_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine.py").write_text(RECIPES + COPIES)
    folder = tmp_path / "rows"
    for number in range(12):
        rows_of_file(folder / f"{number}.jsonl", pages(number, 2022, 12))
    words = ("plan", f"{tmp_path}/mine.py:copies", "--input", str(folder), "--output", str(tmp_path / "out"))
    assert "levels of merging" not in typed(*words).stdout
    monkeypatch.setattr(scale, "MOST_READS", 1)
    monkeypatch.setattr(scale, "SAME_BYTES", scale.Scale().memory // 2)
    told = " ".join(typed(*words).stdout.split())
    assert "levels of merging of exact copies, with the groups that they deal to: dealt (2), found (2)" in told
    steps = [each["step"] for each in json.loads(typed(*words, "--json").stdout)["deduplication_steps"]]
    for kind in ("url", "text"):
        assert [step for step in steps if step.startswith(("exact", "dealt", "copies", "found")) and kind in step] == [
            f"{name}-{kind}" for name in ("exact", "dealt", "copies", "found")
        ]
