"""Replacing personal data: what is replaced, by what, and that hostile text costs no more than its length."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filters.personal_data import PersonalData
from pipeline.errors import RecipeError
from pipeline.identity import canonical
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


# IPv6, which has to be asked for

BOTH = PersonalData(ipv6=True, email_replacements=("MAIL",), ip_replacements=("V4",), ipv6_replacements=("V6",))


@pytest.mark.parametrize(
    "address",
    ["2606:4700:4700::1111", "2001:4860:4860:0:0:0:0:8888", "2A00:1450:4001:81b::200e", "2a01::", "2620:fe::8.8.8.8"],
)
@pytest.mark.parametrize(("before", "after"), [("", ""), ("at ", "."), ("[", "]:443"), ("see ", ": it"), ("\n", "/64")])
def test_a_public_ipv6_address_is_replaced_where_it_is_asked_for(address: str, before: str, after: str) -> None:
    assert changed(f"{before}{address}{after}", BOTH) == f"{before}V6{after}"
    assert "V6" not in changed(f"{before}{address}{after}")


@pytest.mark.parametrize(
    "text",
    [
        "::1", "fe80::1", "fd00::1", "2001:db8::1", "::", "std::a::b", "dead::beef", "12:30:45", "00:1B:44:11:3A:B7",
        "2001:4860::1::2", "2606:4700:4700::1111x", "x2606:4700:4700::1111", "2001:1:2:3:4:5:6:7:8", "2606:4700", "a::b",
    ],
)  # fmt: skip
def test_what_is_no_public_ipv6_address_stays(text: str) -> None:
    assert changed(text, BOTH) == text


def test_addresses_of_both_kinds_are_counted_together_and_shown() -> None:
    text = "2606:4700:4700::1111 8.8.8.8 2620:fe::8.8.8.8"
    done = BOTH.transform(Pages([text]))
    assert done.texts == ["V6 V4 V6"]
    assert undo(done.texts[0], done.edits[0]) == text
    assert done.signals.to_pylist() == [{"email_count": 0, "ip_count": 3}]
    assert [text[span.start : span.end] for span in BOTH.evidence(text, "ip_count")] == text.split()


def test_documentation_addresses_take_the_place_of_ipv6_ones_and_stay_themselves() -> None:
    part = PersonalData(ipv6=True)
    once = " ".join(changed(f"2606:4700::{number:x}", part) for number in range(50))
    assert set(once.split()) == set(part.ipv6_replacements)
    assert changed(once, part) == once


def test_what_came_later_is_no_part_of_the_identity_until_it_is_used() -> None:
    assert not {"ipv6", "ipv6_replacements"} & set(canonical(PART))
    assert canonical(BOTH)["ipv6"] is True


@pytest.mark.parametrize("piece", ["2001:", "::", "a:", "2606:4700:4700::1111", "f", ":.", "1:2.3"])
def test_a_megabyte_of_almost_ipv6_takes_no_more_than_its_length(piece: str) -> None:
    done = BOTH.transform(Pages([piece * (1_000_000 // len(piece))]))
    assert len(done.texts) == 1


@given(
    st.lists(
        st.sampled_from(["2606:4700::1", "::", ":", "8.8.8.8", "a@b.com", " ", "f", "."]) | st.text(max_size=2)
    ).map("".join)
)
def test_undoing_rebuilds_with_ipv6_too(text: str) -> None:
    pages = Pages([text])
    done = BOTH.transform(pages)
    assert [undo(done.texts[0], done.edits[0])] == pages.texts
