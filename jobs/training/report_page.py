"""The held-out report as one HTML file: no script, nothing from elsewhere, no text of any page."""

from typing import Any

from pipeline.report.markup import Content, Markup, tag
from pipeline.report.page import POLICY
from pipeline.report.style import sheet

_SIDE = 260.0
_STYLE = (
    ".figures{grid-template-columns:repeat(auto-fit,minmax(8rem,1fr))}"
    ".plot{max-width:26rem}.plot .line{fill:none;stroke:var(--kept);stroke-width:2}.plot .grid{stroke:var(--faint)}"
    ".plot .even{stroke:var(--soft);stroke-dasharray:3 3}.plot circle{fill:var(--kept)}.plot .frame{fill:none;stroke:var(--line)}"
)


def report_page(report: dict[str, Any]) -> str:
    """The page of what `report.json` holds."""
    held, title = report["held_out"], f"{report['settings']['kind']} classifier"
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=POLICY),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("link", rel="icon", href="data:,"),
        tag("title", f"{title}: held-out report"),
        tag("style", Markup(sheet("colours", "page") + _STYLE)),
    )
    sections = [_ranking(held), _truth(held), _confusion(held), _length(held), _origin(report)]
    lead = tag("p", f"{held['rows']:,} held-out texts, {held['good']:,} of them good.", class_="lead")
    body = tag("body", tag("header", tag("h1", title), lead, _figures(held)), tag("main", sections))
    return Markup(f"<!doctype html>\n{tag('html', head, body, lang='en')}\n")


def number(value: Any) -> str:
    """A figure as people read it; a dash for what is no number."""
    return "-" if value is None else f"{value:,.3f}" if isinstance(value, float) else f"{value:,}"


def figures_of(held: dict[str, Any]) -> list[tuple[str, Any]]:
    """The figures that stand above all others."""
    first = [("average precision", held["average_precision"]), ("ROC AUC", held["roc_auc"])]
    first.append(("best F1", held["confusion"]["best_f1"]["f1"]))
    first.append(("calibration error", held["calibration"]["expected_error"]))
    named = {"brier": "Brier score", "root_mean_square_error": "root mean square error"}
    named |= {"mean_absolute_error": "mean absolute error", "pearson": "Pearson", "spearman": "Spearman"}
    return first + [(shown, held[name]) for name, shown in named.items() if name in held]


def _figures(held: dict[str, Any]) -> Markup:
    return tag(
        "div",
        [tag("div", tag("b", number(value)), tag("span", name)) for name, value in figures_of(held)],
        class_="figures",
    )


def _section(title: str, lead: str, *content: Content) -> Markup:
    return tag("section", tag("h2", title), tag("p", lead, class_="lead"), content)


def _ranking(held: dict[str, Any]) -> Markup:
    points = [(recall, precision) for _, precision, recall in held["curve"]]
    return _section(
        "Precision and recall", "Recall to the right, precision upwards, at every bound.", _plot(points, line=True)
    )


def _truth(held: dict[str, Any]) -> Markup:
    bins = held["calibration"]["bins"]
    low, high = (min(each["low"] for each in bins), max(each["high"] for each in bins)) if bins else (0.0, 1.0)
    size = (high - low) or 1.0
    points = [((each["score"] - low) / size, (each["label"] - low) / size) for each in bins]
    rows = [[f"{each['low']:.2f} to {each['high']:.2f}", each["pages"], each["score"], each["label"]] for each in bins]
    lead = "Mean score to the right, mean label upwards: on the dashed line a score means what it says."
    table = _table(["score", "pages", "mean score", "mean label"], rows)
    return _section("Calibration", lead, _plot(points, line=False, even=True), table)


def _confusion(held: dict[str, Any]) -> Markup:
    names = {"best_f1": "of the best F1", "middle": "in the middle"}
    keys = ("bound", "true_good", "false_good", "false_bad", "true_bad", "precision", "recall", "f1")
    rows = [[names[which], *(held["confusion"][which][key] for key in keys)] for which in names]
    columns = ["bound", "", "good, kept", "bad, kept", "good, dropped", "bad, dropped", "precision", "recall", "F1"]
    return _section("Confusion", "Pages from the bound on are kept.", _table(columns, rows))


def _length(held: dict[str, Any]) -> Markup:
    found = held["length"]
    rows = [
        [each["name"], " to ".join(f"{end:,}" for end in each["chars"]), each["pages"], each["good"], each["roc_auc"]]
        for each in found["terciles"]
    ]
    lead = (
        f"Rank correlation with length: of the score {number(found['spearman_score'])}, of the label "
        f"{number(found['spearman_label'])}."
    )
    return _section("Length", lead, _table(["pages that are", "characters", "pages", "good", "ROC AUC"], rows))


def _origin(report: dict[str, Any]) -> Markup:
    facts = {
        "model": report["file"],
        "SHA-256": report["sha256"],
        **report["settings"],
        **report["split"],
        **report["versions"],
    }
    facts |= {each["name"]: f"{each['rows']:,} rows, SHA-256 {each['sha256']}" for each in report["data"]}
    told = tag("dl", [(tag("dt", name), tag("dd", str(value))) for name, value in facts.items()])
    return _section("Where it is from", "The same data, settings and versions make it again.", told)


def _table(columns: list[str], rows: list[list[Any]]) -> Markup:
    head = tag("tr", [tag("th", name, class_="n" if place else None) for place, name in enumerate(columns)])
    body = [tag("tr", [_cell(value, place) for place, value in enumerate(row)]) for row in rows]
    return tag("div", tag("table", head, body), class_="scroll")


def _cell(value: Any, place: int) -> Markup:
    return tag("td", value if isinstance(value, str) else number(value), class_="n" if place else None)


def _plot(points: list[tuple[float, float]], *, line: bool, even: bool = False) -> Markup:
    """Points from 0 to 1 both ways in a square."""
    at = [(f"{_SIDE * x:.1f}", f"{_SIDE * (1 - y):.1f}") for x, y in points]
    ticks = [_SIDE * part / 4 for part in range(1, 4)]
    grid = [
        (tag("line", x1=0, x2=_SIDE, y1=t, y2=t, class_="grid"), tag("line", x1=t, x2=t, y1=0, y2=_SIDE, class_="grid"))
        for t in ticks
    ]
    return tag(
        "svg",
        grid,
        tag("rect", x=0, y=0, width=_SIDE, height=_SIDE, class_="frame"),
        tag("line", x1=0, y1=_SIDE, x2=_SIDE, y2=0, class_="even") if even else None,
        tag("polyline", points=" ".join(f"{x},{y}" for x, y in at), class_="line") if line else None,
        [tag("circle", cx=x, cy=y, r=4) for x, y in at] if not line else None,
        viewBox=f"-4 -4 {_SIDE + 8:g} {_SIDE + 8:g}",
        role="img",
        class_="plot",
    )
