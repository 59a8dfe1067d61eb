"""What a deduplication of rows did, on a terminal."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table

from jobs.tables import add_columns, share
from pipeline.funnel import Funnel
from pipeline.runs import OpenRun


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
        table.add_row(cluster["survivor_file"], f"{cluster['survivor_row']:,}", f"{cluster['rows']:,}")
    return table
