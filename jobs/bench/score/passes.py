"""One pass of a model over texts, Parquet to Parquet, as the stage `scoring` does it: prepared in a thread ahead."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.ahead import ahead
from pipeline.quality import Scorer, Scores
from pipeline.scoring import AHEAD, WINDOW


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """The scores, and what it took: seconds on the clock and of CPU, those that the model computed; tokens and padding."""

    scores: Scores
    seconds: float
    cpu_seconds: float
    busy_seconds: float
    tokens: int
    padding: int
    smaller: int = 0


def write_texts(path: Path, texts: list[str]) -> Path:
    """Texts as a Parquet file with row groups of a window."""
    pq.write_table(pa.table({"text": pa.array(texts, pa.large_string())}), path, row_group_size=WINDOW)
    return path


def texts_in(path: Path) -> Iterator[list[str]]:
    """The texts of a Parquet file, a window at a time."""
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(WINDOW):
            yield batch["text"].to_pylist()


def write_scores(path: Path, scores: npt.ArrayLike) -> None:
    """Scores as a Parquet file."""
    pq.write_table(pa.table({"score": pa.array(np.asarray(scores, np.float64))}), path)


def score_file(scorer: Scorer, source: Path, target: Path) -> Pass:
    """Scores a Parquet file of texts into another."""
    began, cpu = time.perf_counter(), time.process_time()
    busy, scores, tokens, padding, smaller = 0.0, [np.empty(0)], 0, 0, 0
    with ahead(map(scorer.prepare, texts_in(source)), AHEAD) as windows:
        for prepared in windows:
            started = time.perf_counter()
            scored = scorer.score(prepared)
            busy += time.perf_counter() - started
            scores.append(scored.values)
            tokens, padding, smaller = tokens + scored.tokens, padding + scored.padding, smaller + scored.smaller
    found = np.concatenate(scores)
    write_scores(target, found)
    return Pass(
        scores=found,
        seconds=time.perf_counter() - began,
        cpu_seconds=time.process_time() - cpu,
        busy_seconds=busy,
        tokens=tokens,
        padding=padding,
        smaller=smaller,
    )


def figures(each: Pass) -> dict[str, Any]:
    """A pass as figures of a page and a second."""
    pages = len(each.scores)
    return {
        "pages": pages,
        "pages_per_second": round(pages / each.seconds, 2),
        "pages_per_cpu_second": round(pages / each.cpu_seconds, 2),
        "cpu_ms_a_page": round(each.cpu_seconds / pages * 1000, 4),
        "tokens_per_second": round(each.tokens / each.seconds),
        "padding_ratio": round(each.padding / max(1, each.tokens + each.padding), 4),
        "busy_ratio": round(each.busy_seconds / each.seconds, 4),
        "smaller_batches": each.smaller,
    }
