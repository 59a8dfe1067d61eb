"""What a limit stopped is set aside and can be tried again, without its archive where its body was kept."""

import gzip
import shutil
from pathlib import Path

import orjson
import pytest
from trial import typed

from jobs.running import prepare, run
from pipeline import quarantine
from pipeline.runs import OpenRun, open_run
from pipeline.storage import open_storage
from pipeline.tables import read_table

RECIPES = """
from dataclasses import replace

from filters.html_only import HtmlOnly
from jobs.recipe import Recipe
from pipeline.extraction import Trafilatura
from pipeline.sandbox import Limits


def narrow():
    limits = Limits(max_html_chars=3_000)
    return Recipe(name="narrow", ingest=(HtmlOnly(), Trafilatura()), rules=(), limits=limits)
"""
SENTENCE = "Sack {} was weighed at the mill, written down, and carried up to the loft before noon. "


def html(sentences: int) -> bytes:
    text = "".join(f"<p>{SENTENCE.format(number)}</p>" for number in range(sentences))
    return f"<html><body><article>{text}</article></body></html>".encode()


def record(name: str, body: bytes) -> bytes:
    block = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n" + body
    head = (
        f"WARC/1.0\r\nWARC-Type: response\r\nWARC-Record-ID: <urn:test:{name}>\r\nWARC-Target-URI: https://mill.test/{name}\r\n"
        f"WARC-Date: 2026-11-20T10:00:00Z\r\nContent-Type: application/http; msgtype=response\r\n"
        f"Content-Length: {len(block)}\r\n\r\n"
    )
    return gzip.compress(head.encode() + block + b"\r\n\r\n", mtime=0)


@pytest.fixture
def stopped(tmp_path: Path) -> Path:
    """The ROOT of a run in which one page of three was stopped for its size."""
    (tmp_path / "crawl").mkdir()
    pages = {"small": html(5), "large": html(90), "tail": html(6)}
    (tmp_path / "crawl" / "a.warc.gz").write_bytes(b"".join(record(*page) for page in pages.items()))
    (tmp_path / "narrow.py").write_text(RECIPES)
    run(prepare(f"{tmp_path}/narrow.py:narrow", [str(tmp_path / "crawl")], str(tmp_path / "out")), local=True)
    return tmp_path / "out"


def opened(root: Path) -> OpenRun:
    return open_run(open_storage(str(root)))


def replayed(root: Path, *options: str) -> list[dict]:
    told = typed("replay", str(root), "--json", *options)
    assert told.returncode == 0, told.stderr
    return orjson.loads(told.stdout)["pages"]


def test_a_page_that_a_limit_stopped_is_set_aside_with_its_body(stopped: Path) -> None:
    run = opened(stopped)
    (receipt,) = run.receipts("ingest").values()
    (row,) = read_table(run.storage, receipt, "quarantine").to_pylist()
    assert (row["record_row"], row["url"], row["gate"]) == (1, "https://mill.test/large", "over_size")
    assert (row["body"], row["body_bytes"], row["http_charset"]) == (html(90), len(html(90)), "utf-8")


def test_under_the_limits_of_the_run_it_is_stopped_again(stopped: Path) -> None:
    (page,) = replayed(stopped)
    assert (page["was"], page["verdict"], page["reason"], page["text_chars"]) == (
        "over_size",
        "fail",
        "over_size",
        None,
    )


def test_under_wider_limits_it_comes_out_without_its_archive(stopped: Path) -> None:
    shutil.rmtree(stopped.parent / "crawl")
    (page,) = replayed(stopped, "--max-chars", "100000", "--reason", "over_size")
    assert (page["verdict"], page["reason"], page["body_from"]) == ("keep", None, "quarantine")
    assert page["text_chars"] > 80 * len(SENTENCE)
    assert page["peak_bytes"] > 50_000_000
    assert replayed(stopped, "--reason", "over_cpu") == []


def test_a_page_that_was_stopped_for_its_markup_comes_out_where_that_bound_is_lifted(tmp_path: Path) -> None:
    nested = html(5).replace(b"<article>", b"<div>" * 30 + b"<article>")
    (tmp_path / "a.warc.gz").write_bytes(record("small", html(5)) + record("deep", nested))
    structured = RECIPES.replace("max_html_chars=3_000", "structure=Structure(max_depth=20)")
    (tmp_path / "narrow.py").write_text("from pipeline.structure import Structure" + structured)
    run(prepare(f"{tmp_path}/narrow.py:narrow", [str(tmp_path / "a.warc.gz")], str(tmp_path / "out")), local=True)
    (page,) = replayed(tmp_path / "out")
    assert (page["url"], page["was"], page["reason"]) == ("https://mill.test/deep", "over_depth", "over_depth")
    (page,) = replayed(tmp_path / "out", "--any-structure", "--reason", "over_depth")
    assert (page["was"], page["verdict"]) == ("over_depth", "keep")


def test_a_body_that_was_too_large_to_keep_is_read_from_its_archive(
    stopped: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(quarantine, "PAGE_BYTES", 1_000)
    run(prepare(f"{tmp_path}/narrow.py:narrow", [str(tmp_path / "crawl")], str(tmp_path / "again")), local=True)
    opened_run = opened(tmp_path / "again")
    (receipt,) = opened_run.receipts("ingest").values()
    assert read_table(opened_run.storage, receipt, "quarantine")["body"].to_pylist() == [None]
    (page,) = replayed(tmp_path / "again", "--max-chars", "100000")
    assert (page["verdict"], page["body_from"]) == ("keep", "archive")
    shutil.rmtree(tmp_path / "crawl")
    (page,) = replayed(tmp_path / "again", "--max-chars", "100000")
    assert (page["verdict"], page["reason"]) == ("fail", "not_found_again")


def test_a_run_made_before_there_was_a_quarantine_is_replayed_from_its_archives(stopped: Path) -> None:
    for path in stopped.glob("steps/ingest/*/*/*.json"):
        receipt = orjson.loads(path.read_bytes())
        del receipt["files"]["quarantine"]
        path.write_bytes(orjson.dumps(receipt))
    for path in stopped.glob("steps/ingest/*/*/manifest-*.parquet"):
        path.unlink()
    (page,) = replayed(stopped, "--max-chars", "100000")
    assert (page["verdict"], page["body_from"]) == ("keep", "archive")


def test_the_texts_that_come_out_can_be_curated(stopped: Path, tmp_path: Path) -> None:
    saved = tmp_path / "rescued.jsonl"
    replayed(stopped, "--max-chars", "100000", "--save", str(saved))
    run(prepare(f"{tmp_path}/narrow.py:narrow", [str(saved)], str(tmp_path / "more")), local=True)
    assert opened(tmp_path / "more").totals("pack")["rows"] == 0  # the recipe still has its limit for rows
    widened = RECIPES.replace("3_000", "100_000")
    (tmp_path / "narrow.py").write_text(widened)
    run(prepare(f"{tmp_path}/narrow.py:narrow", [str(saved)], str(tmp_path / "wide")), local=True)
    assert opened(tmp_path / "wide").totals("pack")["rows"] == 1


def test_a_person_reads_what_came_out(stopped: Path) -> None:
    told = typed("replay", str(stopped), "--max-chars", "100000")
    assert "1 pages: 1 would be kept, 0 dropped, 0 fail again" in told.stdout
    assert "https://mill.test/large" in told.stdout


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--cpu", "0"], "limits are positive"),
        (["--memory", "-1"], "limits are positive"),
        (["--reason", "few_words"], "no poison page is stopped for that"),
        (["--recipe", "nowhere.py:mine"], "no file"),
        (["--save", "/nowhere/at/all.jsonl"], "--save /nowhere/at/all.jsonl"),
    ],
)
def test_what_cannot_be_asked_for_is_one_clear_error(stopped: Path, options: list[str], says: str) -> None:
    told = typed("replay", str(stopped), *options)
    assert told.returncode == 2
    assert says in told.stderr


def test_a_run_without_poison_says_so(tmp_path: Path) -> None:
    (tmp_path / "a.warc.gz").write_bytes(record("small", html(5)))
    (tmp_path / "narrow.py").write_text(RECIPES)
    run(prepare(f"{tmp_path}/narrow.py:narrow", [str(tmp_path / "a.warc.gz")], str(tmp_path / "out")), local=True)
    (receipt,) = opened(tmp_path / "out").receipts("ingest").values()
    assert "quarantine" not in receipt.files
    assert "no page was stopped" in typed("replay", str(tmp_path / "out")).stdout


def test_bodies_kept_of_one_file_are_bounded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    size = len(html(90))
    monkeypatch.setattr("pipeline.ingest_tables.PART_BYTES", 2 * size + 10)
    (tmp_path / "narrow.py").write_text(RECIPES)
    (tmp_path / "a.warc.gz").write_bytes(b"".join(record(f"large{number}", html(90)) for number in range(4)))
    run(prepare(f"{tmp_path}/narrow.py:narrow", [str(tmp_path / "a.warc.gz")], str(tmp_path / "out")), local=True)
    opened_run = opened(tmp_path / "out")
    (receipt,) = opened_run.receipts("ingest").values()
    kept = [body is not None for body in read_table(opened_run.storage, receipt, "quarantine")["body"].to_pylist()]
    assert kept == [True, True, False, False]
