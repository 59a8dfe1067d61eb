"""Whatever bytes a file holds, each reader gives what is in it or one clear error: no traceback, no wait, no row lost."""

import gzip
import json
import re
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jobs.recipes.language_thresholds import read_thresholds
from pipeline.annotations.side_files import side_batches, side_columns
from pipeline.archives.record import Record
from pipeline.dataset import MANIFEST, read_dataset_manifest
from pipeline.errors import GristmillError
from pipeline.reading import open_reader
from pipeline.receipts import Receipt, read_manifest, seal
from pipeline.rows.columns import RowColumns
from pipeline.runs import RunRecord
from pipeline.sandbox_answer import read as read_answer
from pipeline.sources import Source, SourcePart, find_source, load_source, save_source
from pipeline.storage import LocalStorage

FEW = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
TEXTS = [f"row {number} of the miller's book" for number in range(40)]


def rows_of(file: Path) -> list[Record] | None:
    """The records of a file of rows, whose spans cover it; None where it was refused in one line."""
    part = SourcePart(file.name, str(file), file.stat().st_size, "")
    with or_one_clear_error():
        with open_reader(part, RowColumns(), 1_000, {}) as reader:
            records = list(reader.records())
            covered = 0
            for record in records:
                assert record.offset == covered
                covered += record.length
                assert record.text is not None or record.error_reason or record.kind == "other"
            assert covered == reader.extent
        return records
    return None


@contextmanager
def or_one_clear_error(says: str = "") -> Generator[None]:
    """What a reader may say of a file instead of reading it."""
    try:
        yield
    except GristmillError as error:
        message = str(error)
    else:
        return
    assert re.fullmatch(r"[^\n]{1,2000}", message)
    assert says in message


def parquet(codec: str = "snappy", group: int = 7, dictionary: bool = True) -> bytes:
    table = pa.table({"text": TEXTS, "id": [f"id {n}" for n in range(40)], "date": ["2026-11-20"] * 40})
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression=codec, row_group_size=group, use_dictionary=dictionary)
    return sink.getvalue().to_pybytes()


LINES = b"".join(orjson.dumps({"text": text, "id": f"id {n}"}) + b"\n" for n, text in enumerate(TEXTS))
PARQUET = [parquet(), parquet("zstd", 40), parquet("none", 11, False), parquet("gzip", 40, False)]
PACKED = [gzip.compress(LINES), zstandard.compress(LINES), gzip.compress(LINES[:300]) + gzip.compress(LINES[300:])]


@st.composite
def damaged(draw: st.DrawFn, whole: list[bytes]) -> bytes:
    """One of `whole` after some bytes were changed, taken out, put in, or all from some place on cut off."""
    data = bytearray(draw(st.sampled_from(whole)))
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, max(0, len(data) - 1)))
        if draw(st.booleans()):  # near the end, where Parquet keeps what it knows
            at = max(0, len(data) - 1 - at % 400)
        how = draw(st.sampled_from(["change", "change", "take out", "put in", "cut", "repeat"]))
        if how == "change":
            data[at : at + 1] = bytes([draw(st.integers(0, 255))])
        elif how == "take out":
            del data[at : at + draw(st.integers(1, 9))]
        elif how == "put in":
            data[at:at] = draw(st.binary(min_size=1, max_size=9))
        elif how == "cut" and draw(st.integers(0, 3)) == 0:
            del data[at:]
        elif how == "repeat":
            data[at:at] = data[at : at + 50]
    return bytes(data)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bytes")


def written(folder: Path, name: str, data: bytes) -> Path:
    (folder / name).write_bytes(data)
    return folder / name


ANYTHING = st.binary(max_size=300)
FRAMED = ANYTHING.map(lambda data: b"PAR1" + data + len(data).to_bytes(4, "little") + b"PAR1")


@FEW
@given(ANYTHING | FRAMED | damaged(PARQUET))
def test_any_bytes_called_parquet_are_rows_or_one_clear_error(folder: Path, data: bytes) -> None:
    rows_of(written(folder, "x.parquet", data))


@FEW
@given(damaged(PARQUET))
def test_a_row_group_that_can_still_be_read_is_not_lost_with_its_neighbours(folder: Path, data: bytes) -> None:
    """What the file's own end says of its row groups is what comes out: as rows, or as rows that nobody can read."""
    records = rows_of(written(folder, "y.parquet", data))
    if records is None:
        return
    assert sum(record.length for record in records) == pq.read_metadata(folder / "y.parquet").num_rows


@FEW
@given(ANYTHING | damaged([LINES]) | damaged(PACKED) | ANYTHING.map(lambda data: b"\x1f\x8b\x08" + data))
def test_any_bytes_called_json_lines_are_rows_or_one_clear_error(folder: Path, data: bytes) -> None:
    for name in ("x.jsonl", "x.jsonl.gz", "x.jsonl.zst"):
        rows_of(written(folder, name, data))


@FEW
@given(damaged([LINES]))
def test_a_damaged_line_costs_no_other(folder: Path, data: bytes) -> None:
    records = rows_of(written(folder, "y.jsonl", data))
    good = [line for line in data.split(b"\n") if line + b"\n" in LINES.splitlines(keepends=True)]
    texts = [orjson.loads(line)["text"] for line in good]
    assert records is not None or not texts
    found = [record.text for record in records or []]
    assert [text for text in texts if text not in found] == []


SIDE = [
    b"url,score\nhttps://a.test/,1\nhttps://b.test/,2\n",
    LINES.replace(b"text", b"url").replace(b"id", b"score"),
    *PARQUET,
]


@FEW
@given(ANYTHING | damaged(SIDE), st.sampled_from(["x.csv", "x.csv.gz", "x.jsonl", "x.jsonl.gz", "s.parquet"]))
def test_any_bytes_called_an_annotation_are_columns_or_one_clear_error(folder: Path, data: bytes, name: str) -> None:
    where = str(written(folder, name, gzip.compress(data) if name.endswith(".gz") else data))
    for key in ("url", "text"):
        with or_one_clear_error():
            columns = side_columns(where, key, None)
            for batch in side_batches(where, key, columns):
                assert batch.schema.names == [key, *(column for column, _ in columns)]


@FEW
@given(
    ANYTHING | damaged([b"crawl-data/a.warc.gz\ns3://bucket/b.warc.gz\nhttps://host.test/c.warc.gz\n"]), st.booleans()
)
def test_any_bytes_called_a_list_of_paths_are_files_or_one_clear_error(folder: Path, data: bytes, packed: bool) -> None:
    name = "x.paths.gz" if packed else "x.paths"
    listed = written(folder, name, gzip.compress(data) if packed else data)
    local = re.sub(rb"s3://|https?://", b"", data)
    listed.write_bytes(gzip.compress(local) if packed else local)  # nothing of a network is asked
    with or_one_clear_error():
        find_source([str(listed)])


RECEIPT = Receipt(step="s", fingerprint="f", source="s", key="k", name="n", attempt="a", files={}, counts={"rows": 3})
RECORD = RunRecord(id="i", recipe="r", source="sources/s/l.parquet", rules=(), steps=(), payload={}, provenance={})
DATASET = json.dumps({"run": "r", "shards": [{"path": "p", "sha256": "s", "bytes": 1, "rows": 2}]}).encode()
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["files", "rules", "steps", "inputs", "shards", "run", "value", "op"]), inner)
    ),
    max_leaves=8,
).map(lambda value: json.dumps(value).encode())
OF_ROOT: dict[str, tuple[bytes, Callable[[bytes], object]]] = {
    "receipt": (RECEIPT.to_json(), Receipt.from_json),
    "run": (RECORD.to_json(), RunRecord.from_json),
}


@pytest.mark.parametrize("name", OF_ROOT)
@FEW
@given(data=st.data())
def test_any_bytes_in_place_of_what_a_run_keeps_are_read_or_one_clear_error(name: str, data: st.DataObject) -> None:
    whole, read = OF_ROOT[name]
    with or_one_clear_error("is damaged"):
        read(data.draw(ANYTHING | JSON | damaged([whole])))


@FEW
@given(ANYTHING | JSON | damaged([DATASET]))
def test_any_bytes_as_the_manifest_of_a_dataset_are_read_or_one_clear_error(folder: Path, data: bytes) -> None:
    (folder / MANIFEST).parent.mkdir(exist_ok=True)
    (folder / MANIFEST).write_bytes(data)
    with or_one_clear_error():
        read_dataset_manifest(LocalStorage(folder))


def _sealed(folder: Path) -> tuple[str, bytes]:
    path = "steps/s/f/s/manifest-k.parquet"
    if not (folder / path).exists():
        seal(LocalStorage(folder), path, [RECEIPT], {})
    return path, (folder / path).read_bytes()


def _listed(folder: Path) -> tuple[str, bytes]:
    path = save_source(LocalStorage(folder), Source("s", (SourcePart("n", "/n", 1, "t"),)))
    return path, (folder / path).read_bytes()


@pytest.mark.parametrize(
    ("make", "read"),
    [(_sealed, lambda storage, path: list(read_manifest(storage, path))), (_listed, load_source)],
    ids=["seal", "list of files"],
)
@FEW
@given(data=st.data())
def test_any_bytes_as_a_table_of_a_run_are_read_or_one_clear_error(
    tmp_path_factory: pytest.TempPathFactory,
    make: Callable[[Path], tuple[str, bytes]],
    read: Callable[[LocalStorage, str], object],
    data: st.DataObject,
) -> None:
    folder = tmp_path_factory.mktemp("root")
    path, whole = make(folder)
    (folder / path).write_bytes(data.draw(ANYTHING | damaged([whole])))
    with or_one_clear_error():
        read(LocalStorage(folder), path)


@FEW
@given(ANYTHING | st.text(max_size=200).map(str.encode) | damaged([b"language_score: 0.5\nstopwords: [a, b]\n"]))
def test_any_bytes_as_thresholds_of_a_language_are_one_clear_error(folder: Path, data: bytes) -> None:
    with or_one_clear_error("x.yml: "):
        read_thresholds(written(folder, "x.yml", data))
        pytest.fail("thresholds of a language out of nothing")


@FEW
@given(st.binary(max_size=1), st.text(max_size=200) | JSON.map(lambda data: f"{data.decode()}\ntext"))
def test_any_answer_of_a_child_is_read_or_refused(kind: bytes, body: str) -> None:
    for each in (kind, b"F"):
        try:
            found = read_answer(each, body)
        except ValueError:
            continue
        assert found is None or isinstance(found.text, str)


def test_a_column_whose_name_is_no_utf8_is_one_clear_error(folder: Path) -> None:
    data = parquet("none", 40, False)
    assert data.count(b"date") > 1
    damaged_names = [data.replace(b"date", b"d\xfft\xff"), data.replace(b"text", b"t\xfft\xff")]
    for bad in damaged_names:
        assert rows_of(written(folder, "z.parquet", bad)) is None
        with pytest.raises(GristmillError, match=r"^[^\n]+\Z"):
            side_columns(str(written(folder, "z.parquet", bad)), "id", None)
