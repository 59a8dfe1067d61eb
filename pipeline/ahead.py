"""Values made by another thread, a few ahead of whoever takes them."""

import queue
import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar, cast

Each = TypeVar("Each")

_PATIENCE_SECONDS = 0.1


class Ahead(Generic[Each]):
    """Iterates over `values`, which a thread of its own draws; an error there is raised here, in its place."""

    def __init__(self, values: Iterator[Each], most: int) -> None:
        self._values = values
        self._made: queue.Queue[tuple[str, object]] = queue.Queue(most)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._make, daemon=True)
        self._thread.start()

    def _make(self) -> None:
        try:
            for value in self._values:
                if not self._put("value", value):
                    return
        except BaseException as error:  # noqa: BLE001  it is raised where it is waited for
            self._put("error", error)
        else:
            self._put("end", None)

    def _put(self, kind: str, value: object) -> bool:
        """Hands a value over; False where nobody will take it any more."""
        while not self._stop.is_set():
            try:
                self._made.put((kind, value), timeout=_PATIENCE_SECONDS)
            except queue.Full:
                continue
            return True
        return False

    def __iter__(self) -> Iterator[Each]:
        while True:
            kind, value = self._made.get()
            if kind == "end":
                return
            if kind == "error":
                raise cast("BaseException", value)
            yield cast("Each", value)

    def close(self) -> None:
        """Ends the thread, once it has made the value it is at."""
        self._stop.set()
        self._thread.join()


@contextmanager
def ahead(values: Iterator[Each], most: int) -> Generator[Iterator[Each]]:
    """`values` with up to `most` of them made ahead; the thread ends with the block."""
    made = Ahead(values, most)
    try:
        yield iter(made)
    finally:
        made.close()
