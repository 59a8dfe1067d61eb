"""Answers over HTTP that are whole in time, however slowly they drip: a socket has its time for all it says, not for each byte.

Without it a server can keep a client for days: a line of a header, or the length of a chunk, may come a byte at a time, and
before an answer there may be any number of interim ones.
"""

import socket
import time
from http.client import HTTPConnection, HTTPResponse, HTTPSConnection
from io import BufferedReader, RawIOBase
from typing import Any
from urllib.request import HTTPHandler, HTTPSHandler, Request


class _Timely(RawIOBase):
    """What a socket says until its time is over; then TimeoutError."""

    def __init__(self, raw: RawIOBase, sock: socket.socket) -> None:
        self._raw, self._sock = raw, sock
        seconds = sock.gettimeout()
        self._deadline = None if seconds is None else time.monotonic() + seconds

    def readable(self) -> bool:
        """True."""
        return True

    def readinto(self, buffer: Any, /) -> int | None:
        """See `RawIOBase`."""
        if self._deadline is not None:
            left = self._deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError
            self._sock.settimeout(left)
        return self._raw.readinto(buffer)

    def close(self) -> None:
        """Closes the socket's side too."""
        self._raw.close()
        super().close()


class _TimelyResponse(HTTPResponse):
    def __init__(self, sock: socket.socket, *arguments: Any, **named: Any) -> None:
        super().__init__(sock, *arguments, **named)
        self.fp = BufferedReader(_Timely(self.fp.detach(), sock))


class _Connection(HTTPConnection):
    response_class = _TimelyResponse


class _SecureConnection(HTTPSConnection):
    response_class = _TimelyResponse


class TimelyHttp(HTTPHandler):
    """For plain addresses."""

    def http_open(self, req: Request) -> HTTPResponse:
        """See `HTTPHandler`."""
        return self.do_open(_Connection, req)


class TimelyHttps(HTTPSHandler):
    """For addresses with a certificate, which is verified as ever."""

    def https_open(self, req: Request) -> HTTPResponse:
        """See `HTTPSHandler`."""
        return self.do_open(_SecureConnection, req)
