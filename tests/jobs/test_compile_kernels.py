"""Kernels are compiled ahead of runs: all of them, and once."""

import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

from jobs import compile_kernels

ROOT = Path(compile_kernels.__file__).parent.parent
PACKAGES = ("pipeline", "filters", "dedup", "jobs")
USES = re.compile(r"^@kernel\b", re.MULTILINE)


def test_every_module_with_kernels_is_named() -> None:
    files = (path.relative_to(ROOT) for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py")))
    using = {".".join(file.with_suffix("").parts) for file in files if USES.search((ROOT / file).read_text("utf-8"))}
    assert using == set(compile_kernels.MODULES)
    assert len(using) == len(compile_kernels.MODULES)


def compiled() -> dict[Path, int]:
    """When each file with compiled code was written, of those beside the modules."""
    folders = {Path(str(import_module(name).__file__)).parent / "__pycache__" for name in compile_kernels.MODULES}
    return {path: path.stat().st_mtime_ns for folder in folders for path in folder.glob("*.nb[ci]")}


def test_kernels_are_compiled_once() -> None:
    command = [sys.executable, "-B", "-m", "jobs.compile_kernels"]  # -B: what Python keeps is another matter
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=300).stderr
    assert re.fullmatch(r"kernels ready after \d+\.\d s\n", said)
    before = compiled()
    assert {path.name.split(".")[0] for path in before} >= {name.split(".")[-1] for name in compile_kernels.MODULES}
    subprocess.run(command, cwd=ROOT, capture_output=True, check=True, timeout=300)
    assert compiled() == before
