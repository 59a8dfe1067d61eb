"""Files of a Hub data set are found and read at one commit, and the token goes to the Hub alone."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import ClassVar

import pytest
from hub_server import READER, WRITER, HubServer
from huggingface_hub import CommitOperationAdd, HfApi

from pipeline.errors import InputError, RecipeError
from pipeline.inputs import open_input, open_seekable
from pipeline.sources import find_source

# huggingface_hub 2.4 sends large files in a way that its HTTP library calls outdated.
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")

REPO = "mill/pages"
LARGE = bytes(range(256)) * 4000


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, hasty: None) -> Iterator[HubServer]:
    with HubServer() as server:
        for name, value in server.environment().items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr("huggingface_hub.constants.HF_HUB_DISABLE_XET", True)
        monkeypatch.setenv("HF_ENDPOINT", server.endpoint)
        monkeypatch.setenv("HF_TOKEN", READER)
        commit(
            server, {"data/a.parquet": LARGE, "data/b.parquet": b"PAR1", "data/c.jsonl": b"{}\n", "README.md": b"# x"}
        )
        yield server


def commit(server: HubServer, files: dict[str, bytes]) -> None:
    api = HfApi(endpoint=server.endpoint, token=WRITER)
    api.create_repo(REPO, repo_type="dataset", exist_ok=True)
    operations = [CommitOperationAdd(path, data) for path, data in files.items()]
    api.create_commit(REPO, operations, commit_message="more", repo_type="dataset")


def names(entry: str) -> list[str]:
    return [part.name for part in find_source([entry]).parts]


def test_folders_patterns_and_files_are_found_under_their_path_in_the_repository(hub: HubServer) -> None:
    everything = ["data/a.parquet", "data/b.parquet", "data/c.jsonl"]
    assert names(f"hf://datasets/{REPO}") == everything
    assert names(f"hf://datasets/{REPO}/data/") == everything
    assert names(f"hf://datasets/{REPO}/data") == everything
    assert names(f"hf://datasets/{REPO}/data/*.parquet") == everything[:2]
    assert names(f"hf://datasets/{REPO}/**/c.*") == everything[2:]
    assert names(f"hf://datasets/{REPO}@main/data/b.parquet") == everything[1:2]
    assert find_source([f"hf://datasets/{REPO}/data/*.parquet"]).name == "pages"


def test_large_and_small_files_are_streamed_and_read_here_and_there(hub: HubServer) -> None:
    parts = find_source([f"hf://datasets/{REPO}/data/"]).parts
    for part, data in zip(parts, (LARGE, b"PAR1", b"{}\n"), strict=True):
        assert part.bytes == len(data)
        with open_input(part.location) as stream:
            assert stream.read() == data
            assert stream.requests == 1
        with open_seekable(part.location) as file:
            file.seek(len(data) - 2)
            assert file.read() == data[-2:]


def test_a_part_stays_at_its_commit_and_only_changed_files_change_their_key(hub: HubServer) -> None:
    entry = f"hf://datasets/{REPO}/data/"
    before = find_source([entry]).parts
    commit(hub, {"data/b.parquet": b"PAR2 and more"})
    after = find_source([entry]).parts
    assert [a.key == b.key for a, b in zip(before, after, strict=True)] == [True, False, True]
    with open_input(before[1].location) as stream:
        assert stream.read() == b"PAR1"
    with open_input(after[1].location) as stream:
        assert stream.read() == b"PAR2 and more"


def test_what_the_hub_does_not_have_is_an_input_error(hub: HubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for entry, says in (
        ("hf://datasets/mill/nothing/x.parquet", "no such dataset"),
        (f"hf://datasets/{REPO}@v9/data/", "no such revision"),
        (f"hf://datasets/{REPO}/elsewhere/", "no archive, Parquet or JSON lines"),
        (f"hf://datasets/{REPO}/data/*.warc", "matches no file"),
    ):
        with pytest.raises(InputError, match=says):
            find_source([entry])
    with pytest.raises(RecipeError, match="the address of a dataset is"):
        find_source(["hf://datasets/one"])


class Hop(BaseHTTPRequestHandler):
    """A Hub that sends everybody elsewhere, and the elsewhere; remembers the tokens it was shown."""

    elsewhere = ""
    tokens: ClassVar[list[tuple[str, str | None]]] = []

    def do_GET(self) -> None:
        self.tokens.append((self.path, self.headers.get("Authorization")))
        here = self.path == "/elsewhere"
        self.send_response(200 if here else 302)
        self.send_header("Content-Length", "4" if here else "0")
        if not here:
            self.send_header("Location", f"{self.elsewhere}/elsewhere")
        self.end_headers()
        self.wfile.write(b"PAR1" if here else b"")

    def log_message(self, *_: object) -> None:
        pass


def test_the_token_is_shown_to_the_hub_and_to_nobody_it_redirects_to(monkeypatch: pytest.MonkeyPatch) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Hop) as server:
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        monkeypatch.setattr(Hop, "elsewhere", f"http://localhost:{server.server_port}")
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
        monkeypatch.setenv("HF_TOKEN", READER)
        with open_input(f"hf://datasets/{REPO}@{'0' * 40}/a.parquet") as stream:
            assert stream.read() == b"PAR1"
        server.shutdown()
    path = f"/datasets/{REPO}/resolve/{'0' * 40}/a.parquet"
    assert Hop.tokens == [(path, f"Bearer {READER}"), ("/elsewhere", None)]
