"""The part of a card that says where each record of the archives went."""

from collections.abc import Iterator
from typing import Any

from pipeline.publishing.markdown import code, plain, table
from pipeline.publishing.meanings import REASONS
from pipeline.publishing.recipe_tables import bound_text


def funnel_section(manifest: dict[str, Any]) -> str:
    """Every way out with its count, its share of all records, and what it means."""
    numbers = manifest["funnel"]
    others = sum(numbers["types"].values()) - numbers["records"]
    told = table(("", "records", "share", "meaning"), _rows(manifest), "lrrl")
    return (
        "## Where the records went\n\n"
        "A record leaves at the first thing that stops it. The counts add up: records = kept + dropped + failed.\n\n"
        f"{told}\n\nBesides these pages and unreadable regions, the archives hold {others:,} records of other kinds "
        "(requests, metadata, revisits), which are only counted."
    )


def _rows(manifest: dict[str, Any]) -> Iterator[tuple[str, str, str, str]]:
    numbers = manifest["funnel"]
    whole = numbers["records"]

    def row(name: str, count: int, meaning: str) -> tuple[str, str, str, str]:
        return name, f"{count:,}", f"{count / whole:.2%}" if whole else "-", meaning

    yield row("**records**", whole, "pages, and regions of the archives that cannot be read")
    for kind, key in (("failed", "failed"), ("gate", "gated"), ("rule", "dropped")):
        for reason, count in numbers[key].items():
            yield row(f"{kind}: {code(reason)}", count, _meaning(manifest, kind, reason))
    for reason, count in numbers.get("copies", {}).items():
        yield row(f"copy: {code(reason)}", count, REASONS[reason])
    for release, count in numbers.get("copies_in_releases", {}).items():
        yield row(
            f"of these, of pages of {code(release)}",
            count,
            "what they are copies of was there, or went for a page that was",
        )
    if manifest["duplicates"] or numbers["near_duplicates"]:
        yield row(code("near_duplicate"), numbers["near_duplicates"], REASONS["near_duplicate"])
    for release, count in numbers.get("in_releases", {}).items():
        yield row(f"of these, like one of {code(release)}", count, "an earlier release has a near-duplicate")
    for reason, count in numbers.get("emptied", {}).items():
        yield row(f"emptied: {code(reason)}", count, REASONS[reason])
    yield row("**kept**", numbers["kept"], "the documents of this dataset")


def _meaning(manifest: dict[str, Any], kind: str, reason: str) -> str:
    if kind == "rule":
        bounds = [f"{rule['signal']} {bound_text(rule)}" for rule in manifest["rules"] if rule["reason"] == reason]
        return " or ".join(map(code, bounds))
    return plain(REASONS.get(reason, ""))
