import pickle
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedup import minhash
from dedup.bands import band_keys
from dedup.minhash import MinHash
from dedup.shingles import jaccard
from dedup.theory import probability
from pipeline.errors import RecipeError

PRIME = (1 << 61) - 1
TEXTS = st.lists(st.lists(st.sampled_from(["mill", "grist", "flour", "stone", "wheel"]), max_size=30).map(" ".join))


def by_definition(values: list[int], bands: int, rows: int, seed: int) -> list[int]:
    """The signature in Python's own integers: wrapped at 2^64 first, then reduced."""
    random = np.random.RandomState(seed)
    a = random.randint(1, PRIME, dtype=np.uint64, size=bands * rows).tolist()
    b = random.randint(0, PRIME, dtype=np.uint64, size=bands * rows).tolist()
    return [min(((x * p + q) % 2**64) % PRIME for x in values) for p, q in zip(a, b, strict=True)]


@pytest.mark.parametrize("words", [5, 6, 515, 516, 517, 1100])
@pytest.mark.parametrize(
    "shape", [MinHash(), MinHash(bands=3, rows=2, ngram=2, seed=7, hash="sha1_64"), MinHash(bands=30)]
)
def test_a_signature_is_the_least_value_of_each_function(words, shape):
    text = " ".join(
        f"w{'abcdefghij'[i % 10]}{'abcdefghij'[i // 10 % 10]}{'ab'[i // 100 % 2]}{i % 7 * 'x'}" for i in range(words)
    )
    signatures, has_signature = shape.signatures([text])
    assert has_signature.tolist() == [True]
    assert signatures[0].tolist() == by_definition(shape.shingles(text).tolist(), shape.bands, shape.rows, shape.seed)


@given(st.integers(0, 2**64 - 1))
def test_the_remainder_is_exact_at_its_edges(x):
    for value in (x, 0, PRIME - 1, PRIME, PRIME + 1, 7 * PRIME, 8 * PRIME, 2**64 - 1):
        values, one, zero = (np.array([number], np.uint64) for number in (value, 1, 0))
        assert minhash._least(values, one, zero).tolist() == [value % PRIME]


def test_texts_shorter_than_the_ngram_have_no_signature():
    signatures, has_signature = MinHash().signatures(["", "one two three four", "one two three four five"])
    assert has_signature.tolist() == [False, False, True]
    assert not signatures[:2].any()
    assert signatures[2].all()


def test_no_texts_give_an_empty_table_of_the_right_width():
    signatures, has_signature = MinHash().signatures([])
    assert (signatures.shape, signatures.dtype) == ((0, 112), np.uint64)
    assert (has_signature.shape, has_signature.dtype) == ((0,), np.bool_)


@given(texts=TEXTS, cut=st.integers(0, 10))
def test_neither_the_batch_nor_the_order_of_texts_matters(texts, cut):
    whole, whole_has = MinHash(ngram=3).signatures(texts)
    parts = [MinHash(ngram=3).signatures(part) for part in (texts[:cut], texts[cut:])]
    assert np.array_equal(whole, np.concatenate([signatures for signatures, _ in parts]))
    assert np.array_equal(whole_has, np.concatenate([has for _, has in parts]))
    assert np.array_equal(whole[::-1], MinHash(ngram=3).signatures(texts[::-1])[0])


@given(st.text())
def test_identical_texts_have_identical_signatures_and_case_and_punctuation_do_not_count(text):
    signatures, has_signature = MinHash(ngram=1).signatures([text, text, f"  {text} !?"])
    assert has_signature[0] == has_signature[1]
    assert np.array_equal(signatures[0], signatures[1])
    assert np.array_equal(signatures[0], signatures[2])


def test_the_memory_for_one_giant_text_does_not_grow_with_it():
    values, functions = np.arange(4_000_000, dtype=np.uint64), minhash._functions(20, 1)
    minhash._least(values[:1], *functions)
    tracemalloc.start()
    minhash._least(values, *functions)
    most = tracemalloc.get_traced_memory()[1]  # NumPy and numba report what they take
    tracemalloc.stop()
    assert most < 1_000_000


def test_a_minhash_travels_by_pickle_and_is_a_key():
    shape = MinHash(bands=5, language="de")
    assert pickle.loads(pickle.dumps(shape)) == shape
    assert len({shape, MinHash(bands=5, language="de"), MinHash()}) == 2


@pytest.mark.parametrize(
    "wrong",
    [{"bands": 0}, {"rows": 0}, {"ngram": 0}, {"hash": "md5"}, {"seed": -1}, {"seed": 2**32}, {"bands": 70_000}],
)
def test_a_shape_that_cannot_be_is_an_error_of_the_recipe(wrong):
    with pytest.raises(RecipeError, match=next(iter(wrong))):
        MinHash(**wrong)


def planted_pairs(count: int, words: int = 150) -> list[tuple[str, str]]:
    """Random texts and copies with up to 15 words replaced: Jaccard similarities from about 0.35 to 1."""
    random = np.random.default_rng(20)
    pairs = []
    for _ in range(count):
        original = random.integers(0, 10**9, words)
        copy = original.copy()
        changed = random.integers(0, 16)
        copy[random.choice(words, changed, replace=False)] = random.integers(0, 10**9, changed)
        pairs.append(tuple(" ".join(letters(word) for word in text) for text in (original, copy)))
    return pairs


def letters(number: int) -> str:
    return "".join(chr(97 + int(digit)) for digit in str(number))


def test_planted_pairs_are_found_as_often_as_the_s_curve_says():
    shape = MinHash()
    pairs = planted_pairs(1500)
    one, _ = shape.signatures([a for a, _ in pairs])
    other, _ = shape.signatures([b for _, b in pairs])
    found = (band_keys(one, 14, 8) == band_keys(other, 14, 8)).any(axis=1)
    assert np.array_equal(found, (one == other).reshape(-1, 14, 8).all(axis=2).any(axis=1))
    similarity = np.array([jaccard(shape.shingles(a), shape.shingles(b)) for a, b in pairs])
    chance = np.array([probability(s) for s in similarity])
    bins = np.digitize(similarity, [0.5, 0.6, 0.7, 0.8, 0.9])
    for low in range(6):
        inside = bins == low
        assert inside.sum() >= 50, "the generator must cover every bin"
        # A sum of independent trials: four standard deviations, and half a pair for the bins where all is certain.
        tolerance = 4 * np.sqrt((chance * (1 - chance))[inside].sum()) + 0.5
        assert abs(found[inside].sum() - chance[inside].sum()) <= tolerance, f"bin {low}"


def test_the_share_of_equal_values_estimates_the_similarity():
    shape = MinHash()
    pairs = planted_pairs(200)
    one, _ = shape.signatures([a for a, _ in pairs])
    other, _ = shape.signatures([b for _, b in pairs])
    similarity = np.array([jaccard(shape.shingles(a), shape.shingles(b)) for a, b in pairs])
    error = (one == other).mean(axis=1) - similarity
    assert abs(error.mean()) < 0.01
    assert np.abs(error).max() < 5 * np.sqrt(0.25 / 112)
