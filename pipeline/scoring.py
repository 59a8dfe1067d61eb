"""Scores documents by a model: a row-aligned column, made while later texts are read and prepared by another thread.

Texts go to the model in windows of a fixed number of documents of one part, so that how they are batched, and with it the last
bits of a score, depends on the part alone.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipeline.ahead import ahead
from pipeline.errors import InputError
from pipeline.identity import NOT_IDENTITY
from pipeline.quality import QualityModel, Scored, Scorer, Scores, rounded, signals_of_model
from pipeline.receipts import Receipt
from pipeline.steps import PartRun
from pipeline.tables import read_batches, read_table

PREFIX, LATE = "score-", "late-score-"  # of steps that score all documents, and of those that score what survived
WINDOW = 2_000  # documents, as a row group of theirs has
AHEAD = 2  # windows
_NAMED = 5  # pages in an error


@dataclass(frozen=True, slots=True)
class _Window:
    """Consecutive documents: the ids of all, which of them are scored, and what the model wants of those."""

    ids: list[str | None]
    rows: npt.NDArray[np.int64]
    prepared: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Scoring:
    """Writes `signals` with the model's column, row for row beside the documents of the covered parts.

    Null for a text without a word, and for documents that the step `survivors` does not keep, where one is named. `gpus` is the
    share of a GPU that a process with the model takes.
    """

    name: ClassVar[str] = "scoring"
    version: ClassVar[int] = 1

    model: QualityModel
    survivors: str | None = None
    window: int = WINDOW
    gpus: float = field(default=1.0, metadata=NOT_IDENTITY)

    def run(self, part: PartRun) -> dict[str, int]:
        """Counts `rows` and `scored`; InputError naming pages whose score is no number."""
        writer = part.writer("signals", signals_of_model(self.model))
        began = time.perf_counter()
        scorer = self.model.load()
        loaded, tally = time.perf_counter() - began, _Tally()
        with ahead(self._windows(part, scorer), AHEAD) as windows:
            for window in tally.waiting(windows):
                scores = np.full(len(window.ids), np.nan)
                if window.rows.size:
                    scores[window.rows] = self._scores(tally.scored(scorer, window.prepared), window)
                column = pa.array(scores, mask=np.isnan(scores))
                writer.write(pa.RecordBatch.from_arrays([column], schema=writer.schema))
        part.facts |= {"device": scorer.device, "load_seconds": round(loaded, 3), **tally.facts()}
        return {"rows": writer.rows, "scored": tally.texts}

    def _scores(self, scored: Scored, window: _Window) -> Scores:
        """The rounded scores, once it is sure that there is one for each text and that it is a number."""
        if scored.values.shape != window.rows.shape:
            raise ValueError(f"{self.model.column}: {scored.values.shape} scores for {window.rows.size} texts")
        wrong = window.rows[~np.isfinite(scored.values)]
        if wrong.size:
            named = ", ".join(str(window.ids[row]) for row in wrong[:_NAMED])
            raise InputError(f"{self.model.column}: {wrong.size} pages have a score that is no number: {named}")
        return rounded(scored.values, self.model.resolution)

    def _windows(self, part: PartRun, scorer: Scorer) -> Iterator[_Window]:
        """The documents of the part, read and prepared; this runs in the thread that is ahead."""
        keeps = self._kept(part)
        for receipt in part.receipts("ingest"):
            for batch in _whole(read_batches(part.storage, receipt, "documents", ["record_id", "text"], self.window)):
                ids, texts = batch["record_id"].to_pylist(), batch["text"].to_pylist()
                rows = [row for row, text in enumerate(texts) if next(keeps) and text.strip()]
                prepared = scorer.prepare([texts[row] for row in rows]) if rows else None
                yield _Window(ids, np.array(rows, np.int64), prepared)

    def _kept(self, part: PartRun) -> Iterator[bool]:
        """For each document in order whether it is worth scoring."""
        if self.survivors is None:
            while True:
                yield True
        for receipt in part.receipts(self.survivors):
            yield from _keep(part, receipt)


def _keep(part: PartRun, receipt: Receipt) -> list[bool]:
    return read_table(part.storage, receipt, "survivors", ["keep"])["keep"].to_pylist()


def _whole(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The batches that hold something."""
    return (batch for batch in batches if batch.num_rows)


class _Tally:
    """What scoring a part took, for its receipt."""

    def __init__(self) -> None:
        self.texts = 0
        self._counts = {"tokens": 0, "padding": 0, "smaller_batches": 0}
        self._busy = self._waited = 0.0

    def waiting(self, windows: Iterator[_Window]) -> Iterator[_Window]:
        """The windows; the time of waiting for each is added up."""
        while True:
            began = time.perf_counter()
            window = next(windows, None)
            self._waited += time.perf_counter() - began
            if window is None:
                return
            yield window

    def scored(self, scorer: Scorer, prepared: Any) -> Scored:
        """What the model says, timed."""
        began = time.perf_counter()
        scored = scorer.score(prepared)
        self._busy += time.perf_counter() - began
        self.texts += len(scored.values)
        for name, count in (
            ("tokens", scored.tokens),
            ("padding", scored.padding),
            ("smaller_batches", scored.smaller),
        ):
            self._counts[name] += count
        return scored

    def facts(self) -> dict[str, float]:
        """Seconds that the model computed and waited, and what it read; `smaller_batches` only where there were such."""
        seconds = {"busy_seconds": round(self._busy, 3), "waited_seconds": round(self._waited, 3)}
        return seconds | {name: count for name, count in self._counts.items() if count}
