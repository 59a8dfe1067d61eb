"""Clusters of near-duplicates on a terminal."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from rich.table import Table
from rich.text import Text

from dedup.minhash import MinHash
from dedup.precedence import NUMBER
from dedup.survival import Star, Survival
from jobs.clusters.told import COPIES, SURVIVOR, AllTold, AloneTold, ClusterTold, LargeTold, MemberTold, NearTold
from jobs.tables import add_columns, share
from jobs.terminal import one_line, out
from pipeline.inspection.annotation import Piece
from pipeline.why import Story

FIRST = {
    "release": "the earlier release",
    "score": "the higher score",
    "text_chars": "the longer text",
    "date": "the earlier date",
    "record_id": "the smaller id",
    NUMBER: "the first in the order of the input",
}
_STYLES = {"removed": ("red strike", "[-", "-]"), "mark": ("green", "{+", "+}")}
_PLACES = {"page": "hosts", "row": "files"}


def print_all(told: AllTold, size: int | None) -> None:
    """How many clusters have how many members, the largest or those of a size, and how alike removed documents are."""
    removed = told.documents - told.clusters
    kind = "copies and near-duplicates" if told.copies else "near-duplicates"
    out.print(
        f"{told.documents:,} {told.what}s form {told.clusters:,} clusters of {kind}; {removed:,} of them are removed"
    )
    if told.sizes and size is None:
        out.print(_sizes(told, removed))
        if told.rule != COPIES:
            out.print(_similar(told, removed))
    if told.largest:
        out.print(_largest(told, "The largest clusters" if size is None else f"Clusters of {size:,}"))
    elif size is not None:
        out.print(f"no cluster has {size:,} members")


def _sizes(told: AllTold, removed: int) -> Table:
    table = Table(title="Clusters by their size", title_justify="left")
    add_columns(table, right=("members", "clusters", "removed", "share of removed"))
    for size, count in told.sizes:
        gone = (size - 1) * count
        table.add_row(f"{size:,}", f"{count:,}", f"{gone:,}", share(gone, removed))
    return table


def _similar(told: AllTold, removed: int) -> Table | str:
    if not told.similar:
        return (
            f"the rule {told.rule} compares no pairs, so similarities are known of no cluster but one that is asked for"
        )
    table = Table(title="Removed by similarity to the one that stays", title_justify="left")
    add_columns(table, "similarity", right=("removed", "share"))
    for low, high, count in told.similar:
        table.add_row(f"{low:.2f} - {high:.2f}" if low < high else f"{low:.2f}", f"{count:,}", share(count, removed))
    if told.unknown:
        table.add_row("not known", f"{told.unknown:,}", share(told.unknown, removed))
    if told.copies:
        copies = removed - told.unknown - sum(count for *_, count in told.similar)
        table.add_row("exact copies", f"{copies:,}", share(copies, removed))
    return table


def _largest(told: AllTold, title: str) -> Table:
    table = Table(title=title, title_justify="left")
    places = _PLACES[told.what]
    add_columns(table, "cluster", "kept for it", right=("members", places))
    for each in told.largest:
        table.add_row(str(each.cluster), one_line(each.survivor), f"{each.size:,}", _places(each))
    return table


def _places(each: LargeTold) -> str:
    return f"{each.places:,}" if each.of == each.size else f"{each.places:,} of the first {each.of:,}"


def print_told(told: ClusterTold | AloneTold | Story, minhash: MinHash | None, survival: Survival) -> None:
    """A cluster, or why a document has none."""
    if isinstance(told, ClusterTold):
        _print_cluster(told, minhash, survival)
    elif isinstance(told, AloneTold):
        _print_alone(told, minhash, survival)
    else:
        _print_dropped(told)


def _print_cluster(told: ClusterTold, minhash: MinHash | None, survival: Survival) -> None:
    kind = "near-duplicates" if minhash else "copies"
    out.print(f"\ncluster {told.cluster}: {told.size:,} {kind}, of which one stays", style="bold")
    for number, member in enumerate([told.survivor, *told.removed]):
        asked = " (asked for)" if member.document in told.asked else ""
        of = f", {member.same} of {one_line(member.copy_of or '')}" if member.same else ""
        line = f"  #{number} {member.fate:<14} {one_line(member.name)}{of}{asked}"
        out.print(line, style="green" if member.fate == SURVIVOR else None)
    if len(told.removed) + 1 < told.size:
        out.print(f"  {told.size - len(told.removed) - 1:,} more; --limit {told.size} shows all")
    order = ", ".join(_first(name, survival) for name in survival.order)
    if isinstance(survival, Star):
        out.print(
            f"#0 stays because no document that stays, stands before it in the order ({order}) and shares a band with it is "
            f"at least {survival.similarity:g} alike"
        )
    else:
        out.print(f"#0 stays because it is the first in the order: {order}")
    out.print(_members(told, survival))
    if told.removed and minhash:
        out.print(_alike(told, minhash))
    for number, member in enumerate(told.removed, 1):
        _print_changes(number, member)


def _first(name: str, survival: Survival) -> str:
    """What stands first by a name of the order."""
    return f"the higher {survival.score}" if name == "score" and survival.score else FIRST[name]


def _members(told: ClusterTold, survival: Survival) -> Table:
    """Values of the order, the one marked by which the survivor stands before a member."""
    facts = [name for name in ("text_chars", "date") if name not in survival.order]
    table = Table(title="What the order goes by", title_justify="left")
    add_columns(table, "", right=(*survival.order, *facts))
    for number, member in enumerate([told.survivor, *told.removed]):
        known = {"date": member.date, "text_chars": member.chars} | member.order
        cells = [_value(known[name]) + " *" * (member.decided_by == name) for name in (*survival.order, *facts)]
        table.add_row(f"#{number}", *cells, style="green" if member.fate == SURVIVOR else None)
    decided = dict.fromkeys(member.decided_by for member in told.removed if member.decided_by)
    if decided:
        table.caption = "* decides: " + "; ".join(f"{name}, {_first(name, survival)} stays" for name in decided)
        table.caption_justify = "left"
    return table


def _alike(told: ClusterTold, minhash: MinHash) -> Table:
    table = Table(title="How alike each is to #0", title_justify="left")
    add_columns(
        table, "", "bands shared", right=("estimated", "exact Jaccard", "chance of a shared band", "in the run")
    )
    for number, member in enumerate(told.removed, 1):
        recorded = "-" if member.recorded is None else f"{member.recorded:.3f}"
        table.add_row(f"#{number}", *_compared(member, minhash), recorded)
    table.caption = (
        f"of {minhash.bands * minhash.rows} values in {minhash.bands} bands; sets of {minhash.ngram} words in a row"
    )
    table.caption_justify = "left"
    return table


def _compared(told: MemberTold | NearTold, minhash: MinHash) -> tuple[str, str, str, str]:
    """Bands, estimate, exact similarity and chance."""
    found = told.comparison
    if found is None:
        return "not known", "-", "-", "-"
    estimated = f"{found.estimated:.3f} ± {found.error:.3f}"
    copied = isinstance(told, MemberTold) and told.same is not None  # and was compared with nothing
    bands = f"{len(found.bands)} of {minhash.bands}: it went as a copy" if copied else _bands(found.bands, minhash)
    return bands, estimated, f"{found.exact:.3f}", f"{found.chance:.2%}"


def _bands(bands: Sequence[int], minhash: MinHash) -> str:
    if not bands:
        return f"none of {minhash.bands}: joined by others"
    listed = ", ".join(map(str, bands[:14])) + (" …" if len(bands) > 14 else "")
    return f"{len(bands)} of {minhash.bands}: {listed}"


def _print_changes(number: int, member: MemberTold) -> None:
    if member.changes is None:
        return
    out.print(f"\n#{number} {one_line(member.name)}, against #0", style="bold")
    if not any(piece.kind in _STYLES for piece in member.changes):
        out.print("  no word differs")
    out.print(changes(member.changes))


def changes(pieces: Sequence[Piece]) -> Text:
    """What changed: words that are lacking struck through in red, added ones green; marked as well where there is no colour."""
    text = Text()
    for piece in pieces:
        if piece.kind == "gap":
            text.append_text(out.render_str(f"[… {piece.what} …] ", style="dim"))
            continue
        style, opening, closing = _STYLES.get(piece.kind, ("", "", ""))
        words = piece.text.rstrip()
        if style and out.color_system is None:
            words = f"{opening}{words}{closing}"
        text.append_text(out.render_str(words, style=style))
        text.append_text(out.render_str(piece.text[len(piece.text.rstrip()) :] or (" " if style else "")))
    return text


def _print_alone(told: AloneTold, minhash: MinHash | None, survival: Survival) -> None:
    out.print(f"\n{one_line(told.name)}", style="bold")
    if minhash is None:
        out.print("no copy: it stays", style="green")
        return
    out.print("no near-duplicate: it stays", style="green")
    if told.too_short:
        out.print(f"  its text is shorter than {minhash.ngram} words, so it is compared with nothing")
    elif not told.nearest:
        out.print(f"  no document shares one of its {minhash.bands} bands")
    else:
        bound = f"{survival.similarity:g}" if isinstance(survival, Star) else ""
        out.print(f"  documents share a band with it, but none that stays is {bound} alike")
        table = Table(title="The nearest", title_justify="left")
        add_columns(table, "", "fate", "bands shared", right=("estimated", "exact Jaccard", "chance of a shared band"))
        for each in told.nearest:
            table.add_row(one_line(each.name), "stays" if each.stays else "near_duplicate", *_compared(each, minhash))
        out.print(table)


def _print_dropped(told: Story) -> None:
    record = told.record
    out.print(f"\n{one_line(record['url'] or record['record_id'])}", style="bold")
    out.print(f"{told.verdict or 'not judged'}: {told.reason}, before near-duplicates were sought", style="red")
    for check in told.checks:
        if check.fails:
            rule = check.rule
            out.print(
                f"  {rule.reason}: {rule.signal} is {_value(check.value)}, and {rule.op} {_value(rule.value)} fails"
            )
    if record["error"]:
        out.print(f"  {record['error']}")


def _value(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    if isinstance(value, float):
        return f"{value:.4g}"
    return f"{value:,}" if isinstance(value, int) else str(value)
