"""From an archive with odd records to what a person is told of them."""

import base64
import gzip
import hashlib
from pathlib import Path

import orjson
import pytest
from trial import typed

from jobs.running import prepare, run
from pipeline.runs import open_run
from pipeline.storage import open_storage

RECIPE = """
from filters.html_only import HtmlOnly
from jobs.recipe import Recipe
from pipeline.extraction import Trafilatura


def plain():
    return Recipe(name="plain", ingest=(HtmlOnly(), Trafilatura()), rules=())
"""
TEXT = (
    b"<html><body><article><p>The sacks were weighed, written down and carried to the loft.</p></article></body></html>"
)


def member(name: str, digest_of: bytes | None = None, kind: str = "response", cut: str = "") -> bytes:
    block = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" + TEXT
    digest = base64.b32encode(hashlib.sha1(block if digest_of is None else digest_of).digest()).decode()
    more = f"WARC-Truncated: {cut}\r\n" if cut else ""
    head = (
        f"WARC/1.0\r\nWARC-Type: {kind}\r\nWARC-Record-ID: <urn:test:{name.partition('/')[0]}>\r\n"
        f"WARC-Target-URI: https://mill.test/{name}\r\nWARC-Date: 2026-11-20T10:00:00Z\r\n{more}"
        f"WARC-Block-Digest: sha1:{digest}\r\nContent-Type: application/http\r\nContent-Length: {len(block)}\r\n\r\n"
    )
    return gzip.compress(head.encode() + block + b"\r\n\r\n", mtime=0)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    broken = bytearray(member("broken"))
    broken[60] ^= 255
    members = [
        member("one"),
        bytes(broken),
        member("one/again"),
        member("changed", digest_of=b"what it was before"),
        member("same", kind="revisit"),
        member("cut", cut="length"),
    ]
    (tmp_path / "a.warc.gz").write_bytes(b"".join(members))
    (tmp_path / "plain.py").write_text(RECIPE)
    run(prepare(f"{tmp_path}/plain.py:plain", [str(tmp_path / "a.warc.gz")], str(tmp_path / "out")), local=True)
    return tmp_path / "out"


def test_the_receipt_counts_them(root: Path) -> None:
    totals = open_run(open_storage(str(root))).totals("ingest")
    assert totals["corrupt_bytes"] == len(member("broken"))
    assert totals["type.revisit"] == 1
    told = {key: count for key, count in totals.items() if key.startswith(("remark.", "sha1."))}
    assert told == {
        "remark.cut_by_crawler": 1,
        "remark.repeated_id": 1,
        "remark.wrong_block_sha1": 1,
        "sha1.block_ok": 3,
    }


def test_status_tells_of_them(root: Path) -> None:
    shown = " ".join(typed("status", str(root)).stdout.split())
    assert "1 records with the id of an earlier one of the file" in shown
    assert f"{len(member('broken'))} B in regions that nobody can read" in shown
    told = orjson.loads(typed("status", str(root), "--json").stdout)
    assert told["noticed"]["repeated_id"] == 1
    assert told["noticed"]["corrupt_bytes"] == len(member("broken"))


@pytest.mark.parametrize(
    ("page", "remark"), [("one/again", "repeated_id: the id of row 0"), ("changed", "wrong_block_sha1"), ("one", None)]
)
def test_why_tells_of_a_page(root: Path, page: str, remark: str | None) -> None:
    (told,) = orjson.loads(typed("why", str(root), f"https://mill.test/{page}", "--json").stdout)["records"]
    assert told["remarks"] == ([remark] if remark else [])
    shown = typed("why", str(root), f"https://mill.test/{page}").stdout
    assert (f"remark    {remark}" in shown) if remark else ("remark" not in shown)


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run of two archives that share the id `one`; the second has it twice, and a text of its own under it."""
    folder = tmp_path_factory.mktemp("two")
    (folder / "crawl").mkdir()
    (folder / "crawl" / "a.warc.gz").write_bytes(member("one") + member("two"))
    (folder / "crawl" / "b.warc.gz").write_bytes(member("three") + member("one/b") + member("one/c"))
    (folder / "plain.py").write_text(RECIPE)
    run(prepare(f"{folder}/plain.py:plain", [str(folder / "crawl")], str(folder / "out")), local=True)
    return folder / "out"


def test_an_id_of_two_files_costs_no_page_and_counts_none_twice(two: Path) -> None:
    opened = open_run(open_storage(str(two)))
    assert opened.totals("ingest")["rows"] == opened.totals("ingest")["documents"] == 5
    assert opened.totals("decide")["kept"] == opened.totals("pack")["rows"] == 5
    told = orjson.loads(typed("verify", str(two), "--json").stdout)
    assert told["faults"] == []


def test_an_id_of_two_files_is_told_by_every_look_at_the_run(two: Path) -> None:
    counted = {"repeated_id": 1, "repeated_id_elsewhere": 2}
    for verb in ("status", "verify"):
        assert orjson.loads(typed(verb, str(two), "--json").stdout)["noticed"] == counted
        assert "2 records with the id of one in an earlier file" in " ".join(typed(verb, str(two)).stdout.split())
    assert typed("report", str(two)).returncode == 0
    assert "2 records with the id of one in an earlier file" in (two / "report.html").read_text()


def test_why_says_in_which_file_the_id_was_before(two: Path) -> None:
    remarks = {}
    for name in ("one", "two", "three", "one/b", "one/c"):
        (told,) = orjson.loads(typed("why", str(two), f"https://mill.test/{name}", "--json").stdout)["records"]
        remarks[name] = told["remarks"]
    elsewhere = "repeated_id_elsewhere: the id of row 0 of a.warc.gz"
    assert remarks == {
        "one": [],
        "two": [],
        "three": [],
        "one/b": [elsewhere],
        "one/c": ["repeated_id: the id of row 1", elsewhere],
    }
    stories = orjson.loads(typed("why", str(two), "urn:test:one", "--json").stdout)["records"]
    assert [(story["part"], story["row"]) for story in stories] == [(0, 0), (1, 1), (1, 2)]
