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


NEAR = "near_duplicate"
_WITHOUT = {"same_url": "an address", "same_text": "a text"}
_CLUSTERS = {
    (False, True): "near-duplicates",
    (True, True): "copies and near-duplicates",
    (True, False): "copies",
}


def is_of_rows(run: OpenRun) -> bool:
    """Whether the run is one of `gristmill dedup`, which reads rows and judges none."""
    return run.step("rows") is not None


def rows_table(numbers: Funnel, found: Mapping[str, Any] | None = None) -> Table:
    """Rows in, each way out, rows that stay; below, what was `found` where that is known."""
    title = "Where the rows went" if numbers.complete else "Where the rows went so far"
    table = Table(title=title, title_justify="left")
    add_columns(table, "", right=("rows", "share"))
    whole = numbers.records
    table.add_row("rows read", f"{whole:,}", share(whole, whole), style="bold")
    ways = dict(numbers.gated) | dict.fromkeys((found or {}).get("exact", {}), 0) | numbers.copies
    ways |= {NEAR: numbers.near_duplicates}
    for reason, count in ways.items():
        if reason != NEAR or found is None or found["near"]:
            table.add_row(f"  {reason}", f"{-count:,}", share(count, whole))
    table.add_section()
    table.add_row("kept", f"{numbers.kept:,}", share(numbers.kept, whole), style="bold green")
    if found is not None:
        table.caption = _caption(found)
        table.caption_justify = "left"
    return table


def _caption(found: Mapping[str, Any]) -> str:
    """How many clusters there are, and what rows could not be looked at."""
    told = [f"{found['clusters']:,} clusters of {_CLUSTERS[bool(found['exact']), found['near']]}"]
    for reason, keyed in found["exact"].items():
        if without := keyed["rows"] - keyed["keys"]:
            told.append(f"{without:,} rows without {_WITHOUT[reason]}, which are nobody's copies")
    if found["near"]:
        short = found["documents"] - found["signed"]
        told.append(f"{short:,} rows too short to be compared, all kept")
    return "; ".join(told)


def clusters_table(largest: Sequence[Mapping[str, Any]]) -> Table:
    """The largest clusters, each by the row that stays for it."""
    table = Table(title="The largest clusters", title_justify="left")
    add_columns(table, "kept for it", right=("row", "rows"))
    for cluster in largest:
        table.add_row(one_line(cluster["survivor_file"]), f"{cluster['survivor_row']:,}", f"{cluster['rows']:,}")
    return table


_KINDS = {"components": "rounds", "routed": "levels of routing"}
COSTS = ("tasks", "objects", "requests", "read", "written", "core-hours", "memory of a task")


def cost_rows(costs: "Sequence[StepCost]") -> list[tuple[str, ...]]:
    """A row for each step of a deduplication, the rounds of joining components in one, and one for all."""
    rows: list[tuple[str, ...]] = []
    many: dict[str, list[StepCost]] = {}
    for cost in costs:
        many.setdefault(_KINDS.get(cost.step.partition("-")[0] if "-" in cost.step else "", cost.step), []).append(cost)
    for name, some in many.items():
        rows.append(_costs(name if len(some) == 1 else f"{len(some)} {name}", some))
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
