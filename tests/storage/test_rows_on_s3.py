"""Rows and annotations that lie in a bucket are read there, and give what local ones give."""

import gzip
import hashlib
import io
import json
from pathlib import Path

import polars as pl
import pytest

from jobs.extending import add_step
from jobs.running import prepare, run
from pipeline.annotations.annotating import annotate_step
from pipeline.annotations.annotation import Annotation
from pipeline.annotations.side_files import side_columns
from pipeline.extension import recorded_step
from pipeline.runs import open_run
from pipeline.storage import open_storage
from pipeline.tables import read_table
from pipeline.why import find, story

pytestmark = pytest.mark.s3

ROWS = [{"text": f"Text number {n}.", "id": f"id-{n}", "url": f"https://example.org/{n}"} for n in range(3_000)]


def put(place: str, name: str, data: bytes) -> str:
    open_storage(place).put(name, data)
    return f"{place}/{name}"


def parquet(table: pl.DataFrame) -> bytes:
    sink = io.BytesIO()
    table.write_parquet(sink, row_group_size=500)
    return sink.getvalue()


def test_rows_and_annotations_in_a_bucket(s3: str, tmp_path: Path) -> None:
    (tmp_path / "keepall.py").write_text(
        "from jobs.recipe import Recipe\nfrom pipeline.extraction import Trafilatura\n\n\n"
        "def keepall():\n    return Recipe(name='keepall', ingest=(Trafilatura(),), rules=())\n"
    )
    put(s3, "in/a.parquet", parquet(pl.DataFrame(ROWS[:2_000])))
    lines = "".join(f"{json.dumps(row)}\n" for row in ROWS[2_000:])
    put(s3, "in/b.jsonl.gz", gzip.compress(lines.encode()))
    run(prepare(f"{tmp_path}/keepall.py:keepall", [f"{s3}/in/"], f"{s3}/out", source="rows"), local=True)
    opened = open_run(open_storage(f"{s3}/out"))
    (shard,) = opened.receipts("pack").values()
    packed = read_table(opened.storage, shard, "data").to_pylist()
    assert [{name: row[name] for name in ROWS[0]} for row in packed] == ROWS
    (rows, lines_) = (opened.receipts("ingest")[part.key] for part in opened.source.parts)
    assert "input_sha256" not in rows.facts  # only what was wanted of it was fetched
    assert len(lines_.facts["input_sha256"]) == 64

    scores = parquet(pl.DataFrame([{"url": row["url"], "score": n} for n, row in enumerate(ROWS[::2])]))
    path = put(s3, "scores.parquet", scores)
    digest = hashlib.sha256(scores).hexdigest()
    annotation = Annotation(name="s", on="url", columns=side_columns(path, "url", None), sha256=digest, path=path)
    done = add_step(
        opened,
        annotate_step(annotation, recorded_step(opened, "ingest").step),
        annotation=annotation,
        local=True,
    )
    assert (done.total("rows"), done.total("matched")) == (3_000, 1_500)


def test_a_release_in_a_bucket_is_an_index_for_a_run_that_is_elsewhere(s3: str, tmp_path: Path) -> None:
    (tmp_path / "star.py").write_text(
        "from dedup.minhash import MinHash\nfrom dedup.survival import Star\nfrom jobs.recipe import Recipe\n"
        "from pipeline.extraction import Trafilatura\n\n\n"
        "def star():\n    return Recipe(name='star', ingest=(Trafilatura(),), rules=(), "
        "minhash=MinHash(bands=4, rows=1, ngram=1), survival=Star(similarity=0.9))\n"
    )
    for name, rows in (("old", ["a b c d e", "f g h i j"]), ("new", ["f g h i j", "k l m n o"])):
        lines = "".join(
            json.dumps({"text": text, "id": f"{name}-{text[0]}", "url": f"https://{name}.example/{text[0]}"}) + "\n"
            for text in rows
        )
        (tmp_path / f"{name}.jsonl").write_text(lines)
    star, old, new = f"{tmp_path}/star.py:star", f"{s3}/old", str(tmp_path / "new")
    run(prepare(star, [str(tmp_path / "old.jsonl")], old, source="old"), local=True)
    run(prepare(star, [str(tmp_path / "new.jsonl")], new, source="new", against=[f"{old}@old"]), local=True)
    opened = open_run(open_storage(new))
    (shard,) = opened.receipts("pack").values()
    assert read_table(opened.storage, shard, "data")["id"].to_pylist() == ["new-k"]
    (place,) = find(opened, "https://new.example/f")
    told = story(opened, *place).duplicates
    assert told is not None
    assert told["earlier"]["root"] == old
    assert told["earlier"]["id"] == "old-f"
