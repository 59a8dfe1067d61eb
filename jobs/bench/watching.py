"""Runs a command and watches its process tree: wall clock, CPU seconds, and resident memory at its peak."""

import os
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from pipeline.errors import GristmillError

SAMPLE_SECONDS = 0.2
LAST_LINES = 15
END_SECONDS = 5.0


@dataclass(slots=True)
class Process:
    """The largest of what was seen of one process."""

    handle: psutil.Process
    name: str
    peak_rss_bytes: int = 0
    cpu_seconds: float = 0.0


@dataclass(slots=True)
class Watched:
    """What a command took. Resident sizes add up what processes share; CPU seconds miss what ran between two looks."""

    wall_seconds: float = 0.0
    peak_rss_bytes: int = 0
    processes: dict[int, Process] = field(default_factory=dict[int, Process])

    @property
    def cpu_seconds(self) -> float:
        """CPU time of all processes."""
        return sum(process.cpu_seconds for process in self.processes.values())

    def peak_of(self, *words: str) -> int:
        """The largest resident size of any process whose command line has one of `words`."""
        named = (each for each in self.processes.values() if any(word in each.name for word in words))
        return max((each.peak_rss_bytes for each in named), default=0)


def watch(
    command: Sequence[str], *, log: Path, environment: Mapping[str, str] | None = None, tick: Callable[[], None]
) -> Watched:
    """Runs the command to its end, what it prints going to `log`; calls `tick` at every look.

    Raises:
        GristmillError: it ended with another code than 0; the last lines of its log say why.
    """
    watched, began = Watched(), time.monotonic()
    with log.open("wb") as printed:
        run = subprocess.Popen(
            command, stdout=printed, stderr=subprocess.STDOUT, env={**os.environ, **(environment or {})}
        )
        try:
            while run.poll() is None:
                _look(psutil.Process(run.pid), watched)
                tick()
                with suppress(subprocess.TimeoutExpired):
                    run.wait(SAMPLE_SECONDS)
        finally:
            _end(run, watched)
    watched.wall_seconds = time.monotonic() - began
    if run.returncode:
        last = "\n".join(log.read_text(errors="replace").splitlines()[-LAST_LINES:])
        raise GristmillError(f"{command[0]} … ended with code {run.returncode}; the end of {log}:\n{last}")
    return watched


def _look(root: psutil.Process, watched: Watched) -> None:
    now = 0
    with suppress(psutil.NoSuchProcess):
        for process in (root, *root.children(recursive=True)):
            with suppress(psutil.NoSuchProcess, psutil.ZombieProcess, psutil.AccessDenied):
                now += _look_at(process, watched)
    watched.peak_rss_bytes = max(watched.peak_rss_bytes, now)


def _look_at(process: psutil.Process, watched: Watched) -> int:
    with process.oneshot():
        resident, times = process.memory_info().rss, process.cpu_times()
    if not (seen := watched.processes.get(process.pid)):
        seen = watched.processes[process.pid] = Process(process, " ".join(process.cmdline()))
    if not seen.peak_rss_bytes or resident > seen.peak_rss_bytes:
        seen.name = " ".join(process.cmdline()) or seen.name  # a Ray worker says what it runs only once it does
    seen.peak_rss_bytes = max(seen.peak_rss_bytes, resident)
    seen.cpu_seconds = max(seen.cpu_seconds, times.user + times.system)
    return resident


def _end(run: "subprocess.Popen[bytes]", watched: Watched) -> None:
    """Ends what still runs of the tree: all of it after Ctrl-C, else servers that a failed command leaves behind."""
    if run.poll() is None:
        _look(psutil.Process(run.pid), watched)
    left = [process.handle for process in watched.processes.values() if process.handle.is_running()]
    for signalled in (psutil.Process.terminate, psutil.Process.kill):
        for process in left:
            with suppress(psutil.NoSuchProcess):
                signalled(process)
        left = psutil.wait_procs(left, timeout=END_SECONDS)[1]
    run.wait()
