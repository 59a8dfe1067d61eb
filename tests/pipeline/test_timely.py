"""A server that says a little for ever is left in time, wherever in its answer it does so."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest

from pipeline.errors import Exhausted
from pipeline.remote.chat import Chat

SECONDS, PATIENCE = 0.4, 0.5
HEAD = b"HTTP/1.1 200 OK\r\n"
BODY = b'{"choices": []}'


def drip(start: bytes, more: bytes) -> Iterator[bytes]:
    yield start
    while True:
        time.sleep(0.05)
        yield more


def flood() -> Iterator[bytes]:
    while True:
        yield b"HTTP/1.1 100 Continue\r\n\r\n" * 100


@contextmanager
def serving(answer: Callable[[], Iterator[bytes]]) -> Iterator[str]:
    """The address of a server that sends each client the pieces of `answer` for as long as it listens."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def one(client: socket.socket) -> None:
            with client, suppress(OSError):
                client.recv(1 << 16)
                for piece in answer():
                    client.sendall(piece)

        def serve() -> None:
            with suppress(OSError):
                while True:
                    threading.Thread(target=one, args=(listening.accept()[0],), daemon=True).start()

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/v1"


@pytest.mark.parametrize(
    "answer",
    [
        lambda: drip(b"", b"H"),
        lambda: drip(HEAD + b"X-Slow: ", b"a"),
        lambda: drip(HEAD, b"X: a\r\n"),
        lambda: drip(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"0"),
        lambda: drip(HEAD + b"Content-Length: 100000\r\n\r\n", b" "),
        lambda: drip(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        flood,
    ],
    ids=["status", "header", "headers", "chunk", "body", "interim", "flood"],
)
def test_an_answer_without_an_end_is_left_in_time(
    answer: Callable[[], Iterator[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRISTMILL_RETRY_SECONDS", str(PATIENCE))
    began = time.monotonic()
    with serving(answer) as base_url, pytest.raises(Exhausted, match="no answer in time"):
        Chat(base_url, "", SECONDS).ask(b"{}", lambda: True)
    assert time.monotonic() - began < 8


def test_a_slow_answer_that_ends_in_time_is_read_whole() -> None:
    def answer() -> Iterator[bytes]:
        for piece in (HEAD, b"Content-Length: %d\r\n\r\n" % len(BODY), BODY[:5], BODY[5:]):
            time.sleep(0.05)
            yield piece

    with serving(answer) as base_url:
        reply = Chat(base_url, "", 5).ask(b"{}", lambda: False)
    assert (reply.found, reply.error) == ({"choices": []}, None)
