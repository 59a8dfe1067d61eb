"""Every record that came in went out by one way, and the ways are named."""

from dataclasses import replace
from pathlib import Path

from handmade import CRAWL, Handmade, crawl_of, crawl_steps, run_crawl
from tiny import execute

from pipeline.funnel import funnel
from pipeline.runs import open_run, record_run
from pipeline.steps import plan_steps
from pipeline.storage import LocalStorage


def test_the_funnel_says_where_each_record_went(tmp_path: Path) -> None:
    found = funnel(run_crawl(tmp_path, CRAWL))
    assert found.as_json() == {
        "bytes": 900,
        "types": {"page": 9},
        "records": 9,
        "failed": {"corrupt_record": 1},
        "gated": {"not_html": 2},
        "dropped": {"few_words": 1, "little_punctuation": 1},
        "near_duplicates": 1,
        "kept": 3,
        "tokens": 0,
        "complete": True,
        "chars": 64,
        "copies": {},
    }
    assert found.conservation() is None


def test_without_deduplication_the_funnel_has_no_duplicates(tmp_path: Path) -> None:
    found = funnel(run_crawl(tmp_path, CRAWL, dedup=False))
    assert (found.near_duplicates, found.kept, found.complete) == (0, 4, True)
    assert found.conservation() is None


def test_a_run_that_is_not_finished_has_the_funnel_so_far(tmp_path: Path) -> None:
    storage, source, steps = LocalStorage(tmp_path), crawl_of(CRAWL), crawl_steps(CRAWL)
    record_run(storage, recipe="tiny", rules=(), source=source, steps=plan_steps(steps, source))
    nothing = funnel(open_run(storage))
    assert (nothing.records, nothing.kept, nothing.complete) == (0, 0, False)
    execute(tmp_path, source, *steps[:2])
    half = funnel(open_run(storage))
    assert (half.records, half.gated, half.dropped["few_words"], half.complete) == (9, {"not_html": 2}, 1, False)


def test_reasons_are_sorted_by_how_many_they_stopped(tmp_path: Path) -> None:
    pages = {
        "a": tuple(
            replace(CRAWL["a.warc"][2], url=f"{gate}{n}", gate=gate)
            for gate, count in (("zebra", 2), ("ant", 2), ("most", 3))
            for n in range(count)
        )
    }
    assert list(funnel(run_crawl(tmp_path, pages)).gated.items()) == [("most", 3), ("ant", 2), ("zebra", 2)]


def test_records_that_nobody_accounts_for_are_missed(tmp_path: Path) -> None:
    lossy = Handmade(pages=tuple(CRAWL.values()), lost=1)  # one a file is counted, but never written
    found = funnel(run_crawl(tmp_path, CRAWL, ingest=lossy))
    assert found.conservation() == "14 records, but 9 kept, dropped or failed"
    assert replace(found, records=9).conservation() is None
