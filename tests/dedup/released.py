"""Releases of made-up texts: runs that are finished, and others that are compared with them."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, NamedTuple

import pyarrow as pa
from graph import Made, Silent, Texts, tables

from dedup.exact import Exact
from dedup.minhash import MinHash
from dedup.releases import Release, sizes_of
from dedup.scale import Extent, Shape
from dedup.steps import Deduplication
from dedup.survival import Survival
from jobs.against import releases_of
from pipeline.execution import Execution
from pipeline.local_runner import LocalRunner
from pipeline.runs import OpenRun, ReleaseRecord, record_run
from pipeline.sources import Source, SourcePart
from pipeline.steps import PartRun, Step, plan_steps
from pipeline.storage import LocalStorage

COUNTED = pa.schema([pa.field("rows", pa.int32(), nullable=False)])


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """How many documents each file has, as the verb `dedup` leaves it."""

    name: ClassVar[str] = "rows"
    version: ClassVar[int] = 1

    files: Texts

    def run(self, part: PartRun) -> dict[str, int]:
        first = part.task.part.first
        rows = [len(texts) for texts in self.files[first : first + part.task.part.count]]
        part.writer("counted", COUNTED).write_columns({"rows": rows})
        return {"rows": sum(rows)}


class Released(NamedTuple):
    """A finished run: its texts, and the release that others are compared with."""

    files: Texts
    execution: Execution
    release: Release

    def answers(self) -> list[dict[str, object]]:
        state = self.execution.states["survivors"]
        receipts = [state.receipts[part.key] for part in state.planned.parts]
        return tables(LocalStorage(Path(self.release.root)), receipts, "survivors").to_pylist()

    def kept(self) -> list[str]:
        texts = [text for file in self.files for text in file]
        return [text for text, answer in zip(texts, self.answers(), strict=True) if answer["keep"]]

    def clustered(self) -> list[dict[str, object]]:
        receipts = self.execution.states["clusters"].receipts
        found = tables(LocalStorage(Path(self.release.root)), list(receipts.values()), "clusters")
        return found.sort_by("document").to_pylist()


def released(
    root: Path,
    files: Texts,
    minhash: MinHash | None,
    survival: Survival,
    *,
    against: tuple[Release, ...] = (),
    exact: tuple[Exact, ...] = (),
    shape: Shape | None = None,
    span: int = 2,
    scores: tuple[tuple[float | None, ...], ...] = (),
    name: str = "made",
    urls: Texts = (),
) -> Released:
    """Runs the graph to its end, compared with the releases `against`."""
    extent = Extent(
        documents=sum(map(len, files)),
        files=len(files),
        earlier=sizes_of(against),
    )
    made = Deduplication(
        minhash=minhash,
        survival=survival,
        documents=Made(files=files, urls=urls, scores=scores),
        exact=exact,
        extent=extent,
        shape=shape or Shape(),
        against=against,
    )
    source = Source(name, tuple(SourcePart(f"{number:03}", f"/{number:03}", 1, "t") for number in range(len(files))))
    counted = Step(name="rows", stage=Count(files=files), span=span)
    steps = plan_steps((counted, *made.steps((), span=span)), source)
    storage = LocalStorage(root)
    execution = Execution(storage, source, steps, {})
    execution.run(LocalRunner(), Silent())
    earlier = tuple(ReleaseRecord(each.root, each.source, "") for each in against)
    record = record_run(storage, recipe="made", rules=(), source=source, steps=steps, releases=earlier)
    (release,) = releases_of([OpenRun(storage, record)], minhash, survival, exact)
    return Released(files, execution, release)
