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
