"""The real client of the Hub, with what it leaves open: who is told what, how long anything may take, and when to try again."""

import json
import os
import random
import re
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from pipeline.errors import GristmillError, RecipeError, StorageError, TransientError
from pipeline.storage_errors import first_line

if TYPE_CHECKING:
    import httpx2
    from huggingface_hub import HfApi

MOST_ATTEMPTS = 5
FIRST_WAIT_SECONDS = 1.0
LONGEST_WAIT_SECONDS = 300.0  # that the Hub may ask for at once; the whole of a rate limit's window
TIMEOUT_SECONDS = 120.0  # without a byte going or coming
LOGIN = "set HF_TOKEN, or run `hf auth login`"

_ADDRESS = re.compile(r"hf://datasets/([\w.-]+/[\w.-]+?)(?:@([\w./-]*[\w.-]))?/?")
_WORTH_A_RETRY = (408, 429, 500, 502, 503, 504)

T = TypeVar("T")


class HubChanged(GristmillError):  # noqa: N818  the name states the fact
    """Somebody else committed since we looked (412)."""


class HubMissing(GristmillError):  # noqa: N818  the name states the fact
    """The repository, or the branch, is not there (or hidden from us)."""


def parse_address(address: str) -> tuple[str, str]:
    """Repository and branch of `hf://datasets/ORG/NAME[@BRANCH]`; RecipeError where it is none."""
    found = _ADDRESS.fullmatch(address)
    if not found:
        raise RecipeError(f"--to {address}: write hf://datasets/ORG/NAME, or hf://datasets/ORG/NAME@BRANCH")
    return found[1], found[2] or "main"


@contextmanager
def hub_client(notice: Callable[[str], None]) -> Generator["HfApi"]:
    """A client that never waits without end: requests have a time limit, and so has what the Hub may ask to wait for.

    huggingface_hub itself repeats what is safe to repeat (up to five times, with growing waits or as `Retry-After` says). Its
    notices name signed addresses, so they are kept quiet, and `notice` hears ours.

    Raises:
        StorageError: nobody is logged in.
    """
    os.environ.setdefault("HF_HUB_DISABLE_XET", "1")  # files are sent as streams, which Xet's client cannot take
    import httpx2
    import huggingface_hub
    from huggingface_hub.utils import are_progress_bars_disabled, disable_progress_bars, enable_progress_bars, logging

    if huggingface_hub.get_token() is None:
        raise StorageError(f"no token for the Hub: {LOGIN}")
    hooks, verbosity = huggingface_hub.get_session().event_hooks, logging.get_verbosity()
    has_bars = not are_progress_bars_disabled()

    def client(timeout: float | None, *on_response: Callable[[httpx2.Response], None]) -> httpx2.Client:
        heard = {"request": hooks["request"], "response": [*hooks["response"], *on_response]}
        return httpx2.Client(event_hooks=heard, follow_redirects=True, timeout=timeout)

    logging.set_verbosity_error()
    disable_progress_bars()
    huggingface_hub.set_client_factory(lambda: client(TIMEOUT_SECONDS, _retry_hook(notice)))
    try:
        yield huggingface_hub.HfApi()
    finally:
        huggingface_hub.set_client_factory(lambda: client(None))
        logging.set_verbosity(verbosity)
        if has_bars:
            enable_progress_bars()


def _retry_hook(notice: Callable[[str], None]) -> Callable[["httpx2.Response"], None]:
    lock = threading.Lock()
    last = [0.0]

    def look(response: "httpx2.Response") -> None:
        if response.status_code not in _WORTH_A_RETRY:
            return
        wait = wait_asked(response.headers)
        if wait is not None and wait > LONGEST_WAIT_SECONDS:
            raise StorageError(
                f"the Hub asks to wait {wait:,.0f} s ({response.status_code}); run the same command again then"
            )
        with lock:
            if time.monotonic() - last[0] > 1:
                last[0] = time.monotonic()
                asked = f" and asks to wait {wait:.0f} s" if wait is not None else ""
                notice(f"the Hub answers {response.status_code}{asked}; trying again")

    return look


def wait_asked(headers: Any) -> float | None:
    """Seconds that an answer asks to wait (`Retry-After`, or an exhausted `RateLimit`); None where it asks for none."""
    limit = re.search(r"r\s*=\s*0\s*;\s*t\s*=\s*(\d+)", headers.get("ratelimit", ""))
    after = headers.get("retry-after", "").strip()
    if limit:
        return float(limit[1])
    return float(after) if after.isdigit() else None


def patiently(action: Callable[[], T], notice: Callable[[str], None]) -> T:
    """Does what the client does not repeat itself, up to `MOST_ATTEMPTS` times with growing, jittered waits."""
    for attempt in range(1, MOST_ATTEMPTS + 1):
        try:
            return action()
        except TransientError as error:
            if attempt == MOST_ATTEMPTS:
                raise StorageError(
                    f"{error} (after {attempt} attempts); run the same command again to go on"
                ) from error
            asked = getattr(error.__cause__, "response", None)
            wait = wait_asked(asked.headers) if asked is not None else None
            if wait is None or wait > LONGEST_WAIT_SECONDS:
                wait = FIRST_WAIT_SECONDS * 2 ** (attempt - 1)
            notice(f"{error}; trying again")
            time.sleep(wait + FIRST_WAIT_SECONDS * random.random())  # noqa: S311  jitter
    raise AssertionError("unreachable")


@contextmanager
def hub_errors(where: str) -> Generator[None]:
    """Turns what the client says of `where` into our words: who must act, and on what. No token or signature is in them."""
    import httpx2
    from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled

    try:
        yield
    except RuntimeError as error:  # of an upload's thread: what went wrong is its cause
        if not isinstance(error.__cause__, Exception):
            raise
        with hub_errors(where):
            raise error.__cause__ from error
    except HfHubHTTPError as error:
        _tell(where, error)
    except httpx2.HTTPError as error:
        raise TransientError(
            f"{where}: the Hub cannot be reached: {first_line(error) or type(error).__name__}"
        ) from error
    except OfflineModeIsEnabled as error:
        raise StorageError(f"{where}: HF_HUB_OFFLINE is set, so nothing can be sent") from error
    except json.JSONDecodeError as error:
        raise TransientError(f"{where}: the Hub's answer is none") from error
    except ValueError as error:
        raise StorageError(f"{where}: {' '.join(str(error).split())}") from error


def _tell(where: str, error: Any) -> NoReturn:
    from huggingface_hub.errors import RepositoryNotFoundError, RevisionNotFoundError

    status = error.response.status_code
    said = " ".join((error.server_message or "").split())
    if isinstance(error, RepositoryNotFoundError | RevisionNotFoundError):
        raise HubMissing(f"{where}: no such repository or branch, or this token may not see it: {LOGIN}") from error
    if status == 401:
        raise StorageError(f"{where}: the Hub does not accept the token (401): {LOGIN}") from error
    if status == 403:
        raise StorageError(f"{where}: this token may not write there (403): {said}; {LOGIN}") from error
    if status == 412:
        raise HubChanged(f"{where}: somebody else committed meanwhile") from error
    if status in _WORTH_A_RETRY:
        raise TransientError(f"{where}: the Hub answers {status}") from error
    raise StorageError(f"{where}: the Hub answers {status}: {said or first_line(error)}") from error
