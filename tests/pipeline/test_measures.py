"""What measures declare they write, and a rule names what fails."""

import math
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.measures import NO_SIGNALS, OPERATORS, Edit, Rule, schema, signals_of, undo

TWO = schema(words_count="int32", short_line_ratio="float64")


def test_a_schema_of_signals_has_their_types_in_order() -> None:
    declared = schema(a="float64", b="int32", c="int64", d="bool", e="string")
    assert declared.names == list("abcde")
    assert declared.types == [pa.float64(), pa.int32(), pa.int64(), pa.bool_(), pa.large_string()]


@pytest.mark.parametrize("type_", ["float32", "float16", "double"])
def test_a_type_that_could_flip_a_verdict_is_no_type_of_a_signal(type_: str) -> None:
    with pytest.raises(KeyError, match=type_):
        schema(ratio=type_)


def test_signals_are_a_batch_of_the_declared_schema() -> None:
    batch = signals_of(TWO, {"short_line_ratio": [0.12, None], "words_count": [3, None]}, 2)
    assert batch.schema == TWO
    assert batch.to_pydict() == {"words_count": [3, None], "short_line_ratio": [0.12, None]}


@pytest.mark.parametrize("rows", [0, 1, 5])
def test_no_signals_have_rows_too(rows: int) -> None:
    batch = signals_of(NO_SIGNALS, {}, rows)
    assert batch.num_rows == rows
    assert batch.schema == NO_SIGNALS


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        ({"words_count": [1]}, r"signals \['short_line_ratio'\] are declared or given, not both"),
        ({"words_count": [1], "short_line_ratio": [1.0], "x": [1]}, r"signals \['x'\] are declared or given"),
        ({"words_count": [1], "short_line_ratio": [1.0, 2.0]}, "signal short_line_ratio: 2 values for 1 pages"),
    ],
)
def test_signals_that_are_not_as_declared_are_refused(columns: dict[str, list[Any]], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        signals_of(TWO, columns, 1)


@given(
    st.text("ab", max_size=12), st.lists(st.tuples(st.integers(0, 12), st.integers(0, 4), st.text("xy", max_size=3)))
)
def test_edits_lead_back_to_the_original(original: str, changes: list[tuple[int, int, str]]) -> None:
    text, edits = original, []
    for at, length, inserted in changes:
        start = min(at, len(text))
        removed = text[start : start + length]
        edits.append(Edit("t", start, removed, inserted))
        text = text[:start] + inserted + text[start + len(removed) :]
    assert undo(text, edits) == original


@pytest.mark.parametrize(
    ("op", "value", "told"),
    [
        ("!=", 1, r"rule r: operator '!=' is none of < <= > >= == in"),
        ("in", "abc", "rule r: 'in' takes a tuple of strings"),
        ("==", ("a",), "rule r: 'in' takes a tuple of strings"),
        ("<", math.nan, "rule r: nan is no bound"),
    ],
)
def test_a_rule_that_means_nothing_is_refused(op: str, value: Any, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        Rule("s", op, value, "r")


def test_every_operator_makes_a_rule_and_null_passes_unless_it_is_said() -> None:
    for op in OPERATORS:
        assert not Rule("s", op, ("a",) if op == "in" else 1, "r").null_fails
