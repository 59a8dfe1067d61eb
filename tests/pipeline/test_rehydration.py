from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_pack import packed, rows

from pipeline.errors import RecipeError
from pipeline.pack import Pack
from pipeline.rehydration import FINEWEB2, Rehydration


@pytest.mark.parametrize(
    ("size", "weight"), [(1, 1), (2, 2), (3, 3), (4, 3), (5, 5), (99, 5), (100, 8), (999, 8), (1000, 1), (10**9, 1)]
)
def test_weights_are_those_of_fineweb2(size: int, weight: int) -> None:
    assert Rehydration().weight(size) == weight


@given(st.integers(1, 2000))
def test_a_weight_is_that_of_the_greatest_bound_which_the_size_reaches(size: int) -> None:
    assert Rehydration().weight(size) == dict(FINEWEB2)[max(bound for bound, _ in FINEWEB2 if bound <= size)]


@pytest.mark.parametrize("weights", [(), ((2, 1),), ((1, 1), (1, 2)), ((1, 1), (3, 2), (2, 4)), ((1, -1),)])
def test_weights_that_do_not_begin_at_one_and_go_up_are_refused(weights: tuple[tuple[int, int], ...]) -> None:
    with pytest.raises(RecipeError, match="rehydration"):
        Rehydration(weights=weights)


def test_a_dataset_tells_the_weight_of_a_clusters_size_only_where_it_is_asked(tmp_path: Path) -> None:
    weighs = packed(tmp_path / "a", pack=Pack(survivors="survivors", rehydration=Rehydration(weights=((1, 1), (3, 7)))))
    found = rows(weighs)
    assert {row["minhash_cluster_size"]: row["rehydrate_weight"] for row in found} == {3: 7}
    plain = packed(tmp_path / "b")
    assert [table.drop_columns("rehydrate_weight") for table in weighs] == plain
