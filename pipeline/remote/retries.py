"""One budget of retries for each bucket: what fails in passing is asked again, later and later, and never too often.

Nobody else retries: the store's own client is told not to. A run's budget is divided among the parts that run at a time, so a
thousand workers together ask a bucket that says SlowDown no more often than one would.
"""

import os
import random
import time
from collections.abc import Callable
from functools import lru_cache
from threading import Lock
from typing import TypeVar

from obstore.exceptions import BaseError

from pipeline.errors import Exhausted, RecipeError
from pipeline.storage_errors import shown, trouble_of

WINDOW_SECONDS = 180.0  # one request is asked again for so long: a server that restarts is back by then
PATIENCE_SECONDS = 5.0  # the same where nobody ever answered, or nobody has for the whole window: it is not there
FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 0.2, 15.0
RETRIES_PER_SECOND = 50.0  # of a whole run, per bucket; S3 serves 3,500 writes a second from each prefix
RETRIES_AT_ONCE = 100.0

Value = TypeVar("Value")
_shares = 1


def share(processes: int) -> None:
    """Says how many processes share the run's budgets; this one takes its part of each."""
    global _shares  # noqa: PLW0603  a worker has one run at a time, and learns of it with each part
    _shares = max(1, processes)


def window() -> float:
    """Seconds that one request may be retried: WINDOW_SECONDS, or what GRISTMILL_RETRY_SECONDS says."""
    chosen = os.environ.get("GRISTMILL_RETRY_SECONDS", WINDOW_SECONDS)
    try:
        return max(0.0, float(chosen))
    except ValueError as error:
        raise RecipeError(f"GRISTMILL_RETRY_SECONDS={chosen}: give a number of seconds") from error


class Budget:
    """The retries this process may still send to one bucket: a token bucket, which refills with time.

    It also remembers whether anybody ever answered there and since when nothing has succeeded, because that says how long
    waiting makes sense.
    """

    def __init__(self, bucket: str) -> None:
        self.bucket = bucket
        self.retries = 0
        self._tokens = RETRIES_AT_ONCE
        self._filled = time.monotonic()
        self._heard = False
        self._failing_since: float | None = None
        self._lock = Lock()

    def succeeded(self) -> None:
        """The bucket did what it was asked."""
        self._heard, self._failing_since = True, None

    def failed(self, *, answered: bool) -> None:
        """It did not; `answered` if it at least said so."""
        self._heard = self._heard or answered
        self._failing_since = self._failing_since or time.monotonic()

    def deadline(self, began: float) -> float:
        """When to give up a request that was first sent at `began`."""
        since = self._failing_since if self._failing_since is not None else began
        hopeful = min(began, since) + window() if self._heard else began
        return min(began + window(), max(began + PATIENCE_SECONDS, hopeful))

    def pause(self, attempt: int, deadline: float) -> float | None:
        """Seconds to wait before retry number `attempt` (from 0), or None where it may not be sent before `deadline`."""
        wait = random.uniform(0, min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2**attempt))  # noqa: S311  full jitter
        now = time.monotonic()
        with self._lock:
            rate, most = RETRIES_PER_SECOND / _shares, max(1.0, RETRIES_AT_ONCE / _shares)
            tokens = min(most, self._tokens + (now - self._filled) * rate) - 1
            wait = max(wait, -tokens / rate)
            if now + wait > deadline:
                return None
            self._tokens, self._filled = tokens, now
            self.retries += 1
        return wait

    def obituary(self, where: str, words: str, tries: int, began: float) -> str:
        """One line on a request that is given up."""
        told = f"{shown(where)}: {words} (after {tries} tries in {time.monotonic() - began:.0f} s)"
        return (
            told if self._heard else f"{told}; nobody has answered there yet, is AWS_ENDPOINT_URL or the address right?"
        )


@lru_cache(maxsize=1024)
def budget_of(bucket: str) -> Budget:
    """The budget that this process has for `bucket`, such as `s3://commoncrawl` or `https://host`."""
    return Budget(bucket)


def retrying(budget: Budget, where: str, ask: Callable[[], Value]) -> Value:
    """What `ask` answers, asked again after what may pass.

    Raises:
        Exhausted: it did not pass in time, or the bucket's budget does not allow another try in time.
        BaseError, FileNotFoundError: what does not pass.
    """
    began = time.monotonic()
    attempt = 0
    while True:
        try:
            answer = ask()
        except BaseError as error:
            trouble = trouble_of(error)
            if not trouble.passing:
                raise
            budget.failed(answered=trouble.status is not None)
            wait = budget.pause(attempt, budget.deadline(began))
            if wait is None:
                raise Exhausted(budget.obituary(where, trouble.words, attempt + 1, began)) from error
        else:
            budget.succeeded()
            return answer
        time.sleep(wait)
        attempt += 1
