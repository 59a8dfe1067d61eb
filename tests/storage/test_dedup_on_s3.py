"""Rows in a bucket are deduplicated into a bucket, with the bytes that local ones give."""

import io
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dedup.minhash import MinHash
from dedup.scale import Scale
from dedup.survival import Star
from jobs.deduplicating import HowToDedup, prepare_rows, run_rows
from pipeline.errors import PartsFailed
from pipeline.rows.columns import RowColumns
from pipeline.storage import open_storage

pytestmark = pytest.mark.s3

TEXTS = [" ".join(f"{chr(97 + n % 13)}word{place * (n % 13 + 1)}" for place in range(30)) for n in range(26)]
HOW = HowToDedup(minhash=MinHash(family="fast"), survival=Star(), columns=RowColumns(), scale=Scale())


def parquet(texts: list[str]) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.table({"text": texts}), sink)
    return sink.getvalue()


def test_rows_in_a_bucket_give_what_local_ones_give(s3: str, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for name, texts in (("a.parquet", TEXTS[:10]), ("b.parquet", TEXTS[10:])):
        open_storage(f"{s3}/rows").put(name, parquet(texts))
        (tmp_path / "in" / name).write_bytes(parquet(texts))
    there = run_rows(prepare_rows([f"{s3}/rows/"], f"{s3}/deduplicated", HOW), workers=2)
    here = run_rows(prepare_rows([str(tmp_path / "in")], str(tmp_path / "out"), HOW), workers=2)
    assert there["funnel"]["kept"] == 13
    assert there["shards"] == here["shards"]
    stored = open_storage(f"{s3}/deduplicated").get("dataset/data/train-00000-of-00001.parquet")
    assert stored == (tmp_path / "out" / "dataset" / "data" / "train-00000-of-00001.parquet").read_bytes()


def test_an_object_that_changes_under_way_is_an_error(s3: str) -> None:
    store = open_storage(f"{s3}/changing")
    store.put("a.parquet", parquet(TEXTS[:10]))
    prepared = prepare_rows([f"{s3}/changing/"], f"{s3}/changed", HOW)
    store.put("a.parquet", parquet(TEXTS[1:11]))
    with pytest.raises(PartsFailed, match="has changed since this run was planned"):
        run_rows(prepared, workers=1)
