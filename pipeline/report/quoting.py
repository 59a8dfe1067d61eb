"""Pages of the web as quotations: what did it is marked, what was removed is struck through, and nothing of it can act."""

from collections.abc import Sequence

from pipeline.inspection.annotation import Piece, compared
from pipeline.inspection.duplicates import Pair
from pipeline.inspection.samples import MOST_URL, Sample
from pipeline.report.markup import Markup, joined, tag

MOST_FACTS = 4  # rules named that a page fails
VISIBLE_BREAK = "↵\n"


def pieces(found: Sequence[Piece]) -> Markup:
    """Text with its marks, removed passages and gaps."""
    return joined(_piece(each) for each in found)


def _piece(piece: Piece) -> Markup:
    if piece.kind == "mark":
        text = VISIBLE_BREAK if piece.text == "\n" else piece.text
        return tag("mark", text, title=piece.what)
    if piece.kind == "removed":
        return tag("del", piece.text, title=f"removed by {piece.what}")
    if piece.kind == "gap":
        return tag("span", f"[{piece.what}]", class_="gap")
    return joined(piece.text)


def legend(found: Sequence[Piece]) -> list[str]:
    """What the marks are, each once."""
    marks = [each.what for each in found if each.kind == "mark"]
    removed = [f"removed by {each.what}" for each in found if each.kind == "removed"]
    return list(dict.fromkeys([*marks, *removed]))


def sample(page: Sample) -> Markup:
    """One page: its address, what decided, and its text."""
    facts = [tag("span", tag("b", what), " ", value, class_="fact") for what, value in page.facts[:MOST_FACTS]]
    if len(page.facts) > MOST_FACTS:
        facts.append(tag("span", f"and {len(page.facts) - MOST_FACTS} more", class_="fact"))
    about = " · ".join(filter(None, [page.date, f"{page.chars:,} characters" if page.chars is not None else ""]))
    marks = [
        tag("span", each, class_="removed" if each.startswith("removed") else "key") for each in legend(page.pieces)
    ]
    return tag(
        "article",
        tag("p", pieces(page.url) if page.url else "(no address)", class_="url"),
        tag("p", facts, marks, class_="facts") if facts or marks else None,
        tag("blockquote", pieces(page.pieces), dir="auto") if page.pieces else None,
        tag("p", about, class_="about", title=f"{page.record_id}, row {page.row} of {page.file}") if about else None,
        class_="sample",
    )


def pair(found: Pair) -> Markup:
    """A removed page beside the one that stayed, with the words that differ marked."""
    removed, stayed = compared(found.removed["text"], found.stayed["text"])
    sides = (("removed", found.removed, removed), ("stays", found.stayed, stayed))
    same = not any(piece.kind == "mark" for piece in (*removed, *stayed))
    return tag(
        "article",
        tag(
            "p", f"one of {found.cluster_size:,} near-duplicates", "; no word differs" if same else None, class_="facts"
        ),
        tag("div", (_side(*side) for side in sides), class_="pair"),
        class_="sample",
    )


def _side(what: str, page: dict[str, object], found: Sequence[Piece]) -> Markup:
    return tag(
        "div",
        tag("p", tag("b", what), " ", str(page["url"] or "")[:MOST_URL], class_="url"),
        tag("blockquote", pieces(found), dir="auto"),
    )
