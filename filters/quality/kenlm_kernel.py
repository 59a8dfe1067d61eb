"""The kernel of n-gram models with back-off: log10 of the probability of a sentence, in KenLM's order and precision."""

from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.kernels import inlined, kernel

Numbers = npt.NDArray[np.int64]
Logs = npt.NDArray[np.float32]


@inlined
def _place(keys: Numbers, first: int, last: int, key: int) -> int:
    """Where `key` stands among sorted `keys[first:last]`, or -1."""
    end = last
    while first < last:
        middle = (first + last) // 2
        if keys[middle] < key:
            first = middle + 1
        else:
            last = middle
    return first if first < end and keys[first] == key else -1


@kernel("float32(int64[::1], int64, Tuple((int64[::1], float32[::1], float32[::1], int64[::1])), int64)")
def sentence_log10(words: Numbers, start: int, model: tuple[Numbers, Logs, Logs, Numbers], vocabulary: int) -> float:
    """The sum over `words` behind the word `start`: each by the longest n-gram that ends with it, and back-off weights.

    `model` is keys, logarithms, back-off weights, and ends: n-grams of order n are those from `ends[n - 1]` to `ends[n]`. Sums
    are of float32 and in the order of KenLM's.
    """
    keys, log10, backoff, ends = model
    orders = len(ends) - 1
    context, following = np.full(orders, -1), np.full(orders, -1)  # of n+1 words before: which n-gram they are
    context[0] = start
    total: Any = np.float32(0)
    for word in words:
        following[:] = -1
        following[0] = word
        matched = 0  # words of context that the longest n-gram has
        for length in range(1, orders):
            if context[length - 1] >= 0:
                key = context[length - 1] * vocabulary + word
                place = _place(keys, ends[length], ends[length + 1], key)
                if place >= 0:
                    following[length], matched = place - ends[length], length
        chance = log10[ends[matched] + following[matched]]
        for length in range(matched, orders - 1):
            if context[length] >= 0:
                chance += backoff[ends[length] + context[length]]
        total += chance
        context, following = following, context
    return total
