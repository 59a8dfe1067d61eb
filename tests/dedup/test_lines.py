"""Lines and paragraphs repeated across documents."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from curated_texts import curated_texts
from hypothesis import given
from hypothesis import strategies as st

from dedup.lines import RepeatedLines
from dedup.scale import Scale
from jobs.recipe import Recipe
from pipeline.errors import RecipeError
from pipeline.extraction import Trafilatura
from pipeline.measures import Rule
from pipeline.runs import OpenRun
from pipeline.tables import read_table

LINES = RepeatedLines(unit="line")
PARAGRAPHS = RepeatedLines(unit="paragraph", min_chars=3)


@pytest.mark.parametrize("given_", [{"unit": "word"}, {"min_chars": 0}, {"min_documents": 1}])
def test_what_cannot_be_counted_is_refused(given_: dict[str, object]) -> None:
    with pytest.raises(RecipeError, match="repeated_lines"):
        RepeatedLines(**given_)  # type: ignore[arg-type]


def test_units_are_lines_or_what_stands_between_blank_lines_without_white_space_around_and_long_enough() -> None:
    text = " one \ntwo\n\n \t\n  three\nfour\n\nab\n"
    assert LINES.units(text) == ["one", "two", "three", "four", "ab"]
    assert RepeatedLines(min_chars=4).units(text) == ["three", "four"]
    assert PARAGRAPHS.units(text) == ["one \ntwo", "three\nfour"]
    assert LINES.units("") == PARAGRAPHS.units(" \n\n ") == []


@given(st.text(max_size=60))
def test_no_unit_is_empty_or_short_or_has_white_space_around(text: str) -> None:
    for lines in (LINES, PARAGRAPHS):
        assert all(unit == unit.strip() and len(unit) >= lines.min_chars for unit in lines.units(text))


def test_hashes_are_the_same_on_every_machine() -> None:
    assert [f"{each:016x}" for each in LINES.hashes(["a line", "a line"]).tolist()] == [HASH, HASH]


HASH = "e873e462364c8630"

TEXT = st.lists(st.sampled_from(["menu", "home", "a story", "ä", ""]), max_size=6).map("\n".join)


@given(TEXT, st.dictionaries(st.sampled_from(["menu", "home", "ä"]), st.booleans()))
def test_signals_are_the_shares_of_lines_and_characters_by_definition(text: str, repeated: dict[str, bool]) -> None:
    hashes = LINES.hashes(list(repeated))
    order = np.argsort(hashes)
    told = LINES.measure(text, hashes[order], np.array(list(repeated.values()), np.bool_)[order])
    lines = [line for line in text.split("\n") if line]
    chars = sum(map(len, lines))
    if not lines:
        assert told == (None, None, None)
        return
    assert told[0] == sum(line in repeated for line in lines) / len(lines)
    assert told[1] == sum(len(line) for line in lines if line in repeated) / chars
    assert told[2] == sum(len(line) for line in lines if not repeated.get(line, True)) / chars


TEXTS = [
    "home\nabout us\na long story of a page that nobody else has, told at length",
    "home\nabout us\nanother story",
    "home\n\nhome\na third story",
    "nothing that others have",
    "about us",
]


def curated(folder: Path, texts: list[str], recipe: Recipe, files: int = 1) -> tuple[OpenRun, pl.DataFrame]:
    """The run, and the signals of each text."""
    opened = curated_texts(folder, texts, recipe, files)
    told = []
    for number, receipt in enumerate(opened.receipts("measure-repeated-line").values()):
        table = pl.from_arrow(read_table(opened.storage, receipt, "signals"))
        told.append(table.with_columns(text=pl.Series(texts[number::files])))
    return opened, pl.concat(told)


RECIPE = Recipe(name="lines", ingest=(Trafilatura(),), rules=(), repeats=(LINES,))


def by_hand(texts: list[str], least: int) -> dict[str, tuple[float | None, ...]]:
    """The same by the words of the documentation: documents in the order of their length."""
    split = {text: [line for line in text.split("\n") if line] for text in texts}
    counts = Counter(line for lines in split.values() for line in set(lines))
    seen: set[str] = set()
    found: dict[str, tuple[float | None, ...]] = {}
    for text in sorted(texts, key=len, reverse=True):
        lines = split[text]
        again = [line for line in lines if counts[line] >= least]
        chars = sum(map(len, lines))
        copied = sum(len(line) for line in again if line in seen)
        found[text] = (len(again) / len(lines), sum(map(len, again)) / chars, copied / chars)
        seen |= set(again)
    return found


@pytest.mark.parametrize("files", [1, 2])
@pytest.mark.parametrize("least", [2, 3])
@pytest.mark.parametrize("cut", [False, True], ids=["whole", "cut"])
def test_signals_do_not_depend_on_files_their_order_or_partitions(
    tmp_path: Path, files: int, least: int, cut: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if cut:
        monkeypatch.setattr(Scale, "units", lambda *_: (3, 2))
    texts = TEXTS[::-1] if cut else TEXTS
    recipe = replace(RECIPE, repeats=(replace(LINES, min_documents=least),), bundle=1)
    _, told = curated(tmp_path, texts, recipe, files)
    assert {row[-1]: row[:-1] for row in told.rows()} == by_hand(texts, least)


def test_a_rule_drops_pages_of_lines_that_others_have(tmp_path: Path) -> None:
    rule = Rule("copied_line_chars_ratio", ">", 0.5, "copied_lines")
    opened, _ = curated(tmp_path, TEXTS, replace(RECIPE, rules=(rule,)))
    assert opened.totals("decide")["dropped.copied_lines"] == 1
    kept = pl.read_parquet(tmp_path / "root/dataset/data/*.parquet")["text"].to_list()
    assert sorted(kept) == sorted(TEXTS[:4])
    assert b"repeated_lines" in opened.storage.get("dataset/README.md")


def test_lines_and_paragraphs_can_stand_side_by_side_and_one_kind_twice_cannot() -> None:
    steps = replace(RECIPE, repeats=(LINES, PARAGRAPHS)).steps()
    names = [step.name for step in steps]
    assert names.index("measure-repeated-paragraph") < names.index("decide")
    with pytest.raises(RecipeError, match="written twice"):
        replace(RECIPE, repeats=(LINES, replace(LINES, min_chars=9)))
