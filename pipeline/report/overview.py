"""The top of the report: what the run was, its figures, and where the records went."""

from pipeline.funnel import Funnel
from pipeline.remarks import noticed_in, noticed_lines
from pipeline.report.drawing import NAMES, bar, dot, split_bar
from pipeline.report.gathering import Gathered
from pipeline.report.markup import Markup, breakable, joined, tag
from pipeline.report.tables import DASH, amount, cells, share, size, table

_EMPTIED = ", or nothing is left of it without the lines that other pages have"


def counts(found: Gathered) -> dict[str, int]:
    """Records by fate; those that no step has judged yet are what is left."""
    numbers = found.funnel
    known = {
        "kept": numbers.kept,
        "emptied": sum(numbers.emptied.values()),
        "near_duplicate": numbers.near_duplicates,
        "copy": sum(numbers.copies.values()),
        "rule": sum(numbers.dropped.values()),
        "gate": sum(numbers.gated.values()),
        "failed": sum(numbers.failed.values()),
    }
    return known | {"not decided yet": max(0, numbers.records - sum(known.values()))}


def head(found: Gathered, sections: list[tuple[str, str]]) -> Markup:
    """Title, figures, and links to the sections (`id`, title)."""
    record, source = found.run.record, found.run.source
    started = str(record.provenance.get("started", ""))[:16].replace("T", " ")
    return tag(
        "header",
        tag("p", "Gristmill report", class_="kicker"),
        tag("h1", source.name),
        tag(
            "p",
            f"{len(source.parts):,} input file{'s' if len(source.parts) != 1 else ''} curated with the recipe ",
            tag("b", record.recipe),
            f", begun {started} UTC.",
            class_="lead",
        ),
        _warnings(found),
        _figures(found),
        _way(found),
        tag("nav", [tag("a", title, href=f"#{name}") for name, title in sections]),
    )


def _warnings(found: Gathered) -> list[Markup]:
    said: list[str] = []
    if not found.funnel.complete:
        done = [row for row in found.steps.iter_rows(named=True) if not row["sealed"]]
        waiting = ", ".join(f"{row['step']} {row['done']:,}/{row['parts']:,}" for row in done)
        said.append(
            f"This run is not finished; the numbers are those so far. Parts done of steps that are not: {waiting}."
        )
    elif not found.funnel.kept:
        said.append("Nothing was kept.")
    if found.is_sampled:
        said.append(
            f"Counts in the funnel are exact. Distributions and samples come from {found.files:,} of {found.of_files:,} files, "
            f"chosen by the hash of their keys: {found.survey.records:,} records."
        )
    return [tag("p", each, class_="warning") for each in said]


def _figures(found: Gathered) -> Markup:
    numbers = found.funnel
    figures = (
        (amount(numbers.records), "records read"),
        (amount(numbers.kept), f"documents kept, {share(numbers.kept, numbers.records)}"),
        (amount(numbers.tokens) if numbers.tokens else DASH, f"tokens, {amount(numbers.chars)} characters"),
        (size(numbers.bytes), "of input"),
    )
    return tag("div", [tag("div", tag("b", figure), tag("span", what)) for figure, what in figures], class_="figures")


def _way(found: Gathered) -> Markup:
    by_fate, whole = counts(found), found.funnel.records
    items = [
        tag("li", dot(fate), NAMES[fate], " ", tag("b", f"{count:,}"), " ", share(count, whole))
        for fate, count in by_fate.items()
        if count
    ]
    return joined(split_bar(by_fate, whole), tag("ul", items, class_="fates"))


def _near_duplicates(numbers: Funnel) -> dict[str, int]:
    """Those of documents of earlier releases, then those of this run."""
    within = numbers.near_duplicates - sum(numbers.in_releases.values())
    found = {f"like one of {release}": count for release, count in numbers.in_releases.items()}
    return {name: count for name, count in {**found, "near_duplicate": within}.items() if count}


def _groups(numbers: Funnel) -> tuple[tuple[str, dict[str, int]], ...]:
    """Each fate but that of being kept, with its reasons, in the order in which a page meets them."""
    return (
        ("failed", numbers.failed),
        ("gate", numbers.gated),
        ("rule", numbers.dropped),
        ("copy", numbers.copies),
        ("near_duplicate", _near_duplicates(numbers)),
        ("emptied", numbers.emptied),
    )


def funnel_section(found: Gathered) -> Markup:
    """Each way out with its number, in the order in which a page meets them."""
    numbers, whole = found.funnel, found.funnel.records
    groups = _groups(numbers)
    most = max([1, numbers.kept, *(count for _, group in groups for count in group.values())])
    left = tag("td", f"{whole:,}", class_="n hide")
    rows = [cells(["records", None, f"{whole:,}", share(whole, whole), left], (2, 3), "total")]
    remaining = whole
    for fate, group in groups:
        for reason, count in group.items():
            remaining -= count
            name = tag("td", dot(fate), breakable(reason), class_="name")
            drawn = tag("td", bar(count, most, fate), class_="bar")
            rows.append(
                cells(
                    [name, drawn, f"{count:,}", share(count, whole), tag("td", f"{remaining:,}", class_="n hide")],
                    (2, 3),
                )
            )
    kept = tag("td", dot("kept"), "kept", class_="name")
    drawn = tag("td", bar(numbers.kept, most, "kept"), class_="bar")
    rows.append(
        cells([kept, drawn, f"{numbers.kept:,}", share(numbers.kept, whole), tag("td", class_="hide")], (2, 3), "total")
    )
    return joined(
        tag(
            "p",
            "A record leaves at the first thing that stops it: reading it fails, a gate ends its measurement, a rule drops "
            f"it, or a copy or near-duplicate of it stays instead{_EMPTIED if numbers.emptied else ''}.",
            class_="lead",
        ),
        table(["", "", "records", "share", tag("th", "left", class_="n hide", scope="col")], rows, (2, 3, 4)),
        *_notes(found),
    )


def _notes(found: Gathered) -> list[Markup]:
    """What was passed over, and what was odd about records that were read all the same."""
    others = sum(found.funnel.types.values()) - found.funnel.records
    told = [f"{others:,} other records (requests, metadata, …) were counted and passed over."]
    told += [
        f"Of the copies, {count:,} are of pages that {release} has, or of others like them."
        for release, count in found.funnel.copies_in_releases.items()
        if count
    ]
    told += [f"Noticed: {line}." for line in noticed_lines(noticed_in(found.run))]
    return [tag("p", each, class_="note") for each in told]
