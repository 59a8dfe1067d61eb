"""An input is read once, in sequence, and from any byte on; what goes wrong on the way is said in our words."""

import hashlib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from obstore.store import MemoryStore

from pipeline.errors import InputError, StorageError, TransientError
from pipeline.inputs import InputStream, open_input, open_seekable
from pipeline.remote.ranged_file import RangedFile
from pipeline.remote.remote_stream import RemoteStream
from pipeline.remote.retries import Budget
from pipeline.remote.stores import Place
from pipeline.sources import find_source

DATA = bytes(range(256)) * 2000


class Mirror(BaseHTTPRequestHandler):
    """Serves DATA under any name ending in .warc; words in the path say how it misbehaves."""

    asked: ClassVar[list[tuple[str, str | None]]] = []

    def do_HEAD(self) -> None:
        self.answer()

    def do_GET(self) -> None:
        self.answer()

    def answer(self) -> None:
        asked = self.headers.get("Range")
        self.asked.append((self.command, asked))
        if "busy" in self.path or "secret/" in self.path or not self.path.endswith(".warc"):
            self.send_error(503 if "busy" in self.path else 403 if "secret/" in self.path else 404)
            return
        again = len(self.asked) > 1
        changed = "changing" in self.path and again
        told = changed and "secretly" not in self.path
        data = DATA[::-1] if changed else DATA
        if told and self.headers.get("If-Match"):
            self.send_error(412)
            return
        first, last = 0, len(data) - 1
        if asked and "norange" not in self.path:
            begin, end = asked.removeprefix("bytes=").split("-")
            first, last = (int(begin), min(int(end or last), last)) if begin else (max(0, len(data) - int(end)), last)
        self.send_response(206 if first or last < len(data) - 1 else 200)
        self.send_header("Content-Length", str(last + 1 - first))
        self.send_header("Content-Range", f"bytes {first}-{last}/{len(data)}")
        if "untagged" not in self.path:
            self.send_header("ETag", '"v2"' if told else '"v1"')
        self.send_header("Last-Modified", f"Mon, 0{1 + 7 * told} Jan 2024 00:00:00 GMT")
        self.end_headers()
        if self.command == "GET":
            body = data[first : last + 1]
            cut = "cut" in self.path and not (again if "once" in self.path else first)
            self.wfile.write(body[: 100_000 if cut else None])
            self.close_connection = cut

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def mirror(hasty: None) -> Iterator[str]:
    Mirror.asked.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), Mirror) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture(params=["local", "remote"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "remote":
        return f"{request.getfixturevalue('mirror')}/a/x.warc"
    (tmp_path / "x.warc").write_bytes(DATA)
    return str(tmp_path / "x.warc")


def read(location: str, *where: int) -> bytes:
    with open_input(location, *where) as stream:
        return stream.read()


def test_a_file_is_read_whole_from_a_byte_on_or_some_bytes_of_it(place: str) -> None:
    assert read(place) == DATA
    assert read(place, 1000) == DATA[1000:]
    assert read(place, 1000, 300) == DATA[1000:1300]
    assert read(place, 0, 1) == DATA[:1]
    assert read(place, len(DATA) - 5, 500) == DATA[-5:]


def test_what_passes_is_counted_and_digested(place: str) -> None:
    with open_input(place) as stream:
        pieces = [stream.read(1), stream.read(100_000), stream.read(0)]
        assert stream.bytes == 100_001
        pieces.append(stream.read())
        assert stream.read(10) == b""
    assert b"".join(pieces) == DATA
    assert list(map(len, pieces)) == [1, 100_000, 0, len(DATA) - 100_001]
    assert stream.bytes == len(DATA)
    assert stream.sha256 == hashlib.sha256(DATA).hexdigest()


def test_a_missing_file_is_an_input_error(place: str) -> None:
    for ask in (open_input, lambda location: find_source([location])):
        with pytest.raises(InputError, match=r"gone: .*[Nn]o such file"):
            ask(f"{place}.gone")


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="Is a directory"):
        open_input(str(tmp_path))


def test_one_file_is_one_get(mirror: str) -> None:
    read(f"{mirror}/x.warc")
    assert Mirror.asked == [("GET", None)]


def test_some_bytes_of_a_remote_file_are_one_ranged_get(mirror: str) -> None:
    read(f"{mirror}/x.warc", 1000)
    read(f"{mirror}/x.warc", 1000, 24)
    assert Mirror.asked == [("GET", "bytes=1000-"), ("GET", "bytes=1000-1023")]


def test_a_remote_file_has_the_size_and_tag_that_its_store_says(mirror: str) -> None:
    (tagged,) = find_source([f"{mirror}/crawl-data/CC-1/x.warc"]).parts
    assert (tagged.name, tagged.bytes, tagged.tag) == ("crawl-data/CC-1/x.warc", len(DATA), '"v1"')
    (dated,) = find_source([f"{mirror}/untagged/x.warc"]).parts
    assert dated.tag == "2024-01-01T00:00:00+00:00"
    assert Mirror.asked == [("HEAD", None)] * 2


def test_a_cut_download_goes_on_where_it_was(mirror: str) -> None:
    assert read(f"{mirror}/cut/x.warc") == DATA
    assert Mirror.asked == [("GET", None), ("GET", "bytes=100000-")]


def test_a_cut_download_goes_on_without_a_tag_too(mirror: str) -> None:
    assert read(f"{mirror}/cut-untagged/x.warc") == DATA


def test_where_a_server_knows_no_ranges_a_cut_download_starts_again_and_skips_what_was_read(mirror: str) -> None:
    assert read(f"{mirror}/cut-once-norange/x.warc") == DATA
    assert [method for method, _ in Mirror.asked] == ["GET", "GET", "GET"]
    assert Mirror.asked[-1] == ("GET", None)


@pytest.mark.parametrize("word", ["changing-cut", "changing-cut-once-norange", "changing-cut-untagged"])
def test_a_file_that_changes_while_it_is_read_is_an_error_and_never_a_mix(mirror: str, word: str) -> None:
    with (
        open_input(f"{mirror}/{word}/x.warc") as stream,
        pytest.raises(InputError, match="it changed while it was read"),
    ):
        stream.read()


def test_a_server_without_tags_and_ranges_is_believed_only_if_the_bytes_are_the_same(mirror: str) -> None:
    location = f"{mirror}/secretly-changing-cut-once-norange-untagged/x.warc"
    with open_input(location) as stream, pytest.raises(InputError, match="it changed while it was read"):
        stream.read()


def test_a_busy_store_is_worth_a_retry(mirror: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRISTMILL_RETRY_SECONDS", "0.3")
    for ask in (open_input, lambda location: find_source([location])):
        with pytest.raises(TransientError, match=r"^http://127\.0\.0\.1:\d+/busy/x\.warc: "):
            ask(f"{mirror}/busy/x.warc")


def test_what_a_store_forbids_is_permission_denied(mirror: str) -> None:
    with pytest.raises(StorageError, match=r"secret/x\.warc: permission denied"):
        open_input(f"{mirror}/secret/x.warc")


@given(st.binary(max_size=30), st.lists(st.integers(-1, 7), min_size=1, max_size=10))
def test_a_remote_file_is_read_in_any_sizes(data: bytes, sizes: list[int]) -> None:
    store = MemoryStore()
    store.put("x", data)
    stream = InputStream(RemoteStream(Place(store, "x", "memory", Budget("memory"))))
    at = 0
    for size in sizes:
        want = data[at:] if size < 0 else data[at : at + size]
        assert stream.read(size) == want
        at += len(want)
    assert stream.sha256 == hashlib.sha256(data[:at]).hexdigest()
    stream.close()


@given(st.binary(max_size=40), st.lists(st.tuples(st.integers(0, 45), st.integers(-1, 9)), max_size=10))
def test_a_remote_file_can_be_read_here_and_there(data: bytes, places: list[tuple[int, int]]) -> None:
    store = MemoryStore()
    store.put("x", data)
    file = RangedFile(Place(store, "x", "memory", Budget("memory")))
    assert file.size() == len(data)
    for offset, size in places:
        assert file.seek(offset) == offset
        assert file.read(size) == (data[offset:] if size < 0 else data[offset : offset + size])


def test_a_seekable_input_is_local_or_remote(place: str) -> None:
    with open_seekable(place) as file:
        assert file.size() == len(DATA)
        file.seek(len(DATA) - 10)
        assert file.read() == DATA[-10:]
        file.seek(1000)
        assert file.read(300) == DATA[1000:1300]
    with pytest.raises(InputError, match=r"gone: .*[Nn]o such file"):
        open_seekable(f"{place}.gone")
