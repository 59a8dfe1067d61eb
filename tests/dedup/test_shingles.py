import hashlib

import numpy as np
import pytest
import xxhash
from datatrove.utils.text import simplify_text
from hypothesis import example, given
from hypothesis import strategies as st

from dedup.shingles import _xxhashed, jaccard, normalise, shingles
from dedup.xxhash_kernel import hash_runs
from pipeline.spelled import Spelled
from pipeline.storable import storable

ENGLISH = {"ngram": 5, "hash_name": "xxhash64", "language": "en"}


@given(st.text())
@example("Ünïcode ŸES, naïve café № ½ ²³ ﬁ İstanbul ẞ")
@example("1.5 1,5 1.5.6 ١٫٥ १२३ 1⎖2 1٬2 .5 5. 12:30")  # noqa: RUF001  digits of three scripts
@example("a \u0300 b \u0301")
@example("\u0300leading \u0301")
@example("\u037e \u1fef \u2000 \u2002x\u3000y\x85z\x1cq\u200b")
@example("한국어 हिन्दी ภาษาไทย עִבְרִית العَرَبِيَّة")
@example("\x00\x07tab\tnewline\r\nend\x7f\x9f\xa0")
def test_the_normalised_text_is_exactly_datatroves(text):
    assert normalise(text) == simplify_text(text)


@given(st.text(alphabet=st.characters(max_codepoint=127)))
def test_the_normalised_text_is_exactly_datatroves_for_ascii(text):
    assert normalise(text) == simplify_text(text)


def test_every_character_is_normalised_as_datatrove_does():
    for first in range(0, 0x110000, 64):
        characters = [chr(code) for code in range(first, first + 64) if not 0xD800 <= code < 0xE000]
        text = "x".join(["", *characters, ""])
        assert normalise(text) == simplify_text(text), f"from U+{first:04X}"


def test_a_shingle_is_the_hash_of_five_words_joined_by_spaces():
    found = shingles("One, two: THREE (four) 5 six!", **ENGLISH)
    assert found.tolist() == [
        xxhash.xxh64_intdigest("one two three four 0"),
        xxhash.xxh64_intdigest("two three four 0 six"),
    ]


def test_sha1_shingles_are_the_first_eight_bytes_little_endian():
    (found,) = shingles("one two three", ngram=3, hash_name="sha1_64", language="en").tolist()
    assert found == int.from_bytes(hashlib.sha1(b"one two three").digest()[:8], "little")


@pytest.mark.parametrize("text", ["", " \n", "one two three four", "... !!! ??? --- ,,,"])
def test_fewer_words_than_the_ngram_have_no_shingle(text):
    found = shingles(text, **ENGLISH)
    assert found.dtype == np.uint64
    assert found.shape == (0,)


def test_repeated_runs_of_words_are_repeated_shingles():
    found = shingles("a b c d e " * 3, **ENGLISH)
    assert found.size == 11
    assert np.unique(found).size == 5


def test_text_that_utf8_cannot_hold_is_taken_as_it_will_be_stored():
    assert (
        shingles("one two three four five \ud800", **ENGLISH).tolist()
        == shingles(storable("one two three four five \ud800"), **ENGLISH).tolist()
    )


@given(st.sets(st.integers(0, 50)), st.sets(st.integers(0, 50)))
def test_the_jaccard_similarity_is_that_of_the_sets(one, other):
    def hashes(numbers):  # each twice: repeats do not count
        return np.array(sorted(numbers) * 2, np.uint64)

    expected = len(one & other) / len(one | other) if one | other else 0
    assert jaccard(hashes(one), hashes(other)) == expected


@given(words=st.lists(st.text(max_size=20).map(storable), max_size=12), ngram=st.integers(1, 6))
@example(["x" * 200, "y" * 63, "z" * 31, "w"], 1)
@example(["naïve", "中文", "", "a"], 2)
def test_runs_of_words_are_hashed_as_xxhash_does(words: list[str], ngram: int):
    expected = [xxhash.xxh64_intdigest(" ".join(words[at : at + ngram])) for at in range(len(words) - ngram + 1)]
    assert _xxhashed(Spelled.of(words), ngram).tolist() == expected


def test_the_hash_is_xxhash64_at_every_length():
    data = np.random.default_rng(1).integers(0, 256, 300, np.uint8)
    data.flags.writeable = False
    for length in range(300):
        found = np.empty(1, np.uint64)
        hash_runs(data, np.array([length]), found)
        assert found.tolist() == [xxhash.xxh64_intdigest(data[:length].tobytes())]
