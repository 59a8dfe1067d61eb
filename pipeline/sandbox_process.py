"""The parent's hold on one extracting child: a process, three pipes, and an eye on its memory.

Memory is watched and not enforced by `RLIMIT_AS`, because libxml2 and trafilatura do not survive a refused allocation honestly:
with 20 MB of room a page of 15 MB had *no text*, with 40 MB an XPath error, with 60 MB a MemoryError, and a MemoryError
inside readability or jusText is caught by trafilatura, which then gives another text. So the parent looks at `/proc` every
10 ms and, after each answer, at the peak that the kernel kept: no spike is missed. `RLIMIT_AS` stands at four times the limit,
where a page gets only while the parent is stalled. Without `/proc` (macOS) memory is not limited.
"""

import os
import resource
import select
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import IO

from pipeline.errors import RecordError
from pipeline.sandbox_child import FRAME, PAGE, one_line

PATROL_SECONDS = 0.01  # fresh memory is touched at some 2 GB/s, so a page overshoots its limit by about 20 MB
EXIT_SECONDS = 5.0  # from closed pipes to a dead process
CHUNK_BYTES = 1 << 20
STDERR_BYTES = 2_000
STATUS_BYTES = 16_384  # it has some 1,500


class Died(Exception):  # noqa: N818  the name states the fact
    """The child closed its end of the pipes."""


class Child:
    """A running child. One question at a time; after any exception from `ask` it is fit only for `kill`.

    `cpu_seconds` is known once it was killed (0 where it died by itself).
    """

    def __init__(self, *, memory_bytes: int, answer_bytes: int) -> None:
        self.memory_bytes = memory_bytes
        self.answer_bytes = answer_bytes
        self.resident_bytes = 0
        self.peak_bytes = 0
        self.cpu_seconds = 0.0
        self._heard = b""
        # A process group of its own: Ctrl-C goes to the terminal's whole group, and it is the parent who decides.
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-s", "-m", "pipeline.sandbox_child", str(os.getpid())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            env=_environment(),
            process_group=0,
        )
        self._to, self._from, self._errors = (_unblocked(stream) for stream in self._streams())
        self._status = _opened_status(self._process.pid)

    @property
    def pid(self) -> int:
        """The process id of the child."""
        return self._process.pid

    def running(self) -> bool:
        """Whether the process is there; a child that died while idle died of nothing its next page did."""
        return self._process.poll() is None

    def ask(self, message: bytes, wall_seconds: float) -> tuple[bytes, bytes]:
        """Send a message and wait for its answer, a kind and a body.

        Raises `Died`, or the RecordError of a limit: `over_memory`, `over_time`, `over_size` (of the answer).
        """
        now = time.monotonic()
        deadline, patrol = now + wall_seconds, now + PATROL_SECONDS
        self._heard = b""
        unsent, answer = [memoryview(FRAME.pack(PAGE, len(message))), memoryview(message)], bytearray()
        poller = self._poller()
        while not self._complete(answer):
            for pipe, _ in poller.poll(PATROL_SECONDS * 1000):
                if pipe == self._from:
                    answer += self._received()
                elif pipe == self._to:
                    unsent = self._sent(unsent)
                if (pipe == self._to and not unsent) or (pipe == self._errors and not self._overhear()):
                    poller.unregister(pipe)
            if (now := time.monotonic()) >= patrol:
                self._look()
                patrol = now + PATROL_SECONDS
            if now >= deadline:
                raise RecordError("over_time", f"no answer after {wall_seconds:g} s", by_limit=True)
        self._look()
        return FRAME.unpack_from(answer)[0], bytes(memoryview(answer)[FRAME.size :])

    def _poller(self) -> select.poll:
        poller = select.poll()
        poller.register(self._to, select.POLLOUT)
        poller.register(self._from, select.POLLIN)
        poller.register(self._errors, select.POLLIN)
        return poller

    def _complete(self, answer: bytearray) -> bool:
        if len(answer) < FRAME.size:
            return False
        length = FRAME.unpack_from(answer)[1]
        if length > self.answer_bytes:
            raise RecordError("over_size", f"a text of {length:,} bytes", by_limit=True)
        return len(answer) >= FRAME.size + length

    def _sent(self, unsent: list[memoryview]) -> list[memoryview]:
        """What is left of the pieces: header and page are two, because to join them takes a copy of the page."""
        try:
            sent = os.writev(self._to, unsent)
        except BrokenPipeError as error:
            raise Died from error
        left: list[memoryview] = []
        for piece in unsent:
            left.append(piece[sent:])
            sent = max(sent - len(piece), 0)
        return [piece for piece in left if piece]

    def _received(self) -> bytes:
        if not (received := os.read(self._from, CHUNK_BYTES)):
            raise Died
        return received

    def _overhear(self) -> bool:
        """Keep the end of what libraries print; False when they can print no more."""
        try:
            heard = os.read(self._errors, CHUNK_BYTES)
        except BlockingIOError:
            return True
        self._heard = (self._heard + heard)[-STDERR_BYTES:]
        return bool(heard)

    def _look(self) -> None:
        """Read the resident size and its peak; a peak above the limit ends the page."""
        if self._status is not None:
            with suppress(OSError):  # it died
                status = os.pread(self._status, STATUS_BYTES, 0)
                self.resident_bytes = _kilobytes(status, b"VmRSS:", self.resident_bytes)
                self.peak_bytes = _kilobytes(status, b"VmHWM:", self.peak_bytes)
        if self.peak_bytes > self.memory_bytes:
            raise RecordError("over_memory", f"{self.peak_bytes >> 20:,} MB resident", by_limit=True)

    def exit_code(self) -> int | None:
        """What a dead child left: its exit code, a signal's negative number, or None if it only closed its pipe."""
        try:
            return self._process.wait(timeout=EXIT_SECONDS)
        except subprocess.TimeoutExpired:
            return None

    def last_words(self) -> str:
        """The last line that it printed while it worked on this message, or nothing."""
        self._overhear()
        lines = self._heard.decode("utf-8", "replace").strip().splitlines()
        return one_line(lines[-1]) if lines else ""

    def kill(self) -> None:
        """End the process, whatever it is doing, close the pipes, and learn the CPU time that it took."""
        before = _cpu_seconds_of_the_dead()
        self._process.kill()
        self._process.wait()
        self.cpu_seconds += _cpu_seconds_of_the_dead() - before
        for stream in self._streams():
            stream.close()
        if self._status is not None:
            os.close(self._status)
            self._status = None

    def _streams(self) -> list[IO[bytes]]:
        process = self._process
        return [stream for stream in (process.stdin, process.stdout, process.stderr) if stream]


def _cpu_seconds_of_the_dead() -> float:
    """CPU time of all children of this process that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _unblocked(stream: IO[bytes]) -> int:
    os.set_blocking(stream.fileno(), False)
    return stream.fileno()


def _opened_status(pid: int) -> int | None:
    """The kernel's account of a process, kept open: reading it then costs a fifth, and never tells of another process."""
    with suppress(OSError):
        return os.open(f"/proc/{pid}/status", os.O_RDONLY)
    return None


def _kilobytes(status: bytes, field: bytes, default: int) -> int:
    """A size in bytes from the text of /proc/PID/status; a zombie has none."""
    _, found, rest = status.partition(field)
    return int(rest.split(None, 1)[0]) * 1024 if found else default


def _environment() -> dict[str, str]:
    """The same surroundings on every machine, the parent's modules, and none of its secrets."""
    kept = {name: os.environ[name] for name in ("LD_LIBRARY_PATH",) if name in os.environ}
    return kept | {
        "LC_ALL": "C.UTF-8",
        "OMP_NUM_THREADS": "1",
        "PYTHONHASHSEED": "0",
        "PYTHONPATH": os.pathsep.join(place or str(Path.cwd()) for place in sys.path),
        "PYTHONUTF8": "1",
        "TZ": "UTC",
    }
