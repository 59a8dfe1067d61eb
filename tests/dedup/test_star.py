import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedup import star as module
from dedup.bbit import BITS, Bound, estimate, pack
from dedup.star import planned_bytes, stars
from dedup.star_kernel import MOST_COMPARED

VALUES = 12


def made(seed: int, documents: int, bands: int, kinds: int, bits: int):
    """Documents that are copies of few, changed here and there, with keys that few share: many candidates and matches."""
    random = np.random.default_rng(seed)
    origins = random.integers(0, 2**61, (kinds, VALUES), np.uint64)
    signatures = origins[random.integers(0, kinds, documents)]
    changed = random.random(signatures.shape) < random.choice([0.05, 0.3, 0.6])
    signatures = np.where(changed, random.integers(0, 2**61, signatures.shape, np.uint64), signatures)
    keys = random.integers(0, random.choice([2, 8, 50]), (documents, bands)).astype(np.uint64)
    return keys, pack(signatures, bits), random


def by_definition(keys, packed, bound, order, held, exact=None):
    """The rule, word for word: similarity of all pairs, candidates by their keys."""
    low, high = bound.borderline() if exact is not None else (bound.similarity,) * 2
    survivor = {}
    order = [row for row in order if held[row]] + [row for row in order if not held[row]]
    stays = []
    for row in order:
        matches = []
        for place, earlier in enumerate(stays):
            if held[row] or not (keys[row] == keys[earlier]).any():
                continue
            estimated = float(estimate(packed[row], packed[earlier], bound.values, bound.bits))
            borderline = low <= estimated < high
            if estimated >= high or (borderline and exact[row, earlier] >= bound.similarity):
                told = exact[row, earlier] if borderline else estimated
                matches.append((-estimated, place, earlier, told))
        if matches:
            _, _, earlier, told = min(matches)
            survivor[row] = earlier, told
        else:
            survivor[row] = row, 1.0
            stays.append(row)
    return [survivor[row] for row in range(len(keys))]


SEEDS = st.integers(0, 2**32)
SIZES = st.tuples(SEEDS, st.integers(0, 40), st.integers(1, 4), st.integers(1, 5), st.sampled_from(BITS))
SIMILARITIES = st.sampled_from([0.2, 0.5, 0.75, 1.0])


def told(result) -> list[tuple[int, float]]:
    return list(zip(result.survivor.tolist(), result.similarity.tolist(), strict=True))


@settings(max_examples=300)
@given(SIZES, SIMILARITIES, st.booleans())
def test_who_is_removed_for_whom_is_the_definition(sizes, similarity, with_held):
    keys, packed, random = made(*sizes)
    order = random.permutation(len(keys))
    held = random.random(len(keys)) < (0.3 if with_held else 0)
    bound = Bound(similarity=similarity, values=VALUES, bits=sizes[-1])
    result = stars(keys, packed, bound, order=order, held=held)
    assert told(result) == by_definition(keys, packed, bound, order, held)
    assert (result.computed, result.rounds) == (0, 1)


@settings(max_examples=300)
@given(SIZES, SIMILARITIES, st.sampled_from([0.5, 1, 2]), st.sampled_from([1, 3, 1 << 20]))
def test_computed_similarities_decide_borderline_pairs_however_few_are_asked_for_at_once(sizes, bound, errors, most):
    keys, packed, random = made(*sizes)
    order = random.permutation(len(keys))
    exact = random.random((len(keys), len(keys)))
    asked: list[tuple[int, int]] = []

    def similarities(later, earlier):
        asked.extend(zip(later.tolist(), earlier.tolist(), strict=True))
        return exact[later, earlier]

    bound = Bound(similarity=bound, values=VALUES, bits=sizes[-1], errors=errors)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_MOST_ASKED", most)
        result = stars(keys, packed, bound, order=order, similarities=similarities)
    none = np.zeros(len(keys), np.bool_)
    assert told(result) == by_definition(keys, packed, bound, order, none, exact)
    assert len(asked) == len(set(asked)) == result.computed
    low, high = bound.borderline()
    for later, earlier in asked:
        assert low <= estimate(packed[later], packed[earlier], VALUES, bound.bits) < high
        assert (keys[later] == keys[earlier]).any()


@given(SIZES, SIMILARITIES)
def test_every_removed_document_has_a_similar_one_that_stays_and_shares_a_key(sizes, similarity):
    keys, packed, _ = made(*sizes)
    result = stars(keys, packed, Bound(similarity=similarity, values=VALUES, bits=sizes[-1]))
    for row, survivor in enumerate(result.survivor.tolist()):
        assert result.survivor[survivor] == survivor
        assert result.similarity[row] >= similarity
        assert survivor <= row
        assert (keys[row] == keys[survivor]).any()


@given(SIZES, SIMILARITIES, st.floats(0, 1))
def test_the_first_documents_are_decided_alone_as_with_those_that_follow(sizes, similarity, share):
    keys, packed, _ = made(*sizes)
    bound = Bound(similarity=similarity, values=VALUES, bits=sizes[-1])
    first = int(share * len(keys))
    whole, alone = stars(keys, packed, bound), stars(keys[:first], packed[:first], bound)
    assert told(alone) == told(whole)[:first]
    # The survivors of an earlier release, held, and then the new ones: the same as both releases together.
    earlier = np.flatnonzero(alone.survivor == np.arange(first))
    rows = np.concatenate([earlier, np.arange(first, len(keys))])
    held = np.arange(rows.size) < earlier.size
    after = stars(keys[rows], packed[rows], bound, held=held)
    assert [(int(rows[s]), t) for s, t in told(after)[earlier.size :]] == told(whole)[first:]


@given(SIZES, SIMILARITIES)
def test_the_order_of_the_rows_does_not_matter_where_the_order_of_the_documents_is_given(sizes, similarity):
    keys, packed, random = made(*sizes)
    bound = Bound(similarity=similarity, values=VALUES, bits=sizes[-1])
    shuffled = random.permutation(len(keys))
    back = np.argsort(shuffled)
    result = stars(keys[shuffled], packed[shuffled], bound, order=back)
    assert [(int(shuffled[s]), t) for s, t in (told(result)[place] for place in back)] == told(
        stars(keys, packed, bound)
    )


def test_an_equal_key_in_another_band_is_no_candidate():
    keys = np.array([[1, 2], [2, 1]], np.uint64)
    packed = np.zeros((2, VALUES), np.uint8)
    assert stars(keys, packed, Bound(similarity=0.5, values=VALUES, bits=8)).survivor.tolist() == [0, 1]


def test_a_key_of_very_many_alike_costs_as_little_as_others():
    count = 200_000
    bound = Bound(similarity=0.5, values=112, bits=8)
    result = stars(np.full((count, 14), 5, np.uint64), np.zeros((count, 112), np.uint8), bound)
    assert not result.survivor.any()


def test_a_key_of_very_many_that_are_all_unlike_costs_no_square_and_hides_no_match():
    documents, kinds = 60_000, 30_000  # two of each kind, which share a key of their own beside that of all
    random = np.random.default_rng(5)
    signatures = np.tile(random.integers(0, 2**61, (kinds, VALUES), np.uint64), (2, 1))
    keys = np.stack([np.zeros(documents, np.uint64), np.tile(np.arange(kinds, dtype=np.uint64), 2)], axis=1)
    found = stars(keys, pack(signatures, 8), Bound(similarity=0.9, values=VALUES, bits=8))
    assert (found.survivor == np.tile(np.arange(kinds), 2)).all()


def test_of_a_key_the_first_that_stay_are_looked_at():
    random = np.random.default_rng(6)
    unlike = random.integers(0, 2**61, (MOST_COMPARED + 1, VALUES), np.uint64)
    signatures = np.concatenate([unlike, unlike[[MOST_COMPARED - 1, MOST_COMPARED]]])
    found = stars(
        np.zeros((len(signatures), 1), np.uint64), pack(signatures, 8), Bound(similarity=1.0, values=VALUES, bits=8)
    )
    assert found.survivor[-2:].tolist() == [MOST_COMPARED - 1, len(signatures) - 1]


def test_arrays_that_are_read_only_or_not_in_rows_are_taken():
    keys, packed, _ = made(1, 30, 3, 2, 8)
    bound = Bound(similarity=0.5, values=VALUES, bits=8)
    expected = told(stars(keys, packed, bound))
    turned = np.asfortranarray(keys)
    packed = np.frombuffer(packed.tobytes(), np.uint8).reshape(packed.shape)
    order = np.arange(30)
    order.setflags(write=False)
    assert told(stars(turned, packed, bound, order=order)) == expected


def test_arrays_that_do_not_fit_together_are_refused():
    keys, packed = np.zeros((3, 2), np.uint64), np.zeros((3, VALUES), np.uint8)
    bound = Bound(similarity=0.5, values=VALUES, bits=8)
    for wrong in ([0, 1], [0, 1, 1], [0, 1, 3], [-1, 0, 1]):
        with pytest.raises(ValueError, match="order"):
            stars(keys, packed, bound, order=np.array(wrong))
    with pytest.raises(ValueError, match="held"):
        stars(keys, packed, bound, held=np.zeros(2, np.bool_))
    with pytest.raises(ValueError, match="12 bytes"):
        stars(keys, packed[:, :-1], bound)
    with pytest.raises(ValueError, match="bands"):
        stars(keys[:, :0], packed, bound)


def test_similarities_that_are_no_numbers_are_refused():
    keys, packed, _ = made(5, 30, 2, 1, 8)
    bound = Bound(similarity=0.5, values=VALUES, bits=8, errors=4)
    for wrong in (lambda rows, _: np.full(rows.size, np.nan), lambda rows, _: np.ones(rows.size + 1)):
        with pytest.raises(ValueError, match="similarities were asked for"):
            stars(keys, packed, bound, similarities=wrong)


def test_the_planned_memory_grows_with_the_documents_and_holds_their_input():
    plans = [planned_bytes(count, 14, 112) for count in (1_000_000, 2_000_000, 4_000_000)]
    assert plans[0] > 1_000_000 * (14 * 8 + 112)
    assert 1.5 < plans[1] / plans[0] < 2.5
    assert 1.5 < plans[2] / plans[1] < 2.5
