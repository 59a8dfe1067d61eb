"""A page is found by its address or its id, wherever it is."""

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from handmade import CRAWL, Page, run_crawl
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import RecipeError
from pipeline.receipts import Receipt
from pipeline.runs import OpenRun
from pipeline.schemas import URL_INDEX
from pipeline.url_index import UrlIndex, key_of, look_up, partition_of, partitions_of, repeated_across


def index_of(run: OpenRun) -> list[Receipt]:
    step = run.step("index")
    assert step
    return [run.receipts("index")[part.key] for part in run.parts(step)]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> OpenRun:
    """The crawl written down by hand, and 200 pages more, so that each partition has some; one address is there twice."""
    many = tuple(Page(url=f"https://many.test/{n}", text=f"page {n}") for n in range(200))
    again = (Page(url="https://many.test/7"), *CRAWL["a.warc"][:1])
    return run_crawl(tmp_path_factory.mktemp("run"), CRAWL | {"m.warc": many, "n.warc": again})


def test_every_record_is_found_by_its_address_and_by_its_id(run: OpenRun) -> None:
    index = index_of(run)
    for part, pages in enumerate(CRAWL.values()):
        for row, page in enumerate(pages):
            for text in (page.url, page.record_id):
                assert (part, row) in look_up(run.storage, index, text)
    for row in range(200):
        assert (5, row) in look_up(run.storage, index, f"https://many.test/{row}")


def test_a_page_that_is_there_twice_is_found_twice_in_order(run: OpenRun) -> None:
    assert look_up(run.storage, index_of(run), "https://many.test/7") == [(5, 7), (6, 0)]
    assert look_up(run.storage, index_of(run), "https://a.test/1") == [(0, 0), (6, 1)]


def test_what_is_not_there_is_not_found(run: OpenRun) -> None:
    for text in ("https://many.test/200", "", "\ud800", "x" * 10_000):
        assert look_up(run.storage, index_of(run), text) == []


def test_each_partition_is_sorted_and_holds_its_range_of_keys(run: OpenRun) -> None:
    keys: list[int] = []
    for number, receipt in enumerate(index_of(run)):
        table = pq.read_table(run.storage.open(receipt.files["index"].path))
        assert table.schema.equals(URL_INDEX)
        rows = [tuple(row.values()) for row in table.to_pylist()]
        assert rows == sorted(rows)
        assert all(partition_of(key, 3) == number for key, _, _ in rows)
        assert receipt.counts["keys"] == len(rows)
        keys += [key for key, _, _ in rows]
    assert keys == sorted(keys)
    assert len(keys) == 2 * (9 + 200 + 2)


@given(st.integers(0, 2**64 - 1), st.integers(1, 5000))
def test_partitions_share_the_range_of_keys_in_order(key: int, partitions: int) -> None:
    assert 0 <= partition_of(key, partitions) < partitions
    assert partition_of(0, partitions) == 0
    assert partition_of(2**64 - 1, partitions) == partitions - 1
    assert partition_of(max(key - 1, 0), partitions) <= partition_of(key, partitions)
    assert partitions_of(np.array([key], np.uint64), partitions).tolist() == [partition_of(key, partitions)]


def test_keys_use_all_64_bits_and_never_change(tmp_path: Path) -> None:
    assert max(key_of(str(n)) for n in range(100)) >= 1 << 63
    assert key_of("https://example.org/") == 5_946_287_761_419_108_731


def test_an_index_of_no_partitions_is_refused_before_anything_starts() -> None:
    with pytest.raises(RecipeError, match="at least one partition"):
        UrlIndex(partitions=0)


def test_ids_of_earlier_parts_are_counted_over_all_partitions(run: OpenRun) -> None:
    assert run.totals("index")["remark.repeated_id_elsewhere"] == 2  # the two pages of the last file


@given(st.lists(st.lists(st.integers(0, 9), max_size=6), max_size=5))
def test_an_id_counts_where_a_record_of_an_earlier_part_has_it(parts: list[list[int]]) -> None:
    ids_of = [(key_of(str(name)), part) for part, ids in enumerate(parts) for name in ids]
    earlier = [{name for before in parts[:part] for name in before} for part in range(len(parts))]
    assert across(ids_of) == sum(name in earlier[part] for part, ids in enumerate(parts) for name in ids)


def across(ids: list[tuple[int, int]]) -> int:
    """`repeated_across` of keys and parts in any order."""
    keys, parts = zip(*sorted(ids), strict=True) if ids else ((), ())
    return repeated_across(np.array(keys, np.uint64), np.array(parts, np.int32))


def test_records_without_an_id_do_not_have_the_same() -> None:
    assert across([(key_of(""), part) for part in range(2)]) == 0
