"""One record for each line, whatever stands in it, and every byte of the file belongs to one."""

import gzip
import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
import zstandard
from hypothesis import example, given, settings
from hypothesis import strategies as st
from rowfiles import MOST_CHARS, read, told

from pipeline.errors import InputError
from pipeline.rows.jsonl import BLOCK, MAX_LINE, Line, split_lines

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
ROWS = st.fixed_dictionaries({}, optional=dict.fromkeys(("text", "id", "url", "date", "metadata"), JSON))


def written(folder: Path, data: bytes, name: str = "rows.jsonl") -> Path:
    file = folder / name
    file.write_bytes(data)
    return file


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("rows")


# Lines.


@given(st.lists(st.binary(max_size=30)), st.integers(1, 40))
def test_lines_are_those_of_the_stream_however_it_is_cut(blocks: list[bytes], limit: int) -> None:
    whole = b"".join(blocks)
    lines = list(split_lines(iter(blocks), limit))
    assert sum(line.length for line in lines) == len(whole)
    assert len(lines) == whole.count(b"\n") + (not whole.endswith(b"\n") and bool(whole))
    for line in lines:
        data = whole[line.offset : line.offset + line.length]
        assert line.ended == data.endswith(b"\n")
        assert line.data == (data.removesuffix(b"\n") if len(data.removesuffix(b"\n")) <= limit else None)


def test_of_a_line_beyond_the_limit_nothing_is_held_but_its_length() -> None:
    blocks = [b"short\n", *[b"x" * BLOCK] * 3, b"\nshort"]
    lines = list(split_lines(iter(blocks), BLOCK))
    long = 3 * BLOCK + 1
    assert lines == [Line(0, 6, b"short"), Line(6, long, None), Line(6 + long, 5, b"short", ended=False)]


# Records.


@settings(max_examples=40)
@given(st.lists(ROWS, min_size=1, max_size=6))
@example([{"id": number} for number in (-(1 << 63) - 1, 1 << 64, 1 << 80, 1.5, 1e30)])
def test_any_row_of_json_becomes_one_record(folder: Path, rows: list[dict]) -> None:
    rows = [{"text": "there is a text column"}, *rows]
    records, _ = read(written(folder, "".join(f"{json.dumps(row)}\n" for row in rows).encode()))
    assert len(records) == len(rows)
    for row, record in zip(rows, records, strict=True):
        text, id_ = row.get("text"), row.get("id")
        assert (record.kind, record.mime, record.http_status, record.body) == ("page", None, None, b"")
        if isinstance(text, str) and len(text) <= MOST_CHARS:
            assert (record.text, record.error_reason) == (text, None)
        else:
            assert record.text is None
            assert record.error_reason == ("no_text" if text is None else "text_not_string")
        if isinstance(id_, int) and not isinstance(id_, bool):
            assert record.record_id == str(id_)
        elif not isinstance(id_, str) or not id_:
            assert record.record_id == f"<gristmill:rows.jsonl:{record.offset}>"
        assert record.url == (row["url"] if isinstance(row.get("url"), str) else "") or "metadata" in row


@given(st.binary(max_size=200), st.booleans())
def test_any_bytes_become_records_that_cover_them(folder: Path, data: bytes, packed: bool) -> None:
    with_text = b'{"text": "there is a text column"}\n' + data
    records, _ = read(written(folder, gzip.compress(with_text) if packed else with_text))
    lines = data.split(b"\n")
    assert len(records) == 1 + len(lines) - (not lines[-1])
    assert all(record.error_reason or record.kind == "other" or record.text is not None for record in records)


BROKEN = {
    b'{"text": "cut': "bad_json",
    b"[1, 2]": "not_an_object",
    b'"a string"': "not_an_object",
    b'{"id": "a"}': "no_text",
    b'{"text": null}': "no_text",
    b'{"text": 7}': "text_not_string",
    b'{"text": ["a"]}': "text_not_string",
    b'{"text": "caf\xe9"}': "not_utf8",
    b"[" * 100_000: "bad_json",
    b'{"text": "%s"}' % (b"x" * (MOST_CHARS + 1)): "over_size",
    b'{"text": "NaN is no JSON", "score": NaN}': "NaN is no JSON",
    b'{"text": "half a pair \\ud83d"}': "half a pair \ud83d",
    b"\x00\x00": "bad_json",
}


def test_each_kind_of_broken_line_is_a_row_with_its_reason(folder: Path) -> None:
    records, _ = read(written(folder, b'{"text": "good"}\n' + b"\n".join(BROKEN) + b'\n{"text": "good"}\n'))
    assert [told(record) for record in records] == ["good", *BROKEN.values(), "good"]
    assert all(record.error for record in records if record.error_reason)
    assert [record.by_limit for record in records] == [record.error_reason == "over_size" for record in records]


def test_a_line_too_long_to_hold_is_a_row_stopped_by_a_limit(folder: Path) -> None:
    data = b'{"text": "a"}\n{"text": "' + b"x" * MAX_LINE + b'"}\n{"text": "b"}\n'
    records, _ = read(written(folder, data))
    assert [told(record) for record in records] == ["a", "over_size", "b"]
    assert records[1].by_limit


def test_a_file_cut_within_a_line_says_so(folder: Path) -> None:
    records, _ = read(written(folder, b'{"text": "a"}\n{"text": "b'))
    assert [told(record) for record in records] == ["a", "truncated_record"]


def test_blank_lines_and_a_byte_order_mark_are_no_rows_but_belong_to_the_file(folder: Path) -> None:
    records, _ = read(written(folder, b'\xef\xbb\xbf{"text": "a"}\n\n  \r\n{"text": "b"}\r\n'))
    assert [record.type for record in records] == ["row", "blank", "blank", "row"]
    assert [record.kind for record in records] == ["page", "other", "other", "page"]


def test_fineweb_and_datatrove_name_their_columns_alike_enough(folder: Path) -> None:
    flat = {"text": "t", "id": 7, "url": "http://u/", "date": "2013-05-18T05:48:59Z", "dump": "D", "file_path": "f"}
    nested = {"text": "t", "id": "7", "metadata": {name: flat[name] for name in ("url", "date", "dump", "file_path")}}
    records, _ = read(written(folder, f"{json.dumps(flat)}\n{json.dumps(nested)}\n".encode()))
    for record in records:
        assert (record.text, record.record_id, record.url) == ("t", "7", "http://u/")
        assert record.date == datetime(2013, 5, 18, 5, 48, 59, tzinfo=UTC)
        assert (record.dump, record.file_path) == ("D", "f")


def test_other_columns_are_named_by_option(folder: Path) -> None:
    row = {"raw": {"content": "t"}, "a.b": "id", "link": "u", "when": "2020"}
    file = written(folder, json.dumps(row).encode())
    records, _ = read(file, text="raw.content", id="a.b", url="link", date="when")
    assert (records[0].text, records[0].record_id, records[0].url) == ("t", "id", "u")
    assert records[0].date == datetime(2020, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("named", "says"),
    [({}, "no column text; there are body, meta.url"), ({"text": "body", "id": "key"}, "no column key")],
)
def test_a_column_that_no_row_has_is_an_error_that_names_those_there_are(
    folder: Path, named: dict[str, str], says: str
) -> None:
    with pytest.raises(InputError, match=says):
        read(written(folder, b'{"body": "t", "meta": {"url": "u"}}\n' * 2), **named)


# Compression.

TEXTS = [
    hashlib.sha512(bytes([number % 256, number // 256])).hexdigest() for number in range(10_000)
]  # hard to compress
ROWS_OF_TEXT = [json.dumps({"text": text}).encode() + b"\n" for text in TEXTS]
PLAIN = b"".join(ROWS_OF_TEXT)
PACKERS = {"gz": gzip.compress, "zst": zstandard.compress}


@pytest.mark.parametrize("packing", PACKERS)
def test_a_compressed_file_is_read_like_a_plain_one(folder: Path, packing: str) -> None:
    pack = PACKERS[packing]
    packed = pack(PLAIN[: len(PLAIN) // 2]) + pack(PLAIN[len(PLAIN) // 2 :])
    records, facts = read(written(folder, packed, f"rows.jsonl.{packing}"))
    plain, _ = read(written(folder, PLAIN, f"rows.jsonl.{packing}"))
    assert records == plain
    assert len(records) == len(ROWS_OF_TEXT)
    assert facts["input_sha256"] == hashlib.sha256(packed).hexdigest()


@pytest.mark.parametrize("packing", PACKERS)
def test_a_compressed_file_that_breaks_gives_its_rows_up_to_there_and_one_for_the_rest(
    folder: Path, packing: str
) -> None:
    packed = PACKERS[packing](PLAIN)
    cut = packed[: len(packed) * 2 // 3]
    records, facts = read(written(folder, cut, f"cut.jsonl.{packing}"))
    *good, rest = records
    assert (rest.kind, rest.error_reason, rest.length) == ("corrupt", "corrupt_record", 0)
    assert f"near byte {len(cut)} of the compressed file" in (rest.error or "")
    assert [told(record) for record in good] == TEXTS[: len(good)]
    assert len(good) > 100
    assert facts["input_sha256"] == hashlib.sha256(cut).hexdigest()


def test_an_empty_file_is_an_error(folder: Path) -> None:
    with pytest.raises(InputError, match=r"empty\.jsonl is empty"):
        read(written(folder, b"", "empty.jsonl"))
    assert read(written(folder, gzip.compress(b""), "no-rows.jsonl.gz"))[0] == []
