"""What the pages are made of: languages, sites, types, charsets, statuses."""

import polars as pl

from pipeline.inspection.frames import FATES, UNDECIDED
from pipeline.report.drawing import split_bar
from pipeline.report.gathering import Gathered
from pipeline.report.markup import Markup, joined, tag
from pipeline.report.tables import share, table

MOST_VALUES = 10
TITLES = {
    "language": "Languages",
    "http_status": "HTTP statuses",
    "mime": "Media types",
    "charset": "Charsets",
    "charset_how": "How the charset was known",
    "truncated": "Cut by the crawler",
}


def traits_section(found: Gathered) -> Markup:
    """A list for each trait; sites twice, those most is kept of and those most is dropped of."""
    traits = found.survey.traits
    lists = [_trait(TITLES[name], _wide(traits[name])) for name in TITLES if name in traits and traits[name].height]
    if "host" in traits and traits["host"].height:
        sites = _wide(traits["host"])
        lists += [
            _trait(
                "Sites, most kept first",
                sites.filter(pl.col("kept") > 0).sort("kept", "value", descending=[True, False]),
            ),
            _trait("Sites, most not kept first", _not_kept(sites)),
        ]
    text = f"Of {found.survey.records:,} records. The bars are divided as in the funnel: green is kept."
    return joined(tag("p", text, class_="lead"), tag("div", lists, class_="traits"))


def _wide(counts: pl.DataFrame) -> pl.DataFrame:
    """A row for each value: `all` records, and a column for each fate."""
    each = [pl.col("records").filter(pl.col("fate") == fate).sum().alias(fate) for fate in (*FATES, UNDECIDED)]
    grouped = counts.group_by("value").agg(pl.sum("records").alias("all"), *each)
    return grouped.sort("all", "value", descending=[True, False])


def _not_kept(sites: pl.DataFrame) -> pl.DataFrame:
    lost = sites.with_columns(lost=pl.col("all") - pl.col("kept")).filter(pl.col("lost") > 0)
    return lost.sort("lost", "value", descending=[True, False])


def _trait(title: str, values: pl.DataFrame) -> Markup:
    most = max(1, int(values["all"].max() or 0)) if values.height else 1  # pyright: ignore[reportArgumentType]
    rows = [
        (
            str(row["value"])[:60] or "(none)",
            tag("td", split_bar(row, most, "split"), class_="bar"),
            f"{row['all']:,}",
            share(row["kept"], row["all"]),
        )
        for row in values.head(MOST_VALUES).iter_rows(named=True)
    ]
    left = values.height - MOST_VALUES
    return tag(
        "div",
        tag("h3", title),
        table(["", "", "records", "kept"], rows, (2, 3)),
        tag("p", f"and {left:,} more", class_="note") if left > 0 else None,
    )
