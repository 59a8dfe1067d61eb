"""A run whose input and ROOT are in a bucket: the verbs work unchanged and leave the bytes of a local run, whatever happens."""

import hashlib
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import obstore
import orjson
import pytest
from fault_proxy import Fault, FaultProxy
from seaweed import Seaweed, free_port, set_environment
from typer.testing import CliRunner, Result

from jobs.cli import app
from jobs.running import prepare, run
from jobs.synthetic.crawl import Planted, make_crawl
from pipeline.archives.warc import read_records
from pipeline.inputs import open_input
from pipeline.remote.stores import open_store
from pipeline.runs import open_run
from pipeline.storage import Storage, open_storage

pytestmark = pytest.mark.s3

CHECKOUT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def crawl(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Planted]]:
    """Two files of a small crawl: those without the page that takes the extractor seconds to be killed by."""
    folder = tmp_path_factory.mktemp("crawl")
    planted = make_crawl(folder, pages=60, files=3)
    slow = next(page.record_id for page in planted if page.expectation == "over_memory")
    there: set[str] = set()
    for file in folder.rglob("*.warc.gz"):
        with open_input(str(file)) as stream:
            ids = {record.record_id.strip("<>") for record in read_records(stream, file.name)}
        if slow in ids:
            file.unlink()
        else:
            there |= ids
    return folder, [page for page in planted if page.record_id in there]


@pytest.fixture(scope="module")
def expected(crawl: tuple[Path, list[Planted]], tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The dataset's digests of a local run over local files."""
    root = tmp_path_factory.mktemp("local")
    run(prepare("fineweb", [str(crawl[0])], str(root)), local=True)
    return digests(open_storage(str(root)))


def digests(storage: Storage) -> dict[str, str]:
    names = storage.names("dataset/data")
    return {name: hashlib.sha256(storage.get(f"dataset/data/{name}")).hexdigest() for name in names}


def upload(folder: Path, prefix: str) -> str:
    """Puts the crawl into the bucket; the address of its folder there."""
    store = open_store(prefix)
    for file in sorted(folder.rglob("*.warc.gz")):
        obstore.put(store, f"in/{file.relative_to(folder)}", file)
    return f"{prefix}/in/"


def verb(*words: str) -> Result:
    return CliRunner().invoke(app, list(words))


def test_every_verb_works_on_a_bucket_and_the_dataset_is_that_of_a_local_run(
    crawl: tuple[Path, list[Planted]], expected: dict[str, str], s3: str, proxy: FaultProxy
) -> None:
    source, root = upload(crawl[0], s3), f"{s3}/out"
    proxy.forget()
    told = verb("curate", "fineweb", "--input", source, "--output", root, "--local", "--json")
    assert told.exit_code == 0, told.output
    assert digests(open_storage(root)) == expected
    assert proxy.count(r"GET .*\.warc\.gz") == 2, "one GET a WARC"
    receipts = open_run(open_storage(root)).receipts("ingest").values()
    assert [receipt.facts["input_requests"] for receipt in receipts] == [1, 1]

    checked = orjson.loads(verb("verify", root, "--json").stdout)
    assert checked["faults"] == []
    shown = orjson.loads(verb("status", root, "--json").stdout)
    assert all(step["sealed"] for step in shown["steps"])
    planned = orjson.loads(verb("plan", "fineweb", "--input", source, "--output", root, "--json").stdout)
    assert all(step["done"] == step["parts"] for step in planned["steps"])
    kept = next(page for page in crawl[1] if page.expectation == "kept")
    story = verb("why", root, kept.url, "--text", "--json")
    assert story.exit_code == 0, story.output
    assert orjson.loads(story.stdout)

    before = proxy.count(r"GET .*\.warc\.gz")
    again = verb("curate", "fineweb", "--output", root, "--local", "--json")
    assert again.exit_code == 0, again.output
    assert proxy.count(r"GET .*\.warc\.gz") == before, "a replay reads no archive"
    assert digests(open_storage(root)) == expected


def test_a_run_through_all_kinds_of_faults_leaves_the_same_bytes(
    crawl: tuple[Path, list[Planted]], expected: dict[str, str], s3: str, proxy: FaultProxy
) -> None:
    source = upload(crawl[0], s3)
    proxy.forget()
    faults = [
        Fault(r"GET .*\.warc\.gz", times=2, after=17_000),
        Fault(r"GET .*\.warc\.gz", times=1, after=10, reset=True),
        Fault(r"GET .*\.parquet", times=5, after=500),
        Fault("PUT", times=4, status=503),
        Fault("PUT .*json", times=3, lose=True),
        Fault("PUT .*parquet", times=3, reset=True),
        Fault("list-type", times=4, status=429, headers={"Retry-After": "1"}),
    ]
    proxy.faults += faults
    run(prepare("fineweb", [source], f"{s3}/out"), local=True)
    assert [fault.met for fault in faults] == [fault.times for fault in faults]
    assert digests(open_storage(f"{s3}/out")) == expected
    requests = [r.facts["input_requests"] for r in open_run(open_storage(f"{s3}/out")).receipts("ingest").values()]
    assert sum(requests) == proxy.count(r"GET .*\.warc\.gz") == 2 + 3
    resumed = [asked for asked in proxy.ranges if re.fullmatch(r"bytes=\d+-", asked)]
    assert resumed, "a cut download goes on and does not begin again"
    assert orjson.loads(verb("verify", f"{s3}/out", "--json").stdout)["faults"] == []


def start(source: str, root: str) -> subprocess.Popen[str]:
    words = ["curate", "fineweb", "--input", source, "--output", root, "--local"]
    return subprocess.Popen(
        [sys.executable, "-m", f"jobs.{words[0]}", *words[1:]],
        cwd=CHECKOUT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def wait_for_a_receipt(driver: subprocess.Popen[str], root: Storage) -> None:
    deadline = time.monotonic() + 120
    while not (record := root.names("runs")) or not open_run(root).receipts("ingest"):
        assert driver.poll() is None, driver.stdout.read() if driver.stdout else ""
        assert time.monotonic() < deadline, f"no part was committed in time (run {record})"
        time.sleep(0.05)


@pytest.mark.slow
def test_a_server_killed_and_restarted_in_the_middle_costs_nothing_but_time(
    crawl: tuple[Path, list[Planted]], expected: dict[str, str], s3: str, seaweed: Seaweed
) -> None:
    source, root = upload(crawl[0], s3), open_storage(f"{s3}/out")
    driver = start(source, f"{s3}/out")
    wait_for_a_receipt(driver, root)
    seaweed.kill()
    time.sleep(1)
    seaweed.start()
    told, _ = driver.communicate(timeout=120)
    assert driver.returncode == 0, told
    assert digests(root) == expected


def test_a_server_that_stays_away_fails_the_run_clearly_and_the_same_command_finishes_it(
    crawl: tuple[Path, list[Planted]],
    expected: dict[str, str],
    s3: str,
    proxy: FaultProxy,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    source, root = upload(crawl[0], s3), f"{s3}/out"
    monkeypatch.setenv("GRISTMILL_RETRY_SECONDS", "1")
    proxy.faults.append(Fault("", times=None, reset=True, since=r"PUT .*/ingest/.*\.json"))
    told = verb("curate", "fineweb", "--input", source, "--output", root, "--local")
    assert told.exit_code == 1, told.output
    last = told.stderr.strip().splitlines()[-1]
    assert re.search(r"part\(s\) of step \w+ failed: .*connection .*after \d+ tries in", last), last
    proxy.faults.clear()
    told = verb("curate", "fineweb", "--input", source, "--output", root, "--local")
    assert told.exit_code == 0, told.output
    assert "parts were done before" in told.stderr
    assert digests(open_storage(root)) == expected


@pytest.mark.slow
def test_a_killed_driver_leaves_nothing_half_done(
    crawl: tuple[Path, list[Planted]], expected: dict[str, str], s3: str
) -> None:
    source, root = upload(crawl[0], s3), open_storage(f"{s3}/out")
    driver = start(source, f"{s3}/out")
    wait_for_a_receipt(driver, root)
    os.killpg(driver.pid, signal.SIGKILL)
    driver.communicate(timeout=30)
    run(prepare("fineweb", [source], f"{s3}/out"), local=True)
    assert digests(root) == expected


@pytest.mark.parametrize(
    ("change", "root", "says"),
    [
        ({"AWS_SECRET_ACCESS_KEY": "wrong"}, "s3://runs/x", "the secret does not fit the access key"),
        ({"AWS_ACCESS_KEY_ID": "readkey", "AWS_SECRET_ACCESS_KEY": "readsecret"}, "s3://runs/x", "may not do it"),
        ({}, "s3://no-such-bucket/x", "there is no such bucket, create it first"),
        ({"AWS_ENDPOINT_URL": f"http://127.0.0.1:{free_port(grpc=False)}"}, "s3://runs/x", "nobody has answered there"),
    ],
)
def test_a_root_that_cannot_be_used_is_one_clear_line_at_once(
    crawl: tuple[Path, list[Planted]],
    s3: str,
    monkeypatch: pytest.MonkeyPatch,
    change: dict[str, str],
    root: str,
    says: str,
) -> None:
    set_environment(monkeypatch, change)
    began = time.monotonic()
    told = verb("curate", "fineweb", "--input", str(crawl[0]), "--output", root, "--workers", "2")
    assert told.exit_code == 1, told.output
    assert says in told.stderr
    assert "wrong" not in told.stderr
    assert len(told.stderr.strip().splitlines()) <= 2
    assert time.monotonic() - began < 10


@pytest.mark.parametrize(
    ("input_", "code", "says"),
    [
        ("s3://runs/not/there.warc.gz", 2, "no such file (a folder's address ends in /)"),
        ("s3://runs/not/there/", 2, "no archive, Parquet or JSON lines below it"),
        ("s3://runs/not/*.warc.gz", 2, "matches no file"),
        ("s3://no-such-bucket/x.warc.gz", 2, "no such"),
        ("s3://no-such-bucket/", 1, "there is no such bucket"),
        ("s3://key:secret@runs/x.warc.gz", 2, "an address with credentials"),
        ("https://host/x.warc.gz?X-Amz-Signature=abc", 2, "an address with credentials or a query"),
    ],
)
def test_an_input_that_cannot_be_used_is_one_clear_line(
    s3: str, tmp_path: Path, input_: str, code: int, says: str
) -> None:
    told = verb("plan", "fineweb", "--input", input_, "--output", str(tmp_path))
    assert told.exit_code == code, told.output
    assert says in told.stderr
    assert "secret" not in told.stderr
    assert "abc" not in told.stderr
