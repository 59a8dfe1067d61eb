"""The child's half of the sandbox: it extracts one page after another and is free to die over any of them.

`python -m pipeline.sandbox_child PARENT` is started by `pipeline.sandbox`, never by a person. Messages go both ways as frames:
one byte that says what it is, eight bytes of length, UTF-8. Only the first message, which the parent sends, is a pickle; from
here to there, after hostile pages have been read, nothing but text goes (`pipeline.sandbox_answer`).
"""

import ctypes
import logging
import os
import pickle
import resource
import signal
import struct
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from pipeline.sandbox_answer import written
from pipeline.storable import storable

if TYPE_CHECKING:
    from pipeline.measures import Extractor

FRAME = struct.Struct(">cQ")
READY, PAGE, ERROR, MEMORY = b"R", b"P", b"E", b"M"

DETAIL_CHARS = 300
# What an extractor loads for its first page is paid here, before any page's CPU time is counted. The page is short, because
# trafilatura asks jusText (30 MB of stop words) only for pages of which it finds little.
WARM_UP = "<html><body><article><p>A short page.</p></article></body></html>"
STACK_BYTES = 8 << 20  # whether recursion in C overflows must not depend on the shell's `ulimit -s`
ADDRESS_SPACE_FACTOR = 4
PR_SET_PDEATHSIG = 1  # linux/prctl.h


def one_line(text: str) -> str:
    """The text's words on one storable line of at most `DETAIL_CHARS` characters."""
    return storable(" ".join(text[: 4 * DETAIL_CHARS].split())[:DETAIL_CHARS])


def _channels() -> tuple[BinaryIO, BinaryIO]:
    """The pipes from and to the parent, out of reach of libraries that print or read: those get stderr and nothing."""
    requests, replies = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    return requests, replies


def _die_with(parent: int) -> None:
    """Ask the kernel to end this process with its parent, even when it is busy and the parent was killed by -9."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before we asked
        os._exit(1)


def _settle() -> None:
    """Be first to go when memory runs out, leave Ctrl-C to the parent, let SIGPROF kill, leave no core dump."""
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    for kind, wanted in ((resource.RLIMIT_STACK, STACK_BYTES), (resource.RLIMIT_CORE, 0)):
        _lower(kind, wanted)
    logging.disable()


def _lower(kind: int, wanted: int) -> None:
    hard = resource.getrlimit(kind)[1]
    resource.setrlimit(kind, (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard))


def _bound_address_space(memory_bytes: int) -> None:
    """Bound the machine's loss should the parent be too busy to watch; `pipeline.sandbox_process` says why so loosely."""
    with suppress(OSError):
        now = int(Path("/proc/self/statm").read_bytes().split()[0]) * resource.getpagesize()
        _lower(resource.RLIMIT_AS, now + ADDRESS_SPACE_FACTOR * memory_bytes)


def _read(requests: BinaryIO) -> bytes | None:
    """The next message from the parent; None when there will be no more."""
    header = requests.read(FRAME.size)
    if len(header) < FRAME.size:
        return None
    length = FRAME.unpack(header)[1]
    message = requests.read(length)
    return message if len(message) == length else None


def _write(replies: BinaryIO, kind: bytes, text: str = "") -> None:
    message = text.encode()
    replies.write(FRAME.pack(kind, len(message)))
    replies.write(message)
    replies.flush()


def _answer(extractor: "Extractor", html: str, cpu_seconds: float) -> tuple[bytes, str]:
    """What to say of a page. The timer's signal is not handled, so that it ends the process even inside C code."""
    signal.setitimer(signal.ITIMER_PROF, cpu_seconds)
    try:
        return written(extractor.extract(html))
    except MemoryError as error:
        return MEMORY, one_line(str(error))
    except Exception as error:  # noqa: BLE001  any failure of an extractor is a fact about the page
        return ERROR, one_line(f"{type(error).__name__}: {error}")
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def main() -> None:
    """Serve the parent until it closes the pipe."""
    requests, replies = _channels()
    _die_with(int(sys.argv[1]))
    _settle()
    extractor, cpu_seconds, memory_bytes = pickle.loads(_read(requests) or b"")  # noqa: S301  the parent's own
    _answer(extractor, WARM_UP, 0)
    _bound_address_space(memory_bytes)
    _write(replies, READY)
    while (page := _read(requests)) is not None:
        _write(replies, *_answer(extractor, page.decode("utf-8", "replace"), cpu_seconds))


if __name__ == "__main__":
    main()
