"""The comparison of deduplications as tables, on a terminal and in Markdown."""

from typing import Any

from rich.table import Table

from jobs.bench.tables import as_markdown
from jobs.tables import numbers_table
from pipeline.sizes import bytes_text

_HEAD = (
    "documents/s",
    "seconds",
    "CPU seconds",
    "memory at its peak",
    "removed",
    "recall",
    "precision",
    "has one that stays",
)
_STEPS = ("parts", "seconds", "CPU seconds", "longest part, s", "memory of a part", "written", "objects")


def _rows(result: dict[str, Any]) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for name, system in result["systems"].items():
        if "missing" in system:
            rows.append((name, *("-",) * len(_HEAD)))
            continue
        judged = system["judged"]
        told = ("removed", "recall", "precision", "covered")
        found = (f"{judged[each]:,}" if each == "removed" else f"{judged[each]:.4f}" for each in told) if judged else ()
        rows.append(
            (
                name,
                f"{system['documents_per_second']:,}",
                f"{system['seconds']:,.1f}",
                f"{system['cpu_seconds']:,.1f}",
                bytes_text(system["peak_rss_bytes"]),
                *(found or ("-",) * len(told)),
            )
        )
    return rows


def _bin_rows(result: dict[str, Any]) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """The head, and a row for each range of similarity: planted pairs, those expected, and those each system found."""
    judged = {name: system["judged"] for name, system in result["systems"].items() if system.get("judged")}
    if not judged:
        return (), []
    first = next(iter(judged.values()))["bins"]
    rows = [
        (
            f"from {each['low']:.1f}",
            f"{each['pairs']:,}",
            f"{each['expected']:,.1f}",
            *(f"{one['bins'][place]['found']:,}" for one in judged.values()),
        )
        for place, each in enumerate(first)
    ]
    return ("pairs", "expected", *judged), rows


def _step_rows(result: dict[str, Any]) -> list[tuple[str, ...]]:
    return [
        (
            step["step"],
            f"{step['parts']:,}",
            f"{step['seconds']:,.1f}",
            f"{step['cpu_seconds']:,.1f}",
            f"{step['longest_seconds']:,.1f}",
            bytes_text(step["peak_rss_bytes"]),
            bytes_text(step["written_bytes"]),
            f"{step['objects']:,}",
        )
        for step in result["steps"]
    ]


def tables(result: dict[str, Any]) -> list[Table]:
    """What each system took and found, then the pairs found by similarity; of signatures alone what each step took."""
    if "steps" in result:
        title = f"Signatures of {result['documents']:,} documents, {result['workers']} workers"
        return [numbers_table(title, _STEPS, _step_rows(result))]
    title = f"{result['documents']:,} documents of {result['words']} words, {result['workers']} workers"
    found = [numbers_table(title, _HEAD, _rows(result))]
    missing = [f"{name}: {system['missing']}" for name, system in result["systems"].items() if "missing" in system]
    if missing:
        found[0].caption = "; ".join(missing)
        found[0].caption_justify = "left"
    head, rows = _bin_rows(result)
    return [*found, numbers_table("Planted pairs found, by similarity", head, rows)] if rows else found


def markdown(result: dict[str, Any]) -> str:
    """The same in Markdown."""
    if "steps" in result:
        return as_markdown(_STEPS, _step_rows(result))
    head, rows = _bin_rows(result)
    return as_markdown(_HEAD, _rows(result)) + ("\n" + as_markdown(head, rows) if rows else "")
