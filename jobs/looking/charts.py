"""Charts of a run, as Altair makes them. Altair is part of the extra `notebooks` and imported only here."""

from typing import TYPE_CHECKING, Any

import polars as pl

from pipeline.errors import RecipeError
from pipeline.measures import Rule

if TYPE_CHECKING:
    import altair as alt

COLOURS = {
    "kept": "#2f7d5b",
    "emptied": "#3a8c99",
    "near_duplicate": "#5a6fb5",
    "copy": "#8d62a8",
    "rule": "#c98a1b",
    "gate": "#8b929c",
    "failed": "#b5403f",
    "not decided yet": "#b9bec6",
}
"""Of each fate, the same as in the report."""

MOST_ROWS = 5_000  # Altair puts the rows into the notebook


def _altair() -> Any:
    try:
        import altair as alt
    except ImportError as error:
        raise RecipeError("charts need Altair: pip install 'gristmill[notebooks]', or run `make setup`") from error
    return alt


def _fates(alt: Any) -> Any:
    return alt.Scale(domain=list(COLOURS), range=list(COLOURS.values()))


def funnel_chart(funnel: pl.DataFrame) -> "alt.Chart":
    """Horizontal bars of records by reason, coloured by fate, in the order in which a page meets them."""
    alt = _altair()
    rows = funnel.with_columns(pl.col("reason").fill_null("kept"))
    bars: Any = alt.Chart(alt.Data(values=rows.to_dicts()), title="Where the records went").mark_bar()
    return bars.encode(
        x=alt.X("records:Q", title="records"),
        y=alt.Y("reason:N", sort=rows["reason"].to_list(), title=None),
        color=alt.Color("fate:N", scale=_fates(alt), title=None),
        tooltip=["fate:N", "reason:N", "records:Q", alt.Tooltip("share:Q", format=".1%")],
    ).properties(width=520)


def signal_chart(values: pl.DataFrame, name: str, rules: list[Rule], bins: int = 40) -> "alt.LayerChart":
    """A histogram of a signal by fate, with every bound that judges it drawn in."""
    alt = _altair()
    rows = values.select(pl.col(name).alias("value"), "fate").drop_nulls("value").head(MOST_ROWS)
    numeric = rows["value"].dtype.is_numeric()
    x: Any = alt.X("value:Q", bin=alt.Bin(maxbins=bins), title=name) if numeric else alt.X("value:N", title=name)
    bars: Any = (
        alt.Chart(alt.Data(values=rows.to_dicts()), title=name)
        .mark_bar()
        .encode(x=x, y=alt.Y("count():Q", title="pages"), color=alt.Color("fate:N", scale=_fates(alt), title=None))
    )
    bounds = [{"bound": rule.value, "fails if": f"{rule.op} {rule.value}", "reason": rule.reason} for rule in rules]
    if not numeric:
        return alt.layer(bars).properties(width=520)
    lines: Any = alt.Chart(alt.Data(values=bounds)).mark_rule(color="#b5403f", strokeDash=[4, 3], size=2)
    return alt.layer(bars, lines.encode(x="bound:Q", tooltip=["fails if:N", "reason:N"])).properties(width=520)


def sweep_chart(outcomes: pl.DataFrame, reason: str, now: float | None) -> "alt.LayerChart":
    """Documents kept for each bound of one rule, the run's own bound drawn in."""
    alt = _altair()
    base: Any = alt.Chart(alt.Data(values=outcomes.to_dicts()), title=f"What other bounds of {reason} would keep")
    line = base.mark_line(point=True, color=COLOURS["kept"]).encode(
        x=alt.X("bound:Q", title=f"bound of {reason}"),
        y=alt.Y("documents:Q", scale=alt.Scale(zero=False), title="documents kept"),
        tooltip=["bound:Q", "documents:Q", "tokens:Q", "chars:Q", "near_duplicates:Q"],
    )
    mark: Any = alt.Chart(alt.Data(values=[{"bound": now}] if now is not None else [])).mark_rule(
        strokeDash=[4, 3], size=2
    )
    return alt.layer(line, mark.encode(x="bound:Q")).properties(width=520)
