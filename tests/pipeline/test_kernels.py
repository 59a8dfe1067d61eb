"""Kernels: compiled functions are exact, and importing what only looks does not import the compiler."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.kernels import kernel

ROOT = Path(__file__).parents[2]


@kernel("uint64(uint64, uint64)")
def _mixed(a: int, b: int) -> int:
    return a * b + b


def test_unsigned_arithmetic_wraps_as_numpys_does() -> None:
    a, b = 0xFFFF_FFFF_FFFF_FFC5, 0x9E37_79B9_7F4A_7C15
    assert int(_mixed(a, b)) == (a * b + b) % 2**64


def test_a_verb_that_only_looks_does_not_import_the_compiler() -> None:
    told = "import sys; import jobs.cli, jobs.status, jobs.why, jobs.verify; print('numba' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True, timeout=120)
    assert said.stdout.strip() == "False"


INNER = "from pipeline.kernels import kernel\nTIMES = 2\n@kernel()\ndef more(a):\n    return a + 1\n"
OUTER = """
from inner import TIMES, more
from pipeline.kernels import kernel

@kernel("int64(int64)")
def outer(a):
    return TIMES * more(a)

print(outer(1), sum(outer.stats.cache_hits.values()))
"""


@pytest.mark.parametrize(("old", "new"), [("TIMES = 2", "TIMES = 3"), ("a + 1", "a + 2")])
def test_a_kernel_is_made_again_when_what_it_names_of_another_module_changes(
    tmp_path: Path, old: str, new: str
) -> None:
    (tmp_path / "inner.py").write_text(INNER)
    (tmp_path / "outer.py").write_text(OUTER)
    assert [printed(tmp_path), printed(tmp_path)] == ["4 0", "4 1"]
    (tmp_path / "inner.py").write_text(INNER.replace(old, new))
    assert printed(tmp_path) == "6 0"


def printed(folder: Path) -> str:
    paths = os.pathsep.join([str(ROOT), str(folder)])
    run = [sys.executable, "-B", "outer.py"]
    given = {**os.environ, "PYTHONPATH": paths}
    done = subprocess.run(run, cwd=folder, env=given, capture_output=True, text=True, check=True, timeout=120)
    return done.stdout.strip()
