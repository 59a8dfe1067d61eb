"""Crawls written down by hand, run by the machine as a recipe's would be."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

from tiny import execute

from pipeline.decide import Decide
from pipeline.identity import NOT_IDENTITY
from pipeline.measures import Rule, schema
from pipeline.pack import Pack, kept_documents, kept_records
from pipeline.runs import OpenRun, record_run
from pipeline.schemas import DOCUMENTS, RECORDS, SURVIVORS, with_signals
from pipeline.sources import Source, SourcePart
from pipeline.steps import PartRun, Step, plan_steps
from pipeline.storage import LocalStorage
from pipeline.tables import read_table
from pipeline.url_index import UrlIndex

SIGNALS = schema(words_count="int32", punct_ratio="float64")
RULES = (
    Rule("words_count", "<", 3, "few_words"),
    Rule("punct_ratio", "<", 0.12, "little_punctuation"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One record of a crawl written down by hand; a gate or an error stops it before it is a document."""

    url: str
    text: str = ""
    words: int | None = 9
    punct: float | None = 0.5
    gate: str | None = None
    error: str | None = None

    @property
    def record_id(self) -> str:
        return f"<urn:test:{self.url}>"


@dataclass(frozen=True, slots=True, kw_only=True)
class Handmade:
    """Writes what ingest would: records, documents and counts of the pages of one file."""

    name: ClassVar[str] = "handmade"
    version: ClassVar[int] = 1

    pages: tuple[tuple[Page, ...], ...] = field(metadata=NOT_IDENTITY)
    lost: int = field(default=0, metadata=NOT_IDENTITY)

    def run(self, part: PartRun) -> dict[str, int]:
        pages = self.pages[part.task.part.first]
        documents = [row for row, page in enumerate(pages) if page.gate is None]
        part.writer("records", with_signals(RECORDS, [SIGNALS])).write_columns(_records(pages, documents))
        part.writer("documents", DOCUMENTS).write_columns(_documents(pages, documents))
        size = 100 * len(pages)
        counts = {"rows": len(pages) + self.lost, "documents": len(documents), "bytes": size, "type.page": len(pages)}
        for page in pages:
            if page.gate:
                key = f"{'failed' if page.error else 'gate'}.{page.gate}"
                counts[key] = counts.get(key, 0) + 1
        part.facts["input_bytes"] = size
        return counts


def _records(pages: Sequence[Page], documents: list[int]) -> dict[str, Sequence[Any]]:
    nothing = [None] * len(pages)
    return dict.fromkeys(RECORDS.names, nothing) | {
        "row": range(len(pages)),
        "record_id": [page.record_id for page in pages],
        "url": [page.url for page in pages],
        "date": [datetime(2024, 5, 1, tzinfo=UTC)] * len(pages),
        "offset": range(0, 100 * len(pages), 100),
        "length": [100] * len(pages),
        "gate": [page.gate for page in pages],
        "document_row": [documents.index(row) if row in documents else None for row in range(len(pages))],
        "by_limit": [False] * len(pages),
        "error": [page.error for page in pages],
        "words_count": [page.words for page in pages],
        "punct_ratio": [page.punct for page in pages],
    }


def _documents(pages: Sequence[Page], documents: list[int]) -> dict[str, Sequence[Any]]:
    chosen = [pages[row] for row in documents]
    return {
        "record_row": documents,
        "record_id": [page.record_id for page in chosen],
        "url": [page.url for page in chosen],
        "date": [datetime(2024, 5, 1, tzinfo=UTC)] * len(chosen),
        "text": [page.text for page in chosen],
        "edits": [[]] * len(chosen),
        "language": ["en"] * len(chosen),
        "language_score": [0.9] * len(chosen),
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstOfItsText:
    """Survivors as an oracle would name them: of the kept documents of a part with one text, the first."""

    name: ClassVar[str] = "first_of_its_text"
    version: ClassVar[int] = 1

    def run(self, part: PartRun) -> dict[str, int]:
        writer, verdicts = part.writer("survivors", SURVIVORS), kept_records(part)
        seen: set[str] = set()
        counts = {"documents": 0, "kept": 0, "dropped.near_duplicate": 0}
        for receipt in part.receipts("ingest"):
            texts = read_table(part.storage, receipt, "documents", ["text"])["text"].to_pylist()
            kept = kept_documents(part, receipt, verdicts)
            keep: list[bool] = []
            for text, decided in zip(texts, kept, strict=True):
                keep.append(decided and text not in seen)
                seen |= {text} if decided else set()
            rows = len(keep)
            writer.write_columns(
                {"cluster": [None] * rows, "cluster_size": [3] * rows, "survivor": [None] * rows, "keep": keep}
            )
            counts["documents"] += rows
            counts["kept"] += sum(keep)
            counts["dropped.near_duplicate"] += sum(kept) - sum(keep)
        return counts


def crawl_of(pages: Mapping[str, Sequence[Page]]) -> Source:
    """A source of one file per item."""
    return Source(
        "crawl", tuple(SourcePart(name, f"/nowhere/{name}", 100 * len(of), "v1") for name, of in pages.items())
    )


def crawl_steps(
    pages: Mapping[str, Sequence[Page]], *, bundle: int = 2, shard: int = 2, dedup: bool = True, **changes: Any
) -> tuple[Step, ...]:
    """The steps of a whole recipe over pages written down by hand; `changes` replaces stages by the step's name."""
    stages: dict[str, Any] = {
        "ingest": Handmade(pages=tuple(map(tuple, pages.values()))),
        "decide": Decide(rules=RULES),
        "survivors": FirstOfItsText(),
        "pack": Pack(survivors="survivors" if dedup else None),
        "index": UrlIndex(partitions=3),
    } | changes
    ingest = Step(name="ingest", stage=stages["ingest"])
    decide = Step(name="decide", stage=stages["decide"], inputs=(ingest,), span=bundle)
    survivors = Step(name="survivors", stage=stages["survivors"], inputs=(ingest, decide), span=bundle)
    last = survivors if dedup else decide
    pack = Step(name="pack", stage=stages["pack"], inputs=(ingest, last), span=shard)
    index = Step(name="index", stage=stages["index"], inputs=(ingest,), partitions=3)
    return (ingest, decide, *([survivors] if dedup else []), pack, index)


def run_crawl(root: Path, pages: Mapping[str, Sequence[Page]], **options: Any) -> OpenRun:
    """Runs a crawl written down by hand to its end and opens the run."""
    source, steps = crawl_of(pages), crawl_steps(pages, **options)
    storage = LocalStorage(root)
    record = record_run(storage, recipe="tiny", rules=RULES, source=source, steps=plan_steps(steps, source))
    execute(root, source, *steps)
    return OpenRun(storage, record)


CRAWL: dict[str, tuple[Page, ...]] = {
    "a.warc": (
        Page(url="https://a.test/1", text="The mill grinds slowly."),
        Page(url="https://a.test/menu", text="Home About", words=2, punct=0.0),
        Page(url="https://a.test/pic", gate="not_html"),
        Page(url="https://a.test/torn", gate="corrupt_record", error="a torn member"),
    ),
    "b.warc": (
        Page(url="https://b.test/1", text="The mill grinds slowly."),
        Page(url="https://b.test/2", text="But exceeding small."),
    ),
    "c.warc": (Page(url="https://c.test/pic", gate="not_html"),),
    "d.warc": (),
    "e.warc": (
        Page(url="https://e.test/plain", text="no stops here at all", punct=0.119),
        Page(url="https://e.test/1", text="Rye, oats and barley."),
    ),
}
KEPT = ["https://a.test/1", "https://b.test/2", "https://e.test/1"]
