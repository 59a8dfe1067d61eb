"""Kernels: functions over arrays that numba compiles to machine code, once for a checkout.

What was compiled is kept in `__pycache__` beside the source (or, where that may not be written, in numba's folder of the
user), and is made again when the source changes. A module with kernels takes 0.5 s to import from there, some seconds the
first time; so it is imported where its kernels are called, never for a verb that only looks.
"""

from collections.abc import Callable
from typing import Any, TypeVar

import numba

F = TypeVar("F", bound=Callable[..., Any])


def kernel(*signatures: Any) -> Callable[[F], F]:
    """Compiles a function when it is defined, for `signatures` in numba's notation (`uint64(uint8[::1], int64)`) or its types.

    Arithmetic is exact and the same on every machine: no fast mathematics, no contraction to fused operations, division
    by zero as NumPy's. The interpreter's lock is given up while a kernel runs. Without a signature it is compiled for what
    it is called with, for kernels that are called by kernels alone.
    """
    compiled: Any = numba.njit(
        list(signatures) if signatures else None, cache=True, nogil=True, fastmath=False, error_model="numpy"
    )
    return compiled
