"""What is shown was written by others: a hostile URL or error text is read on a terminal and never obeyed by it."""

from io import BytesIO, StringIO, TextIOWrapper

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.table import Table

from jobs.terminal import Screen, visible

HOSTILE = "https://x.example/\x1b]0;owned\x07\x1b[2J\x9b31m[bold]b[/]:bomb:\u202egpj\r"
SHOWN = r"https://x.example/\x1b]0;owned\x07\x1b[2J\x9b31m[bold]b[/]:bomb:\u202egpj\r"


def shown(value: object) -> str:
    file = StringIO()
    Screen(file=file, width=200).print(value)
    return file.getvalue()


def test_a_hostile_url_is_shown_letter_by_letter() -> None:
    assert shown(HOSTILE).rstrip("\n") == SHOWN


def test_so_it_is_in_the_title_heads_and_cells_of_a_table() -> None:
    table = Table(HOSTILE, title=HOSTILE, caption=HOSTILE)
    table.add_row(HOSTILE)
    assert shown(table).count(SHOWN) == 4


@given(st.text())
def test_no_control_character_but_tab_and_line_feed_is_left(text: str) -> None:
    assert not [char for char in visible(text) if (char < " " and char not in "\t\n") or "\x7f" <= char <= "\x9f"]


@given(st.text(st.characters(exclude_categories=["C"])))
def test_ordinary_text_is_shown_as_it_is(text: str) -> None:
    assert visible(text) == text


@pytest.mark.parametrize(("encoding", "expected"), [("ascii", r"caf\xe9 \udc80"), ("utf-8", r"café \udc80")])
def test_what_the_output_cannot_encode_is_shown_as_an_escape(encoding: str, expected: str) -> None:
    raw = BytesIO()
    file = TextIOWrapper(raw, encoding=encoding)
    Screen(file=file, width=200).print("café \udc80")
    file.flush()
    assert raw.getvalue().decode(encoding).rstrip("\n") == expected
