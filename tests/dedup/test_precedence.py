"""Why a document stands before another is what the order of survival says."""

from datetime import UTC, datetime
from itertools import pairwise

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedup.precedence import NUMBER, decided_by
from dedup.survival import ORDERS
from dedup.survivors import ranked

DOCUMENTS = st.lists(
    st.fixed_dictionaries(
        {
            "release": st.integers(0, 2),
            "score": st.none() | st.sampled_from([0.25, 0.5]),
            "text_chars": st.integers(1, 3),
            "date": st.none() | st.sampled_from([datetime(2024, 1, day, tzinfo=UTC) for day in (1, 2)]),
            "record_id": st.sampled_from(["a", "B", "é", "\U0001f600", "\uffff"]),
        }
    ),
    min_size=2,
    max_size=6,
)


@given(DOCUMENTS, st.permutations(list(ORDERS)), st.integers(1, 5))
def test_the_name_that_decides_is_the_first_in_which_neighbours_of_the_order_differ(
    made: list[dict], names: list[str], most: int
) -> None:
    order = ["release", *(name for name in names if name != "release")][:most]
    rows = [each | {"document": each["release"] << 48 | place} for place, each in enumerate(made)]
    schema = {"document": pl.UInt64, "score": pl.Float64, "text_chars": pl.Int32, "record_id": pl.String}
    frame = pl.DataFrame(rows).cast(schema).with_columns(pl.col("date").cast(pl.Datetime("us", "UTC")))
    listed = ranked(frame, order).drop("release").rows(named=True)
    for first, other in pairwise(listed):
        name = decided_by(first, other, order)
        before = [*order, NUMBER]
        for same in before[: before.index(name)]:
            if same == "release":
                assert first["document"] >> 48 == other["document"] >> 48
            else:
                assert first[same] == other[same]
        with pytest.raises(ValueError, match="stands behind"):
            decided_by(other, first, order)


def test_an_earlier_release_decides_also_where_the_order_does_not_name_it() -> None:
    held, mine = {"document": 1 << 48, "text_chars": 1}, {"document": 5, "text_chars": 900}
    assert decided_by(held, mine, ["text_chars"]) == "release"
