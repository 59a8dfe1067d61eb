"""A run is known by what was asked for, and can be opened again from that."""

import math
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from handmade import CRAWL, RULES, Page, crawl_of, crawl_steps, run_crawl
from hypothesis import given
from hypothesis import strategies as st
from obstore.store import MemoryStore
from tiny import execute

from pipeline import runs
from pipeline.errors import InputError, PartsFailed, StorageError
from pipeline.measures import Rule
from pipeline.runs import OpenRun, RunRecord, StepRecord, open_run, provenance, record_run
from pipeline.steps import plan_steps
from pipeline.storage import LocalStorage, ObjectStorage, Storage


def recorded(storage: Storage, recipe: str = "tiny", pages: Any = CRAWL, **options: Any) -> RunRecord:
    source = crawl_of(pages)
    steps = plan_steps(crawl_steps(pages, **options), source)
    return record_run(storage, recipe=recipe, rules=RULES, source=source, steps=steps)


def test_a_run_is_opened_as_it_was_recorded(tmp_path: Path) -> None:
    storage = LocalStorage(tmp_path)
    record = recorded(storage)
    run = open_run(storage)
    assert run.record.to_json() == record.to_json()
    assert run.record.rules == RULES
    assert run.source == crawl_of(CRAWL)
    assert run.record.steps[1] == StepRecord("decide", record.steps[1].fingerprint, 2, 0, ("ingest",))
    assert [step.name for step in run.record.steps] == ["ingest", "decide", "survivors", "pack", "index"]
    assert run.step("index") == record.steps[-1]
    assert run.step("edges") is None


def test_the_last_run_is_opened_and_the_earlier_ones_stay(tmp_path: Path) -> None:
    storage = LocalStorage(tmp_path)
    for recipe in ("one", "two", "three"):
        recorded(storage, recipe)
    assert open_run(storage).record.recipe == "three"
    assert len(storage.names("runs")) == 3


def test_a_root_without_a_run_says_how_to_start_one(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=f"^{tmp_path}: no run here; start one with `gristmill curate"):
        open_run(LocalStorage(tmp_path))


LISTED = "sources/s/listed.parquet"
BOUNDS = (
    st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | st.booleans() | st.text("ab<ä")
)
RULE = st.builds(
    Rule, st.text("ab"), st.sampled_from(["<", "<=", ">", ">=", "=="]), BOUNDS, st.text("ab"), null_fails=st.booleans()
) | st.builds(Rule, st.just("s"), st.just("in"), st.lists(st.text("ab")).map(tuple), st.just("r"))


@given(st.lists(RULE, max_size=4))
def test_rules_are_read_as_they_were_written(rules: list[Rule]) -> None:
    record = RunRecord(id="1", recipe="r", source=LISTED, rules=tuple(rules), steps=(), payload={}, provenance={})
    again = RunRecord.from_json(record.to_json())
    assert again == record
    assert [type(rule.value) for rule in again.rules] == [type(rule.value) for rule in rules]


def test_a_bound_is_kept_to_the_last_bit() -> None:
    rule = Rule("s", "<", math.nextafter(0.12, 0), "r")
    record = RunRecord(id="1", recipe="r", source=LISTED, rules=(rule,), steps=(), payload={}, provenance={})
    assert RunRecord.from_json(record.to_json()).rules[0].value == rule.value


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"source": "x"}, "its source x is no list of files below ROOT"),
        ({"source": "/etc/sources/x.parquet"}, "its source /etc/sources/x.parquet is no list"),
        ({"source": "sources/../../x.parquet"}, "no list of files below ROOT"),
        ({"source": 7}, "damaged"),
        ({"steps": [{"name": "ingest", "fingerprint": "f", "span": 0, "partitions": 0, "inputs": []}]}, "a span of 0"),
        ({"steps": [{"name": "a", "fingerprint": "f", "span": 1, "partitions": -1, "inputs": []}]}, "-1 partitions"),
        ({"steps": [{"name": "a", "fingerprint": "f", "span": "1", "partitions": 0, "inputs": []}]}, "damaged"),
    ],
    ids=str,
)
def test_a_record_of_what_no_run_is_is_damaged(changes: dict[str, Any], why: str) -> None:
    record = RunRecord(id="1", recipe="r", source=LISTED, rules=(), steps=(), payload={}, provenance={})
    with pytest.raises(StorageError, match=f"runs/1.json is damaged: .*{why}" if why != "damaged" else why):
        RunRecord.from_json(orjson.dumps(orjson.loads(record.to_json()) | changes), "runs/1.json")


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"[]", b"{}", b'{"rules": [{}]}', b'{"rules": [], "steps": [{}]}', b'{"rules": 1}', b'{"rules": [1]}'],
)
def test_a_damaged_record_is_a_storage_error(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(StorageError, match="a run's record is damaged"):
        RunRecord.from_json(data)


def test_provenance_says_where_a_run_came_from(tmp_path: Path) -> None:
    found = recorded(LocalStorage(tmp_path)).provenance
    assert {"started", "argv", "commit", "source", "lock", "python", "machine", "versions"} == set(found)
    assert found["versions"]["gristmill"]
    orjson.dumps(found)


def test_outside_a_checkout_there_is_no_commit(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(runs, "__file__", str(tmp_path / "runs.py"))
    assert runs._commit() is None
    monkeypatch.setenv("PATH", str(tmp_path))
    assert runs._commit() is None
    monkeypatch.setenv("GRISTMILL_COMMIT", "abc+")
    assert runs._commit() == "abc+", "a container is told"


def test_a_finished_run_has_its_receipts_seals_and_totals(tmp_path: Path) -> None:
    run = run_crawl(tmp_path, CRAWL)
    assert all(run.is_sealed(step) for step in run.record.steps)
    assert [receipt.name for receipt in run.receipts("ingest").values()] == list(CRAWL)
    assert [len(run.parts(step)) for step in run.record.steps] == [5, 3, 3, 3, 3]
    assert run.totals("decide") == {
        "rows": 9,
        "kept": 4,
        "failed": 1,
        "gated": 2,
        "dropped.few_words": 1,
        "dropped.little_punctuation": 1,
    }


def test_an_unfinished_run_has_what_is_there(tmp_path: Path) -> None:
    storage, source = LocalStorage(tmp_path), crawl_of(CRAWL)
    recorded(storage)
    nothing = open_run(storage)
    assert nothing.receipts("ingest") == nothing.totals("ingest") == {}
    execute(tmp_path, source, *crawl_steps(CRAWL)[:2])
    run = open_run(storage)
    assert [run.is_sealed(step) for step in run.record.steps] == [True, True, False, False, False]
    assert run.totals("ingest")["rows"] == 9
    assert run.totals("pack") == {}


def test_a_step_that_the_recipe_does_not_have_has_no_receipts_in_any_store() -> None:
    storage = ObjectStorage("s3://bucket/run", store=MemoryStore())
    run = OpenRun(storage, recorded(storage, dedup=False))
    assert run.receipts("survivors") == {}
    assert run.receipts("ingest") == {}
    assert not any(run.is_sealed(step) for step in run.record.steps)


def test_parts_that_failed_are_missing(tmp_path: Path) -> None:
    pages = CRAWL | {"b.warc": (replace(CRAWL["b.warc"][0], punct=math.nan), Page(url="x"))}
    with pytest.raises(PartsFailed, match="signal punct_ratio is NaN"):
        run_crawl(tmp_path, pages)
    run = open_run(LocalStorage(tmp_path))
    assert [receipt.name for receipt in run.receipts("decide").values()] == ["c.warc and 1 more", "e.warc"]
    assert [run.is_sealed(step) for step in run.record.steps] == [True, False, False, False, True]


def test_a_sealed_step_is_read_from_its_seal_alone(tmp_path: Path) -> None:
    run = run_crawl(tmp_path, CRAWL)
    before = run.receipts("decide")
    for path in (tmp_path / "steps" / "decide").rglob("*.json"):
        path.write_bytes(b"")  # 90,000 of them in a bucket take an hour
    assert open_run(LocalStorage(tmp_path)).receipts("decide") == before


def test_provenance_holds_no_credentials_of_an_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["curate", "https://user:secret@host/x.warc.gz", "s3://bucket/a@b.warc.gz"])
    argv = provenance(datetime.now(UTC))["argv"]
    assert argv == ["curate", "https://host/x.warc.gz", "s3://bucket/a@b.warc.gz"]
