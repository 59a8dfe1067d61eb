"""Assets: checked by digest before use, found without importing anything, fetched once, never left half or wrong."""

import hashlib
import pickle
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing import get_context
from pathlib import Path
from threading import Thread
from typing import IO

import pytest

from pipeline.assets import Asset, assets_of, derived
from pipeline.errors import RecipeError, TransientError
from pipeline.identity import digest

CONTENT = b"a word list\n" * 1000
SHA256 = hashlib.sha256(CONTENT).hexdigest()
OTHER = "0" * 64


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GRISTMILL_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "words.txt"
    file.write_bytes(CONTENT)
    return file


class _Shelf(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        answer = getattr(self, f"_{self.path.rsplit('/', 1)[-1].split('.')[0]}")
        answer()

    def _words(self) -> None:
        self._send(200, CONTENT)

    def _short(self) -> None:
        self._send(200, CONTENT[:100], claimed=len(CONTENT))

    def _broken(self) -> None:
        self._send(500, b"")

    def _absent(self) -> None:
        self._send(404, b"")

    def _moved(self) -> None:
        self.send_response(302)
        self.send_header("Location", "/words.txt?signed=1")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _send(self, status: int, body: bytes, claimed: int | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(claimed or len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[ThreadingHTTPServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Shelf)
    server.asked = []
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def remote(server: ThreadingHTTPServer, name: str, sha256: str = SHA256) -> Asset:
    return Asset(name="words", sha256=sha256, location=f"http://127.0.0.1:{server.server_port}/{name}")


def files_under(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_a_file_with_the_named_digest_is_used_where_it_lies(file: Path) -> None:
    assert Asset(name="words", sha256=SHA256, location=str(file)).path() == file


def test_identity_is_the_digest_alone(file: Path) -> None:
    one = Asset(name="words", sha256=SHA256, location=str(file))
    elsewhere = Asset(name="other", sha256=SHA256, location="s3://bucket/words", obtain="ask")
    assert one == elsewhere
    assert hash(one) == hash(elsewhere)
    assert digest(one) == digest(elsewhere)
    assert digest(one) != digest(replace(one, sha256=OTHER))
    assert pickle.loads(pickle.dumps(elsewhere)).location == elsewhere.location


def test_a_missing_file_is_named_with_where_it_was_looked_for_and_how_to_get_it(tmp_path: Path) -> None:
    asset = Asset(name="words", sha256=SHA256, location=str(tmp_path / "gone.txt"), obtain="Ask the librarian.")
    with pytest.raises(RecipeError) as raised:
        asset.path()
    assert all(part in str(raised.value) for part in ("words", str(tmp_path / "gone.txt"), "Ask the librarian."))


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="missing"):
        Asset(name="words", sha256=SHA256, location=str(tmp_path)).path()


def test_a_wrong_digest_is_refused_with_both_digests(file: Path) -> None:
    with pytest.raises(RecipeError) as raised:
        Asset(name="words", sha256=OTHER, location=str(file), obtain="Ask.").path()
    assert all(part in str(raised.value) for part in (SHA256, OTHER, str(file), "Ask."))


def test_a_file_that_changes_is_checked_again(file: Path) -> None:
    asset = Asset(name="words", sha256=SHA256, location=str(file))
    asset.path()
    file.write_bytes(CONTENT + b"!")
    with pytest.raises(RecipeError, match="SHA-256"):
        asset.path()


def test_a_relative_path_and_a_home_path_are_made_absolute(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(file.parent)
    monkeypatch.setenv("HOME", str(file.parent))
    for location in ("words.txt", "~/words.txt"):
        assert Asset(name="words", sha256=SHA256, location=location).path() == file


def test_a_file_inside_a_package_is_found_without_importing_the_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "explosive_package"
    (package / "data").mkdir(parents=True)
    (package / "__init__.py").write_text("raise SystemExit('imported')")
    (package / "data" / "words.txt").write_bytes(CONTENT)
    monkeypatch.syspath_prepend(str(tmp_path))
    asset = Asset(name="words", sha256=SHA256, location="package:explosive_package/data/words.txt")
    assert asset.path() == package / "data" / "words.txt"
    assert "explosive_package" not in sys.modules


def test_a_package_that_is_not_installed_is_a_missing_asset() -> None:
    for location in (
        "package:no_such_package/words.txt",
        "package:pipeline/no_such_file.txt",
        "package:math/words.txt",
    ):
        with pytest.raises(RecipeError, match=r"missing.*Install it\."):
            Asset(name="words", sha256=SHA256, location=location, obtain="Install it.").path()


@pytest.mark.parametrize(
    "location",
    [
        "package:pipeline/../pyproject.toml",
        "package:pipeline//etc/passwd",
        "package:pipeline/..\\pyproject.toml",
        "package:pipeline",
        "package:../pipeline/pages.py",
        "package:pipeline.pages/x",
        "http://example.com/words.txt",
        "ftp://example.com/words.txt",
        "s3://bucket",
        "",
    ],
)
def test_a_location_that_escapes_or_is_not_understood_is_refused_at_once(location: str) -> None:
    with pytest.raises(RecipeError, match="asset words"):
        Asset(name="words", sha256=SHA256, location=location)


@pytest.mark.parametrize("sha256", ["", "abc", SHA256.upper(), SHA256 + "0", "g" * 64])
def test_what_is_no_digest_is_refused_at_once(sha256: str) -> None:
    with pytest.raises(RecipeError, match="no SHA-256"):
        Asset(name="words", sha256=sha256, location="words.txt")


@pytest.mark.parametrize("name", ["words.txt", "moved", "folder%20name/words.txt?version=1"])
def test_a_remote_asset_is_fetched_once(server: ThreadingHTTPServer, cache: Path, name: str) -> None:
    asset = remote(server, name)
    path = asset.path()
    asked = list(server.asked)
    assert asset.path() == path == cache / "assets" / SHA256
    assert path.read_bytes() == CONTENT
    assert server.asked == asked
    assert asked[0] == f"/{name}"
    assert files_under(cache) == [f"assets/{SHA256}"]


def test_a_remote_file_with_another_digest_leaves_nothing_behind(server: ThreadingHTTPServer, cache: Path) -> None:
    with pytest.raises(RecipeError) as raised:
        remote(server, "words.txt", OTHER).path()
    assert SHA256 in str(raised.value)
    assert OTHER in str(raised.value)
    assert files_under(cache) == []


def test_an_absent_remote_file_is_a_missing_asset(server: ThreadingHTTPServer, cache: Path) -> None:
    with pytest.raises(RecipeError, match=r"missing.*absent\.bin"):
        remote(server, "absent.bin").path()
    assert files_under(cache) == []


@pytest.mark.parametrize("name", ["short", "broken"])
def test_a_cut_or_failing_transfer_may_be_tried_again_and_leaves_nothing(
    server: ThreadingHTTPServer, cache: Path, name: str
) -> None:
    with pytest.raises(TransientError, match=name):
        remote(server, name).path()
    assert files_under(cache) == []


def test_a_tampered_cache_file_is_replaced_by_the_right_one(server: ThreadingHTTPServer) -> None:
    asset = remote(server, "words.txt")
    asset.path().write_bytes(b"tampered")
    assert asset.path().read_bytes() == CONTENT
    assert len(server.asked) == 2


def test_an_s3_asset_is_fetched_from_the_endpoint_of_the_environment(
    server: ThreadingHTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint = f"http://127.0.0.1:{server.server_port}"
    settings = {"ENDPOINT_URL": endpoint, "ACCESS_KEY_ID": "key", "SECRET_ACCESS_KEY": "secret", "REGION": "us-east-1"}
    for name, value in settings.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    asset = Asset(name="words", sha256=SHA256, location="s3://bucket/a folder/words.txt")
    assert asset.path().read_bytes() == CONTENT
    assert server.asked == ["/bucket/a%20folder/words.txt"]


@dataclass(frozen=True)
class _Part:
    model: Asset
    nested: tuple[object, ...]
    bound: float = 0.5


def test_every_asset_of_a_recipe_is_listed() -> None:
    first, second = (Asset(name="words", sha256=digit * 64, location="x") for digit in "12")
    assert list(assets_of((_Part(first, ([_Part(second, ())], None)), "text", 3))) == [first, second]
    assert list(assets_of(None)) == []


def _upper(source: Path, file: IO[bytes]) -> None:
    file.write(source.read_bytes().upper())


def _never(source: Path, file: IO[bytes]) -> None:
    raise AssertionError("built again")


def _half(source: Path, file: IO[bytes]) -> None:
    file.write(b"half")
    raise RecipeError("no word list")


def test_a_derived_file_is_built_once(file: Path, cache: Path) -> None:
    asset = Asset(name="words", sha256=SHA256, location=str(file))
    path = derived(asset, "upper-1", _upper)
    assert path.read_bytes() == CONTENT.upper()
    file.unlink()  # what was built stands on its own
    assert derived(asset, "upper-1", _never) == path
    assert len(files_under(cache)) == 2


def test_another_builder_or_version_builds_anew(file: Path) -> None:
    asset = Asset(name="words", sha256=SHA256, location=str(file))
    derived(asset, "upper-1", _upper)
    with pytest.raises(AssertionError, match="built again"):
        derived(asset, "upper-2", _never)


@pytest.mark.parametrize("damage", [b"", b"tampered", CONTENT.upper() + b"!"])
def test_a_damaged_derived_file_is_built_again(file: Path, damage: bytes) -> None:
    asset = Asset(name="words", sha256=SHA256, location=str(file))
    derived(asset, "upper-1", _upper).write_bytes(damage)
    assert derived(asset, "upper-1", _upper).read_bytes() == CONTENT.upper()


@pytest.mark.parametrize("damage", [b"", b"../../words.txt", b"\xff\xfe", OTHER.encode()])
def test_a_damaged_note_of_what_was_built_is_written_again(file: Path, cache: Path, damage: bytes) -> None:
    asset = Asset(name="words", sha256=SHA256, location=str(file))
    path = derived(asset, "upper-1", _upper)
    (cache / "derived" / f"upper-1-{SHA256}").write_bytes(damage)
    assert derived(asset, "upper-1", _upper) == path
    assert derived(asset, "upper-1", _never) == path


def test_a_builder_that_fails_leaves_nothing(file: Path, cache: Path) -> None:
    with pytest.raises(RecipeError, match="no word list"):
        derived(Asset(name="words", sha256=SHA256, location=str(file)), "half-1", _half)
    assert files_under(cache) == []


def _build_together(folder: str, each: int) -> tuple[str, bytes]:
    """Builds only once both processes are inside the builder."""

    def build(source: Path, file: IO[bytes]) -> None:
        Path(folder, f"building-{each}").touch()
        deadline = time.monotonic() + 60
        while len(list(Path(folder).glob("building-*"))) < 2 and time.monotonic() < deadline:
            time.sleep(0.01)
        _upper(source, file)

    path = derived(Asset(name="words", sha256=SHA256, location=str(Path(folder, "words.txt"))), "upper-1", build)
    return str(path), path.read_bytes()


def test_two_processes_may_build_the_same_file_at_the_same_time(file: Path, cache: Path) -> None:
    with get_context("spawn").Pool(2) as pool:
        first, second = pool.starmap(_build_together, [(str(file.parent), 0), (str(file.parent), 1)], chunksize=1)
    assert len(list(file.parent.glob("building-*"))) == 2, "both were inside the builder"
    assert first == second
    assert first[1] == CONTENT.upper()
    assert len(files_under(cache)) == 2, "one file and one note, nothing unfinished"
