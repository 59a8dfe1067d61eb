"""The benchmark `extract`: what each extractor finds of pages whose text is known, and what a page costs.

A page goes to all extractors one after the other, each in a sandbox of its own with the limits of a run, so that whatever else
the machine does slows all alike. Each worker has a page at a time. Counted is the CPU time of the extraction itself, inside the
child.
"""

import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from statistics import median_low
from threading import Lock
from typing import Any, ClassVar

import pyarrow as pa

from jobs.bench.gold import GOLD_FILE, Gold, Scores, read_gold
from jobs.bench.machine import machine_facts
from jobs.bench.settings import Settings
from jobs.terminal import notice
from pipeline.archives.decode import decode
from pipeline.archives.warc import read_records
from pipeline.errors import InputError, RecordError
from pipeline.extraction import JusText, Resiliparse, Trafilatura
from pipeline.identity import engine_version
from pipeline.inputs import open_input
from pipeline.measures import NO_SIGNALS, Extracted, Extractor
from pipeline.sandbox import Limits, Sandbox

EXTRACTORS: dict[str, Extractor] = {
    "trafilatura precision": Trafilatura(),
    "trafilatura default": Trafilatura(favor_precision=False),
    "trafilatura fast": Trafilatura(favor_precision=False, fast=True),
    "resiliparse": Resiliparse(),
    "jusText": JusText(),
}
TELL_SECONDS = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Timed:
    """An extractor that says before the text, on a line of its own, the microseconds of CPU time that it took."""

    name: ClassVar[str] = "timed"
    version: ClassVar[int] = 1
    engines: ClassVar[tuple[str, ...]] = ()
    signals: ClassVar[pa.Schema] = NO_SIGNALS

    extractor: Extractor

    def extract(self, html: str) -> Extracted | None:
        """See `Extractor.extract`."""
        began = time.process_time_ns()
        found = self.extractor.extract(html)
        spent = (time.process_time_ns() - began) // 1000
        return Extracted(f"{spent}\n{found.text if found else ''}")


class Trial:
    """One extractor under measurement, by several threads."""

    def __init__(self, extractor: Extractor, runs: int) -> None:
        self.extractor = extractor
        self._runs = runs
        self._lock = Lock()
        self._scores = Scores()
        self._milliseconds: list[float] = []
        self._chars = self._empty = self._peak = 0
        self._failed: Counter[str] = Counter()

    def read(self, html: str, gold: Gold, sandbox: Sandbox) -> None:
        """Extracts a page as often as is asked for; where it fails, the text is none and its time counts nowhere."""
        text, spent = "", None
        with suppress(RecordError):  # which the sandbox counts
            answers = [_timed(html, sandbox) for _ in range(self._runs)]
            text, spent = answers[0][1], median_low(spent for spent, _ in answers)
        with self._lock:
            self._scores.add(text, gold)
            self._milliseconds += [] if spent is None else [spent]
            self._chars += len(text)
            self._empty += not text.strip()

    def ended(self, sandbox: Sandbox) -> None:
        """Takes over what a closed sandbox counted."""
        with self._lock:
            self._failed += sandbox.stopped
            self._peak = max(self._peak, sandbox.peak_rss_bytes)

    def figures(self) -> dict[str, Any]:
        """What the result says of this extractor."""
        taken = sorted(self._milliseconds)
        return {
            "engines": {name: engine_version(name) for name in self.extractor.engines},
            "ms_a_page": round(sum(taken) / len(taken), 3) if taken else None,
            "ms_of_the_slowest_hundredth": round(taken[len(taken) * 99 // 100], 3) if taken else None,
            "peak_rss_bytes": self._peak,
            "chars": self._chars,
            "without_text": self._empty,
            "failed": dict(sorted(self._failed.items())),
            **self._scores.figures(),
        }


def extract(settings: Settings) -> dict[str, Any]:
    """Measures and returns what the result file holds (its shape is in `docs/bench.md`)."""
    folder = settings.corpus or settings.input
    if folder is None:
        raise InputError(f"no corpus of real pages here: name a folder with archives and a {GOLD_FILE} by --corpus")
    facts, gold = machine_facts(), read_gold(folder)
    settings.output.mkdir(parents=True, exist_ok=True)
    read: Counter[str] = Counter()
    trials = {name: Trial(extractor, settings.runs) for name, extractor in EXTRACTORS.items()}
    total = min(len(gold), settings.pages)
    pages = Shared(_told(islice(_pages(folder, gold, read), settings.pages), total))
    with ThreadPoolExecutor(settings.workers) as pool:
        try:
            for done in [pool.submit(_work, pages, trials) for _ in range(settings.workers)]:
                done.result()
        finally:
            pages.end()  # after Ctrl-C too, so that the threads come to their end
    if not read:
        raise InputError(f"{folder}: no archive here has a page that {GOLD_FILE} names")
    return {
        "what": "extract",
        "machine": facts,
        "corpus": {
            "made_from": folder.name,
            "pages": read.total(),
            "gold": len(gold),
            "kinds": dict(sorted(read.items())),
        },
        "runs": settings.runs,
        "workers": settings.workers,
        "extractors": {name: trial.figures() for name, trial in trials.items()},
    }


def _timed(html: str, sandbox: Sandbox) -> tuple[float, str]:
    """Milliseconds, and the text."""
    found = sandbox.extract(html)
    spent, _, text = found.text.partition("\n") if found else ("0", "", "")
    return int(spent) / 1000, text


class Shared(Iterator[tuple[str, Gold]]):
    """Pages that several threads take from, each of them once; after a fault in one thread there are no more for any."""

    def __init__(self, pages: Iterator[tuple[str, Gold]]) -> None:
        self._pages, self._lock, self._over = pages, Lock(), False

    def __next__(self) -> tuple[str, Gold]:
        with self._lock:
            if self._over:
                raise StopIteration
            return next(self._pages)

    def end(self) -> None:
        """Gives no more."""
        self._over = True


def _work(pages: Shared, trials: dict[str, Trial]) -> None:
    """One worker: a thread with a child for each extractor."""
    with ExitStack() as stack:
        stack.callback(pages.end)
        sandboxes = {
            name: stack.enter_context(Sandbox(Timed(extractor=trial.extractor), Limits()))
            for name, trial in trials.items()
        }
        for html, wanted in pages:
            for name, trial in trials.items():
                trial.read(html, wanted, sandboxes[name])
    for name, trial in trials.items():
        trial.ended(sandboxes[name])


def _pages(folder: Path, gold: dict[str, Gold], read: Counter[str]) -> Iterator[tuple[str, Gold]]:
    """The HTML of each page that has gold, in the order of the archives, decoded as a run decodes it; counts them by kind."""
    archives = sorted(path for end in ("*.warc.gz", "*.warc") for path in folder.rglob(end))
    if not archives:
        raise InputError(f"{folder}: no *.warc.gz in this folder")
    for archive in archives:
        with open_input(str(archive)) as stream:
            for record in read_records(stream, archive.name):
                if record.kind == "page" and record.body and record.record_id in gold:
                    wanted = gold[record.record_id]
                    read[wanted.kind] += 1
                    yield decode(record.body, record.http_charset).text, wanted


def _told(pages: Iterator[tuple[str, Gold]], total: int) -> Iterator[tuple[str, Gold]]:
    """The pages; every now and then a line says how far it is."""
    began = told = time.monotonic()
    for number, page in enumerate(pages):
        if (now := time.monotonic()) - told >= TELL_SECONDS:
            told = now
            notice(f"{now - began:7.0f} s  {number:,} of {total:,} pages")
        yield page
