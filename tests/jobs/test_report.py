"""The verb `report`: what the page says is what the run's receipts say, also of runs that are odd."""

import re
import shutil
from pathlib import Path

import orjson
import pytest
import typer
from trial import verb

from jobs.looking.parts import explainer
from jobs.report import report as report_verb
from jobs.running import prepare, run
from jobs.synthetic.archive import archive_bytes
from jobs.synthetic.crawl import ordinary_page
from pipeline.funnel import funnel
from pipeline.report.page import MOST_BYTES, SECTIONS, report
from pipeline.runs import OpenRun, open_run
from pipeline.storage import open_storage
from pipeline.verify import verify


def text_of(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page.split("</head>")[1]).replace("\u00a0", " ").split())


def opened(root: Path) -> OpenRun:
    return open_run(open_storage(str(root)))


def test_the_verb_writes_one_page_and_says_where(finished: Path, tmp_path: Path) -> None:
    told = verb("report", str(finished), "--output", str(tmp_path / "page.html"), "--json")
    assert told.returncode == 0, told.stderr
    answer = orjson.loads(told.stdout)
    page = (tmp_path / "page.html").read_bytes()
    assert answer["file"] == str(tmp_path / "page.html")
    assert answer["bytes"] == len(page) < MOST_BYTES
    assert b"<mark" in page  # the run's own measures mark what they saw, without the recipe's file


def test_without_output_the_page_stands_in_root_and_harms_nothing(
    finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "root"
    shutil.copytree(finished, root)
    report_verb(str(root))
    assert f"{root}/report.html" in capsys.readouterr().out
    assert (root / "report.html").read_text().startswith("<!doctype html>")
    assert not [finding for finding in verify(opened(root)) if finding]


def test_the_page_has_every_number_of_the_funnel(finished: Path) -> None:
    numbers, page = funnel(opened(finished)), text_of(report(opened(finished)))
    for group in (numbers.failed, numbers.gated, numbers.dropped):
        for reason, count in group.items():
            assert re.search(rf"{re.sub('_', '_ ?', reason)} {count:,} ", page), reason
    assert f"{numbers.kept:,} documents kept" in page
    assert f"{numbers.tokens:,} tokens" in page
    assert all(title in page for _, title, _ in SECTIONS)
    for rule in opened(finished).record.rules:
        assert rule.reason in page


def test_the_same_run_gives_the_same_page(finished: Path) -> None:
    first, again = (report(opened(finished), explain=explainer(opened(finished))) for _ in range(2))
    assert first == again


def test_of_some_files_the_page_says_that_distributions_are_of_these(finished: Path) -> None:
    page = text_of(report(opened(finished), most_files=2))
    assert "Distributions and samples come from 2 of 4 files" in page
    assert f"{funnel(opened(finished)).records:,} records read" in page


def test_an_unfinished_run_has_a_page_that_says_so(finished: Path, tmp_path: Path) -> None:
    root = tmp_path / "root"
    shutil.copytree(finished, root)
    shutil.rmtree(root / "dataset")
    for step, parts in (("pack", 1), ("survivors", 4), ("decide", 4)):
        shutil.rmtree(root / "steps" / step)
        page = text_of(report(opened(root), explain=explainer(opened(root))))
        assert "This run is not finished" in page
        assert f"{step} 0/{parts}" in page
    receipts = sorted((root / "steps" / "ingest").rglob("*.json"))
    for receipt in receipts:
        for seal in receipt.parent.glob("manifest-*"):
            seal.unlink()
        receipt.unlink()
        page = text_of(report(opened(root)))
        assert "This run is not finished" in page
    assert "0 records read" in page


def test_a_run_that_keeps_nothing_has_a_page(tmp_path: Path) -> None:
    foreign = [page for page in (ordinary_page(3, number) for number in range(60)) if "/texts/" in page.url][:6]
    (tmp_path / "crawl").mkdir()
    (tmp_path / "crawl" / "a.warc.gz").write_bytes(b"".join(archive_bytes(foreign, seed=3, archive=0, first_page=0)))
    run(prepare("fineweb", [str(tmp_path / "crawl")], str(tmp_path / "out")), local=True)
    page = text_of(report(opened(tmp_path / "out")))
    assert "Nothing was kept." in page
    assert "other_language" in page.replace("other_ language", "other_language")
    assert "No page has been judged." in page


@pytest.mark.parametrize(
    ("output", "says", "code"),
    [("{}/folder/", "name a file", 2), ("{}/file/page.html", "file", 1), ("ftp://host/page.html", "not a place", 1)],
)
def test_a_place_that_cannot_be_written_is_one_clear_error(
    finished: Path, tmp_path: Path, output: str, says: str, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(typer.Exit) as ended:
        report_verb(str(finished), output=output.format(tmp_path), files=1)
    assert ended.value.exit_code == code
    assert says in capsys.readouterr().err


def test_a_damaged_table_is_one_clear_error(finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = tmp_path / "root"
    shutil.copytree(finished, root)
    table = next((root / "steps" / "ingest").rglob("*.records.parquet"))
    table.unlink()
    table.write_bytes(b"PAR1 nothing PAR1")
    with pytest.raises(typer.Exit) as ended:
        report_verb(str(root))
    assert ended.value.exit_code == 1
    assert "is damaged" in capsys.readouterr().err
