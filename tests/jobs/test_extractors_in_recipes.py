"""Recipes with other extractors, run to their end: columns of metadata where asked for, and text that needs no extractor."""

import hashlib
from pathlib import Path
from typing import Any

import orjson
import polars as pl
import pyarrow.parquet as pq
import pytest
from trial import typed

from jobs.running import prepare, run
from pipeline.runs import OpenRun, open_run
from pipeline.schemas import DATASET, DOCUMENTS, PAGE_FACTS
from pipeline.storage import open_storage
from pipeline.tables import read_table
from pipeline.verify import verify

RECIPES = """
from filters.html_only import HtmlOnly
from filters.personal_data import PersonalData
from jobs.recipe import Recipe
from pipeline.extraction import JusText, Resiliparse, Trafilatura
from pipeline.page_metadata import PageMetadata


def recipe(extractor):
    return Recipe(name="r", ingest=(HtmlOnly(), extractor), rules=(), transforms=(PersonalData(),))


def told():
    return recipe(Trafilatura(metadata=PageMetadata()))


def markdown():
    return recipe(Trafilatura(output="markdown"))


def resiliparse():
    return recipe(Resiliparse(metadata=PageMetadata()))


def justext():
    return recipe(JusText())
"""
STORY = "".join(
    f"<p>The miller of {place} ground {n} sacks of rye before the frost came, and when the wheel stood still for the winter he "
    "wrote down in his book what each of the farmers had brought to him, and what they had taken home with them again.</p>"
    for n, place in enumerate(("Ayr", "Bern", "Cork", "Dover"), 2)
)
HEADS = (
    (
        '<title>Ask miller@mill.org</title><meta name="author" content="Jane Miller">'
        '<meta property="article:published_time" content="2019-03-04T10:00:00Z">'
    ),
    "",
    '<title>From tomorrow</title><meta property="article:published_time" content="2031-03-04">',
)
FACTS = [("Ask miller@mill.org", "Jane Miller", "2019-03-04"), (None, None, None), ("From tomorrow", None, None)]
WET_TEXT = "The mill\nstood still, said miller@mill.org in the winter."


def record(kind: str, number: int, body: bytes, content_type: str) -> bytes:
    head = (
        f"WARC/1.0\r\nWARC-Type: {kind}\r\nWARC-Record-ID: <urn:uuid:00000000-0000-0000-0000-{number:012}>\r\n"
        f"WARC-Target-URI: http://mill{number}.test/\r\nWARC-Date: 2024-05-01T00:00:00Z\r\n"
        f"Content-Type: {content_type}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body + b"\r\n\r\n"


def response(number: int, head: str) -> bytes:
    html = f"<html><head>{head}</head><body><article>{STORY}</article></body></html>".encode()
    body = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n" + html
    return record("response", number, body, "application/http; msgtype=response")


@pytest.fixture(scope="module")
def archives(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("archives")
    (folder / "recipes.py").write_text(RECIPES)
    (folder / "a.warc").write_bytes(b"".join(response(number, head) for number, head in enumerate(HEADS)))
    (folder / "b.warc.wet").write_bytes(record("conversion", 9, WET_TEXT.encode(), "text/plain"))
    return folder


def curated(archives: Path, recipe: str, file: str, root: Path) -> OpenRun:
    run(prepare(f"{archives / 'recipes.py'}:{recipe}", [str(archives / file)], str(root)), local=True)
    opened = open_run(open_storage(str(root)))
    assert [finding for finding in verify(opened) if finding] == []
    return opened


def documents(opened: OpenRun) -> Any:
    (receipt,) = opened.receipts("ingest").values()
    return read_table(opened.storage, receipt, "documents")


def dataset(root: Path) -> pl.DataFrame:
    return pl.read_parquet(root / "dataset" / "data" / "*.parquet")


@pytest.mark.parametrize("recipe", ["told", "resiliparse"])
def test_title_author_and_date_are_columns_of_documents_and_dataset(
    archives: Path, recipe: str, tmp_path: Path
) -> None:
    opened = curated(archives, recipe, "a.warc", tmp_path)
    table = documents(opened)
    assert table.schema.names == [*DOCUMENTS.names, *PAGE_FACTS.names]
    assert list(zip(*(table[name].to_pylist() for name in PAGE_FACTS.names), strict=True)) == FACTS
    packed = dataset(tmp_path)
    assert packed.columns == [*DATASET.names, *PAGE_FACTS.names]
    assert packed["author"].to_list() == [author for _, author, _ in FACTS]
    assert packed["published"].to_list() == [date for _, _, date in FACTS]


def test_why_shows_what_a_page_says_of_itself_and_nothing_where_it_says_nothing(archives: Path, tmp_path: Path) -> None:
    curated(archives, "told", "a.warc", tmp_path)
    for number, facts in enumerate(FACTS):
        address = f"http://mill{number}.test/"
        (told,) = orjson.loads(typed("why", str(tmp_path), address, "--json").stdout)["records"]
        given = {name: fact for name, fact in zip(PAGE_FACTS.names, facts, strict=True) if fact is not None}
        assert told["facts"] == given
        shown = typed("why", str(tmp_path), address).stdout
        assert [f"  {name:<9} {fact}" in shown for name, fact in given.items()] == [True] * len(given)
        assert [name for name in PAGE_FACTS.names if f"  {name:<9}" in shown] == list(given)


def test_personal_data_is_replaced_in_a_title_too(archives: Path, tmp_path: Path) -> None:
    curated(archives, "told", "a.warc", tmp_path)
    titles = dataset(tmp_path)["title"].to_list()
    assert titles[1:] == [None, "From tomorrow"]
    assert titles[0].startswith("Ask ")
    assert "miller@mill.org" not in titles[0]


def test_the_card_and_the_description_name_the_columns_that_are_there(archives: Path, tmp_path: Path) -> None:
    curated(archives, "told", "a.warc", tmp_path)
    manifest = orjson.loads((tmp_path / "dataset" / "manifest.json").read_bytes())
    (shard,) = (tmp_path / "dataset" / "data").glob("*.parquet")
    assert [column["name"] for column in manifest["columns"]] == pq.read_schema(shard).names
    assert (
        "| `published` | `large_string` | date that the page gives itself |"
        in (tmp_path / "dataset" / "README.md").read_text()
    )


def test_without_being_asked_for_there_are_no_such_columns(archives: Path, tmp_path: Path) -> None:
    opened = curated(archives, "justext", "a.warc", tmp_path)
    assert documents(opened).schema.names == DOCUMENTS.names
    packed = dataset(tmp_path)
    assert packed.columns == DATASET.names
    assert all(text.count("\n") == 3 and "Dover" in text for text in packed["text"])


@pytest.mark.parametrize("recipe", ["told", "markdown", "resiliparse", "justext"])
def test_text_of_a_wet_archive_is_taken_as_it_is_whatever_the_extractor(
    archives: Path, recipe: str, tmp_path: Path
) -> None:
    table = documents(curated(archives, recipe, "b.warc.wet", tmp_path))
    assert table["text"].to_pylist() == [WET_TEXT]
    if recipe in ("told", "resiliparse"):
        assert [table[name].to_pylist() for name in PAGE_FACTS.names] == [[None], [None], [None]]


def test_a_run_with_metadata_has_the_same_bytes_twice(archives: Path, tmp_path: Path) -> None:
    digests: list[str] = []
    for root in (tmp_path / "one", tmp_path / "two"):
        curated(archives, "told", "a.warc", root)
        (shard,) = (root / "dataset" / "data").glob("*.parquet")
        digests.append(hashlib.sha256(shard.read_bytes()).hexdigest())
    assert digests[0] == digests[1]
