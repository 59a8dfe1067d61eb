"""How a run looks on a terminal."""

from collections.abc import Iterable, Sequence

from rich.table import Table

from pipeline.funnel import Funnel
from pipeline.sizes import bytes_text


def share(count: int, whole: int) -> str:
    """A count's share of a whole, `12.3 %`."""
    return f"{count / whole:.1%}" if whole else "-"


def add_columns(table: Table, *left: str, right: Sequence[str] = ()) -> None:
    """Adds columns of words, then columns of numbers."""
    for name in left:
        table.add_column(name)
    for name in right:
        table.add_column(name, justify="right")


def numbers_table(title: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
    """A table of what is said in the first cell of each row, which has no head, and numbers."""
    table = Table(title=title, title_justify="left")
    add_columns(table, "", right=head)
    for row in rows:
        table.add_row(*row)
    return table


def funnel_table(numbers: Funnel) -> Table:
    """The funnel from top to bottom: each way out with its count and share of all records."""
    table = Table(
        title="Where the records went" if numbers.complete else "Where the records went so far", title_justify="left"
    )
    add_columns(table, "", right=("records", "share"))
    whole = numbers.records
    table.add_row("pages and unreadable regions", f"{whole:,}", share(whole, whole), style="bold")
    ways = {"failed": numbers.failed, "gate": numbers.gated, "rule": numbers.dropped, "copy": numbers.copies}
    for title, group in ways.items():
        for reason, count in group.items():
            table.add_row(f"  {title}: {reason}", f"{-count:,}", share(count, whole))
    for release, count in numbers.copies_in_releases.items():
        table.add_row(
            f"    of these, of pages that {release} has, or of others like them", f"{-count:,}", share(count, whole)
        )
    if numbers.near_duplicates:
        table.add_row("  near_duplicate", f"{-numbers.near_duplicates:,}", share(numbers.near_duplicates, whole))
    for release, count in numbers.in_releases.items():
        table.add_row(f"    of these, like one of {release}", f"{-count:,}", share(count, whole))
    for reason, count in numbers.emptied.items():
        table.add_row(f"  emptied: {reason}", f"{-count:,}", share(count, whole))
    table.add_section()
    table.add_row("kept", f"{numbers.kept:,}", share(numbers.kept, whole), style="bold green")
    others = sum(numbers.types.values()) - whole
    tokens = f"{numbers.tokens:,} tokens, " if numbers.tokens else ""  # a recipe need not count them
    table.caption = (
        f"{tokens}{numbers.chars:,} characters kept; "
        f"{bytes_text(numbers.bytes)} of archive read, {others:,} other records counted"
    )
    table.caption_justify = "left"
    return table
