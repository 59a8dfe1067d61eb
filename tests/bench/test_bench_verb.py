"""`gristmill bench` from end to end on a tiny crawl, alone and beside the peer."""

import os
import subprocess
import sys
from pathlib import Path

import orjson
import pytest

from jobs.bench.settings import CHECKOUT, PEERS
from jobs.synthetic.crawl import make_crawl

FIGURES = {
    "passed",
    "pages", "kept", "tokens", "steady_seconds", "whole_seconds", "startup_seconds", "steady_pages_per_second",
    "whole_pages_per_second", "cpu_ms_a_page", "parts_cpu_ms_a_page",
    "peak_rss_bytes", "worker_peak_rss_bytes", "extractor_peak_rss_bytes", "lost",
    "ms_a_page", "steady_seconds_of_runs",
}  # fmt: skip


@pytest.fixture(scope="module")
def crawl(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("crawl")
    make_crawl(folder, pages=60, files=2)
    return folder


def bench(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "jobs.bench", *words],
        cwd=CHECKOUT, env=os.environ, capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip


@pytest.mark.ray
@pytest.mark.slow
def test_ours_alone_has_every_figure_and_writes_what_it_prints(crawl: Path, tmp_path: Path) -> None:
    told = bench("fineweb", "-i", str(crawl), "-o", str(tmp_path), "--pages", "120", "--ours-only", "--json")
    assert told.returncode == 0, told.stderr
    result = orjson.loads(told.stdout)
    assert result == orjson.loads((tmp_path / "fineweb.json").read_bytes())
    ours = result["systems"]["gristmill"]
    assert set(ours) == FIGURES
    assert ours["pages"] == result["crawl"]["pages"] == 120
    assert 0 < ours["steady_seconds"] < ours["whole_seconds"]
    assert {"read", "decode", "extract", "language", "gopher_repetition", "minhash", "pack"} <= set(ours["ms_a_page"])
    assert ours["ms_a_page"]["extract"] > 0
    assert result["times_datatrove"] is None
    hours = ours["parts_cpu_ms_a_page"] * 90_000 * 35_000 / 3_600_000
    assert result["dump"]["core_hours"] == pytest.approx(hours, rel=1e-4)  # both are rounded
    assert {"cpu", "cores", "memory_bytes", "python", "versions", "load_before"} <= set(result["machine"])
    assert "| pages/s in steady state |" in (tmp_path / "fineweb.md").read_text()


def test_the_driver_is_measured_without_any_peer(tmp_path: Path) -> None:
    told = bench("driver", "-o", str(tmp_path), "--files", "50", "--json")
    assert told.returncode == 0, told.stderr
    result = orjson.loads(told.stdout)
    assert result["files"] == 50
    assert {"list and plan", "track every part", "open a finished run"} <= {each["phase"] for each in result["phases"]}
    assert "| track every part |" in (tmp_path / "driver.md").read_text()


def test_each_measure_is_timed_over_the_pages_of_an_archive(crawl: Path, tmp_path: Path) -> None:
    told = bench("measures", "-i", str(crawl), "-o", str(tmp_path), "--pages", "30", "--json")
    assert told.returncode == 0, told.stderr
    result = orjson.loads(told.stdout)
    assert result == orjson.loads((tmp_path / "measures.json").read_bytes())
    group = result["groups"]["all"]
    assert group["pages"] == 30
    assert group["chars_a_page"] > 100
    assert set(group["cpu_ms_a_page"]) == set(group["wall_ms_a_page"])
    assert {"words", "language", "gopher_repetition", "c4_lines", "secrets", "ftfy"} <= set(group["cpu_ms_a_page"])
    assert all(spent >= 0 for spent in group["cpu_ms_a_page"].values())
    assert sum(group["wall_ms_a_page"].values()) > 0
    assert "| c4_lines |" in (tmp_path / "measures.md").read_text()


@pytest.mark.peers
@pytest.mark.ray
@pytest.mark.slow
def test_beside_datatrove_both_read_the_same_pages(crawl: Path, tmp_path: Path) -> None:
    if not PEERS.is_file():
        pytest.skip(f"no {PEERS.relative_to(CHECKOUT)}: run `make peers`")
    told = bench("fineweb", "-i", str(crawl), "-o", str(tmp_path), "--pages", "60", "--json")
    assert told.returncode == 0, told.stderr
    result = orjson.loads(told.stdout)
    theirs = result["systems"]["datatrove"]
    assert set(theirs) == FIGURES
    assert set(result["times_datatrove"]) == {"steady", "whole", "cpu"}
    assert 0 < theirs["kept"] <= theirs["pages"] <= 60
    assert theirs["tokens"] > 0
    assert {"Warc", "Trafilatura", "Language ID", "Gopher Repetition", "signatures: MinHash stage 1"} <= set(
        theirs["ms_a_page"]
    )
    assert result["machine"]["peer_versions"]["datatrove"] == "0.10.1"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["nonsense", "--ours-only"], "no benchmark 'nonsense': there are fineweb, dedup, driver, extract, measures"),
        (
            ["fineweb", "--ours-only", "--corpus", "nowhere"],
            "--corpus is for extract; fineweb takes its archives by --input",
        ),
        (["fineweb", "--peers", "nowhere/python"], "make it with `make peers`"),
        (["fineweb", "--ours-only", "-i", "nowhere"], "nowhere: no such file or folder"),
        (["fineweb", "--ours-only", "-i", "EMPTY"], "no *.warc.gz in this folder"),
        (["measures", "-i", "EMPTY"], "no *.warc.gz in this folder, and no run"),
    ],
)
def test_a_wrong_command_is_one_clear_error_and_exit_code_2(words: list[str], says: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    told = bench(*(str(tmp_path / "empty") if word == "EMPTY" else word for word in words), "-o", str(tmp_path / "out"))
    assert told.returncode == 2, told.stderr
    assert says in " ".join(told.stderr.split())
    assert "Traceback" not in told.stderr
