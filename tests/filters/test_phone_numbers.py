"""Telephone numbers: what is taken for one, and what is not."""

import pytest
from growth import grows_with_the_text
from hypothesis import given
from hypothesis import strategies as st

from filters.phone_numbers import PhoneNumbers
from pipeline.errors import RecipeError
from pipeline.measures import Edit, Transform, undo
from pipeline.pages import Pages

PART = PhoneNumbers(replacements=("<phone>",))


def changed(text: str, part: PhoneNumbers = PART) -> str:
    done = part.transform(Pages([text]))
    assert undo(done.texts[0], done.edits[0]) == text
    return done.texts[0]


def test_it_is_a_transform() -> None:
    assert isinstance(PART, Transform)


@pytest.mark.parametrize(
    "number",
    [
        "+44 20 7946 0958",
        "+44 (0)20 7946 0958",
        "+49 30 90182000",
        "+491512345678",
        "+33 1 23 45 67 89",
        "+1 (212) 555-0123",
        "+1-212-555-0123",
        "+1.212.555.0123",
        "+86 10 6552 9988",
        "+354 555 1234",
        "+49 (0)40-30030\u20131000",
        "(212) 555-0123",
        "(212)555-0123",
        "1 (212) 555-0123",
        "212-555-0123",
        "1-800-555-0199",
        "212.555.0123",
    ],
)
@pytest.mark.parametrize(
    ("before", "after"), [("", ""), ("Call ", "."), ("tel:", ", or write"), ("(", ")"), ("\n", "\n")]
)
def test_a_number_goes_and_nothing_else(number: str, before: str, after: str) -> None:
    assert changed(f"{before}{number}{after}") == f"{before}<phone>{after}"


@pytest.mark.parametrize(
    "text",
    [
        "2024-11-28, 28.11.2024, 1914-1918, 12:30-14:00",
        "ISBN 978-3-16-148410-0, ISSN 2049-3630, DOI 10.1000/182, 192.168.100.200, 212.555.0123.4",
        "It cost $212-555-0123 or 1,234,567.89, up +12.5% or +1.2345678 points; x+12345678 = y",
        "2125550123, 212 555 0123, 00442079460958 and 123-45-6789 could be anything",
        "https://example.org/212-555-0123 and a-212-555-0123-b, 0x+1234567890abc",
        "C++ 11 2014, +1 000, 1+2 3+4, + 123 456 789, ++123456789, +1 2 3 4 5 6 7 8 9",
        "112-555-0123, 212-155-0123, 212-555.0123, 212-555-01234, 3212-555-0123",
        "+1234567",
        "+12345678901234567",
    ],
)
def test_dates_identifiers_and_sums_stay(text: str) -> None:
    assert changed(text) == text


def test_a_kind_can_be_left_out() -> None:
    text = "+44 20 7946 0958 or 212-555-0123"
    assert changed(text, PhoneNumbers(international=False, replacements=("N",))) == "+44 20 7946 0958 or N"
    assert changed(text, PhoneNumbers(north_american=False, replacements=("N",))) == "N or 212-555-0123"


def test_a_year_after_a_number_is_not_part_of_it() -> None:
    assert changed("since +44 20 7946 0958 2015 calls") == "since <phone> 2015 calls"


def test_numbers_are_counted_and_each_is_an_edit() -> None:
    done = PART.transform(Pages(["212-555-0123 and 212-555-0124"]))
    assert done.edits == [
        (Edit("phone_numbers", 0, "212-555-0123", "<phone>"), Edit("phone_numbers", 12, "212-555-0124", "<phone>"))
    ]
    assert done.signals.to_pylist() == [{"phone_count": 2}]


def test_the_same_number_becomes_the_same_everywhere_and_every_replacement_is_used() -> None:
    part = PhoneNumbers()
    numbers = [f"212-556-{number:04}" for number in range(60)]
    alone = [changed(number, part) for number in numbers]
    assert changed(", ".join(numbers), part) == ", ".join(alone)
    assert set(alone) == set(part.replacements)


PIECES = st.sampled_from(
    ["+", "1", "44", "(", ")", "-", ".", " ", "212", "555", "0123", "(212)", "\u00a0", "x", "+44 20 7946 0958"]
)


@given(st.lists(PIECES | st.text(max_size=2), max_size=30).map("".join))
def test_edits_rebuild_any_text_and_twice_is_as_once(text: str) -> None:
    part = PhoneNumbers()
    once = changed(Pages([text]).texts[0], part)
    assert changed(once, part) == once


@pytest.mark.parametrize("piece", ["+1", "+", "1 ", "+1 2(3)4", "212-555-", "(212)", "9", "+9 9 9 9 9 9 9 9 9"])
def test_time_grows_as_the_text_does(piece: str) -> None:
    assert grows_with_the_text(PART, piece)


def test_no_replacement_is_refused() -> None:
    with pytest.raises(RecipeError, match="at least one"):
        PhoneNumbers(replacements=())
