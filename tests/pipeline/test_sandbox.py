"""The sandbox loses the page that misbehaves, says why, and nothing else: every fault here is a real one."""

import importlib.util
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import pytest

from pipeline import sandbox as sandbox_module
from pipeline import sandbox_process
from pipeline.errors import RecordError
from pipeline.measures import NO_SIGNALS, Extracted, Extractor
from pipeline.sandbox import Limits, Sandbox

MB = 1 << 20
LIMITS = Limits(max_html_chars=20_000, memory_bytes=200 * MB, cpu_seconds=0.4, wall_seconds=3)
KEPT: list[bytes] = []

linux = pytest.mark.skipif(sys.platform != "linux", reason="watches and binds processes through the Linux kernel")


def _overflow(depth: int = 0) -> int:
    return _overflow(depth + 1) + 1


def _noise() -> None:
    for _ in range(100):
        os.write(1, b"out" * 30_000)
        os.write(2, b"err" * 30_000)
    os.write(2, b"\nand a last word\n")


def _grow() -> None:
    while True:
        KEPT.append(bytes(range(256)) * 4096)


def _stop_answering() -> None:
    os.closerange(3, 64)
    time.sleep(60)


FAULTS = {
    "compute": lambda: exec("while True: pass"),
    "compute in C": lambda: re.match(r"(a+)+$", "a" * 60 + "b"),
    "wait": lambda: time.sleep(60),
    "grow": _grow,
    "spike": lambda: len(bytes(range(256)) * (4096 * 300)),
    "run out": lambda: bytearray(1 << 33),
    "segfault": lambda: os.kill(os.getpid(), signal.SIGSEGV),
    "abort": os.abort,
    "killed": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "leave": lambda: os._exit(3),
    "leave politely": lambda: sys.exit(4),
    "die noisily": lambda: (_noise(), os.abort()),
    "raise": lambda: int("no\nnumber"),
    "raise at length": lambda: FAULTS["x" * 1_000_000],
    "raise a surrogate": lambda: (_ for _ in ()).throw(ValueError("\ud800")),
    "recurse": _overflow,
    "be interrupted": lambda: os.kill(os.getpid(), signal.SIGINT),
    "be noisy": _noise,
    "keep 100 MB": lambda: KEPT.append(bytes(range(256)) * (4096 * 100)),
    "answer late": lambda: time.sleep(1),
    "stop answering": _stop_answering,
    "write nonsense": lambda: [os.write(fd, b"?" + b"\0" * 8) for fd in (3, 4) if _writable(fd)],
}


def _writable(fd: int) -> bool:
    import fcntl

    return bool(fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_WRONLY)


ANSWERS = {
    "nothing": lambda: None,
    "a wrong type": lambda: "text",
    "too much": lambda: Extracted("x" * 100_000),
    "a surrogate": lambda: Extracted("a\ud800b"),
    "pid": lambda: Extracted(str(os.getpid())),
    "hash": lambda: Extracted(str(hash("a word"))),
    "environment": lambda: Extracted(repr(sorted(os.environ))),
    "oom score": lambda: Extracted(Path("/proc/self/oom_score_adj").read_text()),
    "stdin": lambda: Extracted(sys.stdin.read()),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Faulty:
    """Does what the page says; a page that says nothing known is its own text."""

    name: ClassVar[str] = "faulty"
    version: ClassVar[int] = 1
    engines: ClassVar[tuple[str, ...]] = ()
    signals: ClassVar = NO_SIGNALS

    prefix: str = ""

    def extract(self, html: str) -> Extracted | None:
        if html in FAULTS:
            FAULTS[html]()
        if html in ANSWERS:
            return ANSWERS[html]()
        return Extracted(self.prefix + html)


@pytest.fixture(scope="module")
def shared() -> Iterator[Sandbox]:
    with Sandbox(Faulty(), LIMITS) as sandbox:
        yield sandbox


@pytest.fixture
def fresh() -> Iterator[Sandbox]:
    with Sandbox(Faulty(), LIMITS) as sandbox:
        yield sandbox


def text(sandbox: Sandbox, page: str) -> str:
    extracted = sandbox.extract(page)
    assert extracted is not None
    return extracted.text


def test_the_extractor_of_these_tests_is_one() -> None:
    assert isinstance(Faulty(), Extractor)


@pytest.mark.parametrize(
    "page",
    ["", "a page", "ünïcödé 漢字 \U0001f600", "line\r\nends\n\tkept\x00", "x" * 20_000, "漢" * 20_000],
    ids=["empty", "short", "unicode", "control", "long", "long unicode"],
)
def test_a_page_comes_back_as_the_extractor_says(shared: Sandbox, page: str) -> None:
    assert shared.extract(page) == Extracted(page)


def test_no_text_is_none(shared: Sandbox) -> None:
    assert shared.extract("nothing") is None


def test_the_fields_of_the_extractor_reach_the_child() -> None:
    with Sandbox(Faulty(prefix=">> "), LIMITS) as sandbox:
        assert text(sandbox, "a page") == ">> a page"


def test_lone_surrogates_become_replacement_characters_both_ways(shared: Sandbox) -> None:
    assert set(text(shared, "a\udfffb")) == {"a", "b", "\ufffd"}
    assert set(text(shared, "a surrogate")) == {"a", "b", "\ufffd"}


def test_a_page_that_is_at_hand_in_utf8_is_sent_as_it_is(shared: Sandbox) -> None:
    long = "🌾" * (LIMITS.max_html_chars - 1)  # 80 KB, more than the pipe holds
    for page in ("", "Mühle", long):
        assert shared.extract(page, page.encode()) == shared.extract(page)
    assert text(shared, long) == long


def test_one_child_serves_many_pages(shared: Sandbox) -> None:
    assert text(shared, "pid") == text(shared, "pid") == str(shared.pid)
    assert shared.pid != os.getpid()


STOPPED = [
    ("compute", "over_cpu", "CPU time"),
    ("compute in C", "over_cpu", "CPU time"),
    ("wait", "over_time", "3 s"),
    ("stop answering", "extractor_crashed", "closed its pipe"),
    pytest.param("grow", "over_memory", "MB resident", marks=linux),
    pytest.param("spike", "over_memory", "MB resident", marks=linux),
    pytest.param("run out", "over_memory", "refused", marks=linux),
    ("killed", "over_memory", "killed by the system"),
    ("too much", "over_size", "100,000 bytes"),
    ("x" * 20_001, "over_size", "20,001 characters"),
]
BROKEN = [
    ("segfault", "extractor_crashed", "SIGSEGV"),
    ("abort", "extractor_crashed", "SIGABRT"),
    ("leave", "extractor_crashed", "exit code 3"),
    ("leave politely", "extractor_crashed", "exit code 4"),
    ("die noisily", "extractor_crashed", "SIGABRT and a last word"),
    ("write nonsense", "extractor_crashed", "answered"),
    ("raise", "extractor_error", "ValueError: invalid literal for int() with base 10: 'no\\nnumber'"),
    ("raise at length", "extractor_error", "KeyError: 'xxxx"),
    ("raise a surrogate", "extractor_error", "ValueError: \ufffd"),
    ("recurse", "extractor_error", "RecursionError: maximum recursion depth"),
    ("a wrong type", "extractor_error", "AttributeError"),
]


@pytest.mark.parametrize(("page", "reason", "detail"), STOPPED + BROKEN)
def test_a_fault_costs_its_page_and_no_other(
    shared: Sandbox, monkeypatch: pytest.MonkeyPatch, page: str, reason: str, detail: str
) -> None:
    monkeypatch.setattr(sandbox_process, "EXIT_SECONDS", 0.5)
    before = shared.stopped[reason]
    with pytest.raises(RecordError) as caught:
        shared.extract(page)
    assert caught.value.reason == reason
    assert detail in caught.value.detail
    assert len(caught.value.detail) <= 300
    assert "\n" not in caught.value.detail
    assert caught.value.by_limit is reason.startswith("over_")
    assert shared.stopped[reason] == before + 1
    assert text(shared, "the next page") == "the next page"


def test_a_page_that_raises_keeps_its_child_and_one_that_dies_does_not(fresh: Sandbox) -> None:
    first = text(fresh, "pid")
    with pytest.raises(RecordError):
        fresh.extract("raise")
    assert text(fresh, "pid") == first
    with pytest.raises(RecordError):
        fresh.extract("abort")
    assert text(fresh, "pid") != first
    assert fresh.starts == 2
    assert fresh.stopped == {"extractor_error": 1, "extractor_crashed": 1}


def test_a_page_over_the_size_limit_starts_no_child() -> None:
    with Sandbox(Faulty(), LIMITS) as sandbox, pytest.raises(RecordError):
        sandbox.extract("x" * 20_001)
    assert sandbox.starts == 0


@linux
def test_a_spike_of_memory_counts_even_if_nobody_looked_at_that_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox_process, "PATROL_SECONDS", 100)
    # On a busy machine the spike's pages alone take more than LIMITS allow of the CPU.
    with Sandbox(Faulty(), replace(LIMITS, cpu_seconds=10, wall_seconds=60)) as sandbox:
        with pytest.raises(RecordError, match="over_memory"):
            sandbox.extract("spike")
        assert sandbox.peak_rss_bytes > LIMITS.memory_bytes


@linux
def test_a_child_that_has_grown_is_replaced_between_pages(fresh: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox_module, "OUTGROWN_BYTES", 50 * MB)
    first = text(fresh, "pid")
    assert text(fresh, "keep 100 MB") == "keep 100 MB"
    assert text(fresh, "pid") != first
    assert not fresh.stopped
    assert 100 * MB < fresh.peak_rss_bytes < LIMITS.memory_bytes


def test_what_libraries_print_neither_blocks_nor_mixes_with_the_answer(
    shared: Sandbox, capfd: pytest.CaptureFixture
) -> None:
    assert text(shared, "be noisy") == "be noisy"
    assert capfd.readouterr() == ("", "")


def test_a_library_that_reads_stdin_finds_it_empty(shared: Sandbox) -> None:
    assert text(shared, "stdin") == ""


def test_an_interrupt_is_left_to_the_parent(shared: Sandbox) -> None:
    assert text(shared, "be interrupted") == "be interrupted"
    assert os.getpgid(shared.pid or 0) != os.getpgid(0)


def test_an_answer_that_comes_too_late_is_not_taken_for_the_next_page(fresh: Sandbox) -> None:
    text(fresh, "a page, so that the child is there")

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    previous = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.2)
    try:
        with pytest.raises(KeyboardInterrupt):
            fresh.extract("answer late")
    finally:
        signal.signal(signal.SIGALRM, previous)
    assert text(fresh, "the next page") == "the next page"
    assert fresh.starts == 2


def test_a_child_that_died_while_idle_is_replaced_without_blaming_a_page(fresh: Sandbox) -> None:
    text(fresh, "a page")
    assert fresh.pid
    os.kill(fresh.pid, signal.SIGKILL)
    os.waitid(os.P_PID, fresh.pid, os.WEXITED | os.WNOWAIT)
    assert text(fresh, "the next page") == "the next page"
    assert not fresh.stopped


def test_the_child_sees_the_same_surroundings_everywhere_and_no_secret(
    fresh: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hidden")
    monkeypatch.setenv("PYTHONHASHSEED", "7")
    hashed, environment = text(fresh, "hash"), text(fresh, "environment")
    assert "AWS" not in environment
    fresh.close()
    monkeypatch.setenv("PYTHONHASHSEED", "8")
    assert text(fresh, "hash") == hashed


@linux
def test_the_child_is_the_first_to_go_when_the_machine_runs_out_of_memory(shared: Sandbox) -> None:
    assert text(shared, "oom score").strip() == "1000"


def test_closing_ends_the_child_and_may_be_done_twice(fresh: Sandbox) -> None:
    pid = int(text(fresh, "pid"))
    fresh.close()
    fresh.close()
    assert fresh.pid is None
    assert gone(pid)


def gone(pid: int) -> bool:
    """Whether a process has ended, reaped or not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


DRIVER = """
import sys
from test_sandbox import Faulty, Limits, Sandbox
sandbox = Sandbox(Faulty(), Limits(cpu_seconds=60, wall_seconds=60))
print(sandbox.extract("pid").text, flush=True)
sandbox.extract(sys.argv[1]) if sys.argv[1] else sys.stdin.read()
"""


@linux
@pytest.mark.parametrize("page", ["compute", "wait", ""], ids=["busy", "asleep", "idle"])
def test_a_driver_killed_by_force_leaves_no_child_behind(page: str) -> None:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", DRIVER, page]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment) as driver:
        assert driver.stdout
        child = int(driver.stdout.readline())
        time.sleep(0.2)
        assert not gone(child)
        driver.kill()
        driver.wait()
        deadline = time.monotonic() + 20
        while not gone(child) and time.monotonic() < deadline:
            time.sleep(0.02)
        assert gone(child)


RECIPE_FILE = """
from dataclasses import dataclass
from typing import ClassVar
from pipeline.measures import NO_SIGNALS, Extracted

def shout(html):
    return html.upper()

@dataclass(frozen=True, slots=True, kw_only=True)
class Shouting:
    name: ClassVar = "shouting"
    version: ClassVar = 1
    engines: ClassVar = ()
    signals: ClassVar = NO_SIGNALS
    end: str = "!"

    def extract(self, html):
        return Extracted(shout(html) + self.end)
"""


@pytest.mark.parametrize("forgotten", [False, True], ids=["in its process", "as a worker gets it"])
def test_an_extractor_from_a_recipe_file_needs_no_import_in_the_child(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, forgotten: bool
) -> None:
    (tmp_path / "mine.py").write_text(RECIPE_FILE)
    spec = importlib.util.spec_from_file_location("recipe_mine", tmp_path / "mine.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "recipe_mine", module)
    spec.loader.exec_module(module)
    extractor = module.Shouting(end="?")
    if forgotten:
        monkeypatch.delitem(sys.modules, "recipe_mine")
    with Sandbox(extractor, LIMITS) as sandbox:
        assert text(sandbox, "a page") == "A PAGE?"


class Unloadable(Faulty):
    def __setstate__(self, state: object) -> None:
        raise ImportError("no such model")


def test_an_extractor_that_cannot_start_says_so_and_is_no_fault_of_the_page() -> None:
    with (
        Sandbox(Unloadable(), LIMITS) as sandbox,
        pytest.raises(RuntimeError, match=r"does not start: .*no such model"),
    ):
        sandbox.extract("a page")
    assert not sandbox.stopped


@linux
def test_a_memory_limit_below_what_the_libraries_take_is_told_at_the_start() -> None:
    limits = Limits(memory_bytes=10 * MB)
    with Sandbox(Faulty(), limits) as sandbox, pytest.raises(RuntimeError, match="over_memory"):
        sandbox.extract("a page")


@pytest.mark.parametrize("wrong", [{"cpu_seconds": 0.0}, {"memory_bytes": -1}, {"wall_seconds": float("inf")}])
def test_limits_that_limit_nothing_or_everything_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="positive and finite"):
        Limits(**wrong)  # type: ignore[arg-type]
