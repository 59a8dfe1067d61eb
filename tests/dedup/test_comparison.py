"""Two documents beside each other: the estimate, the exact similarity, the bands."""

import random

import numpy as np
import pytest

from dedup.bands import band_keys
from dedup.bbit import pack
from dedup.comparison import compare, sign
from dedup.minhash import MinHash
from dedup.survival import Components, Star, Survival
from dedup.theory import probability

WORDS = [f"w{number}" for number in range(500)]


def text(seed: int, words: int = 200) -> str:
    return " ".join(random.Random(seed).choices(WORDS, k=words))


def shingles(text: str) -> set[str]:
    words = text.split()
    return {" ".join(words[at : at + 5]) for at in range(len(words) - 4)}


@pytest.mark.parametrize("survival", [Components(), Star(bits=8), Star(bits=1)])
@pytest.mark.parametrize("minhash", [MinHash(family="fast"), MinHash(family="fast", bands=40, rows=2)])
def test_an_estimate_is_near_the_exact_similarity_of_the_runs_of_words(minhash: MinHash, survival: Survival) -> None:
    one = text(1)
    words = one.split()
    for edits in (0, 3, 10, 30):
        other = " ".join([*words[: 200 - edits], *text(2).split()[:edits]])
        found = compare(sign(one, minhash, survival), sign(other, minhash, survival), minhash, survival)
        assert found is not None
        ours, theirs = shingles(one), shingles(other)
        assert found.exact == pytest.approx(len(ours & theirs) / len(ours | theirs))
        assert abs(found.estimated - found.exact) <= 4 * found.error
        assert found.chance == probability(found.exact, minhash.bands, minhash.rows)


def test_the_bands_are_those_whose_keys_are_equal() -> None:
    minhash = MinHash(family="fast", bands=20, rows=3)
    one, other = text(1), text(1) + " " + text(2, 40)
    signatures, _ = minhash.signatures([one, other])
    keys = band_keys(signatures, 20, 3)
    found = compare(*(sign(each, minhash, Components()) for each in (one, other)), minhash, Components())
    assert found is not None
    assert 0 < len(found.bands) < 20
    assert found.bands == tuple(np.flatnonzero(keys[0] == keys[1]))


def test_what_is_stored_is_taken_and_is_what_would_be_made_again() -> None:
    minhash, survival = MinHash(), Star(bits=4)
    signatures, _ = minhash.signatures([text(1)])
    stored = {"signature": pack(signatures, 4)[0].tobytes(), "keys": band_keys(signatures, 14, 8)[0].tolist()}
    again, kept = sign(text(1), minhash, survival), sign(text(1), minhash, survival, stored)
    assert np.array_equal(again.packed, kept.packed)
    assert np.array_equal(again.keys, kept.keys)


def test_a_text_shorter_than_a_run_of_words_is_not_compared() -> None:
    minhash = MinHash()
    short, long = (sign(each, minhash, Components()) for each in ("too few words", text(1)))
    assert not short.is_compared
    assert compare(short, long, minhash, Components()) is None
