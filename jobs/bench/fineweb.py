"""The benchmark `fineweb`: the recipe and datatrove's on the same archives, with the same number of workers, in one run."""

import dataclasses
import shutil
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jobs.bench.machine import machine_facts
from jobs.bench.repetition import repeat
from jobs.bench.settings import Settings
from jobs.bench.systems import DATATROVE, OURS, Datatrove, Gristmill, Measured, System, environment_of
from jobs.bench.watching import SAMPLE_SECONDS
from jobs.terminal import notice
from pipeline.errors import InputError

DUMP_FILES, DUMP_PAGES_A_FILE = 90_000, 35_000  # of one Common Crawl dump; a file has 1.1 GB
TELL_SECONDS = 15.0


def fineweb(settings: Settings) -> dict[str, Any]:
    """Measures and returns what the result file holds (its shape is in `docs/bench.md`)."""
    facts = machine_facts()  # before anything of ours loads the machine
    if not facts["keeps_bytecode"]:
        notice("PYTHONDONTWRITEBYTECODE is set: each process compiles all it imports, and starting takes much longer")
    crawl = settings.output / "crawl"
    pages = _crawl(settings, crawl)
    systems: list[System] = [Gristmill(settings.workers, recipe) for recipe in ("fineweb", *settings.also)]
    if settings.peers:
        systems.append(Datatrove(settings.peers, settings.workers, settings.output / "assets"))
    runs: dict[str, list[Measured]] = {system.name: [] for system in systems}
    for system in systems:
        notice(f"{system.name}: preparing what a machine needs once")
        system.prepare()
    for number in range(settings.runs):
        for system in systems:
            runs[system.name].append(_run(system, crawl, settings.output / "runs" / f"{number}-{system.name}", pages))
    middle = {name: _median(measured) for name, measured in runs.items()}
    return {
        "what": "fineweb",
        "machine": facts | ({"peer_versions": environment_of(settings.peers)} if settings.peers else {}),
        "crawl": {
            "made_from": settings.input.name if settings.input else "the demo's synthetic crawl",
            "pages": pages,
            "files": _files(settings),
            "bytes": sum(file.stat().st_size for file in crawl.glob("*.warc.gz")),
        },
        "workers": settings.workers,
        "runs": settings.runs,
        "rss_sample_seconds": SAMPLE_SECONDS,
        "systems": {
            name: _figures(measured) | {"steady_seconds_of_runs": [round(run.steady_seconds, 2) for run in runs[name]]}
            for name, measured in middle.items()
        },
        "times_datatrove": _ratios(middle[OURS], middle[DATATROVE]) if settings.peers else None,
        "also": {name: _beside(middle[name], middle[OURS], middle.get(DATATROVE)) for name in settings.also},
        "dump": _dump(middle[OURS]),
    }


def _crawl(settings: Settings, folder: Path) -> int:
    """Makes the archives, new each time so that no run can be taken for done; how many pages they hold."""
    for old in (folder, settings.output / "runs"):
        shutil.rmtree(old, ignore_errors=True)
    source, files = settings.input, []
    if source is None:
        from jobs.synthetic.crawl import make_crawl

        notice(
            "no corpus of real pages: measuring on the demo's synthetic crawl, whose pages are smaller than real ones"
        )
        source = settings.output / "demo"
        make_crawl(source, pages=max(50, min(settings.pages, 2_000)))
    files = sorted(source.rglob("*.warc.gz")) if source.is_dir() else [source]
    if not files:
        raise InputError(f"{source}: no *.warc.gz in this folder")
    notice(f"repeating {len(files)} archives under fresh ids to at least {settings.pages:,} pages")
    return repeat(files, folder, pages=settings.pages, parts=_files(settings))


def _files(settings: Settings) -> int:
    """How many archives are made: two a worker keep both systems busy to the end."""
    return settings.files or 2 * settings.workers


def _run(system: System, crawl: Path, output: Path, pages: int) -> Measured:
    notice(f"{system.name}: {pages:,} pages")
    measured = system.run(crawl, output, pages, _ticker(system.name))
    notice(
        f"{system.name}: {measured.steady_seconds:.1f} s in steady state, {pages / measured.steady_seconds:.1f} pages/s; "
        f"{measured.whole_seconds:.1f} s in all; kept {measured.kept:,}"
    )
    return measured


def _ticker(name: str) -> Callable[[], None]:
    """Says every now and then that the run goes on."""
    began = told = time.monotonic()

    def tick() -> None:
        nonlocal told
        if (now := time.monotonic()) - told >= TELL_SECONDS:
            told = now
            notice(f"{now - began:7.0f} s  {name} runs")

    return tick


def _median(measured: list[Measured]) -> Measured:
    middle = statistics.median_low(run.steady_seconds for run in measured)
    return next(run for run in measured if run.steady_seconds == middle)


def _figures(run: Measured) -> dict[str, Any]:
    """One system's part of the result."""
    return dataclasses.asdict(run) | {
        "steady_seconds": round(run.steady_seconds, 2),
        "whole_seconds": round(run.whole_seconds, 2),
        "startup_seconds": round(run.whole_seconds - run.steady_seconds, 2),
        "steady_pages_per_second": round(run.pages / run.steady_seconds, 2),
        "whole_pages_per_second": round(run.pages / run.whole_seconds, 2),
        "cpu_ms_a_page": round(run.cpu_ms_a_page, 3),
        "parts_cpu_ms_a_page": None if run.parts_cpu_ms_a_page is None else round(run.parts_cpu_ms_a_page, 3),
        "ms_a_page": {name: round(spent, 3) for name, spent in run.ms_a_page.items()},
    }


def _ratios(ours: Measured, theirs: Measured) -> dict[str, float]:
    """How many times as fast as datatrove we are."""
    return {
        "steady": round(theirs.steady_seconds / ours.steady_seconds, 2),
        "whole": round(theirs.whole_seconds / ours.whole_seconds, 2),
        "cpu": round(theirs.cpu_ms_a_page / ours.cpu_ms_a_page, 2),
    }


def _beside(other: Measured, ours: Measured, theirs: Measured | None) -> dict[str, Any]:
    """A recipe beside `fineweb`: how much faster than datatrove, and how many pages fewer its rules keep."""
    fewer = ours.passed - other.passed if ours.passed is not None and other.passed is not None else None
    return {"times_datatrove": _ratios(other, theirs) if theirs else None, "passed_fewer": fewer}


def _dump(ours: Measured) -> dict[str, Any]:
    """What a dump takes, from the CPU time of a page in the parts (which does not depend on what else ran)."""
    pages = DUMP_FILES * DUMP_PAGES_A_FILE
    hours = (ours.parts_cpu_ms_a_page or 0.0) * pages / 3_600_000
    return {"files": DUMP_FILES, "pages_a_file": DUMP_PAGES_A_FILE, "core_hours": round(hours)}
