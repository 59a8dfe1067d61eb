"""The benchmark `measures`: what words, and each gate, measure and transform of text, take a page, warm and in this process.

The texts are the documents of a finished run, or the pages of an archive after extraction. They go through in batches, as in a
run, once to warm up and then `runs` times; of these the median counts. What fills a page's words first is timed as `words`, so
that each measure is seen without them.
"""

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
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
from jobs.terminal import notice
from pipeline.archives.decode import decode
from pipeline.archives.warc import read_records
from pipeline.errors import InputError, RecordError
from pipeline.extraction import Trafilatura
from pipeline.inputs import open_input
from pipeline.measures import Gate, Measure, Part, Transform
from pipeline.pages import Pages
from pipeline.runs import open_run
from pipeline.sandbox import Limits, Sandbox
from pipeline.storage import open_storage
from pipeline.tables import read_batches

BATCH = 64
WORDS = "words"
FILTERS = ("gopher_repetition", "gopher_quality", "c4_lines", "line_quality")  # of the recipe `fineweb`
EXTRACTOR = Trafilatura(favor_precision=True, include_comments=False, deduplicate=True)

_Work = Callable[[Pages], object]


def parts() -> tuple[Part, ...]:
    """What is timed, in order: the parts of `fineweb` that look at text, then those that other recipes use."""
    fineweb = (Language(), GopherRepetition(), GopherQuality(), C4Lines(), LineQuality(), PersonalData())
    return (*fineweb, C4Paragraphs(), PhoneNumbers(), Secrets(), SymbolLines(), Ftfy())


def measures(settings: Settings) -> dict[str, Any]:
    """Measures and returns what the result file holds (its shape is in `docs/bench.md`)."""
    facts = machine_facts()
    source, texts = _texts(settings)
    if not texts:
        raise InputError(f"{source}: no page has text")
    passed = [text for text in texts if Language().judge(Pages([text])).reasons == [None]]
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
    works: list[tuple[str, _Work]] = [(WORDS, Pages.words), *((part.name, _work(part)) for part in parts())]
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


def _texts(settings: Settings) -> tuple[Path, list[str]]:
    """Where the texts are from, and at most `settings.pages` of them."""
    source = settings.input
    if source is None:
        from jobs.synthetic.crawl import make_crawl

        notice(
            "no corpus of real pages: measuring on the demo's synthetic crawl, whose pages are smaller than real ones"
        )
        source = settings.output / "demo"
        make_crawl(source, pages=max(50, min(settings.pages, 2_000)))
    settings.output.mkdir(parents=True, exist_ok=True)
    of_run = (source / "steps").is_dir()
    found = _documents(source) if of_run else _extracted(source)
    texts: list[str] = []
    for text in found:
        texts.append(text)
        if len(texts) == settings.pages:
            break
    return source, texts


def _documents(root: Path) -> Iterator[str]:
    storage = open_storage(str(root))
    for receipt in open_run(storage).receipts("ingest").values():
        for batch in read_batches(storage, receipt, "documents", ["text"], BATCH):
            yield from batch["text"].to_pylist()


def _extracted(source: Path) -> Iterator[str]:
    """The texts of archives; a page that has none, or cannot be extracted, is passed over."""
    files = sorted(source.rglob("*.warc.gz")) if source.is_dir() else [source]
    if not files:
        raise InputError(f"{source}: no *.warc.gz in this folder, and no run")
    notice(f"extracting {len(files)} archives: a minute for some thousand pages")
    with Sandbox(EXTRACTOR, Limits()) as sandbox:
        for file in files:
            with open_input(str(file)) as stream:
                for record in read_records(stream, file.name):
                    if record.kind != "page" or record.error_reason or not record.body:
                        continue
                    try:
                        extracted = sandbox.extract(decode(record.body, record.http_charset).text)
                    except RecordError:
                        continue
                    if extracted and extracted.text.strip():
                        yield extracted.text
