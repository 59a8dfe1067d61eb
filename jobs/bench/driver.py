"""What a dump's worth of files costs the driver: listing and planning them, tracking a receipt for every part, starting again.

The work itself is empty: a runner hands back at once what real parts would have written, so all that is measured is the driver.
The layout is Common Crawl's: a `warc.paths.gz` over segments of 900 files. `python -m jobs.bench.driver ROOT` runs it below
ROOT, a folder or `s3://bucket/prefix`.
"""

import argparse
import gzip
import pickle
import resource
import sys
import time
from collections.abc import Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson

from jobs.bench.machine import machine_facts
from jobs.bench.settings import Settings
from jobs.terminal import notice
from pipeline.attempts import Failure
from pipeline.execution import Execution, StepState
from pipeline.receipts import FileEntry, Receipt, receipt_path
from pipeline.sources import Source, find_source
from pipeline.steps import PartTask, PlannedStep, plan_steps, step_folder
from pipeline.storage import Storage, open_storage

CRAWL = "crawl-data/CC-MAIN-2024-10"
DUMP_FILES, SEGMENT_FILES = 90_000, 900
WRITES_AT_ONCE = 32
TABLES = {
    "ingest": ("records", "documents", "samples"),
    "decide": ("verdicts",),
    "minhash": ("minhash",),
    "survivors": ("survivors",),
    "pack": ("data",),
}
INGEST_COUNTS = (
    ("bytes", 1_073_741_824),
    ("documents", 18_211),
    ("rows", 36_040),
    *((f"type.{kind}", 36_000) for kind in ("metadata", "request", "response", "warcinfo")),
    *((f"gate.{why}", 900) for why in ("blocked_domain", "empty_text", "not_html", "other_language", "soft_banned_words")),
    *((f"failed.{why}", 3) for why in ("corrupt_record", "extractor_crashed", "over_memory", "over_time", "truncated_record")),
)  # fmt: skip
LATER_COUNTS = (("gated", 17_829), ("kept", 4_100), *((f"dropped.rule_{number}", 400) for number in range(20)))
FACTS = {"seconds": 912.345, "peak_rss_bytes": 512 << 20, "child_peak_rss_bytes": 300 << 20, "input_requests": 1}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one phase took: seconds on the clock and of this process's CPU, and the process's largest memory so far."""

    phase: str
    seconds: float
    cpu_seconds: float
    peak_rss_bytes: int


class Clock:
    """Takes the time of phases."""

    def __init__(self) -> None:
        self.costs: list[Cost] = []

    @contextmanager
    def phase(self, name: str) -> Generator[None]:
        """Measures what happens inside."""
        wall, cpu = time.perf_counter(), time.process_time()
        yield
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        seconds, cpu_seconds = time.perf_counter() - wall, time.process_time() - cpu
        self.costs.append(
            Cost(phase=name, seconds=round(seconds, 2), cpu_seconds=round(cpu_seconds, 2), peak_rss_bytes=peak)
        )


class EmptyWork:
    """A runner that does nothing and says what a real part would say."""

    def __init__(self, slots: int = 64) -> None:
        self.slots = slots
        self._ended: list[Receipt | Failure] = []

    def submit(self, task: PartTask) -> None:
        """See `Runner.submit`."""
        self._ended.append(pickle.loads(pickle.dumps(receipt_of(task))))  # noqa: S301  ours; a worker's comes like that

    def wait(self) -> list[Receipt | Failure]:
        """See `Runner.wait`."""
        ended, self._ended = self._ended, []
        return ended

    def close(self) -> None:
        """See `Runner.close`."""


def receipt_of(task: PartTask) -> Receipt:
    """A receipt as large as a real part's."""
    attempt = sha256(f"{task.step} {task.part.key}".encode()).hexdigest()
    folder = step_folder(task.step, task.fingerprint, task.source)
    files = {
        table: FileEntry(
            f"{folder}/{task.part.key}-{attempt[:12]}.{table}.parquet",
            sha256(table.encode()).hexdigest(),
            31_415_926,
            36_040,
        )
        for table in TABLES.get(task.step, (task.step,))
    }
    facts = FACTS | ({"input_sha256": attempt, "input_bytes": 1 << 30} if task.step == "ingest" else {})
    return Receipt(
        step=task.step,
        fingerprint=task.fingerprint,
        source=task.source,
        key=task.part.key,
        name=task.part.name,
        attempt=attempt[:12],
        files=files,
        counts=dict(INGEST_COUNTS if task.step == "ingest" else LATER_COUNTS),
        facts=facts,
    )


class Silent:
    """An observer that looks away."""

    def begin(self, steps: Sequence[StepState]) -> None:
        """See `Observer.begin`."""

    def ended(self, state: StepState, outcome: Receipt | Failure) -> None:
        """See `Observer.ended`."""


def layout(files: int) -> list[str]:
    """Paths of a dump, 900 a segment."""
    return [
        f"{CRAWL}/segments/{1_707_947_473_000 + n // SEGMENT_FILES}.{n % 97}/warc/CC-MAIN-20240220211055-{n:05d}.warc.gz"
        for n in range(files)
    ]


def make_input(storage: Storage, files: int) -> str:
    """Writes the dump's (tiny) files and their list below `storage`, if the list is not there; the list's address."""
    paths = layout(files)
    if "warc.paths.gz" not in storage.names(CRAWL):
        with ThreadPoolExecutor(WRITES_AT_ONCE) as pool:
            list(pool.map(lambda path: _write(storage, path, b"WARC/1.0"), paths))
        storage.put(f"{CRAWL}/warc.paths.gz", gzip.compress("\n".join(paths).encode()))
    return f"{storage.location}/{CRAWL}/warc.paths.gz"


def _write(storage: Storage, path: str, data: bytes) -> None:
    """Writes without waiting for the disk: preparing is not what is measured."""
    if "://" in storage.location:
        storage.put(path, data)
        return
    target = Path(storage.location) / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(data)


def measure(root: str, files: int, *, restart: bool = True) -> list[Cost]:
    """Costs of listing and planning `files` files of a dump, tracking all steps of `fineweb`, and starting again near the end."""
    from jobs.recipes.fineweb import fineweb

    inputs, storage, clock = open_storage(f"{root}/input"), open_storage(f"{root}/run-{time.time_ns()}"), Clock()
    paths = make_input(inputs, files)
    with clock.phase("list and plan"):
        source = find_source([paths])
        steps = plan_steps(fineweb().steps(), source)
    with clock.phase("open an empty run"):
        execution = Execution(storage, source, steps, {})
    with clock.phase("track every part"):
        execution.run(EmptyWork(), Silent())
    with clock.phase("open a finished run"):
        Execution(storage, source, steps, {})
    if restart:
        _commit(storage, execution)
        with clock.phase("open a run with one part missing"):
            _restarted(storage, source, steps)
    return clock.costs


def _commit(storage: Storage, execution: Execution) -> None:
    """Writes ingest's receipts, as workers would have."""
    receipts = execution.states["ingest"].receipts.values()
    with ThreadPoolExecutor(WRITES_AT_ONCE) as pool:
        list(
            pool.map(
                lambda r: _write(storage, receipt_path(r.step, r.fingerprint, r.source, r.key), r.to_json()), receipts
            )
        )


def _restarted(storage: Storage, source: Source, steps: Sequence[PlannedStep]) -> Execution:
    """The same source without its last file has no seal yet: every receipt must be found."""
    shorter = replace(source, parts=source.parts[:-1])
    return Execution(storage, shorter, plan_steps([step.step for step in steps], shorter), {})


def benchmark(settings: Settings) -> dict[str, Any]:
    """The result file of `gristmill bench driver`; everything is below `settings.output`."""
    files = settings.files or DUMP_FILES
    facts = machine_facts()
    notice(f"{files:,} files of a dump, empty work: some minutes for 90,000")
    costs = measure(str(settings.output / "driver"), files)
    return {"what": "driver", "machine": facts, "files": files, "phases": [asdict(cost) for cost in costs]}


def main() -> None:
    """Prints the costs as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("root", help="a folder or s3://bucket/prefix")
    parser.add_argument("--files", type=int, default=DUMP_FILES)
    chosen = parser.parse_args()
    costs = measure(chosen.root, chosen.files)
    sys.stdout.write(orjson.dumps(costs, option=orjson.OPT_INDENT_2).decode() + "\n")


if __name__ == "__main__":
    main()
