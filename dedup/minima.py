"""The kernel of datatrove's signatures: the least of (a x + b) mod 2^64 mod (2^61 - 1) for each function."""

from typing import Any

import numpy as np
from numba import types

from pipeline.kernels import kernel

_PRIME = np.uint64((1 << 61) - 1)
_BITS, _ONE = np.uint64(61), np.uint64(1)


@kernel()
def _remainder(t: Any) -> Any:
    """`t` mod (2^61 - 1): the bits above 61 are added to those below, as 2^61 = 1, which leaves at most one prime too much."""
    r = (t & _PRIME) + (t >> _BITS)
    return (r + ((r + _ONE) >> _BITS)) & _PRIME


_READ = types.Array(types.uint64, 1, "C", readonly=True)


@kernel(types.void(_READ, _READ, _READ, types.uint64[::1]))
def lower(values: Any, a: Any, b: Any, least: Any) -> None:
    """Lowers `least` to what each function (a, b) makes of `values`, four of them at a time."""
    whole = values.size - values.size % 4
    for v in range(0, whole, 4):
        x0, x1, x2, x3 = values[v], values[v + 1], values[v + 2], values[v + 3]
        for j in range(a.size):
            one = min(_remainder(a[j] * x0 + b[j]), _remainder(a[j] * x1 + b[j]))
            other = min(_remainder(a[j] * x2 + b[j]), _remainder(a[j] * x3 + b[j]))
            least[j] = min(least[j], one, other)
    for v in range(whole, values.size):
        for j in range(a.size):
            least[j] = min(least[j], _remainder(a[j] * values[v] + b[j]))
