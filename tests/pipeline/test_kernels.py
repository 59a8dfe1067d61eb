"""Kernels: compiled functions are exact, and importing what only looks does not import the compiler."""

import subprocess
import sys

from pipeline.kernels import kernel


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
