"""Edits found between two texts lead back from one to the other, whatever the two are."""

from hypothesis import given
from hypothesis import strategies as st

from filters.text_edits import edits_between
from pipeline.measures import Edit, undo

LINES = st.lists(st.sampled_from(["a", "b", "line", "\n", "\r\n", "\u2028", "", "longer line", "é"]), max_size=30).map(
    "".join
)


@given(LINES | st.text(), LINES | st.text())
def test_undoing_the_edits_gives_the_old_text(old: str, new: str) -> None:
    edits = edits_between("t", old, new)
    assert undo(new, edits) == old
    assert all(edit.removed != edit.inserted and edit.transform == "t" for edit in edits)


@given(st.lists(st.sampled_from(["one\n", "two\n", "three\n"]), max_size=12), st.data())
def test_undoing_gives_back_lines_that_were_dropped(lines: list[str], data: st.DataObject) -> None:
    kept = [line for line in lines if data.draw(st.booleans())]
    assert undo("".join(kept), edits_between("t", "".join(lines), "".join(kept))) == "".join(lines)


def test_lines_taken_out_of_a_page_are_an_edit_each() -> None:
    old = "".join(f"line {number}\n" for number in range(100))
    new = old.replace("line 7\n", "").replace("line 50\n", "LINE 50\n")
    assert edits_between("t", old, new) == (Edit("t", 49, "line 7\n"), Edit("t", 383, "line", "LINE"))


def test_a_page_of_equal_lines_takes_no_time_worth_speaking_of() -> None:
    old, new = "same\n" * 200_000, "same\n" * 199_999 + "other\n"
    (edit,) = edits_between("t", old, new)
    assert (edit.removed, edit.inserted) == ("same", "other")
