"""The card of a trained model: what it is of, what it reaches, and how a recipe names it. It quotes no text."""

from collections.abc import Sequence
from typing import Any

from jobs.training.report_page import figures_of, number


def model_card(report: dict[str, Any], lines: str) -> str:
    """`README.md` beside the model."""
    kind, file, sha256 = report["settings"]["kind"], report["file"], report["sha256"]
    data = [[f"`{each['name']}`", f"{each['rows']:,}", f"`{each['sha256']}`"] for each in report["data"]]
    settings = [
        f"- {name.replace('_', ' ')}: `{value}`" for name, value in (report["settings"] | report["facts"]).items()
    ]
    versions = ", ".join(f"{name} {version}" for name, version in report["versions"].items())
    blocks = [
        f"# A {kind} quality classifier",
        f"`{file}` scores text; its SHA-256 is `{sha256}`. A recipe names it so:",
        f"```python\n{lines}\n```",
        "## Data",
        _table(["file", "rows", "SHA-256"], data),
        _split(report["split"]),
        "## Settings",
        "\n".join(settings),
        f"Made with {versions}.",
        "## On held-out text",
        *_held_out(report["held_out"]),
    ]
    return "\n\n".join(blocks) + "\n"


def _split(split: dict[str, Any]) -> str:
    side = "as the column `split` says" if split["declared"] else f"{split['share']:.0%} of the texts by a hash of each"
    return (
        f"Learned from {split['train']:,} rows, judged by {split['held_out']:,} others ({side}). {split['unlabelled']:,} rows "
        f"had no label; {split['overlapping']:,} were left out because their text is on the other side too."
    )


def _held_out(held: dict[str, Any]) -> list[str]:
    judged = (
        f"{held['rows']:,} texts, {held['good']:,} of them good (a label of {number(held['good_from'])} or more). Calibration, "
        "length and the whole curve are in `report.html` and `report.json`."
    )
    figures = [[name, number(value)] for name, value in figures_of(held)]
    bounds = [
        [name, *(number(held["confusion"][which][key]) for key in ("bound", "precision", "recall", "f1"))]
        for name, which in (("of the best F1", "best_f1"), ("in the middle", "middle"))
    ]
    return [
        judged,
        _table(["figure", "value"], figures),
        _table(["bound", "", "precision", "recall", "F1"], bounds),
    ]


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows))
