"""Fixtures shared by all tests: the corpus of real pages, and their texts extracted once."""

import gzip
import os
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import orjson
import pytest

CORPUS = Path(os.environ.get("GRISTMILL_CORPUS", Path(__file__).parents[2] / "shared" / "corpus"))


@pytest.fixture(scope="session")
def corpus() -> Path:
    if not CORPUS.is_dir():
        pytest.skip(f"no corpus of real pages at {CORPUS}: set GRISTMILL_CORPUS")
    return CORPUS


def _extract(crawl: Path, page: dict) -> dict:
    from resiliparse.parse.encoding import bytes_to_str, detect_encoding
    from trafilatura import extract
    from trafilatura.deduplication import LRUCache

    with (crawl / page["warc"]).open("rb") as file:
        file.seek(page["offset"])
        record = gzip.decompress(file.read(page["length"]))
    body = record.split(b"\r\n\r\n", 2)[2].removesuffix(b"\r\n\r\n")
    html = bytes_to_str(body, page.get("charset") or detect_encoding(body))
    text = extract(html, favor_precision=True, include_comments=False, deduplicate=LRUCache(maxsize=4096))
    return {"id": page["record_id"], "url": page["url"], "language": page["lid176"], "text": text or ""}


@pytest.fixture(scope="session")
def corpus_pages(corpus: Path, request: pytest.FixtureRequest) -> list[dict]:
    """id, url, language (a guess) and extracted text of every page of the corpus; kept between test runs."""
    import trafilatura

    kept = Path(request.config.cache.mkdir("corpus")) / f"pages-trafilatura-{trafilatura.__version__}.jsonl"
    if not kept.exists():
        pages = [orjson.loads(line) for line in (corpus / "crawl" / "pages.jsonl").read_bytes().splitlines()]
        with get_context("spawn").Pool(2) as pool:
            found = pool.map(partial(_extract, corpus / "crawl"), pages, chunksize=16)
        kept.write_bytes(b"\n".join(map(orjson.dumps, found)))
    return [orjson.loads(line) for line in kept.read_bytes().splitlines()]


@pytest.fixture(scope="session")
def english_pages(corpus_pages: list[dict]) -> list[dict]:
    """The corpus pages guessed English that have text."""
    return [page for page in corpus_pages if page["language"] == "en" and page["text"]]
