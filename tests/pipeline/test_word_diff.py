"""What two texts have in common, word for word."""

from typing import ClassVar

from hypothesis import given
from hypothesis import strategies as st

from pipeline.inspection.annotation import changed
from pipeline.inspection.word_diff import MOST_WORDS, stretches

WORDS = st.lists(st.sampled_from(["a", "b", "c", "d", "e", "f"]), max_size=60)


@given(WORDS, WORDS)
def test_stretches_cover_both_texts_in_turn_and_same_means_equal(one: list[str], other: list[str]) -> None:
    a = c = 0
    before = None
    for same, start, stop, begin, end in stretches(one, other):
        assert (start, begin) == (a, c)
        assert same != before
        assert stop > start or end > begin
        if same:
            assert one[start:stop] == other[begin:end]
        a, c, before = stop, end, same
    assert (a, c) == (len(one), len(other))


@given(WORDS, st.integers(0, 60), st.integers(0, 5), WORDS)
def test_one_edit_is_found_whole(words: list[str], place: int, gone: int, put: list[str]) -> None:
    """Nothing outside of the edit is called different."""
    place = min(place, len(words))
    edited = [*words[:place], *(word.upper() for word in put), *words[place + gone :]]
    same = sum(stop - start for alike, start, stop, _, _ in stretches(words, edited) if alike)
    assert same == len(words[:place]) + len(words[place + gone :])


def test_long_texts_with_edits_far_apart_are_compared_to_their_end() -> None:
    words = [f"w{number}" for number in range(50_000)]
    other = [*words[:10], "new", *words[10:40_000], *words[40_003:]]
    different = [each for each in stretches(words, other) if not each.same]
    assert [tuple(each) for each in different] == [
        (False, 10, 10, 10, 11),
        (False, 40_000, 40_003, 40_001, 40_001),
    ]


def test_what_is_all_different_and_long_is_one_change() -> None:
    one, other = ["a"] * (MOST_WORDS + 1), ["b"] * 10_000
    assert [tuple(each) for each in stretches(one, other)] == [(False, 0, MOST_WORDS + 1, 0, 10_000)]


class TestChangesToTheTextThatStays:
    kinds: ClassVar = {"plain": (1, 1), "removed": (1, 0), "mark": (0, 1), "gap": (0, 0)}

    @given(WORDS, WORDS)
    def test_hold_both_texts_whole_where_nothing_is_folded(self, one: list[str], other: list[str]) -> None:
        pieces = changed(" ".join(one), " ".join(other), context=None)
        sides: tuple[list[str], list[str]] = ([], [])
        for piece in pieces:
            for side, there in zip(sides, self.kinds[piece.kind], strict=True):
                side.extend(piece.text.split() * there)
        assert sides == (one, other)

    def test_are_folded_to_the_changed_places_with_context(self) -> None:
        words = [f"w{number}" for number in range(100)]
        other = [*words[:50], "new", *words[51:]]
        told = changed(" ".join(words), " ".join(other), context=2)
        assert [(piece.kind, piece.text.strip() or piece.what) for piece in told] == [
            ("gap", "48 words that are the same"),
            ("plain", "w48 w49"),
            ("removed", "w50"),
            ("mark", "new"),
            ("plain", "w51 w52"),
            ("gap", "47 words that are the same"),
        ]

    def test_are_none_for_the_same_text_folded_or_whole(self) -> None:
        text = " ".join(f"w{number}" for number in range(100))
        assert [piece.kind for piece in changed(text, text)] == ["gap"]
        assert [(piece.kind, piece.text) for piece in changed(text, text, context=None)] == [("plain", text)]

    def test_are_single_signs_where_a_script_has_no_spaces(self) -> None:
        told = changed("東京都の天気は晴れ", "東京都の天気は雨", context=None)
        assert [(piece.kind, piece.text) for piece in told] == [
            ("plain", "東京都の天気は"),
            ("removed", "晴れ"),
            ("mark", "雨"),
        ]
