"""The benchmarks by name: what `gristmill bench WHAT` can measure."""

from collections.abc import Callable
from typing import Any

from jobs.bench.fineweb import fineweb
from jobs.bench.settings import Settings

BENCHMARKS: dict[str, Callable[[Settings], dict[str, Any]]] = {
    "fineweb": fineweb,
}
