"""How deep a page's elements can nest at most, told from the places of its tags by NumPy, without walking them."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from pipeline.markup_counts import OPEN_ENDED, VOID, Bytes

KNOWN = 8  # bytes of a name that are looked at


def _key(name: bytes) -> int:
    return int(np.frombuffer(name.ljust(KNOWN, b"\0"), np.uint64)[0])


_NOT_COUNTED = np.array(sorted(_key(name) for name in VOID | OPEN_ENDED if len(name) < KNOWN), np.uint64)


def most_nesting(html: bytes) -> int:
    """No less than `nesting` counts: how many of each name can be open at once if only its own ends close it, added up.

    An element is also closed by the end of one around it, which makes the true depth smaller. Ends of names of 8 letters and more
    are left out, and the last tags count as open: both can only add. It takes some 60 bytes for each tag, and an eighth
    of the time.
    """
    chars = np.frombuffer(html, np.uint8)
    tags = np.flatnonzero(chars == ord("<"))
    whole = tags[tags < len(chars) - KNOWN - 1]
    left = len(tags) - len(whole)
    if not len(whole):
        return left
    closes = chars[whole + 1] == ord("/")
    keys, long = _names(sliding_window_view(chars, KNOWN)[whole + 1 + closes])
    counted = (keys != 0) & ~(closes & long) & ~np.isin(keys, _NOT_COUNTED)
    return left + _open_at_once(keys[counted], np.where(closes, -1, 1)[counted])


def _names(letters: Bytes) -> tuple[NDArray[np.uint64], NDArray[np.bool_]]:
    """Names in lower case as numbers, 0 where there is none; and which of them may go on."""
    lower = letters | 0x20
    alphabetic = (lower >= ord("a")) & (lower <= ord("z"))
    named = alphabetic | ((letters >= ord("0")) & (letters <= ord("9")))
    named[:, 0] = alphabetic[:, 0]
    named = np.logical_and.accumulate(named, axis=1)
    return np.ascontiguousarray(lower * named).view(np.uint64)[:, 0], named[:, -1]


def _open_at_once(keys: NDArray[np.uint64], steps: NDArray[np.int64]) -> int:
    """The most that each name's steps (1 opens, -1 closes if any is open) have open at once, added up over the names."""
    if not len(keys):
        return 0
    order = np.argsort(keys, kind="stable")
    keys = keys[order]
    begins = np.concatenate(([True], keys[1:] != keys[:-1]))
    starts = np.flatnonzero(begins)
    # Each name's levels lie below all of the name before, so that one running minimum serves them all.
    levels = np.cumsum(steps[order]) - (np.cumsum(begins) - 1) * (2 * len(keys) + 1)
    lows = levels.copy()
    lows[starts] = np.minimum(levels[starts], levels[starts] - steps[order][starts])
    return int(np.maximum.reduceat(levels - np.minimum.accumulate(lows), starts).sum())
