"""Scores documents by a model: a row-aligned column, made while later texts are read and prepared by another thread.

Texts go to the model in windows of a fixed number of documents of one part, so that how they are batched, and with it the last
bits of a score, depends on the part alone.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import repeat
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from pipeline.ahead import ahead
from pipeline.beside import beside
from pipeline.errors import InputError
from pipeline.identity import NOT_IDENTITY
from pipeline.quality import QualityModel, Scored, Scorer, Scores, column_of, signals_of_model
from pipeline.steps import PartRun
from pipeline.tables import read_batches

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
                writer.write(column_of(self.model, scores))
        part.facts |= {"device": scorer.device, "load_seconds": round(loaded, 3), **tally.facts()}
        return {"rows": writer.rows, "scored": tally.texts}

    def _scores(self, scored: Scored, window: _Window) -> Scores:
        """The scores, once it is sure that there is one for each text and that it is a number."""
        if scored.values.shape != window.rows.shape:
            raise ValueError(f"{self.model.column}: {scored.values.shape} scores for {window.rows.size} texts")
        wrong = window.rows[~np.isfinite(scored.values)]
        if wrong.size:
            named = ", ".join(str(window.ids[row]) for row in wrong[:_NAMED])
            raise InputError(f"{self.model.column}: {wrong.size} pages have a score that is no number: {named}")
        return scored.values

    def _windows(self, part: PartRun, scorer: Scorer) -> Iterator[_Window]:
        """The documents of the part, read and prepared; this runs in the thread that is ahead."""
        for ids, texts in texts_of(part, self.survivors, self.window):
            rows = [row for row, text in enumerate(texts) if text]
            prepared = scorer.prepare([texts[row] for row in rows]) if rows else None
            yield _Window(ids, np.array(rows, np.int64), prepared)


def texts_of(part: PartRun, survivors: str | None, window: int) -> Iterator[tuple[list[str | None], list[str]]]:
    """Ids and texts of the part's documents in order, at most `window` at a time and of one file.

    Empty is a text without a word, and that of a document which the step `survivors` does not keep, where one is named.
    """
    keeps: Iterator[bool] = repeat(True)
    if survivors is not None:
        keeps = iter(beside(part, survivors, ["keep"], "survivors")["keep"].to_pylist())
    for receipt in part.receipts("ingest"):
        for batch in read_batches(part.storage, receipt, "documents", ["record_id", "text"], window):
            told = zip(batch["text"].to_pylist(), keeps, strict=False)  # a batch takes as many as it has rows
            if batch.num_rows:
                yield batch["record_id"].to_pylist(), [text if keep and text.strip() else "" for text, keep in told]


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
