"""Rows come as they are in the file, whatever its types, in pieces that cover it."""

import gzip
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.errors import InputError
from pipeline.rows import pieces
from pipeline.rows.batches import ROW_SCHEMA, document_batches, rows_of, whole_batches
from pipeline.rows.columns import RowColumns
from pipeline.rows.pieces import Piece, check_unchanged, divided, piece_of
from pipeline.rows.united import storable, united_all
from pipeline.sources import find_source

TEXTS = ["one", None, "", "größer", "two"]


def piece(file: Path) -> Piece:
    (part,) = find_source([str(file)]).parts
    return piece_of(part)


def documents(file: Path, rows: int = 4_096, **columns: str) -> pa.Table:
    return pa.Table.from_batches(document_batches(piece(file), RowColumns(**columns), rows), ROW_SCHEMA)


def parquet(file: Path, table: pa.Table, **options: object) -> Path:
    pq.write_table(table, file, **options)
    return file


@pytest.mark.parametrize(
    "kind",
    [
        pa.string(),
        pa.large_string(),
        pa.dictionary(pa.int32(), pa.string()),
        pa.binary(),
        pa.string_view(),
        pa.dictionary(pa.int32(), pa.large_string()),
    ],
    ids=str,
)
def test_text_of_any_type_is_read_and_none_is_empty(tmp_path: Path, kind: pa.DataType) -> None:
    texts = (
        pa.array(TEXTS, kind.value_type).dictionary_encode() if pa.types.is_dictionary(kind) else pa.array(TEXTS, kind)
    )
    found = documents(parquet(tmp_path / "a.parquet", pa.table({"text": texts})))
    assert found["text"].to_pylist() == [text or "" for text in TEXTS]
    assert found["record_id"].to_pylist() == [""] * 5
    assert found["date"].null_count == found["url"].null_count == 5


def test_text_that_is_no_utf8_is_empty_and_its_neighbours_are_not(tmp_path: Path) -> None:
    file = parquet(tmp_path / "a.parquet", pa.table({"text": pa.array([b"good", b"\xff\xfe", b"too"], pa.binary())}))
    assert documents(file)["text"].to_pylist() == ["good", "", "too"]


def test_an_integer_id_is_its_digits(tmp_path: Path) -> None:
    file = parquet(
        tmp_path / "a.parquet", pa.table({"text": ["a", "b", "c"], "id": pa.array([7, None, 1 << 63], pa.uint64())})
    )
    assert documents(file)["record_id"].to_pylist() == ["7", "", str(1 << 63)]


@pytest.mark.parametrize(
    "dates",
    [
        ["2020-01-02T03:04:05Z", None],
        ["2020-01-02T03:04:05Z", "no date"],
        pa.array([datetime(2020, 1, 2, 3, 4, 5), None], pa.timestamp("ms")),  # noqa: DTZ001  naive is meant
        pa.array([datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC), None], pa.timestamp("ns", "Europe/Lisbon")),
    ],
    ids=["text", "some no date", "naive", "other zone"],
)
def test_dates_are_utc_and_what_is_none_is_null(tmp_path: Path, dates: object) -> None:
    file = parquet(tmp_path / "a.parquet", pa.table({"text": ["a", "b"], "date": dates}))
    assert documents(file)["date"].to_pylist() == [datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC), None]


def test_a_column_inside_a_struct_is_named_with_a_dot(tmp_path: Path) -> None:
    table = pa.table({"content": [{"body": "a"}, {"body": "b"}], "meta": [{"id": 1}, {"id": 2}]})
    found = documents(parquet(tmp_path / "a.parquet", table), text="content.body", id="meta.id")
    assert found["text"].to_pylist() == ["a", "b"]
    assert found["record_id"].to_pylist() == ["1", "2"]


def test_a_missing_column_is_an_error_that_names_those_there_are(tmp_path: Path) -> None:
    file = parquet(tmp_path / "a.parquet", pa.table({"content": ["a"], "n": [1]}))
    with pytest.raises(
        InputError, match=r"no column text; there are content, n; name the right one with --text-column"
    ):
        documents(file)
    lines = tmp_path / "a.jsonl"
    lines.write_text('{"content": "a", "n": 1}\n')
    with pytest.raises(
        InputError, match=r"no column text; there are content, n; name the right one with --text-column"
    ):
        documents(lines)


def test_pieces_of_a_file_are_its_row_groups_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pieces, "PIECE_ROWS", 25)
    texts = [f"text {row}" for row in range(95)]
    parquet(tmp_path / "a.parquet", pa.table({"text": texts}), row_group_size=10)
    parquet(tmp_path / "b.parquet", pa.table({"text": texts[:10]}))
    parquet(tmp_path / "c.parquet", pa.table({"text": texts[:0]}))
    source, schemas = divided(find_source([str(tmp_path)]))
    found = [piece_of(part) for part in source.parts]
    assert [(each.name, each.first, each.rows, each.groups) for each in found] == [
        *(("a.parquet", 20 * n, min(20, 95 - 20 * n), (2 * n, 2 * n + 2)) for n in range(5)),
        ("b.parquet", 0, None, None),
        ("c.parquet", 0, None, None),
    ]
    assert list(schemas) == ["a.parquet", "b.parquet", "c.parquet"]
    assert len({part.key for part in source.parts}) == 7
    read = [
        text for each in found for batch in document_batches(each, RowColumns()) for text in batch["text"].to_pylist()
    ]
    assert read == texts + texts[:10]
    assert [rows_of(each)[0] for each in found] == [20, 20, 20, 20, 15, 10, 0]
    assert all(each.bytes == (tmp_path / each.name).stat().st_size for each in found)


@pytest.mark.parametrize("most_rows", [1 << 24, 9])
def test_a_large_row_group_is_cut_and_none_is_too_large_to_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most_rows: int
) -> None:
    monkeypatch.setattr(pieces, "PIECE_ROWS", 10)
    monkeypatch.setattr(pieces, "MOST_ROWS", most_rows)
    texts = [f"text {row}" for row in range(127)]
    with pq.ParquetWriter(tmp_path / "a.parquet", pa.schema([("text", pa.string())])) as writer:
        for start, stop in ((0, 5), (5, 105), (105, 108), (108, 127)):
            writer.write_table(pa.table({"text": texts[start:stop]}))
    source, _ = divided(find_source([str(tmp_path)]))
    found = [piece_of(part) for part in source.parts]
    read = [
        [text for batch in document_batches(each, RowColumns(), 7) for text in batch["text"].to_pylist()]
        for each in found
    ]
    assert [text for texts in read for text in texts] == texts
    assert [len(each) for each in read] == [each.rows for each in found]
    assert [each.first for each in found][:3] == [0, 5, 5 + len(read[1])]
    assert len(found) == (7 if most_rows > 9 else 17)
    assert max(map(len, read)) <= (25 if most_rows > 9 else 9)


def test_a_file_that_changed_is_an_error(tmp_path: Path) -> None:
    file = parquet(tmp_path / "a.parquet", pa.table({"text": ["a"]}))
    planned = piece(file)
    check_unchanged(planned)
    parquet(file, pa.table({"text": ["b"]}))
    with pytest.raises(InputError, match="has changed since this run was planned"):
        list(document_batches(planned, RowColumns()))
    with pytest.raises(InputError, match="has changed since this run was planned"):
        list(whole_batches(planned, pa.schema([("text", pa.string())])))


def test_what_is_no_parquet_is_one_line_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_bytes(b"PAR1 but not for long")
    with pytest.raises(InputError, match=r"a\.parquet is no readable Parquet file"):
        divided(find_source([str(tmp_path)]))


# Lines of JSON.


def test_blank_lines_are_no_rows_and_types_are_those_of_the_values(tmp_path: Path) -> None:
    lines = [
        b'{"text": "a", "n": 1}',
        b"",
        b'{"text": null, "n": 2.5, "tags": ["x"]}',
        b"  ",
        b'{"n": null, "o": {"p": true}}',
    ]
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(b"\n".join(lines)))
    file = tmp_path / "a.jsonl.gz"
    assert documents(file, rows=2)["text"].to_pylist() == ["a", "", ""]
    rows, schema = rows_of(piece(file))
    assert rows == 3
    assert schema == pa.schema(
        [
            ("text", pa.string()),
            ("n", pa.float64()),
            ("tags", pa.list_(pa.string())),
            ("o", pa.struct([("p", pa.bool_())])),
        ]
    )
    whole = pa.Table.from_batches(whole_batches(piece(file), schema)).to_pylist()
    assert whole[0] == {"text": "a", "n": 1.0, "tags": None, "o": None}
    assert whole[2] == {"text": None, "n": None, "tags": None, "o": {"p": True}}


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("{", r"a\.jsonl, row 1: no JSON"),
        ("[1]", r"a\.jsonl, row 1: a JSON list, not an object"),
        ('{"text": "a", "n": "one"}', r"a\.jsonl: column n cannot be one column of a table"),
    ],
)
def test_a_line_that_is_no_row_is_an_error_that_names_it(tmp_path: Path, line: str, why: str) -> None:
    (tmp_path / "a.jsonl").write_text('{"text": "a", "n": 1}\n' + line)
    with pytest.raises(InputError, match=why):
        rows_of(piece(tmp_path / "a.jsonl"))


# Several files.


def test_files_of_other_columns_are_united() -> None:
    one = pa.schema([("text", pa.string()), ("n", pa.int32()), ("nothing", pa.null())])
    other = pa.schema(
        [("text", pa.dictionary(pa.int8(), pa.large_string())), ("n", pa.float64()), ("more", pa.bool_())]
    )
    assert storable(united_all({"one": one, "other": other})) == pa.schema(
        [("text", pa.large_string()), ("n", pa.float64()), ("nothing", pa.large_string()), ("more", pa.bool_())]
    )


def test_columns_that_do_not_go_together_are_an_error_that_names_the_file() -> None:
    with pytest.raises(
        InputError, match=r"column n is int64 in the files before and string in b, which do not go together"
    ):
        united_all({"a": pa.schema([("n", pa.int64())]), "b": pa.schema([("n", pa.string())])})


def test_two_columns_of_one_name_are_an_error() -> None:
    with pytest.raises(InputError, match="several columns n"):
        united_all({"a": pa.schema([("n", pa.int64()), ("n", pa.int64())])})


@pytest.mark.parametrize("column", ["text", "metadata", "metadata.url"])
def test_several_columns_of_the_name_that_is_read_are_an_error_that_names_it(tmp_path: Path, column: str) -> None:
    url = pa.array(["u"])
    meta = pa.StructArray.from_arrays([url, url], names=["url", "url" if column == "metadata.url" else "other"])
    columns = {"text": pa.array(["a"]), "metadata": meta, "again": pa.array(["b"]) if column == "text" else meta}
    names = ["text", "metadata", "again" if column == "metadata.url" else column]
    pq.write_table(pa.Table.from_arrays([*columns.values()], names=names), tmp_path / "a.parquet")
    with pytest.raises(InputError, match=rf"a\.parquet: there are several columns {column}; rename them"):
        documents(tmp_path / "a.parquet")


def test_a_wider_file_is_read_as_all_are(tmp_path: Path) -> None:
    file = parquet(tmp_path / "a.parquet", pa.table({"n": pa.array([1, None], pa.int8()), "text": ["a", "b"]}))
    schema = pa.schema([("text", pa.large_string()), ("n", pa.float64()), ("more", pa.string())])
    (batch,) = whole_batches(piece(file), schema)
    assert batch.schema == schema
    assert batch.to_pylist() == [{"text": "a", "n": 1.0, "more": None}, {"text": "b", "n": None, "more": None}]
