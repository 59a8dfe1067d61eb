"""`why` explains every record of the demo's crawl, and agrees with what was planted."""

import orjson
import polars as pl
import pytest
from trial import Crawl, verb

from pipeline.runs import OpenRun
from pipeline.why import find, raw_record, story


def everything(run: OpenRun) -> list[tuple[int, int]]:
    receipts = run.receipts("ingest")
    return [(n, row) for n, part in enumerate(run.source.parts) for row in range(receipts[part.key].rows("records"))]


def test_every_record_has_a_verdict_and_every_lost_one_a_reason(finished_run: OpenRun) -> None:
    kept = 0
    for part, row in everything(finished_run):
        told = story(finished_run, part, row)
        assert told.verdict in {"keep", "drop", "fail"}
        assert (told.reason is None) == (told.verdict == "keep")
        if told.verdict == "drop" and told.record["gate"] is None and told.reason != "near_duplicate":
            assert next(check.rule.reason for check in told.checks if check.fails) == told.reason
        kept += told.verdict == "keep"
    assert kept == finished_run.totals("pack")["rows"]


def test_a_page_is_found_by_url_and_by_record_id_with_or_without_brackets(finished_run: OpenRun) -> None:
    for part, row in everything(finished_run)[::17]:
        record = story(finished_run, part, row).record
        if record["url"]:
            assert (part, row) in find(finished_run, record["url"])
        assert (part, row) in find(finished_run, record["record_id"])
        assert (part, row) in find(finished_run, record["record_id"].strip("<>"))


def test_what_was_planted_is_explained_as_it_was_meant(finished_run: OpenRun, crawl: Crawl) -> None:
    wrong: list[str] = []
    for page in crawl.planted:
        places = find(finished_run, page.record_id) if page.record_id else []
        told = [story(finished_run, *place) for place in places]
        if page.expectation in {"corrupt_record", "other_record"}:
            continue
        answers = {each.reason or "kept" for each in told}
        if page.expectation not in answers:
            wrong.append(f"{page.kind} {page.url}: {answers or 'not found'}, meant {page.expectation}")
    assert not wrong, "\n".join(wrong)


def test_a_dropped_duplicate_names_the_page_that_survives(finished_run: OpenRun, crawl: Crawl) -> None:
    removed = [
        told for place in everything(finished_run) if (told := story(finished_run, *place)).reason == "near_duplicate"
    ]
    assert removed
    for told in removed:
        assert told.duplicates is not None
        survivor = [story(finished_run, *place) for place in find(finished_run, told.duplicates["survivor"])]
        assert any(each.verdict == "keep" for each in survivor)
        assert told.duplicates["cluster_size"] == len(told.duplicates["members"]) + 1


def test_a_gated_page_is_read_again_from_its_archive_by_offset(finished_run: OpenRun) -> None:
    told = next(
        told
        for place in everything(finished_run)
        if (told := story(finished_run, *place)).record["gate"] == "other_language"
    )
    body, _ = raw_record(finished_run, told)
    assert b"<html" in body.lower()


def test_an_unfinished_run_is_explained_by_scanning(finished_run: OpenRun) -> None:
    indexed = finished_run.step("index")
    assert indexed is not None
    part, row = everything(finished_run)[0]
    url = story(finished_run, part, row).record["url"]
    from pipeline.why import _by_scan

    assert (part, row) in _by_scan(finished_run, url)


def test_the_verb_prints_the_story_and_the_same_as_json(finished_run: OpenRun) -> None:
    root = finished_run.storage.location
    kept = pl.read_parquet(f"{root}/dataset/data/*.parquet")["url"][0]
    shown = verb("why", root, kept)
    assert shown.returncode == 0, shown.stderr
    for word in (kept, "kept", "language_score", "fails if", "packed in dataset/data/train-00000-of-00001.parquet"):
        assert word in shown.stdout
    told = orjson.loads(verb("why", root, kept, "--json").stdout)
    assert told["records"][0]["verdict"] == "keep"
    assert told["records"][0]["signals"]["language"] == "en"


def test_an_unknown_page_is_one_clear_line_and_exit_code_2(finished_run: OpenRun) -> None:
    told = verb("why", finished_run.storage.location, "https://nowhere.example/")
    assert told.returncode == 2
    assert told.stderr.strip().endswith("no record of this run has this URL or id")
    assert "Traceback" not in told.stderr


@pytest.mark.parametrize("place", [0, -1])
def test_the_text_of_a_page_is_printed_on_request(finished_run: OpenRun, place: int) -> None:
    root = finished_run.storage.location
    row = pl.read_parquet(f"{root}/dataset/data/*.parquet").row(place, named=True)
    assert row["text"][:40] in verb("why", root, row["id"], "--text").stdout
