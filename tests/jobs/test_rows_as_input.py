"""Parquet and JSON Lines that are text already go through a recipe like archives, row by row."""

import gzip
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from trial import Crawl, receipt_times, typed

from jobs.recipe import Recipe
from jobs.recipes.fineweb import fineweb
from jobs.running import Prepared, prepare, run
from pipeline.errors import InputError, PartsFailed
from pipeline.identity import canonical
from pipeline.ingest import Ingest
from pipeline.rows.columns import RowColumns
from pipeline.runs import OpenRun, open_run
from pipeline.storage import open_storage
from pipeline.tables import read_table
from pipeline.verify import verify
from pipeline.why import find, raw_record, story

WANTED = ["text", "id", "dump", "url", "date", "file_path"]

KEEPALL = """
from filters.html_only import HtmlOnly
from filters.url import UrlPolicy
from jobs.recipe import Recipe
from pipeline.extraction import Trafilatura


def keepall():
    return Recipe(name="keepall", ingest=(HtmlOnly(), UrlPolicy(), Trafilatura()), rules=())
"""


@pytest.fixture(scope="module")
def keepall(tmp_path_factory: pytest.TempPathFactory) -> str:
    file = tmp_path_factory.mktemp("recipes") / "keepall.py"
    file.write_text(KEEPALL)
    return f"{file}:keepall"


def curated(recipe: str, files: Path, root: Path, **options: Any) -> OpenRun:
    run(prepare(recipe, [str(files)], str(root), **options), local=True)
    opened = open_run(open_storage(str(root)))
    assert [finding for finding in verify(opened) if finding] == []
    return opened


def dataset(root: Path) -> pl.DataFrame:
    return pl.read_parquet(root / "dataset" / "data" / "*.parquet")


def records(opened: OpenRun) -> pl.DataFrame:
    tables = [read_table(opened.storage, receipt, "records") for receipt in opened.receipts("ingest").values()]
    return pl.concat([pl.from_arrow(table) for table in tables])


def test_a_dataset_goes_back_in_and_comes_out_as_it_was(finished: Path, keepall: str, tmp_path: Path) -> None:
    opened = curated(keepall, finished / "dataset" / "data", tmp_path)
    before, after = dataset(finished), dataset(tmp_path)
    assert after.select(WANTED).equals(before.select(WANTED))
    assert opened.totals("ingest")["rows"] == before.height
    assert records(opened)["mime"].null_count() == before.height


def test_a_dataset_goes_through_the_rules_that_made_it(finished: Path, tmp_path: Path) -> None:
    """What leaves then, leaves by a rule: personal data was replaced after the page was measured."""
    opened = curated("fineweb", finished / "dataset" / "data", tmp_path)
    before, ingest, decide = dataset(finished), opened.totals("ingest"), opened.totals("decide")
    assert ingest["rows"] == ingest["documents"] == before.height
    assert decide["kept"] + sum(n for key, n in decide.items() if key.startswith("dropped.")) == before.height
    assert decide["kept"] > 0.9 * before.height
    kept = dataset(tmp_path)
    assert set(kept["id"]) <= set(before["id"])
    assert kept["language"].unique().to_list() == ["en"]


def theirs(rows: list[dict[str, Any]]) -> Any:
    from datatrove.data import Document

    return [Document(text=row["text"], id=row["id"], metadata=dict(row["metadata"])) for row in rows]


ROWS: list[dict[str, Any]] = [
    {
        "text": f"Row {number} is a text of its own.\nIt has two lines.",
        "id": f"<urn:uuid:{number}>",
        "metadata": {"url": f"https://example.org/{number}", "date": "2024-02-20T21:10:55Z", "score": number / 7},
    }
    for number in range(30)
]


@pytest.mark.parametrize("expand", [False, True], ids=["in metadata", "flat"])
@pytest.mark.parametrize("kind", ["JsonlWriter", "ParquetWriter"])
def test_what_datatrove_writes_is_read(kind: str, expand: bool, keepall: str, tmp_path: Path) -> None:
    from datatrove.pipeline import writers

    writer = getattr(writers, kind)(str(tmp_path / "theirs"), expand_metadata=expand)
    with writer:
        for document in theirs(ROWS):
            writer.write(document)
    opened = curated(keepall, tmp_path / "theirs", tmp_path / "out", source="theirs")
    assert opened.totals("ingest")["rows"] == len(ROWS)
    found = dataset(tmp_path / "out")
    assert found["text"].to_list() == [row["text"] for row in ROWS]
    assert found["id"].to_list() == [row["id"] for row in ROWS]
    assert found["url"].to_list() == [row["metadata"]["url"] for row in ROWS]
    assert found["date"].to_list() == ["2024-02-20T21:10:55Z"] * len(ROWS)
    assert set(found["dump"]) == {"theirs"}
    assert set(found["file_path"]) == {file.name for file in (tmp_path / "theirs").iterdir()}


BROKEN = b'{"text": "good", "url": "https://example.org/good"}\n{"text": 7}\n{"no": "text"}\n{"text": "caf\xe9"}\n{broken\n[]\n'


def test_broken_rows_are_rows_with_a_reason_and_an_offset(keepall: str, tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl.gz").write_bytes(gzip.compress(BROKEN + b'{"text": " "}\n{"text": "the last'))
    opened = curated(keepall, tmp_path / "rows.jsonl.gz", tmp_path / "out")
    table = records(opened)
    reasons = [
        None,
        "text_not_string",
        "no_text",
        "not_utf8",
        "bad_json",
        "not_an_object",
        "empty_text",
        "truncated_record",
    ]
    assert table["gate"].to_list() == reasons
    assert table["offset"].to_list()[1:3] == [52, 64]
    counts = opened.totals("ingest")
    assert counts["failed.bad_json"] == counts["gate.empty_text"] == 1
    assert counts["bytes"] == (tmp_path / "rows.jsonl.gz").stat().st_size


def test_too_many_broken_rows_fail_the_part_as_in_an_archive(keepall: str, tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_bytes(BROKEN * 20)
    with pytest.raises(PartsFailed, match=r"100 of 120 records failed \(.*bad_json 20.*\); tolerance 10%"):
        run(prepare(keepall, [str(tmp_path / "rows.jsonl")], str(tmp_path / "out")), local=True)


def test_archives_and_rows_may_be_one_source(crawl: Crawl, keepall: str, tmp_path: Path) -> None:
    archive, file = min(crawl.folder.rglob("*.warc.gz")), tmp_path / "rows.jsonl"
    file.write_text('{"text": "a row", "id": 5}\n')
    run(prepare(keepall, [str(archive), str(file)], str(tmp_path / "out")), local=True)
    opened = open_run(open_storage(str(tmp_path / "out")))
    rows, pages = sorted(opened.receipts("ingest").values(), key=lambda receipt: receipt.counts["rows"])
    assert (rows.counts["rows"], pages.counts["rows"] > 20) == (1, True)
    assert ("origins" in rows.files, "origins" in pages.files) == (True, False)
    assert "5" in dataset(tmp_path / "out")["id"].to_list()


# Columns.


def test_named_columns_are_read_and_remembered_for_a_replay(keepall: str, tmp_path: Path) -> None:
    rows = [{"body": f"text {n}", "key": n, "meta": {"link": f"https://example.org/{n}"}} for n in range(3)]
    file = tmp_path / "rows.ndjson"
    file.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    words = ["--text-column", "body", "--id-column", "key", "--url-column", "meta.link", "--local"]
    done = typed("curate", keepall, "-i", str(file), "-o", str(tmp_path / "out"), *words)
    assert done.returncode == 0, done.stderr
    found = dataset(tmp_path / "out")
    assert found["text"].to_list() == ["text 0", "text 1", "text 2"]
    assert found["id"].to_list() == ["0", "1", "2"]
    assert found["url"].to_list()[0] == "https://example.org/0"
    ingested = receipt_times(tmp_path / "out", "ingest")
    file.unlink()
    again = prepare(keepall, [], str(tmp_path / "out"))
    assert again.recipe.columns == RowColumns(text="body", id="key", url="meta.link")
    run(again, local=True)
    assert receipt_times(tmp_path / "out", "ingest") == ingested


def test_a_missing_column_is_one_clear_error_that_names_those_there_are(tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text('{"body": "t", "key": 1}\n')
    told = typed("curate", "fineweb", "-i", str(tmp_path / "rows.jsonl"), "-o", str(tmp_path / "out"), "--local")
    assert told.returncode == 1
    assert "no column text; there are body, key; name the right one with --text-column" in told.stderr
    assert "Traceback" not in told.stderr


def test_columns_bear_identity_but_their_default_changes_no_run_that_is_there() -> None:
    ingest = fineweb().ingest_stage()
    assert "columns" not in canonical(ingest)
    assert canonical(replace(ingest, columns=RowColumns(text="body"))) != canonical(ingest)
    assert isinstance(ingest, Ingest)


# Why.


def test_why_reads_a_row_again_that_no_text_was_kept_of(tmp_path: Path, crawl: Crawl) -> None:
    rows = [
        {"text": f"Dies ist Seite {n}, und sie ist nicht englisch.", "url": f"https://example.org/{n}"}
        for n in range(9)
    ]
    (tmp_path / "in").mkdir()
    pl.DataFrame(rows[:5]).write_parquet(tmp_path / "in" / "rows.parquet")
    (tmp_path / "in" / "rows.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows[5:]))
    opened = curated("fineweb", tmp_path / "in", tmp_path / "out")
    for row in (rows[3], rows[7]):
        ((part, number),) = find(opened, row["url"])
        told = story(opened, part, number)
        assert (told.record["gate"], told.text) == ("other_language", None)
        assert raw_record(opened, told) == (row["text"].encode(), "utf-8")
    (tmp_path / "in" / "rows.jsonl").write_text('{"text": "another", "url": "https://example.org/new"}\n')
    with pytest.raises(InputError, match=r"at 0 there is now https://example\.org/new"):
        raw_record(opened, story(opened, *find(opened, rows[5]["url"])[0]))


def test_plan_names_rows_as_it_names_archives(tmp_path: Path, finished: Path) -> None:
    planned: Prepared = prepare("fineweb", [str(finished / "dataset" / "data")], str(tmp_path))
    assert [part.name for part in planned.source.parts] == ["train-00000-of-00001.parquet"]
    assert isinstance(planned.recipe, Recipe)


def test_the_estimate_counts_rows_as_rows() -> None:
    from jobs.estimate import estimate
    from pipeline.sources import Source, SourcePart

    archives, rows = (
        estimate(fineweb(), Source("s", (SourcePart(name, name, 1 << 30, ""),)), 1 << 30, 1)
        for name in ("a.warc.gz", "a.parquet")
    )
    assert 400_000 < rows.pages < 700_000
    assert rows.pages > 10 * archives.pages
    assert rows.disk_bytes > archives.disk_bytes
