"""Running the verbs as a person does, and looking at what they left on disk."""

import hashlib
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from jobs.synthetic.crawl import Planted

CHECKOUT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Crawl:
    folder: Path
    planted: list[Planted]


def dataset_digests(root: Path) -> dict[str, str]:
    """SHA-256 of every Parquet file of a dataset: what a promise of same bytes is about."""
    files = sorted((root / "dataset" / "data").glob("*.parquet"))
    assert files, f"no dataset in {root}"
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def receipt_times(root: Path, step: str = "*") -> dict[str, int]:
    """When each receipt was written: a part done again would be newer."""
    return {str(file.relative_to(root)): file.stat().st_mtime_ns for file in root.glob(f"steps/{step}/*/*/*.json")}


def verb(*words: str, timeout: float = 300, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs `python -m jobs.VERB …` in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", f"jobs.{words[0]}", *words[1:]],
        cwd=CHECKOUT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def typed(*words: str) -> subprocess.CompletedProcess[str]:
    """The same in this process, a second quicker: for what does not depend on how the verb was started."""
    from typer.testing import CliRunner

    from jobs.cli import app

    told = CliRunner().invoke(app, words)
    if told.exception is not None and not isinstance(told.exception, SystemExit):
        raise told.exception
    return subprocess.CompletedProcess(words, told.exit_code, told.stdout, told.stderr)
