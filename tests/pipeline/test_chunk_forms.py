"""Chunks cut by their form have spaCy's own tokens."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.chunk_forms import ChunkForms
from pipeline.chunk_words import ChunkWords
from pipeline.light_spacy import blank

WORDS = [
    "the", "Then", "stone", "can", "cannot", "wont", "dont", "km", "gonna", "vs", "etc", "Mr", "Dr", "Jan", "am", "pm", "em",
    "cause", "lets", "s", "S", "ll", "ve", "re", "don", "isn", "id", "ill", "were", "US", "x", "é", "naïve", "qwxzq",
]  # fmt: skip
MARKS = [*"\"'“”‘’()[]{}.,;:!?-–—/%$£€°#*&+=<>@_~|\\^`…§", "...", "--", "'s", "’s", "''", "``", "\u0301"]  # noqa: RUF001
PIECES = st.sampled_from([*WORDS, *MARKS, "1", "12", "1000", "8", "3", "²"])
CHUNKS = st.lists(PIECES, min_size=1, max_size=7).map("".join)


@pytest.fixture(scope="module")
def english() -> ChunkWords:
    return ChunkWords(blank("en"))


@settings(max_examples=2000, deadline=None)
@given(chunk=CHUNKS)
def test_a_form_gives_the_tokens_that_spacys_affix_rules_give(english: ChunkWords, chunk: str) -> None:
    tokens = english._forms.tokens(chunk)
    assert tokens is None or tokens == english._cut(chunk)


@pytest.mark.parametrize(
    ("chunk", "tokens"),
    [
        ("“Stone", ("“", "Stone")),
        ("well-known,", ("well", "-", "known", ",")),
        ("mother’s", ("mother", "’s")),  # noqa: RUF001
        ("1,000.", ("1,000", ".")),
        ("(word).", ("(", "word", ")", ".")),
    ],
)
def test_common_chunks_have_a_form(english: ChunkWords, chunk: str, tokens: tuple[str, ...]) -> None:
    assert english._forms.tokens(chunk) == tokens == english._cut(chunk)


@pytest.mark.parametrize("chunk", ["“don’t", "5km", "example.org", "a.m.", ":)", "(can't)", "U.S.", "naïve-looking"])  # noqa: RUF001
def test_where_letters_mean_something_spacy_is_asked(english: ChunkWords, chunk: str) -> None:
    assert english._forms.tokens(chunk) is None


def test_a_form_is_asked_for_once_and_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    forms = ChunkForms(lambda chunk: asked.append(chunk) or (chunk,), frozenset({"x"}))
    assert [forms.tokens(chunk) for chunk in ("one-two", "three-four", "Five-six")] == [
        ("one-two",), ("three-four",), ("Five-six",)
    ]  # fmt: skip
    assert asked == ["qwxzq-qwxzq", "Qwxzq-qwxzq"]
    monkeypatch.setattr("pipeline.chunk_forms._MOST_FORMS", 2)
    forms.tokens("seven+eight")
    assert len(forms._forms) == 1


@pytest.mark.corpus
@pytest.mark.slow
def test_every_chunk_of_real_pages_has_spacys_tokens(english: ChunkWords, corpus_pages) -> None:
    chunks = dict.fromkeys(chunk for page in corpus_pages for chunk in page["text"].split())
    formed = {chunk: tokens for chunk in chunks if (tokens := english._by_form(chunk))}
    asked = english._ask(list(formed))
    assert len(formed) > 30_000
    assert {chunk: asked[chunk] for chunk in formed} == formed
