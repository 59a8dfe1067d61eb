"""The two systems of the comparison: how each is run on a crawl, and what its own records say of the run.

Steady state is the time in which parts (tasks) run: of ours from the first part's begin to the last part's end, all steps and the
gaps between them included; of datatrove the same for each of its five stages, added up, without the starts of its pools
between them. What is left of the whole command is start-up: imports, Ray or pools, planning, closing.
"""

import os
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import orjson
import pyarrow.parquet as pq

from filters.language import LID_176
from filters.tokens import TokenCounter
from filters.url import UrlPolicy
from jobs.bench.settings import CHECKOUT
from jobs.bench.watching import Watched, watch
from pipeline.pages import Pages
from pipeline.receipts import Receipt
from pipeline.runs import OpenRun, open_run
from pipeline.storage import open_storage

OURS, DATATROVE = "gristmill", "datatrove"
PEER_SCRIPT = Path(__file__).with_name("peer_datatrove.py")


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One run of one system; times in seconds, CPU time and stages in milliseconds a page."""

    pages: int
    kept: int
    passed: int | None  # what the rules keep, before near-duplicates are removed; where a system says so
    tokens: int
    steady_seconds: float
    whole_seconds: float
    cpu_ms_a_page: float  # of the whole process tree
    parts_cpu_ms_a_page: float | None  # of the parts alone, where a system says so: what more machines would multiply
    peak_rss_bytes: int
    worker_peak_rss_bytes: int
    extractor_peak_rss_bytes: int
    lost: dict[str, int]
    ms_a_page: dict[str, float]


class System(Protocol):
    """A system that can be prepared once and run on a folder of archives."""

    name: str

    def prepare(self) -> None:
        """What is done once a machine, and counts nowhere: lists unpacked, models put in place."""
        ...

    def run(self, crawl: Path, output: Path, pages: int, tick: Callable[[], None]) -> Measured:
        """Curates the crawl into a new folder `output`."""
        ...


class Gristmill:
    """`gristmill curate RECIPE`: the system's name is the recipe's, but for `fineweb`, which stands for us."""

    def __init__(self, workers: int, recipe: str = "fineweb") -> None:
        self.name = OURS if recipe == "fineweb" else recipe
        self._recipe = recipe
        self._workers = workers

    def prepare(self) -> None:
        """Builds the table of blocked domains."""
        UrlPolicy().judge(Pages([""], urls=["https://example.org/"]))

    def run(self, crawl: Path, output: Path, pages: int, tick: Callable[[], None]) -> Measured:
        """See `System.run`."""
        output.mkdir(parents=True)
        command = [
            sys.executable,
            "-m",
            "jobs.curate",
            self._recipe,
            "--input",
            str(crawl),
            "--output",
            str(output / "root"),
        ]
        command += ["--workers", str(self._workers), "--json"]
        watched = watch(command, log=output / "log", tick=tick)
        return _ours(open_run(open_storage(str(output / "root"))), watched, pages)


def _ours(run: OpenRun, watched: Watched, pages: int) -> Measured:
    receipts = [receipt for step in run.record.steps for receipt in run.receipts(step.name).values()]
    begins = [receipt.facts["began"] for receipt in receipts]
    ends = [receipt.facts["began"] + receipt.facts["seconds"] for receipt in receipts]
    burnt = sum(receipt.facts["cpu_seconds"] + receipt.facts.get("child_cpu_seconds", 0.0) for receipt in receipts)
    totals = run.totals("ingest")
    return Measured(
        pages=totals["rows"],
        kept=run.totals("pack")["rows"],
        passed=run.totals("decide")["kept"],
        tokens=run.totals("pack")["tokens"],
        steady_seconds=max(ends) - min(begins),
        whole_seconds=watched.wall_seconds,
        cpu_ms_a_page=1000 * watched.cpu_seconds / pages,
        parts_cpu_ms_a_page=1000 * burnt / pages,
        peak_rss_bytes=watched.peak_rss_bytes,
        worker_peak_rss_bytes=max(receipt.facts["peak_rss_bytes"] for receipt in receipts),
        extractor_peak_rss_bytes=max(receipt.facts.get("child_peak_rss_bytes", 0) for receipt in receipts),
        lost={key: count for key, count in totals.items() if key.startswith("failed.")},
        ms_a_page={name: 1000 * seconds / pages for name, seconds in _our_stages(receipts).items()},
    )


def _our_stages(receipts: Iterable[Receipt]) -> dict[str, float]:
    """Worker seconds by item of ingest and by later step."""
    seconds: dict[str, float] = {}
    for receipt in receipts:
        items: dict[str, float] = receipt.facts.get("item_seconds", {receipt.step: receipt.facts["seconds"]})
        rest = receipt.facts["seconds"] - sum(items.values())
        for name, spent in (items | ({"other of ingest": rest} if receipt.step == "ingest" else {})).items():
            seconds[name] = seconds.get(name, 0.0) + spent
    return seconds


class Datatrove:
    """datatrove's FineWeb example, run by a Python that has datatrove with its extra `processing`."""

    name = DATATROVE

    def __init__(self, python: Path, workers: int, assets: Path) -> None:
        self._python = python
        self._workers = workers
        self._assets = assets

    def prepare(self) -> None:
        """Unpacks its lists, as its first run on a machine would."""
        self._assets.mkdir(parents=True, exist_ok=True)
        TokenCounter().tokenizer().save(str(self._assets / "gpt2.json"))
        self._run(self._assets / "nothing", self._assets / "prepared", lambda: None, prepare=True)

    def run(self, crawl: Path, output: Path, pages: int, tick: Callable[[], None]) -> Measured:
        """See `System.run`."""
        watched = self._run(crawl, output, tick, prepare=False)
        return _theirs(output, watched, pages)

    def _run(self, crawl: Path, output: Path, tick: Callable[[], None], *, prepare: bool) -> Watched:
        output.mkdir(parents=True, exist_ok=prepare)
        told = {
            "input": str(crawl.resolve()),
            "output": str(output.resolve()),
            "workers": self._workers,
            "language_model": str(LID_176.path()),
            "tokenizer": str((self._assets / "gpt2.json").resolve()),
            "prepare": prepare,
        }
        (output / "settings.json").write_bytes(orjson.dumps(told))
        command = [str(self._python), "-P", str(PEER_SCRIPT), str(output / "settings.json")]
        environment = {"HF_ASSETS_CACHE": str(self._assets.resolve()), "HF_HUB_OFFLINE": "1", "PYTHONPATH": ""}
        return watch(command, log=output / "log", environment=environment, tick=tick)


def _theirs(output: Path, watched: Watched, pages: int) -> Measured:
    stages: dict[str, Any] = orjson.loads((output / "times.json").read_bytes())
    spans = [
        max(end for _, end in each["tasks"]) - min(begin for begin, _ in each["tasks"]) for each in stages.values()
    ]
    stats = {(stage, _plain(step["name"])): step for stage, each in stages.items() for step in each["stats"]}
    extracted = next(step["stats"] for (_, name), step in stats.items() if name == "Trafilatura")
    counted = next(step["stats"] for (_, name), step in stats.items() if name == "Counter")
    workers = [each.peak_rss_bytes for each in watched.processes.values()]
    return Measured(
        pages=int(_total(next(step["stats"]["documents"] for (_, name), step in stats.items() if name == "Warc"))),
        kept=sum(pq.ParquetFile(file).metadata.num_rows for file in (output / "data").glob("*.parquet")),
        passed=None,
        tokens=int(_total(counted["tokens"])),
        steady_seconds=sum(spans),
        whole_seconds=watched.wall_seconds,
        cpu_ms_a_page=1000 * watched.cpu_seconds / pages,
        parts_cpu_ms_a_page=None,
        peak_rss_bytes=watched.peak_rss_bytes,
        worker_peak_rss_bytes=max(workers),
        extractor_peak_rss_bytes=0,
        lost={
            name: int(_total(extracted[name]))
            for name in ("timeout", "broken_process", "clean_error")
            if name in extracted
        },
        ms_a_page={
            name if stage == "filter" else f"{stage}: {name}": 1000 * _total(step["time_stats"]) / pages
            for (stage, name), step in stats.items()
        },
    )


def _plain(name: str) -> str:
    """A step's name without its pictures and its kind."""
    return "".join(letter for letter in name.rpartition(": ")[2] if letter.isascii()).strip()


def _total(count: Any) -> float:
    """A count or time of datatrove's statistics: an object with a `total`, or a number where there was one observation."""
    return float(count.get("total", 0.0) if isinstance(count, dict) else count)


def environment_of(python: Path) -> dict[str, str]:
    """The versions that decide how fast the peer is."""
    import subprocess

    names = ("datatrove", "trafilatura", "lxml", "spacy", "tokenizers")
    code = f"import json, importlib.metadata as m; print(json.dumps({{n: m.version(n) for n in {names!r}}}))"
    told = subprocess.run(
        [str(python), "-c", code], capture_output=True, check=True, env=os.environ | {"PYTHONPATH": ""}, cwd=CHECKOUT
    )
    return orjson.loads(told.stdout)
