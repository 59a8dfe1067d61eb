"""Imports a module of a package without running what the package as a whole imports."""

import sys
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType


def bare_package(name: str) -> Path:
    """Makes a package importable whose own `__init__` is not run; returns where it is. ModuleNotFoundError where it is not."""
    spec = find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError(f"No module named {name!r}")
    module = ModuleType(name)
    module.__path__ = list(spec.submodule_search_locations)
    sys.modules[name] = module
    return Path(module.__path__[0])
