"""A side table is its file, sorted and joined, however large the file and however little may be held."""

import gzip
import hashlib
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from handmade import Page, crawl_of, crawl_steps
from tiny import execute

from pipeline.annotations import side_table
from pipeline.annotations.annotating import Annotating, annotate_step
from pipeline.annotations.annotation import Annotation
from pipeline.annotations.side_files import side_batches, side_columns
from pipeline.annotations.side_table import key_digests, plan_side, side_manifest
from pipeline.errors import InputError, PartsFailed, RecipeError
from pipeline.execution import Execution
from pipeline.local_runner import LocalRunner
from pipeline.receipts import read_manifest
from pipeline.storage import LocalStorage
from pipeline.tables import read_table


class Silent:
    def begin(self, steps: Any) -> None: ...

    def ended(self, state: Any, outcome: Any) -> None: ...


def sorted_side(root: Path, annotation: Annotation) -> pl.DataFrame:
    source, planned = plan_side(annotation)
    Execution(LocalStorage(root), source, [planned], {}).run(LocalRunner(), Silent())
    (receipt,) = read_manifest(LocalStorage(root), side_manifest(planned))
    return pl.from_arrow(read_table(LocalStorage(root), receipt, "side"))


def annotation_of(file: Path, on: str = "url", *columns: str) -> Annotation:
    kinds = side_columns(str(file), on, columns or None)
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    return Annotation(name="a", on=on, columns=kinds, sha256=digest, path=str(file))


@pytest.mark.parametrize("held", [1 << 30, 1 << 14], ids=["in memory", "spilled"])
def test_the_side_table_has_every_row_with_a_key_in_the_order_of_digests(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, held: int
) -> None:
    monkeypatch.setattr(side_table, "HELD_BYTES", held)
    monkeypatch.setattr("pipeline.annotations.side_files.BATCH_ROWS", 500)
    keys = [None if number % 10 == 0 else f"http://{number}" for number in range(5_000)]
    pl.DataFrame({"url": keys, "n": range(5_000)}).write_parquet(tmp_path / "side.parquet")
    found = sorted_side(tmp_path / "root", annotation_of(tmp_path / "side.parquet"))
    assert found.height == 4_500
    assert found.equals(found.sort("key_high", "key_low"))
    digests = key_digests([key for key in keys if key])
    expected = {
        (int(high), int(low)): int(key[7:]) for (high, low), key in zip(digests, filter(None, keys), strict=True)
    }
    assert {(high, low): n for high, low, n in found.iter_rows()} == expected


def test_a_key_that_is_there_twice_is_named_also_after_spilling(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(side_table, "HELD_BYTES", 1_000)
    keys = [f"http://{number % 4_999}" for number in range(5_000)]
    pl.DataFrame({"url": keys, "n": range(5_000)}).write_parquet(tmp_path / "side.parquet")
    with pytest.raises(PartsFailed, match="url http://0 is there more than once"):
        sorted_side(tmp_path / "root", annotation_of(tmp_path / "side.parquet"))


def test_another_file_in_the_place_of_the_declared_one_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "side.csv"
    file.write_text("url,n\na,1\n")
    annotation = annotation_of(file)
    file.write_text("url,n\na,2\n")
    with pytest.raises(PartsFailed, match=f"has the SHA-256 .*, not {annotation.sha256}"):
        sorted_side(tmp_path / "root", annotation)


@pytest.mark.parametrize("groups", [1, 7])
def test_documents_of_one_address_get_one_row_and_others_null(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, groups: int
) -> None:
    monkeypatch.setattr(side_table, "ROW_GROUP", groups)
    pages = {
        "a.warc": (Page(url="u/1"), Page(url="u/0", gate="g"), Page(url="u/2"), Page(url="u/1")),
        "b.warc": (),
        "c.warc": (Page(url=""), Page(url="u/9"), Page(url="u/missing")),
    }
    pl.DataFrame({"url": [f"u/{n}" for n in range(30)], "n": range(30)}).write_parquet(tmp_path / "side.parquet")
    annotation = annotation_of(tmp_path / "side.parquet")
    sorted_side(tmp_path / "root", annotation)
    ingest = crawl_steps(pages)[0]
    state = execute(tmp_path / "root", crawl_of(pages), ingest, annotate_step(annotation, ingest)).states["annotate-a"]
    receipts = [state.receipts[part.key] for part in state.planned.parts]
    tables = [read_table(LocalStorage(tmp_path / "root"), receipt, "signals") for receipt in receipts]
    assert [table["n"].to_pylist() for table in tables] == [[1, 2, 1], [], [None, 9, None]]
    assert [receipt.counts for receipt in receipts] == [
        {"rows": 3, "matched": 3},
        {"rows": 0, "matched": 0},
        {"rows": 3, "matched": 1},
    ]


def test_ids_are_the_same_with_and_without_brackets() -> None:
    one, other, third = key_digests(["<urn:uuid:1>", "urn:uuid:1", "urn:uuid:2"])
    assert (one == other).all()
    assert (one != third).any()


def test_two_keys_with_one_first_half_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    import numpy as np
    import pyarrow as pa

    from pipeline.annotations.annotating import _joined

    highs, lows = np.array([5, 7, 7, 9], np.uint64), np.array([1, 2, 3, 4], np.uint64)
    group = pa.table({"key_high": highs, "key_low": lows})
    wanted = np.array([[7, 3], [7, 2], [7, 9], [9, 4], [10, 1]], np.uint64)
    rows, places = _joined(group, wanted)
    assert (rows.tolist(), places.tolist()) == ([2, 1, 3], [0, 1, 3])


# Reading files.


def test_csv_and_jsonl_may_be_compressed_and_null(tmp_path: Path) -> None:
    (tmp_path / "side.csv.gz").write_bytes(gzip.compress(b"id,s,f\n7,a,1\n8,,2.5\n"))
    (tmp_path / "side.jsonl.gz").write_bytes(
        gzip.compress(b'{"id": 7, "s": "a", "f": 1}\n\n{"id": 8, "f": 2.5, "s": null}\n')
    )
    for file in tmp_path.iterdir():
        columns = side_columns(str(file), "id", None)
        assert columns == (("s", "string"), ("f", "float64"))
        rows = [row for batch in side_batches(str(file), "id", columns) for row in batch.to_pylist()]
        assert rows == [{"id": "7", "s": "a", "f": 1.0}, {"id": "8", "s": None, "f": 2.5}]


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("side.jsonl", b'{"id": "a", "n": 1}\n{"id": "b", "n": "x"}\n', "column n is int or str, not float64"),
        ("side.jsonl", b'{"id": "a", "n": 1}\nbroken\n', "line 2 is no JSON"),
        ("side.jsonl", b"[1]\n", "line 1 holds no JSON object"),
        ("side.parquet", b"PAR1 no more", "cannot be read"),
        ("side.csv", b"id,n\na,1,2\n", "cannot be read"),
        ("side.csv", b"", "cannot be read"),
        ("nowhere.csv", None, "nowhere.csv"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_clear_error(
    tmp_path: Path, name: str, data: bytes | None, says: str
) -> None:
    if data is not None:
        (tmp_path / name).write_bytes(data)
    with pytest.raises((InputError, RecipeError), match=says):
        list(side_batches(str(tmp_path / name), "id", side_columns(str(tmp_path / name), "id", None)))


def test_a_value_that_does_not_fit_its_column_further_down_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "side.jsonl"
    file.write_text('{"id": "a", "n": "x"}\n')
    with pytest.raises(InputError, match="column n is not int64 throughout"):
        list(side_batches(str(file), "id", (("n", "int64"),)))


# Declaring.


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"name": "../a"}, "use letters, digits"),
        ({"on": "text"}, "can be id or url"),
        ({"columns": ()}, "at least one column"),
        ({"columns": (("a", "float32"),)}, "column a is float32, and can be float64"),
        ({"sha256": "abc"}, "64 hexadecimal digits"),
    ],
)
def test_an_annotation_that_cannot_be_is_refused(changes: dict[str, Any], says: str) -> None:
    good: dict[str, Any] = {"name": "a", "on": "id", "columns": (("n", "int64"),), "sha256": "0" * 64, "path": "x"}
    with pytest.raises(RecipeError, match=says):
        Annotation(**(good | changes))


def test_where_the_file_lies_bears_no_identity_and_its_digest_does() -> None:
    good: dict[str, Any] = {"name": "a", "on": "id", "columns": (("n", "int64"),), "sha256": "0" * 64, "path": "x"}
    prints = {
        plan_side(Annotation(**(good | changes)))[1].fingerprint
        for changes in ({}, {"path": "y"}, {"sha256": "1" * 64}, {"on": "url"}, {"columns": (("n", "float64"),)})
    }
    assert len(prints) == 4
    assert Annotating.name == "annotating"
