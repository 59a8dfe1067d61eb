"""The rules: each signal's distribution with the bounds drawn in, and how many pages each rule fails."""

from collections.abc import Sequence

import numpy as np
import polars as pl

from pipeline.inspection.frames import bound_text
from pipeline.measures import Rule
from pipeline.report.drawing import histogram, sign
from pipeline.report.gathering import Gathered
from pipeline.report.markup import Markup, breakable, joined, tag
from pipeline.report.tables import share, table

MOST_CARDS, MOST_VALUES = 80, 6


def rules_section(found: Gathered) -> Markup:
    """A card for each signal that a rule judges, in the order of the rules, and for each that none does."""
    rules, counted = found.run.record.rules, found.survey
    judged = list(dict.fromkeys(rule.signal for rule in rules))
    others = [name for name in counted.signals.columns if name not in {*judged, "part", "row", "fate", "hash"}]
    cards = [_card(found, name) for name in judged[:MOST_CARDS]]
    more = [_card(found, name) for name in others[:MOST_CARDS]]
    of = f" of {counted.judged:,}" if counted.signals.height < counted.judged else ""
    text = (
        f"Distributions over {counted.signals.height:,}{of} pages that went before the rules: kept ones in green, others in "
        "grey (a column's height is the square root of its number); the tinted side of a bound fails. "
        "“First” counts the pages that the rule is the first to drop, “at all” those "
        "that fail it, “alone” those that fail nothing else: what it alone takes out."
    )
    return joined(
        tag("p", text, class_="lead"),
        tag("div", cards, class_="cards") if counted.judged else tag("p", "No page has been judged.", class_="note"),
        tag("details", tag("summary", "Measured, but judged by no rule"), tag("div", more, class_="cards"))
        if more
        else None,
    )


def _card(found: Gathered, name: str) -> Markup:
    rules = [(number, rule) for number, rule in enumerate(found.run.record.rules) if rule.signal == name]
    values = found.survey.signals.select("fate", name) if name in found.survey.signals.columns else pl.DataFrame()
    known = values.drop_nulls(name) if values.width else values
    return tag(
        "div",
        tag("h3", breakable(name)),
        _distribution(known, name, [rule for _, rule in rules])
        if known.height
        else tag("p", "no values", class_="count"),
        _rule_table(found, rules) if rules else None,
        class_="card",
    )


def _distribution(known: pl.DataFrame, name: str, rules: Sequence[Rule]) -> Markup:
    column = known[name]
    if not (column.dtype.is_numeric() or column.dtype == pl.Boolean):
        counts = known.group_by(name).len().sort("len", name, descending=[True, False]).head(MOST_VALUES)
        return table(["value", "pages"], [(str(value)[:80], f"{count:,}") for value, count in counts.iter_rows()], (1,))
    values = column.cast(pl.Float64).to_numpy()
    finite = np.isfinite(values)
    return histogram(values[finite], (known["fate"] == "kept").to_numpy()[finite], rules)


def _rule_table(found: Gathered, rules: Sequence[tuple[int, Rule]]) -> Markup:
    judged, shared = found.survey.judged, [rule.reason for rule in found.run.record.rules]
    rows: list[Sequence[object]] = []
    for number, rule in rules:
        count = found.survey.rules[number]
        first = f"{found.funnel.dropped.get(rule.reason, 0):,}{'*' if shared.count(rule.reason) > 1 else ''}"
        title = (
            f"fails if {rule.signal} {rule.op} {bound_text(rule)}; {share(count.fails, judged)} of the judged pages do"
        )
        bound = "" if isinstance(rule.value, int | float) else f" {sign(rule.op)} {bound_text(rule)}"
        name = tag(
            "td", breakable(rule.reason), tag("span", breakable(bound), class_="count") if bound else None, title=title
        )
        rows.append((name, first, f"{count.fails:,}", f"{count.alone:,}"))
    return table(["", "first", "at all", "alone"], rows, (1, 2, 3))
