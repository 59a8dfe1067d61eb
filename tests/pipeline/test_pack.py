"""A shard is the pages that stay of a fixed range of files, in their order, with FineWeb's columns."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from handmade import CRAWL, KEPT, RULES, Page, crawl_of, crawl_steps, run_crawl
from tiny import execute

from pipeline.decide import Decide
from pipeline.errors import PartsFailed
from pipeline.execution import Execution
from pipeline.line_tables import REMOVED
from pipeline.measures import NO_SIGNALS, Transformed, signals_of
from pipeline.pack import SHARD_ROW_GROUP, Pack, dump_of, iso
from pipeline.pages import Pages
from pipeline.schemas import DATASET, SURVIVORS
from pipeline.steps import PartRun, Step


def shards(execution: Execution, root: Path) -> list[pa.Table]:
    state = execution.states["pack"]
    receipts = [state.receipts[part.key] for part in state.planned.parts]
    return [pq.read_table(root / receipt.files["data"].path) for receipt in receipts]


def packed(root: Path, pages: Any = CRAWL, **options: Any) -> list[pa.Table]:
    return shards(execute(root, crawl_of(pages), *crawl_steps(pages, **options)), root)


def rows(tables: list[pa.Table]) -> list[dict[str, Any]]:
    return [row for table in tables for row in table.to_pylist()]


@pytest.mark.parametrize(("shard", "sizes"), [(2, [2, 0, 1]), (4, [2, 1]), (8, [3])])
def test_pages_that_stay_stand_in_the_order_of_their_files_in_any_shards(
    tmp_path: Path, shard: int, sizes: list[int]
) -> None:
    tables = packed(tmp_path, shard=shard)
    assert [table.num_rows for table in tables] == sizes
    assert [row["url"] for row in rows(tables)] == KEPT


def test_a_shard_has_the_datasets_columns(tmp_path: Path) -> None:
    tables = packed(tmp_path)
    assert all(table.schema.equals(DATASET) for table in tables)
    assert rows(tables)[0] == {
        "text": "The mill grinds slowly.",
        "id": "<urn:test:https://a.test/1>",
        "dump": "crawl",
        "url": "https://a.test/1",
        "date": "2024-05-01T00:00:00Z",
        "file_path": "a.warc",
        "language": "en",
        "language_score": 0.9,
        "token_count": None,
        "minhash_cluster_size": 3,
    }


def test_without_deduplication_all_that_is_kept_is_packed(tmp_path: Path) -> None:
    found = rows(packed(tmp_path, dedup=False))
    assert [row["url"] for row in found] == [KEPT[0], "https://b.test/1", *KEPT[1:]]
    assert {row["minhash_cluster_size"] for row in found} == {1}


def test_many_pages_keep_their_order_across_batches_and_row_groups(tmp_path: Path) -> None:
    """Batches hold 256 documents and row groups 1,000 rows: this many pages cross both."""
    pages = {
        name: tuple(Page(url=f"{name}/{n}", text=f"{name} {n}", words=n % 5) for n in range(1700))
        for name in ("a", "b")
    }
    tables = packed(tmp_path, pages)
    kept = [f"{name}/{n}" for name in ("a", "b") for n in range(1700) if n % 5 >= 3]
    assert [row["url"] for row in rows(tables)] == kept
    (file,) = (tmp_path / "steps" / "pack").rglob("*.data.parquet")
    groups = pq.ParquetFile(file).metadata
    assert [groups.row_group(n).num_rows for n in range(groups.num_row_groups)] == [
        SHARD_ROW_GROUP,
        1360 - SHARD_ROW_GROUP,
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Replace:
    """A transform that replaces one text by another."""

    name: ClassVar[str] = "replace"
    version: ClassVar[int] = 1
    engines: ClassVar[tuple[str, ...]] = ()
    signals: ClassVar[pa.Schema] = NO_SIGNALS

    old: str
    new: str

    def transform(self, pages: Pages) -> Transformed:
        texts = [text.replace(self.old, self.new) for text in pages.texts]
        return Transformed(texts, [()] * len(texts), signals_of(NO_SIGNALS, {}, len(texts)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Chars:
    """Counts every character as a token."""

    name: ClassVar[str] = "chars"
    version: ClassVar[int] = 1

    def count(self, texts: list[str]) -> list[int]:
        return list(map(len, texts))


def test_transforms_come_in_order_and_tokens_are_counted_last(tmp_path: Path) -> None:
    stage = Pack(
        transforms=(Replace(old="mill", new="windmill"), Replace(old="wind", new="water")),
        tokens=Chars(),
        survivors="survivors",
    )
    execution = execute(tmp_path, crawl_of(CRAWL), *crawl_steps(CRAWL, pack=stage))
    found = rows(shards(execution, tmp_path))
    assert found[0]["text"] == "The watermill grinds slowly."
    assert [row["token_count"] for row in found] == [len(row["text"]) for row in found]
    counts = [receipt.counts for receipt in execution.states["pack"].receipts.values()]
    assert (
        sum(each["tokens"] for each in counts)
        == sum(each["chars"] for each in counts)
        == sum(len(row["text"]) for row in found)
    )
    assert sum(each["rows"] for each in counts) == 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Astray:
    """Survivors of more or fewer documents than there are."""

    name: ClassVar[str] = "astray"
    version: ClassVar[int] = 1

    rows: int = field()

    def run(self, part: PartRun) -> dict[str, int]:
        rows = self.rows
        part.writer("survivors", SURVIVORS).write_columns(
            {"cluster": [None] * rows, "cluster_size": [1] * rows, "survivor": [None] * rows, "keep": [True] * rows}
        )
        return {}


@pytest.mark.parametrize("count", [0, 2, 5, 9])
def test_judgements_that_do_not_match_the_documents_fail_the_part(tmp_path: Path, count: int) -> None:
    pages = {name: CRAWL[name] for name in ("a.warc", "b.warc")}  # four documents
    with pytest.raises(PartsFailed, match="step pack"):
        packed(tmp_path, pages, survivors=Astray(rows=count))


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """Takes the first four characters of each text, and all of the third; of `rows` documents."""

    name: ClassVar[str] = "cut"
    version: ClassVar[int] = 1

    rows: int

    def run(self, part: PartRun) -> dict[str, int]:
        spans = [[{"start": 0, "chars": 4}]] * self.rows
        part.writer("removed", REMOVED).write_columns({"spans": spans, "keep": [row != 2 for row in range(self.rows)]})
        return {}


def cut_steps(rows: int, pages: Any) -> list[Step]:
    """The steps of a crawl of two files, of which `cut` says what goes."""
    *before, pack, index = crawl_steps(pages, pack=Pack(survivors="survivors", removed="cut"))
    cut = Step(name="cut", stage=Cut(rows=rows), inputs=(before[0], before[-1]), span=2)
    return [*before, cut, replace(pack, inputs=(*pack.inputs, cut)), index]


def test_what_goes_of_a_text_is_not_packed_and_a_document_that_goes_leaves_no_row(tmp_path: Path) -> None:
    pages = {name: (Page(url=name, text=f"{name} text"), Page(url=f"{name}2", text=f"{name} other")) for name in "ab"}
    found = rows(shards(execute(tmp_path, crawl_of(pages), *cut_steps(4, pages)), tmp_path))
    assert [(row["url"], row["text"]) for row in found] == [("a", "xt"), ("a2", "her"), ("b2", "her")]


@pytest.mark.parametrize("count", [0, 3, 5])
def test_cuts_that_do_not_match_the_documents_fail_the_part(tmp_path: Path, count: int) -> None:
    pages = {name: (Page(url=name, text=f"{name} text"), Page(url=f"{name}2", text=f"{name} other")) for name in "ab"}
    with pytest.raises(PartsFailed, match="step pack"):
        execute(tmp_path, crawl_of(pages), *cut_steps(count, pages))


def test_the_same_run_gives_the_same_shards(tmp_path: Path) -> None:
    digests = []
    for place in ("one", "two"):
        execution = execute(tmp_path / place, crawl_of(CRAWL), *crawl_steps(CRAWL, decide=Decide(rules=RULES)))
        digests.append([receipt.files["data"].sha256 for receipt in execution.states["pack"].receipts.values()])
    assert digests[0] == digests[1]


def test_dates_are_written_as_fineweb_writes_them() -> None:
    assert iso(datetime(2013, 5, 18, 5, 48, 59, 999_999, tzinfo=UTC)) == "2013-05-18T05:48:59Z"
    assert iso(datetime(5, 1, 2, tzinfo=UTC)) == "0005-01-02T00:00:00Z"  # strftime's %Y has no zeros on Linux
    assert iso(None) is None


@pytest.mark.parametrize(
    ("name", "dump"),
    [
        ("crawl-data/CC-MAIN-2024-10/segments/1/warc/x.warc.gz", "CC-MAIN-2024-10"),
        ("x.warc", "mine"),
        ("a/crawl-data/b/c", "mine"),
    ],
)
def test_a_dump_is_the_crawl_of_the_file_or_the_source(name: str, dump: str) -> None:
    assert dump_of(name, "mine") == dump


def test_a_finished_run_can_be_opened(tmp_path: Path) -> None:
    totals = run_crawl(tmp_path, CRAWL).totals("pack")
    assert totals.pop("arrow_bytes") > 64
    assert totals == {"rows": 3, "tokens": 0, "chars": 64, "language.en": 3}
