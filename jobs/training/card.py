"""The card of a trained model: what it is of, what it reaches, and how a recipe names it. It quotes no text."""

from typing import Any

from jobs.training.report_page import figures_of, number


def model_card(report: dict[str, Any], lines: str) -> str:
    """`README.md` beside the model."""
    held, settings, split = report["held_out"], report["settings"], report["split"]
    data = [f"| `{each['name']}` | {each['rows']:,} | `{each['sha256']}` |" for each in report["data"]]
    figures = [f"| {name} | {number(value)} |" for name, value in figures_of(held)]
    bounds = [
        f"| {name} ({number(told['bound'])}) | {number(told['precision'])} | {number(told['recall'])} | {number(told['f1'])} |"
        for name, told in (("best F1", held["confusion"]["best_f1"]), ("middle", held["confusion"]["middle"]))
    ]
    side = "as the column `split` says" if split["declared"] else f"{split['share']:.0%} of the texts by a hash of each"
    learned = (
        f"Learned from {split['train']:,} rows, judged by {split['held_out']:,} others ({side}). {split['unlabelled']:,} rows "
        f"had no label; {split['overlapping']:,} were left out because their text is on the other side too."
    )
    judged = (
        f"{held['rows']:,} texts, {held['good']:,} of them good (a label of {number(held['good_from'])} or more). Calibration, "
        "length and the whole curve are in `report.html` and `report.json`."
    )
    return "\n".join(
        [
            f"# A {settings['kind']} quality classifier",
            "",
            f"`{report['file']}` scores text; its SHA-256 is `{report['sha256']}`. A recipe names it so:",
            "",
            "```python",
            lines,
            "```",
            "",
            "## Data",
            "",
            "| file | rows | SHA-256 |",
            "|---|---|---|",
            *data,
            "",
            learned,
            "",
            "## Settings",
            "",
            *_list(settings | report["facts"]),
            "",
            "Made with " + ", ".join(f"{name} {version}" for name, version in report["versions"].items()) + ".",
            "",
            "## On held-out text",
            "",
            judged,
            "",
            "| figure | value |",
            "|---|---|",
            *figures,
            "",
            "| bound | precision | recall | F1 |",
            "|---|---|---|---|",
            *bounds,
            "",
        ]
    )


def _list(values: dict[str, Any]) -> list[str]:
    return [f"- {name.replace('_', ' ')}: `{value}`" for name, value in values.items()]
