"""How a result looks: as tables on a terminal, and as the README's table in Markdown."""

from typing import Any

from rich.table import Table

from jobs.bench.systems import DATATROVE, OURS
from jobs.tables import add_columns
from jobs.terminal import bytes_text


def rows(result: dict[str, Any]) -> list[tuple[str, ...]]:
    """The figures, a row each: what, then each system's."""
    systems = list(result["systems"].values())

    def row(what: str, field: str, form: str = "{:,.1f}") -> tuple[str, ...]:
        return (what, *(form.format(system[field]) for system in systems))

    def size(what: str, field: str) -> tuple[str, ...]:
        return (what, *(bytes_text(system[field]) if system[field] else "-" for system in systems))

    return [
        row("pages/s in steady state", "steady_pages_per_second"),
        row("pages/s of the whole command", "whole_pages_per_second"),
        row("start-up, s", "startup_seconds"),
        row("CPU time, ms/page", "cpu_ms_a_page"),
        size("memory of the process tree at its peak", "peak_rss_bytes"),
        size("of one worker", "worker_peak_rss_bytes"),
        size("of one extractor", "extractor_peak_rss_bytes"),
        row("pages", "pages", "{:,}"),
        row("kept", "kept", "{:,}"),
        row("tokens", "tokens", "{:,}"),
        ("pages lost", *(f"{sum(system['lost'].values()):,}" for system in systems)),
    ]


def figures_table(result: dict[str, Any]) -> Table:
    """The comparison."""
    crawl, machine = result["crawl"], result["machine"]
    table = Table(
        title=f"{result['what']}: {crawl['pages']:,} pages, {result['workers']} workers", title_justify="left"
    )
    add_columns(table, "", right=list(result["systems"]))
    for row in rows(result):
        table.add_row(*row)
    dump = result["dump"]
    faster = result["times_datatrove"]
    said = f"{faster['steady']} times datatrove's pages/s in steady state, {faster['whole']} in all. " if faster else ""
    table.caption = (
        f"{said}{machine['cores']} cores ({machine['cpu']}), load before {machine['load_before'][0]}. "
        f"One dump ({dump['files']:,} files of {dump['pages_a_file']:,} pages): {dump['core_hours']:,} core-hours."
    )
    table.caption_justify = "left"
    return table


def stages_table(result: dict[str, Any], name: str) -> Table:
    """Where one system's time goes, the most first."""
    table = Table(title=f"{name}, ms/page by stage (time of a worker)", title_justify="left")
    add_columns(table, "", right=("ms/page", "share"))
    stages: dict[str, float] = result["systems"][name]["ms_a_page"]
    whole = sum(stages.values()) or 1.0
    for stage, spent in sorted(stages.items(), key=lambda each: -each[1]):
        table.add_row(stage, f"{spent:.2f}", f"{spent / whole:.1%}")
    return table


def markdown(result: dict[str, Any]) -> str:
    """The README's table."""
    names = list(result["systems"])
    lines = ["| | " + " | ".join(names) + " |", "|---|" + "---:|" * len(names)]
    lines += ["| " + " | ".join(row) + " |" for row in rows(result)]
    return "\n".join(lines) + "\n"


def systems_of(result: dict[str, Any]) -> list[str]:
    """The systems, ours first."""
    return [name for name in (OURS, DATATROVE) if name in result["systems"]]
