"""Scores: a number of each document by which an order may go, the higher first."""

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.schemas import RANKED

SCORE = RANKED.field("score")


def score_of(column: pa.Array) -> pa.Array:
    """Numbers as float64; null where there is none, and for NaN, which stands nowhere in an order."""
    numbers = column.cast(SCORE.type, safe=False)
    return pc.call_function("if_else", [pc.call_function("is_nan", [numbers]), pa.scalar(None, SCORE.type), numbers])
