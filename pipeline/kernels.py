"""Kernels: functions over arrays that numba compiles to machine code, once for a checkout.

What was compiled is kept in `__pycache__` beside the source (or, where that may not be written, in numba's folder of the
user), and is made again when the source changes, or a kernel or a number that it names and another module has. A module with
kernels takes 0.5 s to import from there, some seconds the first time; so it is imported where its kernels are called, never for
a verb that only looks.
"""

from collections.abc import Callable, Iterator
from types import FunctionType
from typing import Any, TypeVar

import numba
import numpy as np

F = TypeVar("F", bound=Callable[..., Any])


def kernel(*signatures: Any) -> Callable[[F], F]:
    """Compiles a function when it is defined, for `signatures` in numba's notation (`uint64(uint8[::1], int64)`) or its types.

    Arithmetic is exact and the same on every machine: no fast mathematics, no contraction to fused operations, division
    by zero as NumPy's. The interpreter's lock is given up while a kernel runs. Without a signature it is compiled for what
    it is called with, for kernels that are called by kernels alone.
    """

    def compiled(function: F) -> F:
        made: Any = numba.njit(nogil=True, fastmath=False, error_model="numpy")(function)
        made.enable_caching()
        # numba looks at the function's own file alone, and would go on with an old copy of what it calls.
        index = made._cache._cache_file
        index._source_stamp = (index._source_stamp, tuple(_named(made.py_func)))
        for signature in signatures:
            made.compile(signature)
        if signatures:
            made.disable_compile()
        return made

    return compiled


def inlined(function: F) -> F:
    """Compiles a part of a kernel, with the same arithmetic, into each kernel that calls it.

    A call would count references to each array that it is given, which for a word or a row takes longer than the work.
    """
    compiled: Any = numba.njit(cache=True, nogil=True, fastmath=False, error_model="numpy", forceinline=True)(function)
    return compiled


def _named(function: FunctionType) -> Iterator[tuple[str, str]]:
    """The numbers and kernels that a function names, and those that these name, by what they are."""
    for name in sorted(set(function.__code__.co_names) & set(function.__globals__)):
        value = function.__globals__[name]
        if isinstance(value, int | float | np.generic):
            yield name, repr(value)
        elif inner := getattr(value, "py_func", None):
            yield name, repr((inner.__code__.co_code, inner.__code__.co_consts))
            yield from _named(inner)
