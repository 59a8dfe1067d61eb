import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedup.band_kernels import sort_rows
from dedup.bands import band_keys, band_table
from pipeline.schemas import BANDS

MASK = 2**64 - 1


def mixed(value: int) -> int:
    """splitmix64's finaliser in Python's own integers."""
    value = ((value ^ value >> 30) * 0xBF58476D1CE4E5B9) & MASK
    value = ((value ^ value >> 27) * 0x94D049BB133111EB) & MASK
    return value ^ value >> 31


def by_definition(values: list[int], band: int) -> int:
    key = mixed((band + 1) * 0x9E3779B97F4A7C15 & MASK)
    for value in values:
        key = mixed((key * 0x9E3779B97F4A7C15 + value) & MASK)
    return key


SIGNATURES = st.lists(st.lists(st.integers(0, MASK), min_size=6, max_size=6), max_size=8)


@given(SIGNATURES)
def test_keys_are_the_declared_mix_on_every_machine(rows):
    signatures = np.array(rows, np.uint64).reshape(-1, 6)
    keys = band_keys(signatures, 3, 2)
    assert keys.dtype == np.uint64
    assert keys.tolist() == [[by_definition(row[2 * band : 2 * band + 2], band) for band in range(3)] for row in rows]


def test_keys_never_change():
    keys = band_keys(np.arange(8, dtype=np.uint64).reshape(1, 8), 2, 4)
    assert keys.tolist() == [[11901416095821006088, 10112166587671923674]]


def test_the_splitmix_finaliser_is_the_published_one():
    # The first output of splitmix64 seeded with 0 (as in Java's SplittableRandom and Vigna's reference code).
    assert mixed(0x9E3779B97F4A7C15) == 0xE220A8397B1DCDAF


def test_signatures_are_not_changed_and_other_layouts_give_the_same_keys():
    signatures = np.random.default_rng(1).integers(0, 2**61, (50, 112), np.uint64)
    before = signatures.copy()
    keys = band_keys(signatures, 14, 8)
    assert np.array_equal(signatures, before)
    assert np.array_equal(keys, band_keys(np.asfortranarray(signatures), 14, 8))
    assert np.array_equal(keys[::2], band_keys(signatures[::2], 14, 8))


def test_keys_differ_wherever_one_value_its_place_or_its_band_differs():
    values = np.tile(np.arange(1, 9, dtype=np.uint64), (11, 2))
    for row in range(8):
        values[row + 1, row] += 1
    values[9, :2] = values[9, 1::-1]
    values[10, 7] = 0
    keys = band_keys(values, 2, 8)
    assert np.unique(keys[:, 0]).size == 11
    assert np.unique(keys[:, 1]).size == 1
    assert keys[0, 0] != keys[0, 1]


def test_keys_of_similar_numbers_are_spread_over_all_bits():
    keys = band_keys(np.arange(40_000, dtype=np.uint64).reshape(-1, 1), 1, 1).ravel()
    assert np.unique(keys).size == 40_000
    ones = np.array([(keys >> np.uint64(bit) & np.uint64(1)).mean() for bit in range(64)])
    assert np.abs(ones - 0.5).max() < 5 * 0.5 / np.sqrt(40_000)


@pytest.mark.parametrize("shape", [(4, 5), (12,), (2, 2, 3)])
def test_signatures_of_another_shape_are_refused(shape):
    with pytest.raises(ValueError, match="3 bands of 2 rows"):
        band_keys(np.zeros(shape, np.uint64), 3, 2)


DOCUMENTS = st.lists(
    st.tuples(st.lists(st.integers(0, 3), min_size=2, max_size=2), st.booleans(), st.integers(0, 2)), max_size=12
)


@given(DOCUMENTS)
def test_the_table_is_every_key_of_every_signed_document_sorted(documents):
    keys = np.array([key for key, _, _ in documents], np.uint64).reshape(-1, 2)
    has = np.array([signed for _, signed, _ in documents], np.bool_)
    member = np.array([member for _, _, member in documents], np.int32)
    row = np.arange(len(documents))[::-1]
    table = band_table(keys, has, member, row)
    expected = sorted(
        (band, int(keys[i, band]), int(member[i]), int(row[i])) for i in np.flatnonzero(has) for band in range(2)
    )
    assert table.schema == BANDS
    assert [tuple(found.values()) for found in table.to_pylist()] == expected


def test_keys_above_two_to_the_63_sort_last():
    table = band_table(np.array([[2**63 + 1], [5], [2**64 - 1]], np.uint64), np.ones(3, np.bool_), 0, np.arange(3))
    assert table.column("row").to_pylist() == [1, 0, 2]


def test_one_member_may_be_given_for_all_rows():
    table = band_table(np.zeros((3, 1), np.uint64), np.ones(3, np.bool_), 7, np.arange(3))
    assert table.column("member").to_pylist() == [7, 7, 7]


def test_a_part_without_signatures_gives_an_empty_table():
    table = band_table(np.zeros((2, 14), np.uint64), np.zeros(2, np.bool_), 0, np.arange(2))
    assert table.num_rows == 0
    assert table.schema == BANDS
    assert isinstance(table, pa.Table)


@given(st.lists(st.one_of(st.integers(0, MASK), st.integers(0, 40), st.just(7 << 33)), max_size=60))
def test_a_radix_sort_is_a_stable_sort(keys):
    keys = np.array([keys, keys[::-1]], np.uint64)
    expected = np.argsort(keys, axis=1, kind="stable")
    order = np.tile(np.arange(keys.shape[1], dtype=np.int32), (2, 1))
    columns = keys.copy()
    sort_rows(columns, order)
    assert np.array_equal(order, expected)
    assert np.array_equal(columns, np.sort(keys, axis=1))
