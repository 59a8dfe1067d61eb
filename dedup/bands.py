"""Bands: signatures cut into pieces, each as one key, in the order in which equal keys meet.

A key is 64 bits instead of a band's `rows` values: 8 bytes to sort and ship instead of 64.
"""

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipeline.schemas import BANDS

Keys = npt.NDArray[np.uint64]

# splitmix64's finaliser (Steele, Lea, Flood 2014, "Fast splittable pseudorandom number generators").
_FIRST, _SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_SHIFTS = np.uint64(30), np.uint64(27), np.uint64(31)


def mixed(values: Keys) -> Keys:
    """A bijection of 64-bit values after which each bit depends on all; works in place on `values`."""
    values ^= values >> _SHIFTS[0]
    values *= _FIRST
    values ^= values >> _SHIFTS[1]
    values *= _SECOND
    values ^= values >> _SHIFTS[2]
    return values


def band_keys(signatures: Keys, bands: int, rows: int) -> Keys:
    """A 64-bit key for each band of each document: shape (documents, bands * rows) becomes (documents, bands).

    The band's values are folded one by one through splitmix64's finaliser, in integers modulo 2^64, so the keys are
    the same on every machine. The number of the band is folded in too: equal values in different bands have different
    keys.

    Keys that are equal by accident: 200 million documents with nothing in common are expected to give 0.015 such pairs
    in all 14 bands together (`theory.false_matches`), a chance of 1.5 % that one page is dropped wrongly in a run of
    that size.
    """
    if signatures.ndim != 2 or signatures.shape[1] != bands * rows:
        raise ValueError(f"signatures of shape {signatures.shape} for {bands} bands of {rows} rows")
    from dedup.band_kernels import fold

    keys = np.empty((len(signatures), bands), np.uint64)
    fold(np.ascontiguousarray(signatures), rows, keys)
    return keys


def band_table(keys: Keys, has_signature: npt.NDArray[np.bool_], member: npt.ArrayLike, row: npt.ArrayLike) -> pa.Table:
    """`BANDS` in long form, sorted by band, key, member, row: each band is one contiguous range.

    `keys` has shape (documents, bands); documents without a signature are left out, so every band has the same number
    of rows. `member` (which input of the bundle) and `row` (within it) are int32 of shape (documents,), or one number
    for all.
    """
    from dedup.band_kernels import sort_rows

    signed = np.flatnonzero(has_signature)
    members = np.broadcast_to(np.asarray(member, np.int32), has_signature.shape)[signed]
    rows = np.broadcast_to(np.asarray(row, np.int32), has_signature.shape)[signed]
    # Sorting the documents once by (member, row) leaves each band a stable sort of one column.
    order = np.lexsort((rows, members))
    members, rows = members[order], rows[order]
    columns = np.ascontiguousarray(keys[signed[order]].T)
    documents = np.empty(columns.shape, np.int32)
    documents[:] = np.arange(signed.size, dtype=np.int32)
    sort_rows(columns, documents)
    bands = np.repeat(np.arange(len(columns), dtype=np.uint16), signed.size)
    documents = documents.ravel()
    return pa.table([bands, columns.ravel(), members[documents], rows[documents]], schema=BANDS)
