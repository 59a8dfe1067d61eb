"""Single machine instructions for kernels, which numba's own arithmetic does not come down to.

numba widens 32-bit integers to 64 bits before it multiplies or compares, so that half of a vector is wasted, and reads bytes
one by one. Results are the same on every machine; bytes are read as little-endian.
"""

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic


def _product32(_context: Any, _a: Any, _x: Any, _y: Any) -> Any:
    """(a x + y) mod 2^32 of three uint32."""

    def build(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.add(builder.mul(arguments[0], arguments[1]), arguments[2])

    return types.uint32(types.uint32, types.uint32, types.uint32), build


def _lesser32(_context: Any, _one: Any, _other: Any) -> Any:
    """The lesser of two uint32."""

    def build(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        one, other = arguments
        return builder.select(builder.icmp_unsigned("<", one, other), one, other)

    return types.uint32(types.uint32, types.uint32), build


def _eight_bytes(_context: Any, _data: Any, _at: Any) -> Any:
    """The bytes `at` to `at + 8` of an array of uint8 as one uint64, the first lowest; nothing checks that they are there."""

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        array = context.make_array(signature.args[0])(context, builder, arguments[0])
        place = builder.gep(array.data, [arguments[1]])
        return builder.load(builder.bitcast(place, ir.IntType(64).as_pointer()), align=1)

    return types.uint64(_data, types.int64), build


def _trailing_zeros(_context: Any, _value: Any) -> Any:
    """How many of the lowest bits of a uint64 are zero; 64 for 0."""

    def build(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 0))

    return types.int64(types.uint64), build


# Their arguments are those of the functions above without the context.
product32: Any = intrinsic(_product32)
lesser32: Any = intrinsic(_lesser32)
eight_bytes: Any = intrinsic(_eight_bytes)
trailing_zeros: Any = intrinsic(_trailing_zeros)
