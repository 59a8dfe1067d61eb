"""A receipt commits a part, a manifest seals a step, and what is damaged is never taken for what is there."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import StorageError
from pipeline.receipts import (
    FileEntry,
    Receipt,
    committed,
    leads_out,
    manifest_path,
    read_manifest,
    receipt_path,
    seal,
    step_folder,
)
from pipeline.storage import LocalStorage

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=10)
COUNTS = st.integers(0, 2**63 - 1)
PATHS = TEXTS.filter(lambda path: not leads_out(path))
ENTRIES = st.builds(FileEntry, PATHS, TEXTS, COUNTS, COUNTS)
RECEIPTS = st.builds(
    Receipt,
    step=TEXTS,
    fingerprint=TEXTS,
    source=TEXTS,
    key=TEXTS,
    name=TEXTS,
    attempt=TEXTS,
    files=st.dictionaries(TEXTS, ENTRIES, max_size=3),
    counts=st.dictionaries(TEXTS, COUNTS, max_size=3),
    facts=st.dictionaries(TEXTS, TEXTS | COUNTS | st.floats(allow_nan=False, allow_infinity=False), max_size=3),
)


def receipt(key: str = "k1", **changes: Any) -> Receipt:
    files = {"records": FileEntry("steps/x.records.parquet", "ab", 100, 7), "samples": FileEntry("y", "cd", 10, 0)}
    made = Receipt(
        step="ingest", fingerprint="f", source="s", key=key, name="a.warc", attempt="1", files=files, counts={"rows": 7}
    )
    return replace(made, **changes)


@given(RECEIPTS)
def test_a_receipt_is_read_as_it_was_written(receipt: Receipt) -> None:
    assert Receipt.from_json(receipt.to_json()) == receipt


@given(RECEIPTS)
def test_a_receipt_has_one_spelling(receipt: Receipt) -> None:
    turned = replace(receipt, counts=dict(reversed(receipt.counts.items())))
    assert turned.to_json() == receipt.to_json()


def test_a_receipt_knows_the_rows_of_its_tables() -> None:
    assert receipt().rows("records") == 7
    assert receipt().rows("samples") == 0


@given(st.integers(0, 400))
def test_a_receipt_cut_short_is_damaged(length: int) -> None:
    whole = receipt().to_json()
    if length < len(whole):
        with pytest.raises(StorageError, match="a receipt is damaged"):
            Receipt.from_json(whole[:length])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(0, 9) | st.text("ab", max_size=2),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["files", "path", "key", "a"]), inner, max_size=3)
    ),
)


@given(JSON)
def test_other_json_is_damaged_too(value: Any) -> None:
    with pytest.raises(StorageError, match=r"^steps/a\.json is damaged: "):
        Receipt.from_json(orjson.dumps(value), "steps/a.json")


@pytest.mark.parametrize("missing", ["step", "key", "files", "counts", "attempt"])
def test_a_receipt_without_a_field_is_damaged(missing: str) -> None:
    fields = orjson.loads(receipt().to_json())
    del fields[missing]
    with pytest.raises(StorageError, match=f"damaged: .*{missing}"):
        Receipt.from_json(orjson.dumps(fields))


@pytest.mark.parametrize("path", ["/elsewhere/x.parquet", "..", "../x.parquet", "steps/../../x.parquet", "steps/.."])
def test_a_receipt_whose_file_is_not_below_root_is_damaged(path: str) -> None:
    outside = receipt(files={"records": FileEntry(path, "ab", 100, 7)})
    with pytest.raises(StorageError, match=f"steps/a.json is damaged: its file {path} is not below ROOT"):
        Receipt.from_json(outside.to_json(), "steps/a.json")


@pytest.mark.parametrize("path", ["steps/x..parquet", "...", "steps/a/.b"])
def test_a_file_with_dots_in_its_name_is_below_root(path: str) -> None:
    inside = receipt(files={"records": FileEntry(path, "ab", 100, 7)})
    assert Receipt.from_json(inside.to_json()) == inside


def test_a_receipt_says_what_it_lacks_of_what_its_step_writes() -> None:
    receipt().check_has("m", "records", "rows")
    with pytest.raises(StorageError, match=r"m is damaged: the receipt of a\.warc has no table bands"):
        receipt().check_has("m", "bands", "kept")
    with pytest.raises(StorageError, match=r"has no count kept"):
        receipt().check_has("m", "records", "rows", "kept")


def test_what_is_committed_is_what_has_a_receipt(tmp_path: Path) -> None:
    storage = LocalStorage(tmp_path)
    for key in ("k1", "k3", "other"):
        storage.put_new(receipt_path("ingest", "f", "s", key), receipt(key).to_json())
    storage.put("steps/ingest/f/s/k2-attempt.records.parquet", b"written, but never committed")
    found = committed(storage, "ingest", "f", "s", ["k3", "k2", "k1"])
    assert list(found) == ["k3", "k1"]
    assert found["k1"] == receipt("k1")
    assert committed(storage, "ingest", "another", "s", ["k1"]) == {}


def test_a_damaged_receipt_is_named(tmp_path: Path) -> None:
    storage = LocalStorage(tmp_path)
    storage.put("steps/ingest/f/s/k1.json", receipt().to_json()[:-20])
    with pytest.raises(StorageError, match=r"^steps/ingest/f/s/k1\.json is damaged"):
        committed(storage, "ingest", "f", "s", ["k1"])


@given(st.lists(RECEIPTS, max_size=4))
def test_a_manifest_lists_its_receipts_in_order(receipts: list[Receipt]) -> None:
    from obstore.store import MemoryStore

    from pipeline.storage import ObjectStorage

    storage = ObjectStorage("s3://bucket", store=MemoryStore())
    receipts = [replace(each, facts={"seconds": 1.5}) for each in receipts if sum_of(each) < 2**63]
    seal(storage, "m.parquet", receipts, {"payload": {"step": "x"}})
    assert list(read_manifest(storage, "m.parquet")) == receipts
    table = pq.read_table(storage.open("m.parquet"))
    assert table["bytes"].to_pylist() == [sum_of(each) for each in receipts]
    assert table["seconds"].to_pylist() == [1.5] * len(receipts)
    assert orjson.loads(table.schema.metadata[b"gristmill"]) == {"payload": {"step": "x"}}


def sum_of(receipt: Receipt) -> int:
    return sum(entry.bytes for entry in receipt.files.values())


def test_the_first_seal_stays(tmp_path: Path) -> None:
    storage = LocalStorage(tmp_path)
    seal(storage, "m", [receipt("k1")], {})
    seal(storage, "m", [receipt("k2")], {})
    assert [each.key for each in read_manifest(storage, "m")] == ["k1"]


def test_a_damaged_manifest_is_named(tmp_path: Path) -> None:
    storage = LocalStorage(tmp_path)
    seal(storage, "m", [receipt()], {})
    storage.put("m", storage.get("m")[:-9])
    with pytest.raises(StorageError, match=r"^m is damaged"):
        read_manifest(storage, "m")


def test_a_seal_stands_for_exactly_these_parts_in_this_order() -> None:
    paths = {manifest_path("s", "f", "src", keys) for keys in (["a", "b"], ["b", "a"], ["a"], ["a", "b", "c"], [])}
    assert len(paths) == 5
    assert all(path.startswith(f"{step_folder('s', 'f', 'src')}/manifest-") for path in paths)
