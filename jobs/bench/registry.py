"""The benchmarks by name: what `gristmill bench WHAT` can measure, and how each shows its result."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from rich.table import Table

from jobs.bench import driver, extract_tables, tables
from jobs.bench.extract import extract
from jobs.bench.fineweb import fineweb
from jobs.bench.measures import measures
from jobs.bench.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Benchmark:
    """How to measure, and the result as tables on a terminal and in Markdown."""

    measure: Callable[[Settings], dict[str, Any]]
    tables: Callable[[dict[str, Any]], Sequence[Table]]
    markdown: Callable[[dict[str, Any]], str]
    has_peers: bool = True


BENCHMARKS = {
    "fineweb": Benchmark(measure=fineweb, tables=tables.comparison, markdown=tables.markdown),
    "driver": Benchmark(
        measure=driver.benchmark, tables=tables.phases, markdown=tables.phases_markdown, has_peers=False
    ),
    "extract": Benchmark(
        measure=extract, tables=extract_tables.tables, markdown=extract_tables.markdown, has_peers=False
    ),
    "measures": Benchmark(measure=measures, tables=tables.measures, markdown=tables.measures_markdown, has_peers=False),
}
