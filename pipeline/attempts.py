"""A part is run: tried again where that may help, and at the end either committed or said in one line why not."""

import random
import resource
import threading
import time
import traceback
from dataclasses import dataclass, field, replace

from pipeline.errors import Exhausted, GristmillError, TransientError
from pipeline.lazy_pandas import leave_pandas_alone
from pipeline.receipts import Receipt
from pipeline.remote.retries import share
from pipeline.steps import PartRun, PartTask
from pipeline.storage import open_storage

MOST_ATTEMPTS = 4
FIRST_WAIT_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a part could not be done, in one line, and the traceback where the fault is ours."""

    step: str
    key: str
    name: str
    why: str
    trace: str = field(default="", repr=False)
    outage: bool = False  # storage or network were gone for as long as is waited for them


def run_part(task: PartTask) -> Receipt | Failure:
    """Runs one part to its receipt, or to the reason why not; retries what may pass (TransientError), with back-off."""
    leave_pandas_alone()
    share(task.shares)
    for attempt in range(1, MOST_ATTEMPTS + 1):
        try:
            return _attempt(task)
        except Exhausted as error:
            return replace(_failure(task, str(error)), outage=True)
        except TransientError as error:
            if attempt == MOST_ATTEMPTS:
                return _failure(task, f"{error} (after {attempt} attempts)")
            time.sleep(FIRST_WAIT_SECONDS * 2**attempt * (0.5 + random.random()))  # noqa: S311  jitter
        except GristmillError as error:
            return _failure(task, str(error))
        except Exception as error:  # noqa: BLE001  a bug of ours costs this part and is reported in full
            notes = "; ".join(getattr(error, "__notes__", []))
            last = traceback.extract_tb(error.__traceback__)[-1]
            place = f"{last.filename.rsplit('/', 1)[-1]}:{last.lineno}"
            why = f"{type(error).__name__}: {error} ({place}{'; ' + notes if notes else ''})"
            return _failure(task, why, "".join(traceback.format_exception(error)))
    raise AssertionError("unreachable")


def _failure(task: PartTask, why: str, trace: str = "") -> Failure:
    return Failure(task.step, task.part.key, task.part.name, " ".join(why.split()), trace)


def _attempt(task: PartTask) -> Receipt:
    part = PartRun(task, open_storage(task.root))
    alone = threading.current_thread() is threading.main_thread()
    clock = time.process_time if alone else time.thread_time  # in a thread, of which others run beside
    began, burnt = time.perf_counter(), clock()
    part.facts["began"] = round(time.time(), 3)
    try:
        counts = task.stage.run(part)
        part.facts["cpu_seconds"] = round(clock() - burnt, 3)
        part.facts["seconds"] = round(time.perf_counter() - began, 3)
        part.facts["peak_rss_bytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        return part.commit(counts)
    except BaseException:
        part.discard()
        raise
