"""The texts that benchmarks of text measure: documents of a finished run, or what FineWeb's extraction finds in archives."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from filters.language import Language
from jobs.bench.settings import Settings
from jobs.terminal import notice
from pipeline.archives.decode import decode
from pipeline.archives.warc import read_records
from pipeline.errors import InputError, RecordError
from pipeline.extraction import Trafilatura
from pipeline.inputs import open_input
from pipeline.pages import Pages
from pipeline.runs import open_run
from pipeline.sandbox import Limits, Sandbox
from pipeline.storage import open_storage
from pipeline.tables import read_batches

BATCH = 64
EXTRACTOR = Trafilatura(favor_precision=True, include_comments=False, deduplicate=True)


def texts_of(settings: Settings) -> tuple[Path, list[str]]:
    """Where the texts are from, and at most `settings.pages` of them; an InputError where there is none."""
    source = archives_of(settings)
    of_run = (source / "steps").is_dir()
    found = _documents(source) if of_run else (text for _, text in extracted(source))
    texts: list[str] = []
    for text in found:
        texts += [text] if text.strip() else []
        if len(texts) == settings.pages:
            break
    if not texts:
        raise InputError(f"{source}: no page has text")
    return source, texts


def english(texts: Sequence[str]) -> list[str]:
    """The texts that FineWeb's language gate passes."""
    return [text for text in texts if Language().judge(Pages([text])).reasons == [None]]


def archives_of(settings: Settings) -> Path:
    """What is measured: the input, or else a synthetic crawl made in the output folder."""
    settings.output.mkdir(parents=True, exist_ok=True)
    if settings.input is not None:
        return settings.input
    from jobs.synthetic.crawl import make_crawl

    notice("no corpus of real pages: measuring on the demo's synthetic crawl, whose pages are smaller than real ones")
    source = settings.output / "demo"
    make_crawl(source, pages=max(50, min(settings.pages, 2_000)))
    return source


def _documents(root: Path) -> Iterator[str]:
    storage = open_storage(str(root))
    for receipt in open_run(storage).receipts("ingest").values():
        for batch in read_batches(storage, receipt, "documents", ["text"], BATCH):
            yield from batch["text"].to_pylist()


def extracted(source: Path) -> Iterator[tuple[str, str]]:
    """The HTML and the text, maybe none, of each page of archives that can be decoded and extracted within a run's limits."""
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
                        html = decode(record.body, record.http_charset).text
                        found = sandbox.extract(html)
                    except RecordError:
                        continue
                    yield html, found.text if found else ""
