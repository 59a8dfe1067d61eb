"""How the result of `gristmill bench score` looks: as tables on a terminal, and in Markdown."""

from typing import Any

from rich.table import Table

from jobs.bench.tables import as_markdown
from jobs.tables import numbers_table

_OF_A_CORE = "pages_per_cpu_second"
_COLUMNS = (
    ("pages", "pages", "{:,}"),
    ("pages/s", "pages_per_second", "{:,.1f}"),
    ("pages/s a core", _OF_A_CORE, "{:,.1f}"),
    ("CPU ms/page", "cpu_ms_a_page", "{:,.3f}"),
    ("tokens/s", "tokens_per_second", "{:,}"),
    ("padding", "padding_ratio", "{:.1%}"),
    ("busy", "busy_ratio", "{:.1%}"),
    ("of the matrix rate", "matrix_ratio", "{:.1%}"),
    ("rank correlation", "rank_correlation", "{:.4f}"),
)
_OF_OURS = ("padding_ratio", "busy_ratio")
_HEAD = tuple(name for name, *_ in _COLUMNS)


def _rows(result: dict[str, Any]) -> list[tuple[str, ...]]:
    return [_row(name, told) for name, told in result["systems"].items() if "missing" not in told]


def _row(name: str, told: dict[str, Any]) -> tuple[str, ...]:
    def cell(field: str, form: str) -> str:
        unknown = field not in told or (name == "pipeline" and field in _OF_OURS)
        unknown = unknown or (field == _OF_A_CORE and told["device"] != "cpu")  # a GPU does what is counted
        return "-" if unknown else form.format(told[field])

    named = f"{name}, {told['batch']} at a time" if "batch" in told else name
    return (f"{named} ({told['device']})", *(cell(field, form) for _, field, form in _COLUMNS))


def _said(result: dict[str, Any]) -> list[str]:
    """The floor, the machine's rate, how many times as fast, and what could not run."""
    model, floor = result["model"], result["model"]["floor"]
    rates = ", ".join(f"{name} {rate / 1e9:,.0f}" for name, rate in result["matrix_operations_per_second"].items())
    counted = f"{model['parameters'] / 1e6:.1f} M parameters, {model['multiplied'] / 1e6:.1f} M of them for each token"
    needs = f"{floor['operations_a_page'] / 1e9:.2f} G operations, {floor['text_bytes_a_page']:,} bytes of text"
    lines = [
        f"{model['name']}: {counted}; a page has {floor['tokens_a_page']:,} tokens and needs {needs}.",
        f"Products of large matrices, G operations/s: {rates}.",
    ]
    lines += [
        f"{pair.replace('/', ' is ')}'s times {each['cpu']} by CPU time, {each['clock']} by the clock."
        for pair, each in result["times"].items()
    ]
    return lines + [f"{name}: {told['missing']}." for name, told in result["systems"].items() if "missing" in told]


def tables(result: dict[str, Any]) -> list[Table]:
    """What each system takes, and what there is to say beside it."""
    table = numbers_table(f"Scoring pages of {result['made_from']}, Parquet to Parquet", _HEAD, _rows(result))
    table.caption, table.caption_justify = "\n".join(_said(result)), "left"
    return [table]


def markdown(result: dict[str, Any]) -> str:
    """The same in Markdown."""
    return as_markdown(_HEAD, _rows(result)) + "\n" + "\n".join(f"- {line}" for line in _said(result)) + "\n"
