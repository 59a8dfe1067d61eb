"""The benchmarks by name: what `gristmill bench WHAT` can measure, and how each shows its result."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from rich.table import Table

from jobs.bench import driver, extract_tables, lru, tables
from jobs.bench.dedup import tables as dedup_tables
from jobs.bench.dedup.benchmark import dedup
from jobs.bench.extract import extract
from jobs.bench.fineweb import fineweb
from jobs.bench.measures import measures
from jobs.bench.score import tables as score_tables
from jobs.bench.score.benchmark import score
from jobs.bench.settings import Settings
from jobs.bench.toolkits import tables as toolkit_tables
from jobs.bench.toolkits.benchmark import toolkits


@dataclass(frozen=True, slots=True, kw_only=True)
class Benchmark:
    """How to measure, and the result as tables on a terminal and in Markdown."""

    measure: Callable[[Settings], dict[str, Any]]
    tables: Callable[[dict[str, Any]], Sequence[Table]]
    markdown: Callable[[dict[str, Any]], str]
    has_peers: bool = True  # without which it refuses to run


BENCHMARKS = {
    "fineweb": Benchmark(measure=fineweb, tables=tables.comparison, markdown=tables.markdown),
    "dedup": Benchmark(measure=dedup, tables=dedup_tables.tables, markdown=dedup_tables.markdown, has_peers=False),
    "driver": Benchmark(
        measure=driver.benchmark, tables=tables.phases, markdown=tables.phases_markdown, has_peers=False
    ),
    "extract": Benchmark(
        measure=extract, tables=extract_tables.tables, markdown=extract_tables.markdown, has_peers=False
    ),
    "measures": Benchmark(measure=measures, tables=tables.measures, markdown=tables.measures_markdown, has_peers=False),
    "score": Benchmark(measure=score, tables=score_tables.tables, markdown=score_tables.markdown, has_peers=False),
    "lru": Benchmark(measure=lru.lru, tables=lru.tables, markdown=lru.markdown, has_peers=False),
    "toolkits": Benchmark(
        measure=toolkits, tables=toolkit_tables.tables, markdown=toolkit_tables.markdown, has_peers=False
    ),
}
