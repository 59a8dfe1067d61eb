"""The whole graph of deduplication over made-up texts, in memory of a test: what any cut of it must answer alike."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import numpy as np
import pyarrow as pa

from dedup.documents import Batch
from dedup.exact import Exact
from dedup.minhash import MinHash
from dedup.scale import Extent, Shape
from dedup.steps import Deduplication
from dedup.survival import Components, Survival
from pipeline.column_types import TIME
from pipeline.execution import Execution
from pipeline.identity import NOT_IDENTITY
from pipeline.local_runner import LocalRunner
from pipeline.receipts import Receipt
from pipeline.scores import SCORE, score_of
from pipeline.sources import Source, SourcePart
from pipeline.steps import PartRun, plan_steps
from pipeline.storage import LocalStorage, Storage
from pipeline.tables import read_table

Texts = tuple[tuple[str, ...], ...]  # of each file

STRING = pa.large_string()
SCHEMA = pa.schema([("text", STRING), ("date", TIME), ("record_id", STRING), ("url", STRING)])


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """Documents that are given: those whose text is empty are not kept."""

    name: ClassVar[str] = "made"
    version: ClassVar[int] = 1

    files: Texts
    urls: Texts = ()  # like `files`
    scores: tuple[tuple[float | None, ...], ...] = field(default=(), metadata=NOT_IDENTITY)  # like `files`

    def batches(
        self, part: PartRun, columns: Sequence[str], rows: int = 3, *, score: str | None = None
    ) -> Iterator[Batch]:
        for member, keep in enumerate(self.kept(part)):
            file = part.task.part.first + member
            texts = self.files[file]
            ids = [f"{file}-{row}" for row in range(len(texts))]
            urls = list(self.urls[file]) if self.urls else [None] * len(texts)
            table = pa.table([list(texts), [None] * len(texts), ids, urls], schema=SCHEMA).select(list(columns))
            if score:
                table = table.append_column(SCORE, score_of(pa.array(self.scores[file], pa.float64())))
            row = 0
            for batch in table.to_batches(rows):
                yield Batch(member, row, batch, keep[row : row + batch.num_rows])
                row += batch.num_rows

    def kept(self, part: PartRun) -> Iterator[np.ndarray]:
        first = part.task.part.first
        for texts in self.files[first : first + part.task.part.count]:
            yield np.array([bool(text) for text in texts], np.bool_)

    def texts(self, part: PartRun, wanted: np.ndarray) -> Iterator[tuple[int, str]]:  # noqa: ARG002
        for number in wanted.tolist():
            yield number, self.files[number >> 24][number & 0xFFFFFF]


class Silent:
    def begin(self, steps: object) -> None: ...

    def ended(self, state: object, outcome: object) -> None: ...


def deduplicated(
    root: Path,
    files: Texts,
    minhash: MinHash | None,
    *,
    survival: Survival | None = None,
    shape: Shape | None = None,
    span: int = 1,
    exact: tuple[Exact, ...] = (),
    urls: Texts = (),
    scores: tuple[tuple[float | None, ...], ...] = (),
) -> Execution:
    """Runs the graph to its end, cut as `shape` says."""
    made = Deduplication(
        minhash=minhash,
        survival=survival or Components(),
        documents=Made(files=files, urls=urls, scores=scores),
        exact=exact,
        extent=Extent(documents=sum(map(len, files)), files=len(files)),
        shape=shape or Shape(),
    )
    parts = tuple(SourcePart(f"{number:03}", f"/{number:03}", 1, "t") for number in range(len(files)))
    source = Source("made", parts)
    storage = LocalStorage(root)
    execution = Execution(storage, source, plan_steps(made.steps((), span=span), source), {})
    execution.run(LocalRunner(), Silent())
    return execution


def tables(storage: Storage, receipts: Sequence[Receipt], table: str) -> pa.Table:
    """All rows of a step's table, in the order of its parts."""
    return pa.concat_tables([read_table(storage, receipt, table) for receipt in receipts])


def answers(execution: Execution, root: Path) -> list[tuple[object, ...]]:
    """Cluster, size, survivor and whether it stays, of each document in order."""
    receipts = list(execution.states["survivors"].receipts.values())
    ordered = [execution.states["survivors"].receipts[part.key] for part in execution.states["survivors"].planned.parts]
    assert len(receipts) == len(ordered)
    return [tuple(row.values()) for row in tables(LocalStorage(root), ordered, "survivors").to_pylist()]
