"""What a person names as `file.py:name`, and the modules that have to travel with it.

Workers do not have the person's file: its classes are sent to them by value, and so is what the file imports, at its top, from
other files of its folder. `package.module:Name` is what the checkout has itself, and stays where it is.
"""

import importlib
import importlib.util
import os
import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import cloudpickle

from pipeline.errors import RecipeError

_shipped_siblings: set[str] = set()


@dataclass(frozen=True, slots=True)
class Named:
    """What was named, where it is from, and the modules that workers do not have."""

    value: Any
    origin: str
    modules: tuple[ModuleType, ...] = ()


def find_named(name: str, what: str) -> Named:
    """The thing that `file.py:name` or `package.module:name` stands for; `what` it is meant to be is for errors.

    Raises:
        RecipeError: there is no such file, module or name, or the file cannot be run.
    """
    place, colon, attribute = name.rpartition(":")
    if not colon or not place or not attribute.isidentifier():
        raise RecipeError(f"no {what} {name!r}: your own is named file.py:function")
    modules = load_file(place, what) if place.endswith(".py") else ()
    module = modules[0] if modules else _imported(place, name, what)
    if not hasattr(module, attribute):
        raise RecipeError(f"{what} {name}: {module.__file__} has no function {attribute}")
    return Named(getattr(module, attribute), str(module.__file__), modules)


def call(made: Any, name: str, what: str) -> Any:
    """What the person's function returns; a RecipeError says in one line what goes wrong in it."""
    try:
        return made()
    except RecipeError:
        raise
    except Exception as error:
        raise RecipeError(f"{what} {name}: {type(error).__name__}: {error}") from error


def _imported(place: str, name: str, what: str) -> ModuleType:
    try:
        return importlib.import_module(place)
    except (ImportError, ValueError) as error:
        raise RecipeError(f"{what} {name}: no module {place} ({error})") from error


def load_file(file: str, what: str) -> tuple[ModuleType, ...]:
    """Runs a person's file; its module, then those of its folder that it imported. All are pickled by value from now on."""
    path = Path(os.path.expanduser(file)).resolve()  # noqa: PTH111  Path's raises where there is no such user
    if not path.is_file():
        raise RecipeError(f"{what} {file}: no file {path}")
    spec = importlib.util.spec_from_file_location(f"recipe_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise RecipeError(f"{what} {file}: {path} is not a Python module")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up by name
    try:
        with _siblings_of(path.parent) as siblings:
            spec.loader.exec_module(module)
    except RecipeError:
        raise
    except Exception as error:
        raise RecipeError(f"{what} {file}: {type(error).__name__}: {error}") from error
    for each in (module, *siblings):
        cloudpickle.register_pickle_by_value(each)
    return (module, *siblings)


@contextmanager
def _siblings_of(folder: Path) -> Generator[list[ModuleType]]:
    """Lets files of `folder` be imported, those of the checkout and of packages going first; fills in which were."""
    for name in _shipped_siblings & set(sys.modules):  # of another folder, or changed since
        del sys.modules[name]
    before = set(sys.modules)
    found: list[ModuleType] = []
    sys.path.append(str(folder))
    importlib.invalidate_caches()
    try:
        yield found
    finally:
        sys.path.remove(str(folder))
        for name in sorted(set(sys.modules) - before):
            if (Path(getattr(sys.modules[name], "__file__", None) or os.devnull).resolve()).is_relative_to(folder):
                found.append(sys.modules[name])
                _shipped_siblings.add(name)
