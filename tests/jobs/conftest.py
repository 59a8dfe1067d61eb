"""A small crawl and a finished run of it, made once: what the tests of the verbs compare with."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hub_server import HubServer
from trial import Crawl

from jobs.recipes.fineweb import fineweb
from jobs.running import prepare, run
from jobs.synthetic.crawl import make_crawl
from pipeline.runs import OpenRun, open_run
from pipeline.steps import plan_steps
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


@pytest.fixture(scope="session")
def sharded(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same run packed into a shard a file; tests may read it but not write to it."""
    root = tmp_path_factory.mktemp("sharded") / "root"
    shutil.copytree(finished, root)
    prepared = prepare("fineweb", [], str(root))
    recipe = replace(fineweb(), bundle=1, shard_files=1)
    run(replace(prepared, recipe=recipe, steps=plan_steps(recipe.steps(), prepared.source)), local=True)
    return root


@pytest.fixture
def hub() -> Iterator[HubServer]:
    """A Hub on this machine."""
    with HubServer() as server:
        yield server
