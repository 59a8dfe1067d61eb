"""A registry at an address: a model is fetched once, by digests alone, and whole."""

import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from model_makers import model_folder, trapped

from pipeline.errors import RecipeError
from pipeline.model_files import REGISTRY, ModelFiles, listing
from pipeline.model_registry import add_model


class _Shelf(SimpleHTTPRequestHandler):
    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        super().do_GET()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GRISTMILL_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv(REGISTRY, raising=False)
    (tmp_path / "models").mkdir()
    return tmp_path / "models"


@pytest.fixture
def server(registry: Path) -> Iterator[Any]:
    server: Any = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Shelf, directory=str(registry)))
    server.asked = []
    server.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def added(registry: Path) -> str:
    return add_model(model_folder(registry.parent / "m", **{"1_Pooling/config__json": "{}"}), "mill", registry)[1]


def pinned(registry: Path, lines: str, **files: bytes) -> str:
    """A list of files as somebody might pin it, with files or without."""
    sha256 = hashlib.sha256(lines.encode()).hexdigest()
    folder = registry / "mill" / sha256
    folder.mkdir(parents=True)
    folder.with_name(f"{sha256}.txt").write_text(lines)
    for name, content in files.items():
        (folder / name.replace("__", ".")).write_bytes(content)
    return sha256


def left(registry: Path) -> list[Path]:
    place = registry.parent / "cache" / "models"
    return list(place.iterdir()) if place.exists() else []


@pytest.mark.parametrize("by", ["recipe", "environment"])
def test_a_model_is_fetched_once(registry: Path, server: Any, by: str, monkeypatch: pytest.MonkeyPatch) -> None:
    sha256 = added(registry)
    if by == "environment":
        monkeypatch.setenv(REGISTRY, server.address)
    model = ModelFiles(name="mill", sha256=sha256, location=server.address if by == "recipe" else "")
    folder = model.folder()
    assert listing(folder) == listing(registry / "mill" / sha256)
    assert (folder / "1_Pooling" / "config.json").read_bytes() == b"{}"
    asked = len(server.asked)
    assert asked == 1 + 7
    assert model.folder() == folder
    with model.held() as held:
        assert held == folder
    assert len(server.asked) == asked
    assert left(registry) == [folder]


def test_several_may_fetch_it_at_a_time(registry: Path, server: Any) -> None:
    model = ModelFiles(name="mill", sha256=added(registry), location=server.address)
    with ThreadPoolExecutor(6) as pool:
        found = set(pool.map(lambda _: model.folder(), range(12)))
    assert left(registry) == list(found)


@pytest.mark.parametrize("missing", ["list", "file"])
def test_what_is_not_there_is_told_and_leaves_nothing(registry: Path, server: Any, missing: str) -> None:
    sha256 = added(registry)
    place = registry / "mill" / (f"{sha256}.txt" if missing == "list" else f"{sha256}/config.json")
    place.unlink()
    with pytest.raises(RecipeError, match="is missing: nothing to read at"):
        ModelFiles(name="mill", sha256=sha256, location=server.address).folder()
    assert left(registry) == []


@pytest.mark.parametrize("changed", ["list", "file"])
def test_what_has_another_digest_is_not_taken(registry: Path, server: Any, changed: str) -> None:
    sha256 = added(registry)
    place = registry / "mill" / (f"{sha256}.txt" if changed == "list" else f"{sha256}/config.json")
    place.chmod(0o644)
    place.write_bytes(place.read_bytes().replace(b"e", b"f"))
    with pytest.raises(RecipeError, match="but the recipe names"):
        ModelFiles(name="mill", sha256=sha256, location=server.address).folder()
    assert left(registry) == []


DIGEST = hashlib.sha256(b"{}").hexdigest()


@pytest.mark.parametrize(
    "lines",
    [
        "",
        "no list",
        f"{DIGEST}  config.json",
        f"{DIGEST}  ../../up.json\n",
        f"{DIGEST}  /etc/up.json\n",
        f"{DIGEST}  a//b.json\n",
        f"{DIGEST}  ./b.json\n",
        f"{DIGEST}  a/b/c/d/e/f.json\n",
        f"{DIGEST}  .ssh/b.json\n",
        f"{DIGEST}  a.json\nrubbish\n",
        "".join(f"{DIGEST}  {n}.json\n" for n in range(300)),
    ],
)
def test_a_list_that_leads_elsewhere_is_refused_before_a_file_of_it_is_fetched(
    registry: Path, server: Any, lines: str
) -> None:
    sha256 = pinned(registry, lines)
    with pytest.raises(RecipeError, match=r"no list of a model's files|no file in a folder"):
        ModelFiles(name="mill", sha256=sha256, location=server.address).folder()
    assert server.asked == [f"/mill/{sha256}.txt"]
    assert left(registry) == []


def test_a_list_with_what_may_not_lie_there_is_refused_before_a_file_of_it_is_fetched(
    registry: Path, server: Any
) -> None:
    sha256 = pinned(registry, f"{DIGEST}  config.json\n{DIGEST}  modeling.py\n")
    with pytest.raises(RecipeError, match=r"modeling.py is refused: it is code"):
        ModelFiles(name="mill", sha256=sha256, location=server.address).folder()
    assert len(server.asked) == 1


def test_a_trap_that_somebody_pinned_leaves_no_mark(registry: Path, server: Any, tmp_path: Path) -> None:
    trap = trapped(tmp_path / "mark")
    sha256 = pinned(registry, f"{hashlib.sha256(trap).hexdigest()}  model.safetensors\n", model__safetensors=trap)
    with pytest.raises(RecipeError, match=r"model.safetensors is refused: it is a pickle"):
        ModelFiles(name="mill", sha256=sha256, location=server.address).folder()
    assert not (tmp_path / "mark").exists()


@pytest.mark.parametrize("address", ["http://example.org/models", "ftp://example.org/models", "s3://"])
def test_addresses_are_those_of_assets(registry: Path, address: str) -> None:
    with pytest.raises(RecipeError, match="must be"):
        ModelFiles(name="mill", sha256="0" * 64, location=address).folder()
