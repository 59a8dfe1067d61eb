"""What JSON may say and a table cannot: each row stays as far as a table can hold it, or an error names file, row and limit."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import InputError
from pipeline.rows.batches import rows_of, whole_batches
from pipeline.rows.line_writer import with_member
from pipeline.rows.pieces import Piece, piece_of
from pipeline.rows.shapes import MOST_LEAVES, MOST_NESTED
from pipeline.rows.united import storable, united_all
from pipeline.sources import find_source


def piece(file: Path, rows: Iterable[object]) -> Piece:
    file.write_text("\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows))
    (part,) = find_source([str(file)]).parts
    return piece_of(part)


def stored(folder: Path, rows: list[object]) -> list[dict[str, Any]]:
    """The rows as they come out of the Parquet that they become."""
    there = piece(folder / "a.jsonl", rows)
    schema = storable(united_all({"a.jsonl": rows_of(there)[1]}))
    with pq.ParquetWriter(folder / "a.parquet", schema) as writer:
        for batch in whole_batches(there, schema):
            writer.write_batch(batch)
    return pq.read_table(folder / "a.parquet").to_pylist()


@pytest.mark.parametrize(
    ("meta", "held"),
    [
        ({}, None),
        ([{}], [None]),
        ([[{}], []], [[None], []]),
        ({"a": {}, "b": 1}, {"a": None, "b": 1}),
        ({"a": [{"c": {}}]}, {"a": [{"c": None}]}),
    ],
    ids=str,
)
def test_an_object_that_is_empty_in_every_row_is_null(tmp_path: Path, meta: object, held: object) -> None:
    rows = [{"text": text, "meta": meta} for text in ("a", "b")]
    assert stored(tmp_path, [*rows, {"text": "c"}]) == [
        *({"text": text, "meta": held} for text in ("a", "b")),
        {"text": "c", "meta": None},
    ]


def test_half_of_a_surrogate_pair_becomes_the_replacement_character_and_its_row_stays(tmp_path: Path) -> None:
    rows = [r'{"text": "half \ud83d", "tags": ["\udc00"], "meta": {"a": "\ud83d\ude00 \ud83d"}}', {"text": "whole"}]
    assert stored(tmp_path, [*rows]) == [
        {"text": "half \ufffd", "tags": ["\ufffd"], "meta": {"a": "\U0001f600 \ufffd"}},
        {"text": "whole", "tags": None, "meta": None},
    ]


@pytest.mark.parametrize("row", [r'{"text": "a", "\ud83d": 1}', r'{"text": "a", "meta": [{"\ud83d": 1}]}'])
def test_a_key_with_half_of_a_surrogate_pair_is_an_error_that_names_its_row(tmp_path: Path, row: str) -> None:
    with pytest.raises(InputError, match=r"a\.jsonl, row 1: the key '\\ud83d' has half a character"):
        rows_of(piece(tmp_path / "a.jsonl", [{"text": "b"}, row]))


def nested(depth: int, kind: str) -> object:
    value: object = 1
    for _ in range(depth):
        value = [value] if kind == "lists" else {"a": value}
    return value


@pytest.mark.parametrize("kind", ["lists", "objects"])
def test_values_are_nested_as_deep_as_arrow_can_say_and_deeper_ones_are_an_error(tmp_path: Path, kind: str) -> None:
    _, schema = rows_of(piece(tmp_path / "a.jsonl", [{"text": "a", "m": nested(MOST_NESTED, kind)}]))
    assert pa.ipc.read_schema(pa.py_buffer(schema.serialize().to_pybytes())) == schema
    for depth in (MOST_NESTED + 1, 200, 900):
        with pytest.raises(InputError, match=rf"b\.jsonl, row 1: .* nested more than {MOST_NESTED} deep"):
            rows_of(piece(tmp_path / "b.jsonl", [{"text": "a"}, {"text": "a", "m": nested(depth, kind)}]))


@pytest.mark.parametrize("column", ["meta", "tags"])
def test_keys_that_are_data_are_an_error_that_names_the_column(tmp_path: Path, column: str) -> None:
    rows = [{"text": "a", "n": {"a": row}, column: {f"u{row}": row}} for row in range(MOST_LEAVES)]
    rows = [row | {column: [row[column]]} if column == "tags" else row for row in rows]
    with pytest.raises(InputError, match=rf"a\.jsonl, row 409\d: column {column} makes more than 4,096 columns"):
        rows_of(piece(tmp_path / "a.jsonl", rows))
    assert rows_of(piece(tmp_path / "b.jsonl", rows[:300]))[0] == 300


def test_columns_that_differ_from_file_to_file_are_an_error_where_they_come_to_too_many() -> None:
    def schema(name: str, columns: int) -> pa.Schema:
        return pa.schema([("meta", pa.struct([(f"{name}{column}", pa.int8()) for column in range(columns)]))])

    assert united_all({"a": schema("a", MOST_LEAVES + 9)}) == schema("a", MOST_LEAVES + 9)
    with pytest.raises(InputError, match="b: column meta makes more than 4,096 columns"):
        united_all({"a": schema("a", 3_000), "b": schema("b", 3_000)})


@pytest.mark.parametrize(
    ("kind", "stored_as"),
    [
        (pa.string_view(), pa.large_string()),
        (pa.binary_view(), pa.large_binary()),
        (pa.struct([("a", pa.string_view())]), pa.struct([("a", pa.large_string())])),
        (pa.list_(pa.string_view()), pa.list_(pa.large_string())),
        (pa.large_list(pa.string_view()), pa.large_list(pa.large_string())),
        (pa.list_(pa.string_view(), 1), pa.list_(pa.large_string(), 1)),
        (pa.map_(pa.string(), pa.string_view()), pa.map_(pa.string(), pa.large_string())),
        (pa.map_(pa.string(), pa.int8(), keys_sorted=True), pa.map_(pa.string(), pa.int8(), keys_sorted=True)),
    ],
    ids=str,
)
def test_a_view_is_stored_as_what_it_shows_wherever_it_stands(kind: pa.DataType, stored_as: pa.DataType) -> None:
    assert storable(pa.schema([("m", kind)])) == pa.schema([("m", stored_as)])


# Lines.

_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab,{}[]\\\"'", max_size=4), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(max_size=4) | st.just("n"), _VALUES, max_size=4), st.booleans(), st.integers(0, 9))
def test_a_member_is_put_in_its_place_and_all_others_stay(row: dict[str, Any], ascii_: bool, value: int) -> None:
    line = json.dumps(row, ensure_ascii=ascii_).encode(errors="surrogatepass")
    found = json.loads(with_member(line, "n", value).decode(errors="surrogatepass"))
    expected = {name: each for name, each in row.items() if name != "n"} | {"n": value}
    assert json.dumps(found) == json.dumps(expected)  # NaN is not itself
    assert list(found)[-1] == "n"


@pytest.mark.parametrize(
    ("line", "found"),
    [
        (b'{"a":NaN,"n":3}', b'{"a":NaN,"n":7}'),
        (b'{"n": 3, "a": 123456789012345678901234567890}', b'{ "a": 123456789012345678901234567890,"n":7}'),
        (rb'{"a": "\ud83d", "n": {"n": [1, 2]}, "b":1e400}', rb'{"a": "\ud83d", "b":1e400,"n":7}'),
        (b'{"n": 1, "n": 2}', b'{"n":7}'),
        (rb' {"a": "say \"n\": \\", "b": {"n": 1}} ', rb'{"a": "say \"n\": \\", "b": {"n": 1},"n":7}'),
        (b"{}", b'{"n":7}'),
    ],
)
def test_what_a_line_says_beside_the_member_stays_as_it_is_written(line: bytes, found: bytes) -> None:
    assert with_member(line, "n", 7) == found
