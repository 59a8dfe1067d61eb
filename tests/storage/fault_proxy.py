"""A proxy between a client and a real HTTP server that goes wrong where it is told to, and remembers what it was asked."""

import re
import socket
import socketserver
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

SLOW_DOWN = (
    b"<?xml version='1.0'?><Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"
)
PIECE = 1 << 16


@dataclass
class Fault:
    """What happens to the next `times` requests (None: all) whose `METHOD path` matches.

    With `status` the proxy answers itself. Otherwise it passes on `after` bytes of the real answer's body, and then cuts the
    connection (in the middle of everything with `reset`, silently for `stall` seconds). With `lose` the server does its
    work, and only the answer is lost. With `since` nothing happens before a request has matched that.
    """

    match: str
    times: int | None = 1
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = SLOW_DOWN
    after: int | None = None
    reset: bool = False
    lose: bool = False
    stall: float = 0
    since: str = ""
    met: int = 0

    def takes(self, request: str) -> bool:
        """Whether this request goes wrong; counts it."""
        if self.since:
            self.since = "" if re.search(self.since, request) else self.since
            return False
        if not re.search(self.match, request) or (self.times is not None and self.met >= self.times):
            return False
        self.met += 1
        return True


class FaultProxy(socketserver.ThreadingTCPServer):
    """Listens on a port of its own and hands on to `upstream`, `(host, port)`; `asked` is every request, in order."""

    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, upstream: tuple[str, int]) -> None:
        super().__init__(("127.0.0.1", 0), _Connection)
        self.upstream = upstream
        self.faults: list[Fault] = []
        self.asked: list[str] = []
        self.ranges: list[str] = []
        self.lock = threading.Lock()
        self.closing = threading.Event()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def count(self, match: str) -> int:
        """Requests so far that match."""
        with self.lock:
            return sum(bool(re.search(match, request)) for request in self.asked)

    def forget(self) -> None:
        """Starts counting again, with no faults."""
        with self.lock:
            self.asked.clear()
            self.ranges.clear()
            self.faults.clear()

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that go away are what this is for."""


class _Connection(socketserver.BaseRequestHandler):
    server: FaultProxy
    request: socket.socket

    def handle(self) -> None:
        """One request: the connection ends with its answer."""
        file = self.request.makefile("rb")
        head: list[bytes] = []
        while (line := file.readline()) not in {b"\r\n", b""}:
            head.append(line)
        if not head:
            return
        fields = {
            name.strip().lower(): value.strip() for name, _, value in (h.decode().partition(":") for h in head[1:])
        }
        body = file.read(int(fields.get("content-length", 0)))
        method, path, _ = head[0].decode().split(" ", 2)
        with self.server.lock:
            self.server.asked.append(f"{method} {path}")
            self.server.ranges.append(fields.get("range", ""))
            fault = next((each for each in self.server.faults if each.takes(f"{method} {path}")), None)
        if fault is not None and fault.status:
            self._answer(fault)
        elif fault is not None and fault.reset and fault.after is None and not fault.lose:
            self._reset()
        else:
            self._pass(head, body, fault, method == "HEAD")

    def _answer(self, fault: Fault) -> None:
        headers = "".join(f"{name}: {value}\r\n" for name, value in fault.headers.items())
        self.request.sendall(
            f"HTTP/1.1 {fault.status} Trouble\r\n{headers}Content-Length: {len(fault.body)}\r\nConnection: close\r\n\r\n".encode()
            + fault.body
        )

    def _reset(self) -> None:
        self.request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.request.close()

    def _pass(self, head: list[bytes], body: bytes, fault: Fault | None, bodiless: bool) -> None:
        try:
            server = socket.create_connection(self.server.upstream, timeout=60)
        except OSError:
            self._reset()
            return
        with server:
            kept = [line for line in head if not line.lower().startswith(b"connection:")]
            server.sendall(b"".join(kept) + b"Connection: close\r\n\r\n" + body)
            left = None if fault is None or fault.after is None else fault.after
            answer = server.makefile("rb")
            first = b""
            while (line := answer.readline()) not in {b"\r\n", b""}:
                first += line
            if fault is not None and fault.lose:
                answer.read()
                self._reset()
                return
            self.request.sendall(first + b"\r\n")
            while not bodiless and (piece := answer.read1(PIECE if left is None else min(PIECE, left))):
                self.request.sendall(piece)
                left = None if left is None else left - len(piece)
            if fault is not None and fault.stall:
                self.server.closing.wait(fault.stall)
            if fault is not None and fault.reset:
                self._reset()


@contextmanager
def fault_proxy(endpoint: str) -> Iterator[FaultProxy]:
    """A running proxy before the server at `endpoint`."""
    host, _, port = endpoint.removeprefix("http://").partition(":")
    with FaultProxy((host, int(port))) as proxy:
        thread = threading.Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield proxy
        finally:
            proxy.closing.set()
            proxy.shutdown()
            thread.join(10)
