"""A batch of pages is narrowed or copied, never changed, and what is known of a page goes along."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.pages import Pages, storable
from pipeline.spelled import Spelled
from pipeline.words import split_words

TEXTS = st.lists(st.text(st.characters(codec=None), max_size=8), min_size=1, max_size=6)


@given(st.text(st.characters(), max_size=20))
def test_storable_text_can_be_stored_and_is_changed_only_where_it_must_be(text: str) -> None:
    stored = storable(text)
    stored.encode()
    assert len(stored) == len(text)
    assert all(new == ("\ufffd" if "\ud800" <= old <= "\udfff" else old) for old, new in zip(text, stored, strict=True))


def test_pages_hold_storable_text() -> None:
    assert Pages(["a\ud800b", "c"]).texts == ["a\ufffdb", "c"]


def test_addresses_and_types_are_empty_unless_given() -> None:
    pages = Pages(["a", "b"])
    assert (len(pages), pages.urls, pages.mimes) == (2, ["", ""], [None, None])
    pages = Pages(["a"], urls=["u"], mimes=["text/html"])
    assert (pages.urls, pages.mimes) == (["u"], ["text/html"])


@given(TEXTS, st.data())
def test_some_pages_are_taken_in_the_order_asked_for(texts: list[str], data: st.DataObject) -> None:
    rows = data.draw(st.lists(st.integers(0, len(texts) - 1), max_size=8))
    pages = Pages(texts, urls=[f"u{n}" for n in range(len(texts))], mimes=[f"m{n}" for n in range(len(texts))])
    taken = pages.take(rows)
    assert taken.texts == [pages.texts[row] for row in rows]
    assert taken.urls == [f"u{row}" for row in rows]
    assert taken.mimes == [f"m{row}" for row in rows]
    assert len(pages) == len(texts)


def test_words_are_those_of_each_page_by_itself() -> None:
    texts = ["The mill grinds.", "", "Exceeding small, isn't it?"]
    assert Pages(texts).words() == [split_words(text, "en") for text in texts]
    assert Pages([]).words() == []


def test_a_page_is_split_once_also_when_the_batch_is_narrowed_or_partly_changed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []

    def split(text: str, language: str, tokenizer: None) -> Spelled:
        asked.append(f"{language} {text}")
        return Spelled.of(text.split())

    monkeypatch.setattr("pipeline.pages.spelled_words", split)
    pages = Pages(["one", "two", "three"])
    pages.words()
    assert pages.words() == [["one"], ["two"], ["three"]]
    assert pages.take([2, 0]).words() == [["three"], ["one"]]
    assert asked == ["en one", "en two", "en three"]
    assert pages.with_texts(["one", "2", "three"]).words() == [["one"], ["2"], ["three"]]
    assert asked[3:] == ["en 2"]
    pages.take([1]).words("de")
    assert asked[4:] == ["de two"]
    assert pages.words() == [["one"], ["two"], ["three"]]


def test_new_texts_stand_with_the_old_addresses() -> None:
    pages = Pages(["a"], urls=["u"], mimes=["m"])
    changed = pages.with_texts(["b\udc00"])
    assert (changed.texts, changed.urls, changed.mimes) == (["b\ufffd"], ["u"], ["m"])
    assert pages.texts == ["a"]


def test_a_text_too_many_or_too_few_is_refused() -> None:
    with pytest.raises(ValueError, match="2 texts for 1 pages"):
        Pages(["a"]).with_texts(["a", "b"])
