"""What is shown was written by others: a hostile URL or error text is read on a terminal and never obeyed by it."""

import json
from io import BytesIO, StringIO, TextIOWrapper
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.table import Table

from dedup.minhash import MinHash
from dedup.survival import Components
from jobs import terminal
from jobs.clusters import tables
from jobs.clusters.told import AloneTold, ClusterTold, MemberTold
from jobs.terminal import BarProgress, PlainProgress, Screen, emit_json, one_line, visible
from pipeline.attempts import Failure

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


TURNING = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
ENDING = "\n\v\f\r\x1c\x1d\x1e\x85\u2028\u2029"


@given(st.text(st.characters(exclude_categories=["C", "Zl", "Zp"])))
def test_ordinary_text_is_shown_as_it_is(text: str) -> None:
    assert visible(text) == text
    assert one_line(text) == text


@given(st.text(st.characters() | st.sampled_from(TURNING + ENDING)))
def test_nothing_turns_the_direction_of_what_is_shown(text: str) -> None:
    assert not set(visible(text)) & set(TURNING)
    assert set(visible(text)) & set(ENDING) <= {"\n"}


@given(st.text(st.characters() | st.sampled_from(TURNING + ENDING)))
def test_a_name_is_one_line_whatever_it_holds(name: str) -> None:
    shown = one_line(name)
    assert len(shown.splitlines()) <= 1
    assert not set(shown) & {*TURNING, *ENDING, "\t"}


@pytest.mark.parametrize("progress", [PlainProgress, BarProgress])
def test_the_name_of_a_part_that_failed_forges_no_line(
    progress: type[PlainProgress | BarProgress], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = StringIO()
    monkeypatch.setattr(terminal, "err", Screen(file=file, width=200))
    state = SimpleNamespace(name="rows", receipts=(), planned=SimpleNamespace(parts=[1, 2]), reused=0)
    failure = Failure(step="rows", key="k", name="x\ngristmill: all is well\u2028\u200e.jsonl", why="broken")
    watched: Any = progress()
    watched.begin([state])
    watched.ended(state, failure)
    watched.close()
    assert r"rows: FAILED x\ngristmill: all is well\u2028\u200e.jsonl: broken" in file.getvalue().splitlines()


def test_the_name_of_a_row_forges_no_line_about_its_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    file = StringIO()
    monkeypatch.setattr(tables, "out", Screen(file=file, width=200))
    forged = "x\n  #0 survivor       forged"
    alone = AloneTold(document=1, name=f"{forged}.jsonl:0", too_short=True, nearest=())
    member = MemberTold(
        document=1, name=forged, record_id="1", url=None, date=None, chars=5, fate="survivor", order={"text_chars": 5}
    )
    cluster = ClusterTold(cluster=1, size=1, survivor=member, removed=(), asked=frozenset())
    for told in (alone, cluster):
        tables.print_told(told, MinHash(), Components(order=("text_chars",)))
    lines = file.getvalue().splitlines()
    assert r"x\n  #0 survivor       forged.jsonl:0" in lines
    assert [line for line in lines if line.startswith("  #0")] == [r"  #0 survivor       x\n  #0 survivor       forged"]


JSON = st.recursive(
    st.none() | st.booleans() | st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from(TURNING + ENDING)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(TURNING + '\x9b\\"a'), inner, max_size=3),
    max_leaves=6,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(JSON)
def test_json_has_the_same_value_and_nothing_that_a_terminal_obeys(
    capsys: pytest.CaptureFixture[str], value: object
) -> None:
    emit_json(value)
    written = capsys.readouterr().out
    assert json.loads(written) == value
    assert not [char for char in written if char in TURNING or (char in ENDING and char != "\n")]
    assert not [char for char in written if (char < " " and char != "\n") or "\x7f" <= char <= "\x9f"]


@pytest.mark.parametrize(("encoding", "expected"), [("ascii", r"caf\xe9 \udc80"), ("utf-8", r"café \udc80")])
def test_what_the_output_cannot_encode_is_shown_as_an_escape(encoding: str, expected: str) -> None:
    raw = BytesIO()
    file = TextIOWrapper(raw, encoding=encoding)
    Screen(file=file, width=200).print("café \udc80")
    file.flush()
    assert raw.getvalue().decode(encoding).rstrip("\n") == expected
