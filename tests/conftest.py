"""Fixtures shared by all tests: the corpus of real pages, and their texts extracted once."""

import os
from collections.abc import Iterator
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import orjson
import pytest
from hypothesis import settings
from real_pages import extract_page

# Hypothesis gives up on slow examples after 200 ms; on a busy machine that says nothing about the code.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")

CORPUS = Path(os.environ.get("GRISTMILL_CORPUS", Path(__file__).parents[2] / "shared" / "corpus"))


@pytest.fixture(scope="session", autouse=True)
def derived_files_stay_in_the_checkout(request: pytest.FixtureRequest) -> Iterator[None]:
    """What is built from assets once a machine is kept between test runs, but not in the user's home."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRISTMILL_CACHE", str(request.config.cache.mkdir("assets")))
        yield


@pytest.fixture(scope="session")
def corpus() -> Path:
    if not CORPUS.is_dir():
        pytest.skip(f"no corpus of real pages at {CORPUS}: set GRISTMILL_CORPUS")
    return CORPUS


@pytest.fixture(scope="session")
def corpus_pages(corpus: Path, request: pytest.FixtureRequest) -> list[dict]:
    """id, url, language (a guess) and extracted text of every page of the corpus; kept between test runs."""
    import trafilatura

    kept = Path(request.config.cache.mkdir("corpus")) / f"pages-trafilatura-{trafilatura.__version__}.jsonl"
    if not kept.exists():
        pages = [orjson.loads(line) for line in (corpus / "crawl" / "pages.jsonl").read_bytes().splitlines()]
        with get_context("spawn").Pool(2) as pool:
            found = pool.map(partial(extract_page, corpus / "crawl"), pages, chunksize=16)
        kept.write_bytes(b"\n".join(map(orjson.dumps, found)))
    return [orjson.loads(line) for line in kept.read_bytes().splitlines()]


@pytest.fixture(scope="session")
def english_pages(corpus_pages: list[dict]) -> list[dict]:
    """The corpus pages guessed English that have text."""
    return [page for page in corpus_pages if page["language"] == "en" and page["text"]]
