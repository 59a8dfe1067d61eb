"""How a result looks: as tables on a terminal, and as the README's table in Markdown."""

from collections.abc import Sequence
from typing import Any

from rich.table import Table

from jobs.bench.measures import FILTERS
from jobs.bench.systems import DATATROVE, OURS
from jobs.tables import add_columns, numbers_table
from pipeline.sizes import bytes_text


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
        row("CPU time of all processes, ms/page", "cpu_ms_a_page"),
        size("memory of the process tree at its peak", "peak_rss_bytes"),
        size("of one worker", "worker_peak_rss_bytes"),
        size("of one extractor", "extractor_peak_rss_bytes"),
        row("pages", "pages", "{:,}"),
        row("kept", "kept", "{:,}"),
        row("tokens", "tokens", "{:,}"),
        (
            "kept by the rules alone",
            *(f"{system['passed']:,}" if system["passed"] is not None else "-" for system in systems),
        ),
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
    said += "".join(f"{name}: {_times(beside)}. " for name, beside in result["also"].items())
    table.caption = (
        f"{said}{machine['cores']} cores ({machine['cpu']}), load before {machine['load_before'][0]}. "
        f"One dump ({dump['files']:,} files of {dump['pages_a_file']:,} pages): {dump['core_hours']:,} core-hours."
    )
    table.caption_justify = "left"
    return table


def _times(beside: dict[str, Any]) -> str:
    times = beside["times_datatrove"]
    faster = f"{times['steady']} times datatrove's, " if times else ""
    return f"{faster}{beside['passed_fewer']:,} pages fewer kept by the rules than by fineweb"


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
    return as_markdown(list(result["systems"]), rows(result))


def comparison(result: dict[str, Any]) -> list[Table]:
    """The comparison and where each system's time goes, ours first."""
    names = [name for name in (OURS, *result["also"], DATATROVE) if name in result["systems"]]
    return [figures_table(result), *(stages_table(result, name) for name in names)]


def _phase_rows(result: dict[str, Any]) -> list[tuple[str, ...]]:
    return [
        (each["phase"], f"{each['seconds']:,.1f}", f"{each['cpu_seconds']:,.1f}", bytes_text(each["peak_rss_bytes"]))
        for each in result["phases"]
    ]


_PHASE_HEAD = ("seconds", "CPU seconds", "memory so far")


def phases(result: dict[str, Any]) -> list[Table]:
    """What each phase took the driver."""
    title = f"The driver with {result['files']:,} files and empty work"
    return [numbers_table(title, _PHASE_HEAD, _phase_rows(result))]


def phases_markdown(result: dict[str, Any]) -> str:
    """The same in Markdown."""
    return as_markdown(_PHASE_HEAD, _phase_rows(result))


def _measure_rows(group: dict[str, Any]) -> list[tuple[str, ...]]:
    spent = [(name, group["cpu_ms_a_page"][name], group["wall_ms_a_page"][name]) for name in group["cpu_ms_a_page"]]
    together = [each for each in spent if each[0] in FILTERS]
    spent.append(
        (
            "fineweb's filters together, without words",
            sum(cpu for _, cpu, _ in together),
            sum(wall for *_, wall in together),
        )
    )
    return [(name, f"{cpu:.3f}", f"{wall:.3f}") for name, cpu, wall in spent]


_MEASURE_HEAD = ("CPU ms/page", "ms/page on the clock")


def measures(result: dict[str, Any]) -> list[Table]:
    """What each measure takes a page, a table for each group of pages."""
    found: list[Table] = []
    for name, group in result["groups"].items():
        title = f"{result['made_from']}, {name}: {group['pages']:,} pages of {group['chars_a_page']:,} characters, warm"
        found.append(numbers_table(title, _MEASURE_HEAD, _measure_rows(group)))
    return found


def measures_markdown(result: dict[str, Any]) -> str:
    """The same in Markdown."""
    tables = (
        f"{name}: {group['pages']:,} pages of {group['chars_a_page']:,} characters\n\n"
        + as_markdown(_MEASURE_HEAD, _measure_rows(group))
        for name, group in result["groups"].items()
    )
    return "\n".join(tables)


def as_markdown(head: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """Lines of cells under a head whose first cell is empty."""
    written = ["| | " + " | ".join(head) + " |", "|---|" + "---:|" * len(head)]
    return "\n".join([*written, *("| " + " | ".join(line) + " |" for line in lines)]) + "\n"
