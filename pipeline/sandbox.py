"""Runs an extractor in a child process that a page may hang, blow up or crash at the cost of that page alone.

Limits decide which pages are stopped. The page's size and how its markup is built are counted before the child gets it, alike on
every machine; the child's resident memory at its peak, and CPU time by a kernel timer that no C code can ignore, nearly so. The
last, wall-clock time, only catches what waits without computing. A page that was stopped is not tried again here: its row says
so, and a rebuild takes the list of such rows as input.
"""

import math
import signal
import sys
from collections import Counter
from dataclasses import dataclass, field
from importlib.machinery import PathFinder
from types import ModuleType, TracebackType
from typing import Self

import cloudpickle

from pipeline.errors import RecordError
from pipeline.identity import IDENTITY_IF_CHANGED
from pipeline.measures import Extracted, Extractor
from pipeline.sandbox_answer import read
from pipeline.sandbox_child import ERROR, MEMORY, one_line
from pipeline.sandbox_process import Child, Died
from pipeline.structure import Structure

START_SECONDS = 120.0  # a start takes about a second; a loaded machine with a cold disk may take many
# An idle child that grew by this is replaced, so that no page pays for those before it (1,743 real pages left 47 MB behind).
OUTGROWN_BYTES = 64 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one page may take. They bear identity, because they decide which pages are stopped.

    `memory_bytes` is the peak resident size of the child, its libraries (trafilatura and what it needs: about 75 MB) included.
    """

    max_html_chars: int = 20_000_000
    memory_bytes: int = 1 << 30
    cpu_seconds: float = 10.0
    wall_seconds: float = 120.0
    structure: Structure = field(default_factory=Structure, metadata=IDENTITY_IF_CHANGED)

    def __post_init__(self) -> None:
        numbers = (self.max_html_chars, self.memory_bytes, self.cpu_seconds, self.wall_seconds)
        if not all(0 < limit < math.inf for limit in numbers):
            raise ValueError(f"limits are positive and finite: {self}")


class Sandbox:
    """One child at a time: started for the first page, replaced after a page that it did not survive.

    `stopped` counts pages by the reason they were stopped for, `starts` counts children, `peak_rss_bytes` is the largest
    resident size of any, `cpu_seconds` the CPU time of those that were ended. For one thread, which has to outlive it: the kernel
    ends the child with the thread that started it.
    """

    def __init__(self, extractor: Extractor, limits: Limits) -> None:
        self.limits = limits
        self.stopped: Counter[str] = Counter()
        self.starts = 0
        self.peak_rss_bytes = 0
        self.cpu_seconds = 0.0
        self._message = _shipped(extractor, limits)
        self._child: Child | None = None
        self._start_bytes = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def pid(self) -> int | None:
        """The process id of the child, if there is one."""
        return self._child.pid if self._child else None

    def extract(self, html: str, utf8: bytes | None = None) -> Extracted | None:
        """The text of a page, or None where it has none; lone surrogates come and go as U+FFFD.

        `utf8` is the same page in UTF-8, where it is at hand.

        Raises RecordError: `over_size`, a reason of `Structure`, `over_memory`, `over_cpu`, `over_time` (all `by_limit`),
        `extractor_crashed` when the child died, `extractor_error` when the extractor raised. RuntimeError when no child can be
        started.
        """
        try:
            return self._extract(html, utf8)
        except RecordError as error:
            self.stopped[error.reason] += 1
            raise

    def close(self) -> None:
        """End the child; the next page would start another."""
        child, self._child = self._child, None
        if child:
            self.peak_rss_bytes = max(self.peak_rss_bytes, child.peak_bytes)
            child.kill()
            self.cpu_seconds += child.cpu_seconds

    def _extract(self, html: str, utf8: bytes | None) -> Extracted | None:
        if len(html) > self.limits.max_html_chars:
            raise RecordError("over_size", f"{len(html):,} characters", by_limit=True)
        page = html.encode("utf-8", "surrogatepass") if utf8 is None else utf8
        self.limits.structure.check(page)
        child = self._ready_child()
        try:
            kind, body = child.ask(page, self.limits.wall_seconds)
        except Died:
            error = self._autopsy(child)
            self.close()
            raise error from None
        except BaseException:  # whatever it was (Ctrl-C too), a late answer must not be taken for the next page's
            self.close()
            raise
        self.peak_rss_bytes = max(self.peak_rss_bytes, child.peak_bytes)
        return self._understood(kind, body.decode("utf-8", "replace"))

    def _understood(self, kind: bytes, text: str) -> Extracted | None:
        if kind == ERROR:
            raise RecordError("extractor_error", text)
        if kind == MEMORY:
            self.close()  # after a refused allocation who knows what its libraries believe
            raise RecordError("over_memory", text or "an allocation was refused", by_limit=True)
        try:
            return read(kind, text)
        except ValueError as error:
            self.close()
            raise RecordError("extractor_crashed", one_line(str(error))) from error

    def _ready_child(self) -> Child:
        child = self._child
        if child and child.running() and child.resident_bytes - self._start_bytes < OUTGROWN_BYTES:
            return child
        self.close()
        return self._start()

    def _start(self) -> Child:
        limits = self.limits
        child = self._child = Child(memory_bytes=limits.memory_bytes, answer_bytes=4 * limits.max_html_chars)
        self.starts += 1
        try:
            child.ask(self._message, START_SECONDS)
        except (Died, RecordError) as error:
            why = child.last_words() or error
            self.close()
            raise RuntimeError(f"the extractor's process does not start: {why}") from error
        except BaseException:
            self.close()
            raise
        self._start_bytes = child.resident_bytes
        return child

    def _autopsy(self, child: Child) -> RecordError:
        """Why the child died: by the timer, by the system's need of memory, or by a fault of its own."""
        code = child.exit_code()
        if code == -signal.SIGPROF:
            return RecordError("over_cpu", f"more than {self.limits.cpu_seconds:g} s of CPU time", by_limit=True)
        if code == -signal.SIGKILL:  # not ours: the kernel takes this process first when the machine has no memory left
            return RecordError("over_memory", "killed by the system", by_limit=True)
        if code is None:
            return RecordError("extractor_crashed", "closed its pipe and went on")
        how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        return RecordError("extractor_crashed", one_line(f"{how} {child.last_words()}"))


def _shipped(extractor: Extractor, limits: Limits) -> bytes:
    """The first message: the extractor, by value where a fresh process could not import its module (a recipe file)."""
    module = sys.modules.get(type(extractor).__module__)
    message = (extractor, limits.cpu_seconds, limits.memory_bytes)
    if module is None or _importable(module) or module.__name__ in cloudpickle.list_registry_pickle_by_value():
        return cloudpickle.dumps(message)
    cloudpickle.register_pickle_by_value(module)
    try:
        return cloudpickle.dumps(message)
    finally:
        cloudpickle.unregister_pickle_by_value(module)


def _importable(module: ModuleType) -> bool:
    return PathFinder.find_spec(module.__name__.partition(".")[0]) is not None
