"""An archive of a web server with TLS is streamed like any other, and a certificate that nobody vouches for is refused."""

import ssl
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from private_authority import make_authority

from pipeline.errors import StorageError
from pipeline.inputs import open_input
from pipeline.sources import find_source

CHECKOUT = Path(__file__).parents[2]


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


class Patient(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that do not trust us leave."""


@pytest.fixture
def web(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A server's address and the certificate of the authority that vouches for it."""
    root, own = make_authority(tmp_path)
    (tmp_path / "www" / "a b").mkdir(parents=True)
    (tmp_path / "www" / "a b" / "x.warc").write_bytes(b"WARC/1.0" * 100_000)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(own)
    with Patient(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path / "www"))) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"https://127.0.0.1:{server.server_port}", root
        server.shutdown()
        thread.join()


def test_a_file_behind_a_private_authority_is_read_where_the_authority_is_named(
    web: tuple[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(web[1]))
    location = f"{web[0]}/a%20b/x.warc"
    (part,) = find_source([location]).parts
    assert part.bytes == 800_000
    with open_input(location) as stream:
        assert stream.read() == b"WARC/1.0" * 100_000
        assert stream.requests == 1


def test_without_it_the_certificate_is_refused_and_the_way_out_named(web: tuple[str, Path]) -> None:
    with pytest.raises(StorageError, match=r"certificate is not trusted, name your authority's file in SSL_CERT_FILE"):
        open_input(f"{web[0]}/a%20b/x.warc")


def test_the_command_line_says_it_in_one_line(web: tuple[str, Path], tmp_path: Path) -> None:
    told = subprocess.run(
        [sys.executable, "-m", "jobs.plan", "fineweb", "-i", f"{web[0]}/a%20b/x.warc", "-o", str(tmp_path / "out")],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert told.returncode == 1
    assert "SSL_CERT_FILE" in told.stderr
    assert len(told.stderr.strip().splitlines()) == 1
