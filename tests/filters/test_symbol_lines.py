"""Lines of nothing but symbols."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filters.symbol_lines import SymbolLines
from pipeline.errors import RecipeError
from pipeline.measures import Edit, Transform, undo
from pipeline.pages import Pages

PART = SymbolLines()
BREAKS = ["\n", "\n\n", "\r\n", "\r", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029", ""]
LINES = st.sampled_from(
    ["---", "* * *", " ", "\t", "", "=\t=", "word", "a - b", "•", "—— ——", "...", "。", "1.", "\u3000"]
)
TEXTS = st.lists(st.tuples(LINES | st.text(max_size=4), st.sampled_from(BREAKS)), max_size=30).map(
    lambda pairs: "".join(line + end for line, end in pairs)
)


def cleaned(text: str, part: SymbolLines = PART) -> str:
    done = part.transform(Pages([text]))
    assert undo(done.texts[0], done.edits[0]) == text
    return done.texts[0]


def test_it_is_a_transform() -> None:
    assert isinstance(PART, Transform)


def test_lines_of_symbols_go_and_blank_lines_stay() -> None:
    assert cleaned("A title\n=======\n\n * * *\nText - here.\n--\n—") == "A title\n\nText - here."


def test_a_run_of_such_lines_becomes_one_replacement() -> None:
    part = SymbolLines(replacement="<hr>")
    assert cleaned("***\n---\ntext\n===\n\n===", part) == "<hr>\ntext\n<hr>\n\n<hr>"


def test_a_line_that_goes_is_one_edit_and_is_counted() -> None:
    done = PART.transform(Pages(["one\n---\n***\ntwo"]))
    assert done.edits == [(Edit("symbol_lines", 3, "\n---\n***\n", "\n"),)]
    assert done.signals.to_pylist() == [{"symbol_line_count": 2}]


@given(TEXTS, st.sampled_from(["", "-", "<hr>", "\n"]))
def test_undoing_the_edits_rebuilds_any_text(text: str, replacement: str) -> None:
    cleaned(text, SymbolLines(replacement=replacement))


@given(TEXTS)
def test_once_lines_end_in_no_newline_doing_it_again_changes_nothing(text: str) -> None:
    once = cleaned(text).rstrip("\n")
    assert cleaned(once) == once


@given(TEXTS)
def test_evidence_is_the_lines_that_are_counted(text: str) -> None:
    (row,) = PART.transform(Pages([text])).signals.to_pylist()
    assert len(PART.evidence(text, "symbol_line_count")) == row["symbol_line_count"]


def test_a_megabyte_takes_no_more_than_its_length() -> None:
    assert cleaned("-\n" * 500_000 + "end") == "end"
    assert cleaned("-" * 1_000_000 + "x\n" + " -" * 500_000) == "-" * 1_000_000 + "x"


def test_no_symbols_are_refused() -> None:
    with pytest.raises(RecipeError, match="at least one symbol"):
        SymbolLines(symbols=" ")
