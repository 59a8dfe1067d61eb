"""Parts in this process: one after the other, or side by side in threads. Nothing to start, easy to debug."""

from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from threading import Event

from pipeline.receipts import Receipt
from pipeline.steps import Failure, PartTask, run_part


class LocalRunner:
    """Runs a part when it is waited for."""

    slots = 1

    def __init__(self) -> None:
        self._tasks: deque[PartTask] = deque()

    def submit(self, task: PartTask) -> None:
        """See `Runner.submit`."""
        self._tasks.append(task)

    def wait(self) -> list[Receipt | Failure]:
        """See `Runner.wait`."""
        return [run_part(self._tasks.popleft())]

    def close(self) -> None:
        """See `Runner.close`."""
        self._tasks.clear()


class ThreadRunner:
    """Runs up to `slots` parts at a time, each in a thread.

    Threads gain where the work is done outside the interpreter: reading, compressing, sorting, kernels. Stages are pure
    functions of their part, so parts can run side by side; what a stage calls that is not for several threads at once must
    lock itself. Of a part, memory is told of the whole process and CPU time of its own thread.
    """

    def __init__(self, slots: int, run: Callable[[PartTask], Receipt | Failure] = run_part) -> None:
        self.slots = slots
        self._run = run
        self._pool = ThreadPoolExecutor(slots, thread_name_prefix="part")
        self._ended: SimpleQueue[Receipt | Failure | BaseException] = SimpleQueue()
        self._closed = Event()

    def submit(self, task: PartTask) -> None:
        """See `Runner.submit`."""
        self._pool.submit(self._one, task)

    def _one(self, task: PartTask) -> None:
        if self._closed.is_set():
            return
        try:
            self._ended.put(self._run(task))
        except BaseException as error:  # noqa: BLE001  the thread that waits raises it
            self._ended.put(error)

    def wait(self) -> list[Receipt | Failure]:
        """See `Runner.wait`."""
        outcome = self._ended.get()
        if isinstance(outcome, BaseException):
            raise outcome
        return [outcome]

    def close(self) -> None:
        """See `Runner.close`: nothing new starts; a part in flight ends by itself, or with the process."""
        self._closed.set()
        self._pool.shutdown(wait=False, cancel_futures=True)
