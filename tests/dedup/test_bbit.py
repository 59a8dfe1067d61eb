import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedup.bbit import BITS, Bound, equal_values, estimate, estimates, pack, packed_bytes
from dedup.minhash import MinHash
from dedup.theory import standard_error

SHAPES = st.tuples(st.integers(0, 6), st.integers(1, 40), st.integers(0, 2**32))


def unpacked(packed: np.ndarray, values: int, bits: int) -> np.ndarray:
    """The fields as numbers, by the definition of the layout: the first in the lowest bits."""
    ones = np.unpackbits(packed, axis=1, bitorder="little")[:, : values * bits].reshape(len(packed), values, bits)
    return (ones.astype(np.int64) << np.arange(bits)).sum(axis=2)


@pytest.mark.parametrize("bits", BITS)
@given(SHAPES)
def test_each_value_has_its_own_bits_and_the_rest_of_the_last_byte_is_zero(bits, shape):
    documents, values, seed = shape
    signatures = np.random.default_rng(seed).integers(0, 2**64, (documents, values), np.uint64)
    before = signatures.copy()
    packed = pack(signatures, bits)
    assert packed.shape == (documents, -(-values * bits // 8))
    assert packed.dtype == np.uint8
    assert np.array_equal(signatures, before)
    # A value alone gives the same bits as among others.
    alone = np.array([[int(pack(signatures[d : d + 1, v : v + 1], bits).view(f"u{max(bits, 8) // 8}")[0, 0])
                       for v in range(values)] for d in range(documents)], np.int64).reshape(documents, values)  # fmt: skip
    assert np.array_equal(unpacked(packed, values, bits), alone)
    assert not np.unpackbits(packed, axis=1, bitorder="little")[:, values * bits :].any()


@pytest.mark.parametrize("bits", BITS)
@given(SHAPES)
def test_equal_values_are_those_whose_bits_are_equal(bits, shape):
    documents, values, seed = shape
    random = np.random.default_rng(seed)
    one = random.integers(0, 2**64, (documents, values), np.uint64)
    other = np.where(random.random(one.shape) < 0.5, one, random.integers(0, 2**64, one.shape, np.uint64))
    a, b = pack(one, bits), pack(other, bits)
    expected = (unpacked(a, values, bits) == unpacked(b, values, bits)).sum(axis=1)
    assert equal_values(a, b, values, bits).tolist() == expected.tolist()
    assert (expected >= (one == other).sum(axis=1)).all()
    assert estimate(a, b, values, bits).tolist() == estimates(values, bits)[expected].tolist()
    assert (estimate(a, a, values, bits) == 1).all()


def chances(counts: np.ndarray) -> float:
    """Chi squared of counts that should be equal, in standard deviations above its mean."""
    expected = counts.mean()
    freedom = counts.size - 1
    return float((((counts - expected) ** 2 / expected).sum() - freedom) / np.sqrt(2 * freedom))


def texts(random: np.random.Generator, count: int, words: int) -> list[str]:
    """Words of five random letters: numbers would all be the same to the normal form."""
    letters = random.integers(97, 123, (count, words, 5)).astype(np.uint8)
    return [" ".join(bytes(word).decode() for word in text) for text in letters]


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_bits_of_datatroves_values_are_evenly_distributed_in_each_place(bits):
    signatures, signed = MinHash().signatures(texts(np.random.default_rng(7), 600, 60))
    assert signed.all()
    fields = unpacked(pack(signatures, bits), 112, bits)
    assert chances(np.bincount(fields.ravel(), minlength=1 << bits)) < 5
    mates = fields[:, :-1] * (1 << bits) + fields[:, 1:]  # neighbouring values do not depend on each other
    assert chances(np.bincount(mates.ravel(), minlength=1 << 2 * bits)) < 5


@pytest.mark.parametrize("bits", BITS)
def test_even_values_of_few_bits_get_evenly_distributed_bits(bits):
    signatures = np.arange(0, 1 << 18, 1 << 4, dtype=np.uint64).reshape(-1, 1) << np.uint64(20)
    fields = unpacked(pack(signatures, bits), 1, bits)
    counts = np.bincount(fields.ravel() & 0xFF, minlength=1 << min(bits, 8))
    assert chances(counts) < 5


@pytest.mark.parametrize("bits", BITS)
@pytest.mark.parametrize("similarity", [0.0, 0.3, 0.5, 0.8, 0.95])
def test_the_estimate_has_no_bias_and_the_error_that_is_told(bits, similarity):
    random = np.random.default_rng(int(similarity * 100) + bits)
    pairs, values = 4000, 112
    one = random.integers(0, 2**61 - 1, (pairs, values), np.uint64)
    equal = random.random(one.shape) < similarity
    other = np.where(equal, one, random.integers(0, 2**61 - 1, one.shape, np.uint64))
    estimated = estimate(pack(one, bits), pack(other, bits), values, bits)
    error = standard_error(similarity, values, bits)
    assert abs(estimated.mean() - similarity) < 5 * error / np.sqrt(pairs) + 1e-12
    assert estimated.std() == pytest.approx(error, rel=0.08 if error > 0.001 else 0.2)  # accidents of 16 bits are rare


def test_the_estimate_of_real_signatures_is_near_the_similarity_of_the_shingles():
    random = np.random.default_rng(3)
    minhash = MinHash()
    (text,) = texts(random, 1, 400)
    words = text.split()
    changed = " ".join(word if place % 40 else word[::-1] + "x" for place, word in enumerate(words))
    one, other = (set(minhash.shingles(t).tolist()) for t in (text, changed))
    true = len(one & other) / len(one | other)
    signatures, _ = minhash.signatures([text, changed])
    for bits in BITS:
        packed = pack(signatures, bits)
        estimated = float(estimate(packed[0], packed[1], 112, bits))
        assert abs(estimated - true) < 4 * standard_error(true, 112, bits)


@given(
    st.floats(0.01, 1), st.integers(1, 300), st.sampled_from(BITS), st.floats(0, 4), st.integers(0, 300)
)  # fmt: skip
def test_the_numbers_of_equal_values_say_what_the_estimates_say(similarity, values, bits, errors, equal):
    bound = Bound(similarity=similarity, values=values, bits=bits, errors=errors)
    low, high = bound.borderline()
    assert low <= similarity <= high <= 1
    fewest = bound.equal_values()
    assert list(fewest) == sorted(fewest)
    equal = min(equal, values)
    estimated = estimates(values, bits)[equal]
    assert [equal >= count for count in fewest] == [estimated >= edge for edge in (low, similarity, high)]


def test_without_standard_errors_nothing_is_borderline():
    low, least, high = Bound(similarity=0.5, values=112, bits=8).equal_values()
    assert low == least == high == 57


@pytest.mark.parametrize("wrong", [{"similarity": 0}, {"similarity": 1.1}, {"bits": 3}, {"values": 0}, {"errors": -1},
                                   {"errors": float("inf")}, {"similarity": float("nan")}])  # fmt: skip
def test_a_bound_that_cannot_be_is_refused(wrong):
    with pytest.raises(ValueError, match=r"similarity|bits|values|errors"):
        Bound(**{"similarity": 0.5, "values": 112, "bits": 8} | wrong)


def test_signatures_of_another_width_are_refused():
    with pytest.raises(ValueError, match="112 bytes"):
        equal_values(np.zeros((1, 112), np.uint8), np.zeros((1, 111), np.uint8), 112, 8)
    with pytest.raises(ValueError, match="shape"):
        pack(np.zeros(3, np.uint64), 8)
    assert packed_bytes(9, 1) == 2
