"""Groups: rows that have a key in common, counted in memory that grows with the keys that differ and not with the rows."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import polars as pl

_BATCH = 1 << 20  # rows held before they are counted
_JOINED = 1 << 17  # rows held before they are joined
_COUNT, GROUP = "rows", "cluster"


def repeated(
    pieces: Iterable[pl.DataFrame], by: Sequence[str], least: int = 2, beside: Iterable[pl.DataFrame] = ()
) -> pl.DataFrame:
    """The keys, columns `by`, that at least `least` rows of all `pieces` have, with a number for each: `cluster`, from 0.

    And those that fewer have, but some row of the frames `beside` too, whose other keys take no memory.
    """
    counted = pl.DataFrame()
    waiting: list[pl.DataFrame] = []
    held = 0
    for piece in pieces:
        waiting.append(piece.select(*by, pl.lit(1, pl.UInt32).alias(_COUNT)))
        held += piece.height
        if held >= max(_BATCH, counted.height):
            counted, waiting, held = _counted([counted, *waiting], by), [], 0
    counted = _counted([counted, *waiting], by)
    met = _met(beside, counted, by)
    found = counted.filter((pl.col(_COUNT) >= least) | pl.lit(met)).sort(by)
    return found.select(*by, _numbers())


def _numbers() -> pl.Expr:
    return pl.int_range(pl.len(), dtype=pl.UInt64).alias(GROUP)


def _met(beside: Iterable[pl.DataFrame], counted: pl.DataFrame, by: Sequence[str]) -> pl.Series:
    """Which of the keys some row has."""
    met = np.zeros(counted.height, np.bool_)
    for some in grouped(beside, counted.select(*by, _numbers()), by):
        met[some[GROUP].to_numpy()] = True
    return pl.Series(met)


def _counted(frames: Sequence[pl.DataFrame], by: Sequence[str]) -> pl.DataFrame:
    some = [frame for frame in frames if frame.width]
    if not some:
        kinds = {**dict.fromkeys(by, pl.UInt64), _COUNT: pl.UInt32}
        return pl.DataFrame(schema=kinds)
    return pl.concat(some).group_by(by).agg(pl.col(_COUNT).sum())


def grouped(pieces: Iterable[pl.DataFrame], known: pl.DataFrame, by: Sequence[str]) -> Iterator[pl.DataFrame]:
    """The rows of all `pieces` whose key is `known` to be repeated, in their order, with its number.

    Pieces are joined by the number of known keys at a time: a join reads these all.
    """
    waiting: list[pl.DataFrame] = []
    held = 0
    for piece in pieces:
        waiting.append(piece)
        held += piece.height
        if held >= max(_JOINED, known.height):
            yield _known(waiting, known, by)
            waiting, held = [], 0
    if waiting:
        yield _known(waiting, known, by)


def _known(pieces: Sequence[pl.DataFrame], known: pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
    return pl.concat(pieces).join(known, on=list(by), how="inner", maintain_order="left")
