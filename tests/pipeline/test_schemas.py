"""What the documentation says of the tables is what the code writes."""

import re
from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import RecipeError
from pipeline.measures import schema
from pipeline.pack import KEPT_COLUMNS
from pipeline.schemas import DOCUMENTS, RECORDS, TABLES, document_number, with_signals

PAGE = (Path(__file__).parents[2] / "docs" / "schemas.md").read_text()


def spelled(field: pa.Field) -> str:
    """A column's type as the documentation spells it."""
    return _type(field.type) + ("" if field.nullable else ", required")


def _type(type_: pa.DataType) -> str:
    if pa.types.is_list(type_):
        return f"list<{_type(type_.value_type)}>"
    if pa.types.is_struct(type_):
        return f"struct<{', '.join(f'{field.name}: {_type(field.type)}' for field in type_)}>"
    return str(type_)


def documented() -> dict[str, list[tuple[str, str, str]]]:
    """Each table of the page: column, type and meaning of its rows."""
    sections = re.split(r"^### (\w+)$", PAGE.split("\n## signals")[0], flags=re.MULTILINE)[1:]
    tables = {}
    for name, text in zip(sections[::2], sections[1::2], strict=True):
        head, line, *rows = [row.strip("|").split("|") for row in text.splitlines() if row.startswith("|")]
        assert [cell.strip() for cell in head] == ["column", "type", "meaning"]
        assert set("".join(line)) == {"-"}
        tables[name] = [tuple(cell.strip() for cell in row) for row in rows]
    return tables


def test_every_table_is_documented_in_the_order_of_the_code() -> None:
    assert list(documented()) == list(TABLES)


@pytest.mark.parametrize("table", TABLES)
def test_every_column_is_documented_with_its_type_in_order(table: str) -> None:
    rows = documented()[table]
    assert [(name, type_) for name, type_, _ in rows] == [(field.name, spelled(field)) for field in TABLES[table]]
    assert all(meaning for _, _, meaning in rows)


@pytest.mark.parametrize("table", TABLES)
def test_text_and_times_have_one_type_everywhere(table: str) -> None:
    types = [field.type for field in TABLES[table]]
    assert not any(pa.types.is_string(type_) or pa.types.is_float32(type_) for type_ in types)
    assert all(type_ == pa.timestamp("us", tz="UTC") for type_ in types if pa.types.is_timestamp(type_))


def test_what_is_no_table_is_described_too() -> None:
    for heading in ("Receipt", "Manifest", "Run record", "Dataset manifest"):
        assert f"\n## {heading}\n" in PAGE


def test_a_shard_is_made_of_columns_that_documents_have() -> None:
    assert set(KEPT_COLUMNS) <= set(DOCUMENTS.names)


def test_signals_follow_the_fixed_columns_in_the_recipes_order() -> None:
    whole = with_signals(RECORDS, [schema(b="int32"), schema(), schema(a="float64", c="string")])
    assert whole.names == [*RECORDS.names, "b", "a", "c"]
    assert whole.field("a").type == pa.float64()
    assert with_signals(RECORDS, []).equals(RECORDS)


@pytest.mark.parametrize("signals", [[schema(a="int32"), schema(a="int32")], [schema(url="string")]])
def test_a_signal_written_twice_is_refused(signals: list[pa.Schema]) -> None:
    with pytest.raises(RecipeError, match=r"signal (a|url) is written twice; give one of the measures another name"):
        with_signals(RECORDS, signals)


PLACES = st.tuples(st.integers(0, 2**16 - 1), st.integers(0, 2**24 - 1), st.integers(0, 2**24 - 1))


@given(st.lists(PLACES, unique=True))
def test_documents_are_numbered_in_the_order_of_source_part_and_row(places: list[tuple[int, int, int]]) -> None:
    numbers = [document_number(part, row, source) for source, part, row in sorted(places)]
    assert all(one < next_ for one, next_ in pairwise(numbers))
    assert all(0 <= number < 2**64 for number in numbers)


def test_a_number_holds_16_24_and_24_bits() -> None:
    assert document_number(0, 2**24 - 1) + 1 == document_number(1, 0) == 1 << 24
    assert document_number(2**24 - 1, 2**24 - 1) + 1 == document_number(0, 0, 1) == 1 << 48
    assert document_number(2**24 - 1, 2**24 - 1, 2**16 - 1) == 2**64 - 1
