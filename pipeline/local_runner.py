"""Parts one after the other in this process: nothing to start, easy to debug."""

from collections import deque

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
