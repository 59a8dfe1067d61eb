"""The benchmark `measures`: what words, and each gate, measure and transform of text, take a page, warm and in this process.

The texts are the documents of a finished run, or the pages of an archive after extraction. They go through in batches, as in a
run, once to warm up and then `runs` times; of these the median counts. What fills a page's words first is timed as `words`, so
that each measure is seen without them.
"""

import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any

from filters.c4 import C4Lines
from filters.c4_paragraphs import C4Paragraphs
from filters.ftfy_text import Ftfy
from filters.gopher_quality import GopherQuality
from filters.gopher_repetition import GopherRepetition
from filters.language import Language
from filters.line_quality import LineQuality
from filters.personal_data import PersonalData
from filters.phone_numbers import PhoneNumbers
from filters.secrets import Secrets
from filters.symbol_lines import SymbolLines
from jobs.bench.machine import machine_facts
from jobs.bench.settings import Settings
from jobs.bench.texts import english, texts_of
from jobs.terminal import notice
from pipeline.measures import Gate, Measure, Part, Transform
from pipeline.pages import Pages

BATCH = 64
WORDS = "words"
FILTERS = ("gopher_repetition", "gopher_quality", "c4_lines", "line_quality")  # of the recipe `fineweb`

_Work = Callable[[Pages], object]


def parts() -> tuple[Part, ...]:
    """What is timed, in order: the parts of `fineweb` that look at text, then those that other recipes use."""
    fineweb = (Language(), GopherRepetition(), GopherQuality(), C4Lines(), LineQuality(), PersonalData())
    return (*fineweb, C4Paragraphs(), PhoneNumbers(), Secrets(), SymbolLines(), Ftfy())


def measures(settings: Settings) -> dict[str, Any]:
    """Measures and returns what the result file holds (its shape is in `docs/bench.md`)."""
    facts = machine_facts()
    source, texts = texts_of(settings)
    passed = english(texts)
    groups = {"all": texts, "english": passed} if 0 < len(passed) < len(texts) else {"all": texts}
    notice(f"{len(texts):,} pages, {settings.runs + 1} times each")
    return {
        "what": "measures",
        "machine": facts,
        "made_from": source.name,
        "runs": settings.runs,
        "groups": {name: _figures(group, settings.runs) for name, group in groups.items()},
    }


def _figures(texts: Sequence[str], runs: int) -> dict[str, Any]:
    """Pages, their mean size, and milliseconds a page of each part: of CPU and on the clock."""
    _once(texts)
    spent = [_once(texts) for _ in range(runs)]

    def middle(name: str, clock: int) -> float:
        return round(statistics.median(each[name][clock] for each in spent) / len(texts) * 1000, 4)

    return {
        "pages": len(texts),
        "chars_a_page": round(sum(map(len, texts)) / len(texts)),
        "cpu_ms_a_page": {name: middle(name, 0) for name in spent[0]},
        "wall_ms_a_page": {name: middle(name, 1) for name in spent[0]},
    }


def _once(texts: Sequence[str]) -> dict[str, tuple[float, float]]:
    """Seconds of CPU and on the clock of each part over all texts."""
    works: list[tuple[str, _Work]] = [(WORDS, Pages.spelled), *((part.name, _work(part)) for part in parts())]
    spent = dict.fromkeys((name for name, _ in works), (0.0, 0.0))
    for first in range(0, len(texts), BATCH):
        pages = Pages(texts[first : first + BATCH])
        for name, work in works:
            cpu, wall = time.process_time(), time.perf_counter()
            work(pages)
            cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
            spent[name] = (spent[name][0] + cpu, spent[name][1] + wall)
    return spent


def _work(part: Part) -> _Work:
    if isinstance(part, Gate):
        return part.judge
    return part.measure if isinstance(part, Measure) else _transform(part)


def _transform(part: Part) -> _Work:
    if not isinstance(part, Transform):
        raise TypeError(f"{part.name} is no gate, measure or transform")
    return part.transform
