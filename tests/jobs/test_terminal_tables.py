"""What a terminal says of a run is what was counted, and nothing of what was not."""

from dataclasses import replace

from jobs.tables import funnel_table
from pipeline.funnel import Funnel

NUMBERS = Funnel(
    bytes=1_000, types={"page": 3, "request": 2}, records=3, failed={}, gated={"empty_text": 1}, dropped={},
    near_duplicates=0, kept=2, tokens=1_234, complete=True, chars=5_678,
)  # fmt: skip


def test_tokens_are_told_where_a_recipe_counts_them() -> None:
    assert str(funnel_table(NUMBERS).caption).startswith("1,234 tokens, 5,678 characters kept; ")
    assert str(funnel_table(replace(NUMBERS, tokens=0)).caption).startswith("5,678 characters kept; ")
