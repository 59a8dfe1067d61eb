"""The examples of docs/scoring.md, run from top to bottom by a model that is trained there."""

import re
import shutil
from pathlib import Path

import polars as pl
import pytest
from leftovers import packed
from scored_rows import digest
from test_other_data_page import words_of
from trial import Crawl, typed

from filters.quality.encoder import EncoderQuality
from filters.quality.endpoint import EndpointQuality
from filters.quality.fasttext import FastTextQuality
from filters.quality.kenlm import KenLmQuality
from filters.quality.onnx import OnnxQuality
from filters.quality.static import StaticQuality
from pipeline.runs import open_run
from pipeline.storage import open_storage
from pipeline.verify import verify

PAGE = (Path(__file__).parents[2] / "docs" / "scoring.md").read_text()
BLOCKS = re.findall(r"^```(sh|python)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
RUNS = ("curate", "score", "takedown")  # in this process, which is quicker than starting Ray


@pytest.mark.slow
def test_the_examples_of_the_page_run(
    crawl: Crawl, finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(finished / "dataset" / "data", tmp_path / "data")
    shutil.copytree(crawl.folder, tmp_path / "crawl")
    texts = pl.read_parquet(tmp_path / "data" / "*.parquet")
    labels = pl.Series("label", [len(text) % 2 for text in texts["text"]])
    texts.select("text").with_columns(labels).write_parquet(tmp_path / "labels.parquet")
    (tmp_path / "list.txt").write_text(texts["url"][0])
    monkeypatch.chdir(tmp_path)
    ran: list[str] = []
    for kind, text in BLOCKS:
        if kind == "python":
            name = re.match(r"# (\w+\.py)\n", text)
            assert name, f"no file's name begins the block {text[:40]}"
            (tmp_path / name[1]).write_text(text.replace("…", digest(tmp_path / "good-pages" / "model.bin")))
            continue
        for line in text.splitlines():
            command, verb, *words = words_of(line, tmp_path)
            assert command == "gristmill"
            told = typed(verb, *words, *(("--local",) if verb in RUNS else ()))
            assert told.returncode == 0, f"{line}: {told.stderr}"
            ran.append(verb)
    assert ran == ["train-quality", "plan", "curate", "report", "curate", "score", "takedown"]

    for root in ("out", "best", "scored"):
        assert [finding for finding in verify(open_run(open_storage(str(tmp_path / root)))) if finding] == []
    assert open_run(open_storage(str(tmp_path / "out"))).record.recipe == "mine"
    assert len(packed(tmp_path / "scored")) == texts.height - 1
    assert all(row["good_score"] is not None for row in packed(tmp_path / "scored").values())


def test_the_table_of_scores_has_every_kind_of_model_and_its_steps() -> None:
    rows = dict(re.findall(r"^\| (`\w+Quality`.*?) \|.*\| ([\d.]+) \|$", PAGE, re.MULTILINE))
    told = {name: float(step) for names, step in rows.items() for name in re.findall(r"\w+Quality", names)}
    kinds = (EncoderQuality, EndpointQuality, FastTextQuality, KenLmQuality, OnnxQuality, StaticQuality)
    resolutions = {cls.__name__: cls.__dataclass_fields__["resolution"].default for cls in kinds}
    assert told == {name: 1 / resolution for name, resolution in resolutions.items()}
