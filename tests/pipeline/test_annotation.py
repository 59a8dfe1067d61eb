"""A page cut into pieces: nothing of the text is lost or said twice, marks stand where they belong."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filters.c4 import C4Lines
from pipeline.evidence import Span
from pipeline.inspection.annotation import LEAD, MOST_CHARS, MOST_REMOVED, Piece, annotated, compared
from pipeline.pages import Pages

LINES = st.lists(
    st.sampled_from(
        [
            "A line of several words stays here.",
            "menu",
            "use cookies to go on",
            "JavaScript must be on",
            "",
            "[1] x y z",
        ]
    ),
    max_size=12,
).map("\n".join)


def shown(pieces: list[Piece]) -> str:
    return "".join(piece.text for piece in pieces if piece.kind in ("plain", "mark"))


def test_marks_and_plain_text_in_turn_are_the_text() -> None:
    text = "one two three"
    pieces = annotated(text, [Span(4, 7, "a number")])
    assert pieces == [Piece("plain", "one "), Piece("mark", "two", "a number"), Piece("plain", " three")]


@given(text=LINES)
def test_what_c4_removed_stands_struck_through_where_it_was(text: str) -> None:
    done = C4Lines().transform(Pages([text]))
    edits = [
        {"transform": e.transform, "start": e.start, "removed": e.removed, "inserted": e.inserted}
        for e in done.edits[0]
    ]
    pieces = annotated(done.texts[0], [], edits)
    assert shown(pieces) == done.texts[0]
    removed = [piece.text for piece in pieces if piece.kind == "removed"]
    assert removed == [e.removed for e in done.edits[0] if e.removed.strip()]
    whole = "".join(piece.text for piece in pieces)
    kept_order = [line for line in text.split("\n") if line.strip()]
    places = [whole.find(line.strip()) for line in kept_order if "[" not in line]
    assert -1 not in places


@given(
    text=st.text(alphabet="ab \n", max_size=80),
    cuts=st.lists(st.tuples(st.integers(0, 80), st.integers(1, 9)), max_size=5),
)
def test_any_marks_leave_the_text_whole(text: str, cuts: list[tuple[int, int]]) -> None:
    spans, at = [], 0
    for start, size in sorted(cuts):
        if at <= start < len(text):
            at = min(start + size, len(text))
            spans.append(Span(start, at, "x"))
    pieces = annotated(text, spans)
    assert shown(pieces) == text
    assert [p.text for p in pieces if p.kind == "mark"] == [text[s.start : s.end] for s in spans]


def test_of_a_long_page_the_stretch_with_the_first_mark_is_shown() -> None:
    text = "word " * 2_000 + "here " + "word " * 2_000
    at = text.index("here")
    pieces = annotated(text, [Span(at, at + 4, "it")])
    assert len(shown(pieces)) <= MOST_CHARS
    assert Piece("mark", "here", "it") in pieces
    assert shown(pieces).index("here") <= LEAD
    hidden = [piece.what for piece in pieces if piece.kind == "gap"]
    assert sum(int(what.split()[0].replace(",", "")) for what in hidden) + len(shown(pieces)) == len(text)


@pytest.mark.parametrize("text", ["x" * 1_000_000, "{" * 200_000, "word " * 100_000])
def test_a_million_characters_are_shown_as_a_bounded_number_of_pieces(text: str) -> None:
    spans = [Span(at, at + 1, "sign") for at in range(0, len(text), 2)]
    edits = [{"transform": "t", "start": 0, "removed": text, "inserted": ""}] * 50
    pieces = annotated(text, spans, edits)
    assert sum(len(piece.text) for piece in pieces) < 4 * MOST_CHARS
    assert all(len(piece.text) <= MOST_REMOVED + 3 for piece in pieces if piece.kind == "removed")


def test_two_texts_are_compared_word_by_word() -> None:
    left, right = compared("a b c d e", "a b x d e f")
    assert [piece.text.strip() for piece in left if piece.kind == "mark"] == ["c"]
    assert [piece.text.strip() for piece in right if piece.kind == "mark"] == ["x", "f"]


def test_what_two_long_texts_share_before_they_differ_is_left_out() -> None:
    same = "word " * 500
    left, right = compared(same + "here", same + "there")
    assert left[0] == right[0] == Piece("gap", "", "470 words that are the same")
    assert [piece.text for piece in left if piece.kind == "mark"] == ["here"]


@pytest.mark.parametrize("one", ["", "x" * 1_000_000, "a " * 400_000, "a b " * 100_000])
@pytest.mark.parametrize("other", ["", "y" * 1_000_000, "b a " * 100_000])
def test_texts_made_to_be_hard_to_compare_take_no_time_and_no_room(one: str, other: str) -> None:
    for side in compared(one, other):
        assert sum(len(piece.text) for piece in side) <= 2 * MOST_CHARS
