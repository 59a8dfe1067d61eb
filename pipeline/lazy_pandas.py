"""pandas is imported where somebody imports it, not by pyarrow at the first list that it converts.

`pa.array` wants to know whether a list is one of pandas' types, and imports pandas to compare: 0.35 s of every process (2 s where
no bytecode is kept), and 44 MB for what nothing here uses. An object of pandas can only be there once pandas was imported, so
pyarrow is told that there is none, and told to look again by whoever imports it.
"""

import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType

import pyarrow as pa

PANDAS = "pandas"


def leave_pandas_alone() -> None:
    """Keep pyarrow from importing pandas by itself in this process; called again, or after pandas was imported, it does nothing.

    What asks pyarrow for pandas (`to_pandas`) gets it, and what is imported later is known to pyarrow as if it had always been.
    """
    if PANDAS in sys.modules or any(isinstance(finder, _Announcer) for finder in sys.meta_path):
        return
    finder = _Announcer()
    sys.meta_path.insert(0, finder)
    pa.array([""])  # the one look that pyarrow takes
    finder.hides = False


class _Announcer(MetaPathFinder):
    """Hides pandas from pyarrow's look; then finds it as everybody does, and has pyarrow look again as soon as it is there."""

    hides = True

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,  # noqa: ARG002  the import system's
    ) -> ModuleSpec | None:
        if fullname != PANDAS:
            return None
        if self.hides:
            raise ModuleNotFoundError(name=PANDAS)
        spec = PathFinder.find_spec(fullname, path)
        if spec is not None and spec.loader is not None:
            spec.loader.exec_module = _telling(spec.loader.exec_module)  # pyright: ignore[reportAttributeAccessIssue]
        return spec


def _telling(execute: Callable[[ModuleType], None]) -> Callable[[ModuleType], None]:
    def execute_and_tell(module: ModuleType) -> None:
        execute(module)
        with suppress(ImportError):  # a pandas too old for pyarrow
            pa.lib._pandas_api.version  # noqa: B018  # pyright: ignore  asking for it is what makes pyarrow look

    return execute_and_tell
