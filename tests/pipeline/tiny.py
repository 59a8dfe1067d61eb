"""A machine small enough to see through: files of numbers, stages that add them up, and crawls written down by hand."""

import os
import signal
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa

from pipeline.decide import Decide
from pipeline.errors import InputError, TransientError
from pipeline.execution import Execution, Runner, StepState
from pipeline.identity import NOT_IDENTITY
from pipeline.local_runner import LocalRunner
from pipeline.measures import Rule, schema
from pipeline.pack import Pack, kept_documents, kept_records
from pipeline.receipts import Receipt
from pipeline.runs import OpenRun, record_run
from pipeline.schemas import DOCUMENTS, RECORDS, SURVIVORS, with_signals
from pipeline.sources import Source, SourcePart
from pipeline.steps import Failure, PartRun, Step, plan_steps
from pipeline.storage import LocalStorage
from pipeline.tables import read_table
from pipeline.url_index import UrlIndex

NUMBERS = pa.schema([pa.field("n", pa.int64(), nullable=False)])
RUNS = "runs.log"


def note(folder: str, part: PartRun) -> None:
    """Remembers that this part was run."""
    with (Path(folder) / RUNS).open("a") as log:
        log.write(f"{part.task.step} {part.task.part.name}\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """Writes the numbers of the files it covers; a file `NAME.fault` beside a file says how its part goes wrong."""

    name: ClassVar[str] = "numbers"
    version: ClassVar[int] = 1

    times: int = 1
    folder: str = field(metadata=NOT_IDENTITY)

    def run(self, part: PartRun) -> dict[str, int]:
        note(self.folder, part)
        writer = part.writer("n", NUMBERS)
        for file in part.task.files:
            numbers = [int(line) * self.times for line in Path(file.location).read_text().split()]
            writer.write_columns({"n": numbers})
            fault(Path(f"{file.location}.fault"))
        return {"rows": writer.rows}


def fault(path: Path) -> None:
    """Goes wrong in the way that the file at `path` names, if it is there."""
    how = path.read_text() if path.exists() else ""
    if how == "bug":
        raise ZeroDivisionError("a slip of the pen")
    if how == "input":
        raise InputError(f"{path.stem}: torn")
    if how == "hiccup":
        path.unlink()
        raise TransientError("the network hiccuped")
    if how == "outage":
        raise TransientError("the network is down")
    if how == "kill":
        os.kill(os.getpid(), signal.SIGKILL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """Writes one sum for each part of `of` that it reads."""

    name: ClassVar[str] = "sums"
    version: ClassVar[int] = 1

    of: str
    plus: int = 0
    folder: str = field(metadata=NOT_IDENTITY)

    def run(self, part: PartRun) -> dict[str, int]:
        note(self.folder, part)
        sums = [sum(read_table(part.storage, r, "n")["n"].to_pylist()) + self.plus for r in part.receipts(self.of)]
        part.writer("n", NUMBERS).write_columns({"n": sums})
        return {"rows": len(sums)}


class Folder:
    """Files of numbers, in the order of their names, and what has been run over them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir(exist_ok=True)
        (path / RUNS).touch()

    def write(self, **files: Iterable[int]) -> None:
        for name, numbers in files.items():
            (self.path / name).write_text("\n".join(map(str, numbers)))

    def break_(self, how: str, *names: str) -> None:
        for name in names:
            (self.path / f"{name}.fault").write_text(how)

    def mend(self) -> None:
        for path in self.path.glob("*.fault"):
            path.unlink()

    def source(self) -> Source:
        files = sorted(file for file in self.path.iterdir() if not file.suffix)
        parts = [SourcePart(file.name, str(file), file.stat().st_size, file.read_text()) for file in files]
        return Source("numbers", tuple(parts))

    def ran(self) -> list[str]:
        """The parts run since this was last asked, `step name`, in order."""
        lines = (self.path / RUNS).read_text().splitlines()
        (self.path / RUNS).write_text("")
        return lines

    def numbers(self, **fields: Any) -> Step:
        return Step(name="numbers", stage=Numbers(folder=str(self.path), **fields))

    def sums(self, name: str, of: Step, *, plus: int = 0, span: int = 1, partitions: int = 0) -> Step:
        stage = Sums(of=of.name, plus=plus, folder=str(self.path))
        return Step(name=name, stage=stage, inputs=(of,), span=span, partitions=partitions)


class Listener:
    """Hears what a run says."""

    def __init__(self) -> None:
        self.reused: dict[str, int] = {}
        self.told: list[tuple[str, Receipt | Failure]] = []

    def begin(self, steps: Sequence[StepState]) -> None:
        self.reused = {state.name: state.reused for state in steps}

    def ended(self, state: StepState, outcome: Receipt | Failure) -> None:
        self.told.append((state.name, outcome))


def execute(
    root: Path, source: Source, *steps: Step, runner: Runner | None = None, listener: Listener | None = None
) -> Execution:
    """Plans and runs `steps` over `source` below `root`."""
    execution = Execution(LocalStorage(root), source, plan_steps(steps, source), {})
    execution.run(runner or LocalRunner(), listener or Listener())
    return execution


def values(execution: Execution, step: str) -> list[list[int]]:
    """The numbers of each part of a finished step."""
    state = execution.states[step]
    receipts = [state.receipts[part.key] for part in state.planned.parts]
    return [read_table(execution._storage, receipt, "n")["n"].to_pylist() for receipt in receipts]


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
