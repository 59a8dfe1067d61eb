"""mC4's paragraphs."""

import pytest

from filters.c4_paragraphs import C4Paragraphs
from pipeline.errors import RecipeError
from pipeline.pages import Pages


def count(text: str, **parameters: int) -> int:
    (row,) = C4Paragraphs(**parameters).measure(Pages([text])).to_pylist()
    return row["c4_paragraph_count"]


def test_a_paragraph_is_a_line_of_at_least_200_characters() -> None:
    assert count("\n".join(["x" * 200, "x" * 199, "", "x" * 201])) == 2
    assert count("x" * 400) == 1
    assert count("") == 0
    assert count("ab\nabc", min_chars=3) == 1


def test_only_a_newline_ends_a_paragraph() -> None:
    assert count("x" * 150 + "\u2028" + "x" * 150) == 1


def test_evidence_is_the_paragraphs() -> None:
    text = "short\n" + "x" * 200
    assert [(span.start, span.end) for span in C4Paragraphs().evidence(text, "c4_paragraph_count")] == [(6, 206)]


def test_a_paragraph_without_characters_is_refused() -> None:
    with pytest.raises(RecipeError, match="min_chars"):
        C4Paragraphs(min_chars=0)
