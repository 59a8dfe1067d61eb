"""The benchmark `extract`: what each extractor finds of pages whose text is known, and what a page costs.

Every page goes to all extractors one after the other, each in a sandbox of its own with the limits of a run, so that whatever
else the machine does slows all alike. Counted is the CPU time of the extraction itself, inside the child.
"""

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from statistics import median_low
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
    """One extractor under measurement."""

    def __init__(self, extractor: Extractor, sandbox: Sandbox, runs: int) -> None:
        self._extractor, self._sandbox, self._runs = extractor, sandbox, runs
        self._scores = Scores()
        self._milliseconds: list[float] = []
        self._chars = self._empty = 0

    def read(self, html: str, gold: Gold) -> None:
        """Extracts a page as often as is asked for; where it fails, the text is none and its time counts nowhere."""
        text = ""
        try:
            answers = [self._timed(html) for _ in range(self._runs)]
            text = answers[0][1]
            self._milliseconds.append(median_low(spent for spent, _ in answers))
        except RecordError:
            pass  # counted by the sandbox
        self._scores.add(text, gold)
        self._chars += len(text)
        self._empty += not text.strip()

    def _timed(self, html: str) -> tuple[float, str]:
        found = self._sandbox.extract(html)
        spent, _, text = found.text.partition("\n") if found else ("0", "", "")
        return int(spent) / 1000, text

    def figures(self) -> dict[str, Any]:
        """What the result says of this extractor."""
        taken = sorted(self._milliseconds)
        return {
            "engines": {name: engine_version(name) for name in self._extractor.engines},
            "ms_a_page": round(sum(taken) / len(taken), 3) if taken else None,
            "ms_of_the_slowest_hundredth": round(taken[len(taken) * 99 // 100], 3) if taken else None,
            "peak_rss_bytes": self._sandbox.peak_rss_bytes,
            "chars": self._chars,
            "without_text": self._empty,
            "failed": dict(sorted(self._sandbox.stopped.items())),
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
    with ExitStack() as stack:
        trials: dict[str, Trial] = {}
        for name, extractor in EXTRACTORS.items():
            sandbox = stack.enter_context(Sandbox(Timed(extractor=extractor), Limits()))
            trials[name] = Trial(extractor, sandbox, settings.runs)
        for html, wanted in _told(islice(_pages(folder, gold), settings.pages), min(len(gold), settings.pages)):
            read[wanted.kind] += 1
            for trial in trials.values():
                trial.read(html, wanted)
        figures = {name: trial.figures() for name, trial in trials.items()}
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
        "extractors": figures,
    }


def _pages(folder: Path, gold: dict[str, Gold]) -> Iterator[tuple[str, Gold]]:
    """The HTML of each page that has gold, in the order of the archives, decoded as a run decodes it."""
    archives = sorted(path for end in ("*.warc.gz", "*.warc") for path in folder.rglob(end))
    if not archives:
        raise InputError(f"{folder}: no *.warc.gz in this folder")
    for archive in archives:
        with open_input(str(archive)) as stream:
            for record in read_records(stream, archive.name):
                if record.kind == "page" and record.body and record.record_id in gold:
                    yield decode(record.body, record.http_charset).text, gold[record.record_id]


def _told(pages: Iterator[tuple[str, Gold]], total: int) -> Iterator[tuple[str, Gold]]:
    """The pages; every now and then a line says how far it is."""
    began = told = time.monotonic()
    for number, page in enumerate(pages):
        if (now := time.monotonic()) - told >= TELL_SECONDS:
            told = now
            notice(f"{now - began:7.0f} s  {number:,} of {total:,} pages")
        yield page
