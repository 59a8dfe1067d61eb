from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedup.clusters import CLUSTER_SCHEMA
from dedup.survivors import ORDER_SCHEMA, survivors
from pipeline.schemas import CLUSTERED

DAY = datetime(2024, 5, 1, tzinfo=UTC)


def clustered(members: dict[int, int]) -> pa.Table:
    return pa.Table.from_pylist(
        [{"document": document, "cluster": cluster} for document, cluster in members.items()], CLUSTER_SCHEMA
    )


def ordered(*rows: tuple[int, int, datetime | None, str]) -> pa.Table:
    return pa.Table.from_pylist([dict(zip(ORDER_SCHEMA.names, row, strict=True)) for row in rows], ORDER_SCHEMA)


def survivor_of(*rows) -> int:
    result = survivors(clustered({row[0]: 1 for row in rows}), ordered(*rows))
    (kept,) = result.filter(result.column("keep")).column("document").to_pylist()
    assert set(result.column("survivor").to_pylist()) == {kept}
    return kept


def test_the_longest_text_survives():
    assert survivor_of((1, 10, DAY, "a"), (2, 11, DAY + timedelta(1), "b")) == 2


def test_of_equally_long_texts_the_earliest_survives():
    assert survivor_of((1, 10, DAY, "a"), (2, 10, DAY - timedelta(microseconds=1), "b")) == 2


def test_an_unknown_date_comes_after_every_known_one():
    assert survivor_of((1, 10, None, "a"), (2, 10, DAY + timedelta(9999), "b")) == 2


def test_then_the_smallest_record_id_survives():
    assert survivor_of((1, 10, DAY, "b"), (2, 10, DAY, "a")) == 2
    assert survivor_of((1, 10, None, "é"), (2, 10, None, "z")) == 2


def test_the_number_of_the_document_is_the_last_resort():
    assert survivor_of((2, 10, DAY, "a"), (1, 10, DAY, "a")) == 1


def test_every_clustered_document_learns_its_survivor_and_the_size_of_its_cluster():
    members = {1: 1, 2: 2, 3: 1, 2**48 - 1: 2, 9: 1}
    rows = [(document, document % 7, DAY, f"r{document}") for document in members]
    result = survivors(clustered(members), ordered(*rows, (50, 1, None, "not clustered")))
    assert result.schema == CLUSTERED
    assert [tuple(row.values()) for row in result.to_pylist()] == [
        (1, 1, 3, 3, False, None),
        (2, 2, 2, 2, True, None),
        (3, 1, 3, 3, True, None),
        (9, 1, 3, 3, False, None),
        (2**48 - 1, 2, 2, 2, False, None),
    ]


PAGES = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 2), st.none() | st.integers(0, 2), st.sampled_from("aéz")), max_size=15
)


@given(PAGES)
def test_the_survivor_is_the_first_of_the_declared_order(pages):
    members = {number: cluster for number, (cluster, *_) in enumerate(pages)}
    rows = [
        (n, chars, day if day is None else DAY + timedelta(day), name) for n, (_, chars, day, name) in enumerate(pages)
    ]
    result = survivors(clustered(members), ordered(*rows)).to_pylist()
    assert [row["document"] for row in result] == sorted(members)
    for row in result:
        mates = [page for page in rows if members[page[0]] == row["cluster"]]
        first = min(mates, key=lambda page: (-page[1], page[2] is None, page[2] or DAY, page[3], page[0]))
        assert row["survivor"] == first[0]
        assert row["cluster_size"] == len(mates)
        assert row["keep"] == (row["document"] == first[0])


@given(PAGES, st.randoms(use_true_random=False))
def test_neither_the_order_of_rows_nor_the_numbering_of_parts_changes_which_page_survives(pages, random):
    # Record ids are unique here, as they are in a crawl: then the page that survives does not depend on its number.
    rows = [
        (chars, day if day is None else DAY + timedelta(day), f"{name}{n}")
        for n, (_, chars, day, name) in enumerate(pages)
    ]

    def kept(numbers):
        members = {numbers[n]: cluster for n, (cluster, *_) in enumerate(pages)}
        order = [(numbers[n], *row) for n, row in enumerate(rows)]
        random.shuffle(order)
        names = {row[0]: row[3] for row in order}
        result = survivors(clustered(members), ordered(*order)).to_pylist()
        return {names[row["document"]] for row in result if row["keep"]}

    assert kept(range(len(pages))) == kept(random.sample(range(1000), len(pages)))


def test_a_clustered_document_without_a_row_is_an_error_and_never_a_free_pass():
    with pytest.raises(ValueError, match="1 clustered documents without a whole row in the order: 2"):
        survivors(clustered({1: 1, 2: 1}), ordered((1, 10, DAY, "a")))
    with pytest.raises(ValueError, match=r"4 clustered .*: 1, 2, 3 …"):
        survivors(clustered({1: 1, 2: 1, 3: 1, 4: 1}), ordered())


@pytest.mark.parametrize("row", [(2, None, DAY, "b"), (2, 10, DAY, None)])
def test_only_the_date_may_be_unknown(row):
    with pytest.raises(ValueError, match="without a whole row"):
        survivors(clustered({1: 1, 2: 1}), ordered((1, 10, DAY, "a"), row))


def test_two_rows_for_one_document_are_an_error():
    with pytest.raises(ValueError, match="several rows in the order: 1"):
        survivors(clustered({1: 1, 2: 1}), ordered((1, 10, DAY, "a"), (1, 11, DAY, "a"), (2, 10, DAY, "b")))


def test_a_document_in_two_clusters_is_an_error():
    members = pa.concat_tables([clustered({1: 1, 2: 1}), clustered({2: 2})])
    with pytest.raises(ValueError, match="several clusters: 2"):
        survivors(members, ordered((1, 10, DAY, "a"), (2, 10, DAY, "b")))


def test_no_clusters_have_no_survivors():
    result = survivors(clustered({}), ordered((1, 10, DAY, "a")))
    assert result.schema == CLUSTERED
    assert result.num_rows == 0


def test_extra_columns_and_columns_in_another_order_do_no_harm():
    order = ordered((1, 10, DAY, "a"), (2, 12, DAY, "b")).select(["record_id", "date", "text_chars", "document"])
    order = order.append_column("cluster", pa.array([7, 7]))
    assert survivors(clustered({1: 1, 2: 1}), order).column("survivor").to_pylist() == [2, 2]
