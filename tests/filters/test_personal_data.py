"""Replacing personal data: what is replaced, by what, and that hostile text costs no more than its length."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filters.personal_data import PersonalData
from pipeline.errors import RecipeError
from pipeline.measures import Edit, Transform, undo
from pipeline.pages import Pages

PART = PersonalData()


def changed(text: str, part: PersonalData = PART) -> str:
    (only,) = part.transform(Pages([text])).texts
    return only


def test_it_is_a_transform() -> None:
    assert isinstance(PART, Transform)


def test_an_address_is_replaced_and_the_rest_stays() -> None:
    text = changed("Write to jane.doe+news@mail.example.co.uk, or log in from 8.8.8.8!")
    before, _, after = text.partition("@")
    assert before.startswith("Write to ")
    assert "jane" not in text
    assert "8.8.8.8" not in text
    assert after.endswith("!")
    assert any(replacement in text for replacement in PART.ip_replacements)


@pytest.mark.parametrize(
    "text", ["192.168.0.1", "127.0.0.1", "10.1.2.3", "01.2.3.4", "1.2.3", "a@b", "@home", "a@b..c", ""]
)
def test_what_is_nobodys_address_stays(text: str) -> None:
    assert changed(text) == text


def test_the_same_address_becomes_the_same_everywhere() -> None:
    addresses = [f"user{number}@mail.org" for number in range(40)]
    alone = [changed(address) for address in addresses]
    assert changed(" ".join(reversed(addresses))) == " ".join(reversed(alone))
    assert set(alone) == set(PART.email_replacements)


def test_every_replacement_of_an_ip_address_is_used() -> None:
    assert {changed(f"8.8.4.{number}") for number in range(100)} == set(PART.ip_replacements)


def test_the_choice_never_changes_between_runs_and_machines() -> None:
    known = {"jane@mail.org": "firstname.lastname@example.org", "8.8.8.8": "188.8.131.52"}
    assert {text: changed(text) for text in known} == known


def test_edits_tell_what_was_taken_out_in_the_order_it_was_done() -> None:
    part = PersonalData(email_replacements=("MAIL",), ip_replacements=("IP",))
    done = part.transform(Pages(["8.8.8.8 a@b.com 9.9.9.9 c@d.com"]))
    assert done.texts == ["IP MAIL IP MAIL"]
    assert done.edits == [
        (
            Edit("personal_data", 8, "a@b.com", "MAIL"),
            Edit("personal_data", 21, "c@d.com", "MAIL"),
            Edit("personal_data", 0, "8.8.8.8", "IP"),
            Edit("personal_data", 8, "9.9.9.9", "IP"),
        )
    ]
    assert done.signals.to_pylist() == [{"email_count": 2, "ip_count": 2}]


@given(
    texts=st.lists(
        st.lists(
            st.sampled_from(["a@b.com", "8.8.8.8", "10.0.0.1", " ", ".", "@", "x", "é"]) | st.text(max_size=3)
        ).map("".join),
        max_size=4,
    )
)
def test_undoing_the_edits_rebuilds_each_text_and_neighbours_do_not_matter(texts: list[str]) -> None:
    pages = Pages(texts)
    done = PART.transform(pages)
    assert [undo(text, edits) for text, edits in zip(done.texts, done.edits, strict=True)] == pages.texts
    assert done.texts == [changed(text) for text in pages.texts]
    assert done.signals.schema == PART.signals


@pytest.mark.parametrize(
    "text",
    [
        "a.a.a.a.",
        "a-a-a-a-",
        "x!x!x!x!",
        "@@@@@@@@",
        "a@a@a@a@",
        "a@b-a@b-",
        "a@b.-a@b",
        "1.1.1.1.",
        "........",
        "aaaaaaaa",
    ],
)
def test_a_megabyte_of_almost_addresses_takes_no_more_than_its_length(text: str) -> None:
    # Quadratic search, as one regular expression does it, would take hours here: the suite's own limit is the assertion.
    hostile = text * 125_000
    done = PART.transform(Pages([hostile, f"x@{hostile}", f"{hostile}@x"]))
    assert len(done.texts) == 3


def test_a_kind_without_replacement_is_refused() -> None:
    for kind in ("email_replacements", "ip_replacements"):
        with pytest.raises(RecipeError, match="replacement"):
            PersonalData(**{kind: ()})
