"""What a deduplication of rows did, on a terminal."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.table import Table

from jobs.tables import add_columns, numbers_table, share
from jobs.terminal import one_line
from pipeline.funnel import Funnel
from pipeline.runs import OpenRun
from pipeline.sizes import bytes_text

if TYPE_CHECKING:
    from dedup.costs import StepCost


def is_of_rows(run: OpenRun) -> bool:
    """Whether the run is one of `gristmill dedup`, which reads rows and judges none."""
    return run.step("rows") is not None


def rows_table(numbers: Funnel, found: Mapping[str, int] | None = None) -> Table:
    """Rows in, each way out, rows that stay; below, what was `found` where that is known."""
    title = "Where the rows went" if numbers.complete else "Where the rows went so far"
    table = Table(title=title, title_justify="left")
    add_columns(table, "", right=("rows", "share"))
    whole = numbers.records
    table.add_row("rows read", f"{whole:,}", share(whole, whole), style="bold")
    table.add_row("  near_duplicate", f"{-numbers.near_duplicates:,}", share(numbers.near_duplicates, whole))
    table.add_section()
    table.add_row("kept", f"{numbers.kept:,}", share(numbers.kept, whole), style="bold green")
    if found is not None:
        short = found["documents"] - found["signed"]
        table.caption = (
            f"{found['clusters']:,} clusters of near-duplicates; {short:,} rows too short to be compared, all kept"
        )
        table.caption_justify = "left"
    return table


def clusters_table(largest: Sequence[Mapping[str, Any]]) -> Table:
    """The largest clusters, each by the row that stays for it."""
    table = Table(title="The largest clusters", title_justify="left")
    add_columns(table, "kept for it", right=("row", "rows"))
    for cluster in largest:
        table.add_row(one_line(cluster["survivor_file"]), f"{cluster['survivor_row']:,}", f"{cluster['rows']:,}")
    return table


COSTS = ("tasks", "objects", "requests", "read", "written", "core-hours", "memory of a task")


def cost_rows(costs: "Sequence[StepCost]") -> list[tuple[str, ...]]:
    """A row for each step of a deduplication, the rounds of joining components in one, and one for all."""
    rounds = [cost for cost in costs if cost.step.startswith("components-")]
    rows: list[tuple[str, ...]] = []
    for cost in costs:
        if cost in rounds[1:]:
            continue
        rows.append(_costs(cost.step, [cost]) if cost not in rounds else _costs(f"{len(rounds)} rounds", rounds))
    return [*rows, _costs("all", costs)]


def _costs(what: str, some: "Sequence[StepCost]") -> tuple[str, ...]:
    tasks, objects, requests, read, written, seconds = (
        sum(getattr(cost, name) for cost in some)
        for name in ("tasks", "objects", "requests", "read_bytes", "written_bytes", "core_seconds")
    )
    sizes = (
        bytes_text(read),
        bytes_text(written),
        f"{seconds / 3600:,.1f}",
        bytes_text(max(cost.memory for cost in some)),
    )
    return what, *(f"{int(count):,}" for count in (tasks, objects, requests)), *sizes


def costs_table(costs: "Sequence[StepCost]") -> Table:
    """What each step of a deduplication takes, about."""
    return numbers_table("Near-duplicates, were every page kept", COSTS, cost_rows(costs))
