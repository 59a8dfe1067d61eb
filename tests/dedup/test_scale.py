from dataclasses import replace

import pytest

from dedup.minhash import MinHash
from dedup.scale import MOST_READS, Extent, Scale, Shape, pieces_of, starts
from dedup.survival import Components, Star
from pipeline.errors import RecipeError
from pipeline.schemas import document_number

FINEWEB, REFINEDWEB = MinHash(), MinHash(bands=450, rows=20)
DUMP = Extent(documents=3_000_000_000, files=90_000)


def shape_of(extent: Extent, scale: Scale | None = None, rule: Components | Star | None = None) -> Shape:
    return (scale or Scale()).shape(FINEWEB, rule or Components(), extent, span=8)


def test_a_small_source_is_one_piece_of_everything() -> None:
    shape = shape_of(Extent(documents=100_000, files=10))
    assert (shape.ranges, shape.merged, shape.joins, shape.elections) == (1, 1, 1, 1)


def test_ten_times_the_documents_are_about_ten_times_the_partitions_and_no_more_rows_in_memory() -> None:
    one, ten = shape_of(replace(DUMP, documents=300_000_000)), shape_of(DUMP)
    for count in ("ranges", "joins", "elections"):
        assert getattr(ten, count) == pytest.approx(10 * getattr(one, count), rel=0.05)
    assert (one.rows, one.most_joined, one.most_elected) == (ten.rows, ten.most_joined, ten.most_elected)


def test_no_partition_is_planned_for_more_than_it_can_hold() -> None:
    shape = shape_of(DUMP)
    assert DUMP.documents <= shape.ranges * shape.rows
    assert DUMP.documents <= shape.joins * shape.most_joined
    assert DUMP.documents <= shape.elections * shape.most_elected


def test_more_memory_is_fewer_partitions() -> None:
    small, large = shape_of(DUMP), shape_of(DUMP, Scale(memory=16 << 30))
    assert large.ranges < small.ranges
    assert large.joins < small.joins
    assert large.elections < small.elections


def test_stars_of_long_signatures_take_more_elections() -> None:
    plain, star = shape_of(DUMP), shape_of(DUMP, rule=Star())
    long = Scale().shape(REFINEDWEB, Star(), DUMP, span=8)
    assert plain.elections < star.elections < long.elections


def test_a_level_of_merging_keeps_what_edges_opens_few_as_far_as_memory_lets_it() -> None:
    shape = shape_of(DUMP)
    assert shape.merged > 1
    assert shape.merged * 8 * DUMP.documents / DUMP.files <= shape.rows
    parts = DUMP.files / 8
    assert parts / shape.merged * 14 * shape.ranges <= max(
        2 * MOST_READS, parts * 14 * shape.ranges / (shape.merged * 2) * 2
    )


def test_partitions_of_components_begin_at_files() -> None:
    assert starts(Extent(files=10), 3) == (0, document_number(3, 0), document_number(6, 0))
    assert starts(Extent(files=1), 1) == (0,)


def test_there_are_no_more_partitions_of_components_than_files() -> None:
    assert shape_of(Extent(documents=10**9, files=2)).joins == 2


@pytest.mark.parametrize("memory", [0, -1, (512 << 20) - 1])
def test_memory_that_the_process_alone_would_take_is_refused(memory: int) -> None:
    with pytest.raises(RecipeError, match="a task needs at least"):
        Scale(memory=memory)


@pytest.mark.parametrize("field", ["ranges", "rows", "merged", "joins", "elections"])
def test_no_pieces_at_all_are_refused(field: str) -> None:
    with pytest.raises(RecipeError, match="cannot be cut like this"):
        Shape(**{field: 0})


def test_documents_of_earlier_releases_have_partitions_of_components_too() -> None:
    extent = Extent(documents=10, files=4, earlier=((50, 2), (70, 6)))
    assert starts(extent, 4) == tuple(
        document_number(file, 0, source) for file, source in ((0, 0), (3, 0), (0, 2), (3, 2))
    )
    assert starts(replace(extent, earlier=()), 2) == (document_number(0, 0), document_number(2, 0))


def test_a_release_is_gathered_in_pieces_of_what_a_task_can_hold_and_counts_in_the_plan() -> None:
    extent = Extent(documents=10, files=4, earlier=((50, 8), (70, 2)))
    assert pieces_of(extent, 25) == (3, 2)
    alone, beside = (
        Scale().shape(MinHash(), Components(), each, span=1)
        for each in (Extent(documents=10**6, files=100), Extent(documents=10**6, files=100, earlier=((10**8, 100),)))
    )
    assert beside.ranges == alone.ranges
    assert beside.joins > alone.joins
    assert beside.elections > alone.elections
    assert beside.copies >= alone.copies
    assert beside.most_copies < alone.most_copies / 2, "each key of this run may be in a release too"
