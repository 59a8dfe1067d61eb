# ruff: noqa: RUF001  the marks that look alike are the point
"""Chunks are cut as spaCy's affix rules cut them, and what is read off their pieces is true."""

import re
from functools import cache
from random import Random
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipeline.affix_pieces import Piece
from pipeline.affix_rules import AffixRules
from pipeline.last_pass import LastPass
from pipeline.light_spacy import has_standard_tokenizer, language

WORDS = [
    "the", "Then", "stone", "can", "cannot", "wont", "dont", "km", "gonna", "vs", "etc", "Mr", "Dr", "Jan", "am", "pm", "em",
    "cause", "lets", "s", "S", "ll", "ve", "re", "don", "isn", "id", "ill", "were", "US", "x", "é", "naïve", "GOP", "España",
    "www", "com", "http://", "a.b", "日本", "либо", "हिन्दी",
]  # fmt: skip
MARKS = [*"\"'“”‘’()[]{}.,;:!?-–—/%$£€°#*&+=<>@_~|\\^`…§«»「」。、™⭐😀", "...", "--", "'s", "’s", "''", "``", "\u0301"]
PIECES = st.sampled_from([*WORDS, *MARKS, "1", "12", "1000", "8", "3", "²"])
CHUNKS = st.lists(PIECES, min_size=1, max_size=7).map("".join)
CODES = ["en", "xx", "de", "fr", "it", "pt", "el", "hu", "tr", "id", "sl", "ca", "ro", "pl", "ru", "ar", "bn"]


@cache
def rules(code: str) -> AffixRules:
    return AffixRules(language(code).Defaults)


@cache
def spacys(code: str) -> Any:
    """spaCy's tokenizer without its last pass, over exceptions that it believes its affix rules do not cut."""
    from spacy.tokenizer import Tokenizer
    from spacy.vocab import Vocab

    full, built = language(code)().tokenizer, False
    bare = Tokenizer(
        Vocab(),
        rules={exception: tokens for exception, tokens in full.rules.items() if " " not in exception},
        prefix_search=lambda text: full.prefix_search(text) if built and full.prefix_search else None,
        suffix_search=lambda text: full.suffix_search(text) if built and full.suffix_search else None,
        infix_finditer=lambda text: full.infix_finditer(text) if built and full.infix_finditer else iter(()),
        token_match=full.token_match,
        url_match=full.url_match,
    )
    built = True
    return bare


def by_spacy(code: str, chunk: str) -> tuple[str, ...]:
    with spacys(code).vocab.memory_zone():
        return tuple(token.text for token in spacys(code)(chunk))


@settings(max_examples=1500, deadline=None)
@example("......")
@example("a.b.com/x-y,")
@example("(don't)")
@example("don't)")
@given(chunk=CHUNKS | st.text(st.characters(exclude_categories=["Cs", "Z", "Cc"]), min_size=1, max_size=12))
def test_an_english_chunk_is_cut_as_spacy_cuts_it(chunk: str) -> None:
    if chunk.split() == [chunk] and "IS_" not in chunk:
        assert rules("en").cut(chunk) == by_spacy("en", chunk)


@pytest.mark.parametrize("code", CODES)
def test_chunks_are_cut_as_spacy_cuts_them_in_languages_with_rules_of_their_own(code: str) -> None:
    random = Random(code)
    exceptions = [each for each in rules(code).exceptions if each.split() == [each]]
    parts = [*WORDS, *MARKS, *random.sample(exceptions, min(len(exceptions), 60)), "1", "23", "4.5", "l'", "-la", "d’"]
    for _ in range(400):
        chunk = "".join(random.choices(parts, k=random.randint(1, 6)))
        assert rules(code).cut(chunk) == by_spacy(code, chunk), chunk


@pytest.mark.parametrize("code", CODES)
def test_what_is_read_off_a_piece_is_true_of_whatever_it_matches(code: str) -> None:
    random = Random(code)
    defaults = language(code).Defaults
    pieces = (
        ["^" + each for each in defaults.prefixes] + [each + "$" for each in defaults.suffixes] + [*defaults.infixes]
    )
    texts = ["".join(random.choices([*WORDS, *MARKS, "1", "23", "Km"], k=random.randint(1, 5))) for _ in range(60)]
    texts += [re.sub(r"\\|\^|\$|\(\?[:!=<]*|\)|\|.*", "", each) for each in pieces if len(each) < 20]
    for piece in map(Piece, pieces):
        for found in filter(None, map(re.compile(piece.text).search, texts)):
            assert piece.begins is None or re.match(f"[{piece.begins}]", found[0])
            assert piece.first is None or re.match(f"[{piece.first}]", found.string)
            assert piece.last is None or re.match(f"[{piece.last}]", found.string[-1])
            assert piece.need is None or re.search(f"[{piece.need}]", found.string)
            assert not piece.is_one or len(found[0]) == 1


def test_of_a_piece_that_cannot_be_read_nothing_is_claimed() -> None:
    assert Piece("^a|b").first is None
    assert Piece("a|b$").last is None
    assert Piece("(?i:^km)").need is None
    assert Piece("[^a]$").last is None
    assert Piece("x*$").last is None


def test_a_piece_says_what_its_matches_have() -> None:
    units = Piece("(?<=[0-9])(?:km|m|%)$")
    assert (units.need, units.last, units.is_one) == ("0-9", "mm%", False)
    assert Piece(r"\;$").is_one
    assert not Piece(r"(?<=a)\;$").is_one


def test_the_longest_exception_counts_and_only_across_single_spaces() -> None:
    last = LastPass(rules("en"))
    assert last.settled([("x", ":", ")")]) == [("x", ":)")]
    assert last.settled([("x", ":", ")"), (")",)]) == [("x", ":", ")"), (")",)]


def test_an_exception_of_two_chunks_is_the_firsts() -> None:
    last = LastPass(rules("es"))
    assert last.settled([rules("es").cut(chunk) for chunk in ("los", "EE.", "UU.", "y")]) == [
        ("los",),
        ("EE. UU.",),
        (),
        ("y",),
    ]


def test_only_languages_whose_rules_are_all_there_is_are_cut_by_them() -> None:
    assert [has_standard_tokenizer(code) for code in CODES] == [True] * len(CODES)
    assert not any(has_standard_tokenizer(code) for code in ("zh", "ja", "th", "vi", "ko"))


@pytest.mark.corpus
@pytest.mark.slow
def test_every_chunk_of_real_pages_has_spacys_tokens(corpus_pages) -> None:
    chunks = sorted({chunk for page in corpus_pages for chunk in page["text"].split() if not chunk.isalpha()})
    assert len(chunks) > 100_000
    for start in range(0, len(chunks), 500):
        some = [chunk for chunk in chunks[start : start + 500] if "IS_ALPHA" not in chunk]
        with spacys("en").vocab.memory_zone():
            theirs = [token.text for token in spacys("en")(" ".join(some))]
        assert [token for chunk in some for token in rules("en").cut(chunk)] == theirs
