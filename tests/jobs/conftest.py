"""A small crawl and a finished run of it, made once: what the tests of the verbs compare with."""

from pathlib import Path

import pytest
from trial import Crawl

from jobs.demo_crawl import make_crawl
from jobs.running import prepare, run
from pipeline.runs import OpenRun, open_run
from pipeline.storage import open_storage


@pytest.fixture(scope="session")
def crawl(tmp_path_factory: pytest.TempPathFactory) -> Crawl:
    folder = tmp_path_factory.mktemp("crawl")
    return Crawl(folder, make_crawl(folder, pages=200, files=4))


@pytest.fixture(scope="session")
def finished(crawl: Crawl, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The ROOT of a finished local run of `fineweb` over the crawl; tests may read it but not write to it."""
    root = tmp_path_factory.mktemp("finished")
    run(prepare("fineweb", [str(crawl.folder)], str(root)), local=True)
    return root


@pytest.fixture(scope="session")
def finished_run(finished: Path) -> OpenRun:
    return open_run(open_storage(str(finished)))
