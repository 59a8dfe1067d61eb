"""What a child writes the parent reads; what nobody would write it refuses."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.measures import Extracted
from pipeline.page_metadata import FACT_CHARS
from pipeline.sandbox_answer import FACTS, NO_TEXT, TEXT, read, written

ANY = st.text(st.characters(categories=None), max_size=60)
SOME = st.none() | ANY
STORED = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


@given(STORED, st.none() | STORED, st.none() | STORED, st.none() | st.dates().map(str))
def test_an_answer_comes_back_as_it_was_written(
    text: str, title: str | None, author: str | None, published: str | None
) -> None:
    found = Extracted(text, title=title, author=author, published=published)
    assert read(*written(found)) == found


@given(ANY, SOME, SOME)
def test_any_answer_is_one_that_utf8_holds(text: str, title: str | None, author: str | None) -> None:
    kind, body = written(Extracted(text, title=title, author=author))
    assert body.encode().decode() == body
    assert kind in {TEXT, FACTS}


def test_without_facts_only_the_text_is_written() -> None:
    assert written(Extracted("a\nb")) == (TEXT, "a\nb")
    assert written(None) == (NO_TEXT, "")
    assert read(NO_TEXT, "") is None


def test_a_long_fact_is_cut() -> None:
    kind, body = written(Extracted("text", title="x" * 5 * FACT_CHARS))
    assert read(kind, body) == Extracted("text", title="x" * FACT_CHARS)


@pytest.mark.parametrize(
    "facts",
    [
        b"",
        b"{",
        b"[]",
        b"1",
        b"[" * 100_000,
        orjson.dumps({"title": 1}),
        orjson.dumps({"title": None}),
        orjson.dumps({"text": "another text"}),
        orjson.dumps({"title": "x" * (FACT_CHARS + 1)}),
        orjson.dumps({"published": "yesterday"}),
        orjson.dumps({"published": "2019-03-04; DROP"}),
    ],
)
def test_what_no_child_writes_is_refused(facts: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        read(FACTS, facts.decode() + "\ntext")


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="answered"):
        read(b"?", "")


@given(st.text(max_size=80))
def test_anything_after_the_kind_is_an_answer_or_refused(body: str) -> None:
    try:
        found = read(FACTS, body)
    except ValueError:
        return
    assert isinstance(found, Extracted)
