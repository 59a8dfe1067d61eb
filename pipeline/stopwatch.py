"""Where the seconds of a part go: provenance for people and benchmarks, never part of a decision."""

import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import TypeVar

Each = TypeVar("Each")


class Stopwatch:
    """Wall-clock seconds by the name of what was done; what it is used around are batches and pages, not characters."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._inside = 0.0

    @contextmanager
    def timing(self, name: str) -> Generator[None]:
        """Adds the time spent inside to `name`, without what is timed by another name meanwhile."""
        began, outside, self._inside = time.perf_counter(), self._inside, 0.0
        try:
            yield
        finally:
            spent = time.perf_counter() - began
            self.seconds[name] = self.seconds.get(name, 0.0) + spent - self._inside
            self._inside = outside + spent

    def drawing(self, name: str, values: Iterator[Each]) -> Iterator[Each]:
        """The values, the time of waiting for each added to `name`."""
        while True:
            began = time.perf_counter()
            try:
                value = next(values)
            except StopIteration:
                return
            finally:
                self._add(name, began)
            yield value

    def rounded(self) -> dict[str, float]:
        """The seconds as a receipt holds them, to a millisecond."""
        return {name: round(seconds, 3) for name, seconds in self.seconds.items()}

    def _add(self, name: str, began: float) -> None:
        self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - began
