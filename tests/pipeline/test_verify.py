"""Verify finds what is not as it was committed: bytes, files, rows, sums, shards."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import orjson
import pyarrow.parquet as pq
import pytest
from handmade import CRAWL, Handmade, crawl_of, crawl_steps, run_crawl
from tiny import execute

from pipeline.dataset import build_dataset
from pipeline.runs import OpenRun, open_run, record_run
from pipeline.schemas import VERDICTS
from pipeline.steps import PartRun, plan_steps
from pipeline.storage import LocalStorage, digest_of
from pipeline.verify import Finding, verify


@pytest.fixture
def run(tmp_path: Path) -> OpenRun:
    run = run_crawl(tmp_path, CRAWL)
    build_dataset(run)
    return run


def findings(root: Path) -> list[Finding]:
    return [finding for finding in verify(open_run(LocalStorage(root))) if finding]


def table(root: Path, step: str, name: str) -> Path:
    """The first file of a table of a step."""
    return min((root / "steps" / step).rglob(f"*.{name}.parquet"))


def test_a_run_that_is_in_order_has_no_findings(tmp_path: Path, run: OpenRun) -> None:
    checks = list(verify(run))
    assert set(checks) == {None}
    files = len(list((tmp_path / "steps").rglob("*-*.*.parquet")))
    assert len(checks) > files  # every file, and laws besides


@pytest.mark.parametrize(("step", "name"), [("ingest", "documents"), ("decide", "verdicts"), ("index", "index")])
def test_a_flipped_bit_is_found_wherever_it_is(tmp_path: Path, run: OpenRun, step: str, name: str) -> None:
    path = table(tmp_path, step, name)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    assert findings(tmp_path) == [
        Finding(str(path.relative_to(tmp_path)), "its bytes are not those that were committed")
    ]


def test_a_cut_file_is_found(tmp_path: Path, run: OpenRun) -> None:
    path = table(tmp_path, "survivors", "survivors")
    path.write_bytes(path.read_bytes()[:-1])
    assert [finding.where for finding in findings(tmp_path)] == [str(path.relative_to(tmp_path))]


def test_a_deleted_file_is_found(tmp_path: Path, run: OpenRun) -> None:
    path = table(tmp_path, "ingest", "records")
    path.unlink()
    (finding,) = findings(tmp_path)
    assert finding.where == str(path.relative_to(tmp_path))
    assert finding.what.endswith("not there, though a receipt or a user names it")


def test_a_deleted_receipt_is_a_part_that_is_not_done(tmp_path: Path, run: OpenRun) -> None:
    min((tmp_path / "steps" / "decide").rglob("*.json")).unlink()
    assert Finding("decide", "1 of 3 parts are not done") in findings(tmp_path)


def test_a_shard_edited_by_hand_is_found(tmp_path: Path, run: OpenRun) -> None:
    path = tmp_path / "dataset" / "data" / "train-00000-of-00003.parquet"
    edited = pq.read_table(path).slice(1)
    path.unlink()  # a new file, as editors write one: the part it was linked to stays as it is
    pq.write_table(edited, path)
    assert findings(tmp_path) == [
        Finding("dataset/data/train-00000-of-00003.parquet", "its bytes are not those that were committed")
    ]


def test_a_shard_changed_in_place_is_found_with_the_part_it_is_linked_to(tmp_path: Path, run: OpenRun) -> None:
    path = tmp_path / "dataset" / "data" / "train-00000-of-00003.parquet"
    with path.open("ab") as file:
        file.write(b"!")
    places = [finding.where for finding in findings(tmp_path)]
    assert len(places) == 2
    assert places[0].startswith("steps/pack/")
    assert places[1] == "dataset/data/train-00000-of-00003.parquet"


def test_a_shard_that_nobody_lists_or_that_is_gone_is_found(tmp_path: Path, run: OpenRun) -> None:
    folder = tmp_path / "dataset" / "data"
    (folder / "train-00000-of-00003.parquet").rename(folder / "extra.parquet")
    assert [(finding.where, finding.what.split(":")[-1].strip()) for finding in findings(tmp_path)] == [
        ("dataset/data/extra.parquet", "not listed in the manifest"),
        ("dataset/data/train-00000-of-00003.parquet", "not there, though a receipt or a user names it"),
    ]


def test_a_missing_dataset_is_found(tmp_path: Path, run: OpenRun) -> None:
    (tmp_path / "dataset" / "manifest.json").unlink()
    assert findings(tmp_path) == [Finding("dataset", "there is no finished dataset")]


def test_a_dataset_of_an_earlier_run_is_found(tmp_path: Path, run: OpenRun) -> None:
    run_crawl(tmp_path, CRAWL, shard=4)
    (first, *_) = findings(tmp_path)
    assert first == Finding("dataset", f"it is of run {run.record.id}, not of the last one")


def test_a_run_that_is_not_finished_says_how_much_is_missing(tmp_path: Path) -> None:
    storage, source, steps = LocalStorage(tmp_path), crawl_of(CRAWL), crawl_steps(CRAWL)
    record_run(storage, recipe="tiny", rules=(), source=source, steps=plan_steps(steps, source))
    execute(tmp_path, source, *steps[:2])
    assert findings(tmp_path) == [
        Finding("survivors", "3 of 3 parts are not done"),
        Finding("pack", "3 of 3 parts are not done"),
        Finding("index", "3 of 3 parts are not done"),
        Finding("dataset", "there is no finished dataset"),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepsAll:
    """Verdicts of as many records as it is told."""

    name: ClassVar[str] = "keeps_all"
    version: ClassVar[int] = 1

    rows: int

    def run(self, part: PartRun) -> dict[str, int]:
        columns = {"verdict": ["keep"] * self.rows, "reason": [None] * self.rows, "violations": [[]] * self.rows}
        part.writer("verdicts", VERDICTS).write_columns(columns)
        return {"rows": self.rows}


@pytest.mark.parametrize("rows", [5, 7])
def test_rows_that_do_not_stand_beside_what_they_judge_are_found(tmp_path: Path, rows: int) -> None:
    """Six records stand in the first two files, one in the next two, two in the last."""
    storage, source, steps = LocalStorage(tmp_path), crawl_of(CRAWL), crawl_steps(CRAWL, decide=KeepsAll(rows=rows))
    record_run(storage, recipe="tiny", rules=(), source=source, steps=plan_steps(steps, source))
    execute(tmp_path, source, *steps[:2])
    told = [finding.what for finding in findings(tmp_path) if finding.where.endswith(".verdicts.parquet")]
    assert told == [f"{rows} rows beside {records} records" for records in (6, 1, 2)]


def test_records_lost_in_a_part_are_found_there_and_in_the_whole(tmp_path: Path) -> None:
    run_crawl(tmp_path, CRAWL, ingest=Handmade(pages=tuple(CRAWL.values()), lost=1))
    found = findings(tmp_path)
    assert Finding("a.warc", "5 rows, 2 documents, 2 stopped") in found
    assert Finding("funnel", "14 records, but 9 kept, dropped or failed") in found


def change_receipt(root: Path, **changes: Any) -> None:
    """Changes what the first receipt of `ingest` says."""
    (path,) = [
        path
        for path in (root / "steps" / "ingest").rglob("*.json")
        if orjson.loads(path.read_bytes())["name"] == "a.warc"
    ]
    path.write_bytes(orjson.dumps(orjson.loads(path.read_bytes()) | changes))


def test_bytes_that_belong_to_no_record_are_found(tmp_path: Path, run: OpenRun) -> None:
    change_receipt(tmp_path, facts={"input_bytes": 401})
    assert Finding("a.warc", "400 of 401 bytes belong to a record") in findings(tmp_path)


def test_rows_that_a_receipt_makes_up_are_found(tmp_path: Path, run: OpenRun) -> None:
    receipt = run.receipts("ingest")[run.source.parts[0].key]
    files = {
        name: {"path": e.path, "sha256": e.sha256, "bytes": e.bytes, "rows": e.rows}
        for name, e in receipt.files.items()
    }
    files["documents"]["rows"] = 3
    change_receipt(tmp_path, files=files)
    assert Finding(files["documents"]["path"], "2 rows, 3 committed") in findings(tmp_path)


def test_a_digest_is_that_of_the_whole_file(tmp_path: Path) -> None:
    storage = LocalStorage(tmp_path)
    writer = storage.writer("a")
    for _ in range(3):
        writer.write(b"x" * 1_000_000)
    writer.close()
    assert digest_of(storage, "a") == writer.sha256


@pytest.mark.parametrize("what", ["steps/decide/*/*/manifest-*.parquet", "dataset/manifest.json"])
def test_a_damaged_seal_or_manifest_is_a_finding_and_not_the_end(tmp_path: Path, run: OpenRun, what: str) -> None:
    whole = len(list(verify(run)))
    for path in tmp_path.glob(what):
        path.write_bytes(b"{}")
    assert any("is damaged" in finding.what for finding in findings(tmp_path))
    assert len(list(verify(open_run(LocalStorage(tmp_path))))) > whole // 2


def test_a_seal_that_says_other_things_than_its_receipts_is_found(tmp_path: Path, run: OpenRun) -> None:
    path = min((tmp_path / "steps" / "decide").rglob("*.json"))
    path.write_bytes(path.read_bytes().replace(b'"attempt": "', b'"attempt": "0'))
    assert ["other things" in finding.what for finding in findings(tmp_path)] == [True]


@pytest.mark.parametrize("name", ["README.md", "croissant.json", "SHA256SUMS"])
def test_what_describes_the_dataset_is_checked_too(tmp_path: Path, run: OpenRun, name: str) -> None:
    path = tmp_path / "dataset" / name
    path.write_bytes(path.read_bytes() + b" ")
    assert [finding.where for finding in findings(tmp_path)] == [f"dataset/{name}"]
    path.unlink()
    (missing,) = findings(tmp_path)
    assert missing.where == f"dataset/{name}"
    assert "not there" in missing.what
