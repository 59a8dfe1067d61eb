"""Asks a chat model over HTTP, by the protocol of OpenAI's chat completions, which most providers and local servers speak.

The key goes to the address that the recipe names and nowhere else: redirects are not followed, plain `http://` is for this
machine only, and where an answer repeats the key it is cut out before anything is kept or shown.
"""

import http.client
import os
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import IO, Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, OpenerDirector, ProxyHandler, Request, build_opener

import orjson

from pipeline.assets import is_this_machine
from pipeline.errors import Exhausted, RecipeError
from pipeline.remote.retries import budget_of
from pipeline.remote.timely import TimelyHttp, TimelyHttps

_PASSING = {408, 409, 425, 429, 500, 502, 503, 504, 520, 522, 524, 529}
_REFUSALS = {301, 302, 303, 307, 308, 401, 403, 404, 405}  # of every question alike
_MOST_ANSWER_BYTES = 4 << 20
_SHOWN = 500
_KEY = re.compile(r"[!-~]{1,4096}")


@dataclass(frozen=True, slots=True)
class Reply:
    """What the server said: its JSON, or in words why there is none; `body` is the text of it."""

    body: str
    found: Any = None
    error: str | None = None
    tries: int = 1


class _PassingError(Exception):
    """No answer for now; `answered` where the server itself said so, and `after` the seconds that it asks to wait."""

    def __init__(self, words: str, *, answered: bool = False, after: float = 0.0) -> None:
        super().__init__(words)
        self.answered, self.after = answered, after


class _Stay(HTTPRedirectHandler):
    """Follows no redirect, nor looks where one leads: what was meant for one host is sent to no other."""

    def http_error_302(self, req: Request, fp: IO[bytes], code: int, msg: str, headers: Any) -> None:
        """See `HTTPRedirectHandler`."""

    http_error_301 = http_error_303 = http_error_307 = http_error_308 = http_error_302


def check_address(base_url: str) -> None:
    """RecipeError where an endpoint's address is none, or would send a key in the open."""
    try:
        split = urlsplit(base_url)
        host, port = split.hostname or "", split.port
    except ValueError as error:
        raise RecipeError("endpoint: its address is none that can be read") from error
    if split.username is not None or split.password is not None or split.query or split.fragment:
        raise RecipeError(f"endpoint {host}: its address holds more than a place; a key is named by a variable")
    if not host or port == 0 or not re.fullmatch(r"[!-~]+", base_url):
        raise RecipeError(
            f"endpoint {base_url!r}: give the address below which chat/completions is, as https://HOST/v1"
        )
    if split.scheme != "https" and not (split.scheme == "http" and is_this_machine(host)):
        raise RecipeError(f"endpoint {host}: must be https:// (http:// is for this machine)")


def key_in(variable: str) -> str:
    """The key that an environment variable holds, none where no variable is named; RecipeError naming the variable alone."""
    if not variable:
        return ""
    key = os.environ.get(variable, "").strip()
    if not key:
        raise RecipeError(f"endpoint: the key is expected in the environment variable {variable}, which is empty")
    if not _KEY.fullmatch(key):
        raise RecipeError(f"endpoint: what the environment variable {variable} holds is no key")
    return key


class Chat:
    """An endpoint's `chat/completions`. Several threads may ask at a time."""

    def __init__(self, base_url: str, variable: str, seconds: float) -> None:
        check_address(base_url)
        self._url = f"{base_url.rstrip('/')}/chat/completions"
        split = urlsplit(base_url)
        self.host = split.netloc
        self._origin = f"{split.scheme}://{split.netloc}"
        self._variable, self._key, self._seconds = variable, key_in(variable), seconds
        self._opener = _opener(split.hostname or "")

    def ask(self, body: bytes, another: Callable[[], bool]) -> Reply:
        """The reply to a request, sent again after what may pass while `another` allows it.

        Raises:
            RecipeError: address, key or model are refused, so any other request would be too.
            Exhausted: nothing was answered for as long as is waited.
        """
        budget, began, tries = budget_of(self._origin), time.monotonic(), 0
        while True:
            tries += 1
            try:
                reply = self._once(body)
            except _PassingError as trouble:
                budget.failed(answered=trouble.answered)
                deadline = budget.deadline(began)
                wait = budget.pause(tries - 1, deadline)
                if wait is None or time.monotonic() + trouble.after > deadline:
                    told = f"{trouble}, asks to wait {trouble.after:.0f} s" if trouble.after else str(trouble)
                    raise Exhausted(budget.obituary(self._origin, told, tries, began)) from None
                if not another():
                    return Reply("", error=f"{trouble}; the budget allows no other request", tries=tries)
                time.sleep(max(wait, trouble.after))
            else:
                budget.succeeded()
                return Reply(reply.body, reply.found, reply.error, tries)

    def clean(self, text: str) -> str:
        """A text of the server's without the key."""
        return text.replace(self._key, "[key]") if self._key else text

    def _once(self, body: bytes) -> Reply:
        headers = {"Content-Type": "application/json", "Accept": "application/json", "User-Agent": "gristmill"}
        if self._key:
            headers["Authorization"] = f"Bearer {self._key}"
        try:
            request = Request(self._url, data=body, headers=headers, method="POST")  # noqa: S310  checked by check_address
            with self._opener.open(request, timeout=self._seconds) as answer:
                return self._read(_whole(answer))
        except HTTPError as error:
            with error:
                return self._refused(error)
        except URLError as error:
            raise self._silence(error.reason) from None
        except (OSError, http.client.HTTPException) as error:
            raise self._silence(error) from None

    def _silence(self, reason: object) -> Exception:
        """No answer at all: a certificate that is not trusted will not pass by itself."""
        if "CERTIFICATE_VERIFY_FAILED" in str(reason):
            return RecipeError(f"endpoint {self.host}: its certificate is not trusted")
        words = "no answer in time" if isinstance(reason, TimeoutError) else type(reason).__name__
        return _PassingError(f"connection: {words}")

    def _refused(self, error: HTTPError) -> Reply:
        """What a status that is no success means."""
        if error.code in _PASSING:
            raise _PassingError(
                f"HTTP {error.code}", answered=True, after=_wait_in(error.headers.get("Retry-After", ""))
            )
        if error.code in _REFUSALS:
            raise RecipeError(f"endpoint {self.host}: {self._why(error)}")
        try:
            body = (_whole(error) or b"").decode("utf-8", "replace")
        except (OSError, http.client.HTTPException):
            body = ""
        return Reply("", error=self.clean(f"HTTP {error.code}: {_message(body)[:_SHOWN]}".rstrip(": ")))

    def _why(self, error: HTTPError) -> str:
        if error.code in (401, 403):
            named = f"the key in {self._variable}" if self._variable else "a request without a key: name its variable"
            return f"does not accept {named} (HTTP {error.code})"
        if error.code < 400:
            there = _host_in(error.headers.get("Location", "")) or "another address"
            return f"redirects to {there}, where nothing is sent; name that address if it is right (HTTP {error.code})"
        return f"has no chat completions at {urlsplit(self._url).path}, or no such model (HTTP {error.code})"

    def _read(self, data: bytes | None) -> Reply:
        if data is None:
            return Reply("", error=f"its answer has more than {_MOST_ANSWER_BYTES:,} bytes")
        body = self.clean(data.decode("utf-8", "replace"))
        try:
            return Reply(body, orjson.loads(body))
        except orjson.JSONDecodeError:
            return Reply(body, error="its answer is no JSON")


def _opener(host: str) -> OpenerDirector:
    """Proxies are those of the environment, but not for this machine."""
    direct = (ProxyHandler({}),) if is_this_machine(host) else ()
    return build_opener(_Stay, TimelyHttp, TimelyHttps, *direct)


def _whole(answer: Any) -> bytes | None:
    """The body, None where it is too long."""
    pieces, size = list[bytes](), 0
    while piece := answer.read1(1 << 16):
        pieces.append(piece)
        size += len(piece)
        if size > _MOST_ANSWER_BYTES:
            return None
    if answer.length:  # bytes that were announced
        raise http.client.IncompleteRead(b"", answer.length)
    return b"".join(pieces)


def _host_in(address: str) -> str:
    """The host of an address, nothing where there is none that can be shown."""
    try:
        host = urlsplit(address).hostname or ""
    except ValueError:
        return ""
    return host if re.fullmatch(r"[!-~]{1,253}", host) else ""


def _wait_in(header: str) -> float:
    """Seconds that a Retry-After header asks for, as a number or a date; 0 where it says nothing."""
    try:
        if re.fullmatch(r"\d{1,6}(?:\.\d{1,6})?", header.strip()):
            return float(header)
        return max(0.0, parsedate_to_datetime(header).timestamp() - time.time())
    except (ValueError, TypeError, OverflowError):
        return 0.0


def _message(body: str) -> str:
    """The message in an error's JSON, or its text."""
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        return " ".join(body.split())
    told = found.get("error", found) if isinstance(found, dict) else found
    words = told.get("message", told) if isinstance(told, dict) else told
    return words if isinstance(words, str) else orjson.dumps(words).decode()
