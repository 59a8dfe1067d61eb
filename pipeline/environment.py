"""What must be equal on every machine of a run for its bytes to be the same: our own source and the versions of the engines.

A cluster's nodes may have been made from another image than the machine that gives out the work. A node that differs must not
contribute a single part, so each part carries what the driver has, and a worker compares before it begins.
"""

import hashlib
import os
import platform
import sys
import unicodedata
from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parents[1]
PACKAGES = ("pipeline", "filters", "dedup", "jobs")
WRITERS = (
    "numpy",
    "polars",
    "pyarrow",
)  # no stage names them as its engine, but they sort the rows and write the files
SOURCE, PYTHON, UNICODE = "gristmill's source", "Python", "Unicode"
ABSENT = "none"


def engines_of(payload: Any) -> set[str]:
    """Every distribution that a step's identity names as an engine."""
    if isinstance(payload, dict):
        return set(payload.get("engines") or ()).union(*map(engines_of, payload.values()))
    return set[str]().union(*map(engines_of, payload)) if isinstance(payload, list) else set()


def environment(distributions: Iterable[str]) -> dict[str, str]:
    """What this machine has of `distributions`, and of what decides bytes beside them."""
    return _environment(tuple(sorted({*distributions, *WRITERS})))


@lru_cache(maxsize=8)  # once per worker process: 20 ms
def _environment(distributions: tuple[str, ...]) -> dict[str, str]:
    return {
        SOURCE: source_digest(),
        PYTHON: ".".join(platform.python_version_tuple()[:2]),
        UNICODE: unicodedata.unidata_version,
        **{name: installed(name) for name in distributions},
    }


def differences(there: Mapping[str, str], here: Mapping[str, str]) -> str:
    """In words, how the machine `here` differs from what `there` has; empty where it does not."""
    differing = ((name, value) for name, value in there.items() if here.get(name, ABSENT) != value)
    return ", ".join(f"{name} {here.get(name, ABSENT)} instead of {value}" for name, value in differing)


def differences_from(there: Mapping[str, str]) -> str:
    """How this machine differs from `there`."""
    return differences(there, environment(set(there) - {SOURCE, PYTHON, UNICODE}))


def installed(distribution: str) -> str:
    """The version of a distribution, or that there is none."""
    try:
        return version(distribution)
    except PackageNotFoundError:
        return ABSENT


def source_digest() -> str:
    """8 hexadecimal digits of all modules of the four packages, wherever the checkout lies."""
    digest = hashlib.sha256()
    for package in PACKAGES:
        for path in sorted((CHECKOUT / package).rglob("*.py")):
            digest.update(f"{path.relative_to(CHECKOUT).as_posix()}\n".encode())
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:8]


@contextmanager
def modules_for_children() -> Generator[None]:
    """Lets what is started inside, and all that it starts later, import what this process can: it inherits PYTHONPATH."""
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join(dict.fromkeys([str(CHECKOUT), *filter(None, sys.path)]))
    try:
        yield
    finally:
        os.environ.pop("PYTHONPATH")
        os.environ.update({} if before is None else {"PYTHONPATH": before})
