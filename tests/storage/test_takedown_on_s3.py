"""A takedown of a run in a bucket: nothing of the page is in any object, and without the right to write nothing is done."""

from pathlib import Path

import obstore
import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from seaweed import READER
from typer.testing import CliRunner, Result

from jobs.cli import app
from pipeline.remote.stores import open_store

pytestmark = pytest.mark.s3

PAGES = {
    "a": ["Rye, oats and barley are ground at the mill.", "The miller's name is Quincy Ploughwright, of course."],
    "b": ["The miller's name is Quincy Ploughwright, of course.", "Stones are dressed twice a year by hand."],
}


def verb(*words: str) -> Result:
    return CliRunner().invoke(app, list(words))


def objects(root: str) -> dict[str, bytes]:
    """Every object below ROOT, tables as the text of their values."""
    store = open_store(root)
    paths = [entry["path"] for page in obstore.list(store) for entry in page]
    found = {path: bytes(obstore.get(store, path).bytes()) for path in paths}
    return {
        path: str(pq.read_table(pa.BufferReader(data)).to_pylist()).encode() if path.endswith(".parquet") else data
        for path, data in found.items()
    }


@pytest.fixture
def root(s3: str, tmp_path: Path) -> str:
    for name, texts in PAGES.items():
        rows = [{"text": text, "id": f"{name}{n}", "url": f"https://{name}.test/{n}"} for n, text in enumerate(texts)]
        (tmp_path / f"{name}.jsonl").write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in rows))
    told = verb("curate", "fineweb", "--input", str(tmp_path), "--output", f"{s3}/out", "--local", "--json")
    assert told.exit_code == 0, told.output
    (tmp_path / "list.txt").write_text("https://a.test/1\n")
    return f"{s3}/out"


def test_nothing_of_the_page_or_its_copy_is_in_any_object(root: str, tmp_path: Path) -> None:
    assert any(b"Ploughwright" in data for data in objects(root).values())
    words = ("takedown", root, "--urls", str(tmp_path / "list.txt"), "--scope", "cluster", "--local", "--json")
    told = verb(*words)
    assert told.exit_code == 0, told.output
    assert orjson.loads(told.stdout)["records"] == 2
    left = objects(root)
    for word in (b"Ploughwright", b"https://a.test/1", b"https://b.test/0", b"'a1'", b"'b0'"):
        assert [path for path, data in left.items() if word in data] == []
    assert any(b"dressed twice" in data for data in left.values())
    assert orjson.loads(verb("verify", root, "--json").stdout)["faults"] == []
    assert orjson.loads(verb("status", root, "--json").stdout)["funnel"]["gated"]["taken_down"] == 2


def test_a_key_that_may_only_read_takes_nothing_down(
    root: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = objects(root)
    with monkeypatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", READER[0])
        patch.setenv("AWS_SECRET_ACCESS_KEY", READER[1])
        told = verb("takedown", root, "--urls", str(tmp_path / "list.txt"), "--local")
    assert told.exit_code == 1
    assert "permission denied" in told.output
    assert objects(root) == before
