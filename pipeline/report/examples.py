"""Pages of the run: near-duplicates beside their survivors, samples of every reason, failed records."""

from collections.abc import Mapping
from typing import Any

from pipeline.inspection.answers import passes
from pipeline.report import quoting
from pipeline.report.drawing import dot
from pipeline.report.gathering import Gathered
from pipeline.report.markup import Markup, joined, tag
from pipeline.report.tables import DASH, share, table


def duplicates_section(found: Gathered) -> Markup:
    """Sizes of the clusters, how alike their pages are where that is known, and some pairs."""
    sizes = found.clusters.sizes
    kind = "copies and near-duplicates" if passes(found.run) else "near-duplicates"
    if not sizes.height:
        sought = found.run.step("clusters") is not None or passes(found.run)
        return tag("p", f"No {kind} were found." if sought else "This recipe does not look for them.", class_="lead")
    clusters, documents = int(sizes["clusters"].sum()), int((sizes["size"] * sizes["clusters"]).sum())
    rows = [(f"{name} pages", f"{count:,}", f"{pages:,}") for name, count, pages in _binned(found)]
    return joined(
        tag(
            "p",
            f"{documents:,} pages form {clusters:,} clusters of {kind}; one page of each stays, "
            f"{documents - clusters:,} are removed. What differs is marked word by word.",
            class_="lead",
        ),
        table(["clusters of", "clusters", "pages"], rows, (1, 2)),
        _similar(found, documents - clusters),
        tag(
            "details",
            tag("summary", "Removed pages beside the one that stays"),
            [quoting.pair(each) for each in found.pairs],
        )
        if found.pairs
        else None,
    )


def _similar(found: Gathered, removed: int) -> Markup | None:
    """How alike removed pages are to those that stay, where the rule of survival looks at that."""
    rows = [
        (f"{low:.2f}{DASH}{high:.2f}" if low < high else f"{low:.2f}", f"{count:,}", share(count, removed))
        for low, high, count in found.clusters.bins()
    ]
    return table(["similarity to the page that stays", "removed", "share"], rows, (1, 2)) if rows else None


def _binned(found: Gathered) -> list[tuple[str, int, int]]:
    """Clusters by size: 2, 3, 4, then ranges that double."""
    bins: dict[tuple[int, int], tuple[int, int]] = {}
    for size, clusters in found.clusters.sizes.iter_rows():
        low = size if size < 5 else 5 if size < 9 else 1 << (int(size - 1).bit_length() - 1) | 1
        high = size if size < 5 else 8 if size < 9 else 1 << int(size - 1).bit_length()
        before = bins.get((low, high), (0, 0))
        bins[low, high] = before[0] + clusters, before[1] + clusters * size
    return [
        (f"{low:,}" if low == high else f"{low:,}{DASH}{high:,}", *counts)
        for (low, high), counts in sorted(bins.items())
    ]


def samples_section(found: Gathered) -> Markup:
    """A few pages of each reason, closed but for those that were kept."""
    if not found.samples:
        return tag("p", "There are no pages to show.", class_="lead")
    counted: dict[str, Mapping[Any, int]] = {
        "kept": {None: found.funnel.kept},
        "rule": found.funnel.dropped,
        "gate": found.funnel.gated,
    }
    groups: list[Markup] = []
    opened = False  # the commonest reason shows at once what there is to see
    for (fate, reason), pages in found.samples.items():
        count = counted.get(fate, {}).get(reason, 0)
        number = f"{count:,} · {share(count, found.funnel.records)}" if count else ""
        summary = tag("summary", tag("span", dot(fate), reason or fate), tag("span", number, class_="n"))
        groups.append(
            tag("details", summary, [quoting.sample(page) for page in pages], open=fate == "rule" and not opened)
        )
        opened = opened or fate == "rule"
    return joined(
        tag(
            "p",
            "Chosen by the hash of the record id, not by hand. What did it is marked; what a transform removed before "
            "is struck through; of a page that a gate stopped only the address was kept.",
            class_="lead",
        ),
        groups,
    )


def failures_section(found: Gathered) -> Markup:
    """Records that could not be read, with what happened."""
    if not found.funnel.failed:
        return tag("p", "Every record could be read.", class_="lead")
    total = sum(found.funnel.failed.values())
    rows = [
        (
            page.reason,
            tag("td", quoting.pieces(page.url) or page.record_id, class_="code"),
            page.facts[0][1] if page.facts else "",
        )
        for page in found.failed
    ]
    return joined(
        tag(
            "p",
            f"{total:,} records could not be read or were stopped by a limit; {len(rows):,} of them:",
            class_="lead",
        ),
        table(["reason", "record", "what happened"], rows),
    )
