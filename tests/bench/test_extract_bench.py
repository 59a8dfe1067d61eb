"""`gristmill bench extract`: the judge is right about texts that are known, and the verb measures a small folder to its end."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.bench.extract import EXTRACTORS
from jobs.bench.extract_tables import markdown
from jobs.bench.gold import Gold, Scores, read_gold, word_f1
from jobs.bench.settings import CHECKOUT
from jobs.synthetic.crawl import make_crawl
from pipeline.archives.warc import read_records
from pipeline.errors import InputError
from pipeline.inputs import open_input

TEXTS = st.text(alphabet="ab c\n.", max_size=30)


def gold(kind: str, **fields: Any) -> Gold:
    return Gold(record_id="<1>", kind=kind, source="made up", **fields)


@pytest.mark.parametrize(
    ("text", "wanted", "f1"),
    [
        ("Grind slowly!", "grind SLOWLY", 1.0),
        ("slowly grind", "grind slowly", 1.0),
        ("grind", "grind slowly", 2 / 3),
        ("grind grind", "grind slowly", 0.5),
        ("oats", "rye", 0.0),
        ("", "rye", 0.0),
        ("", "", 1.0),
        ("rye", "...", 0.0),
    ],
)
def test_a_word_is_right_as_often_as_it_is_in_the_gold(text: str, wanted: str, f1: float) -> None:
    assert word_f1(text, wanted) == pytest.approx(f1)


@given(TEXTS, TEXTS)
def test_word_f1_is_a_share_the_same_both_ways_and_one_only_for_the_same_words(one: str, other: str) -> None:
    score = word_f1(one, other)
    assert score == word_f1(other, one)
    assert 0 <= score <= 1
    same = sorted(one.replace(".", " ").split()) == sorted(other.replace(".", " ").split())
    assert (score == 1) == same


def test_a_source_counts_each_of_its_pages_alike_and_snippets_each_for_itself() -> None:
    scores = Scores()
    scores.add("grind slowly", gold("full_text", text="grind slowly"))
    scores.add("", gold("reader_html_text", text="rye"))
    scores.add("The mill  grinds\nslowly.", gold("snippets", wanted=("mill grinds", "oats"), unwanted=("Menu",)))
    scores.add("Menu", gold("snippets", wanted=("rye",), unwanted=("Menu",)))
    scores.add("The mill grinds", gold("text_prefix", text="The  mill"))
    assert scores.figures() == {
        "word_f1": {"made up": 0.5},
        "with": round(1 / 3, 4),
        "without": 0.5,
        "beginning": 1.0,
    }


def test_without_gold_of_a_kind_there_is_no_figure() -> None:
    assert Scores().figures() == {"word_f1": {}, "with": None, "without": None, "beginning": None}


LINE = {"record_id": "<1>", "source": "made up", "gold_kind": "full_text", "gold_text": "rye"}


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (b"{", "line 2: "),
        (b"[]", "line 2: "),
        (orjson.dumps(LINE | {"gold_kind": "guess"}), "line 2: gold_kind 'guess' is none of full_text, "),
        (orjson.dumps({key: LINE[key] for key in ("record_id", "gold_kind", "gold_text")}), "line 2: no 'source'"),
        (orjson.dumps(LINE | {"gold_text": None}), "line 2: record_id, source and gold_text are strings"),
        (orjson.dumps(LINE | {"gold_kind": "snippets"}), "line 2: no 'with'"),
    ],
)
def test_a_line_that_is_no_gold_is_named(tmp_path: Path, line: bytes, says: str) -> None:
    (tmp_path / "gold.jsonl").write_bytes(orjson.dumps(LINE) + b"\n" + line + b"\n")
    with pytest.raises(InputError) as caught:
        read_gold(tmp_path)
    assert says in str(caught.value)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A made-up crawl whose gold is the longest paragraph of each page, and a menu line that nobody wants."""
    folder = tmp_path_factory.mktemp("corpus")
    make_crawl(folder, pages=40, files=1)
    lines = []
    for archive in sorted(folder.rglob("*.warc.gz")):
        with open_input(str(archive)) as stream:
            pages = [record for record in read_records(stream, archive.name) if record.kind == "page" and record.body]
        lines += [orjson.dumps(LINE | {"record_id": page.record_id, "gold_text": "the mill"}) for page in pages[:12]]
    absent = LINE | {"record_id": "<absent>"}
    (folder / "gold.jsonl").write_bytes(b"\n".join([*lines, orjson.dumps(absent)]))
    return folder


def bench(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "jobs.bench", "extract", *words],
        cwd=CHECKOUT, env=os.environ, capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip


@pytest.mark.slow
def test_every_extractor_is_measured_on_the_same_pages(corpus: Path, tmp_path: Path) -> None:
    told = bench("--corpus", str(corpus), "-o", str(tmp_path), "--runs", "2", "--json")
    assert told.returncode == 0, told.stderr
    result = orjson.loads(told.stdout)
    assert result == orjson.loads((tmp_path / "extract.json").read_bytes())
    assert result["corpus"] == {
        "made_from": corpus.name,
        "pages": 12,
        "gold": 13,
        "kinds": {"full_text": 12},
    }
    assert list(result["extractors"]) == list(EXTRACTORS)
    for name, figures in result["extractors"].items():
        assert figures["ms_a_page"] >= 0, name  # a few pages may take less than a tick of the clock
        assert figures["peak_rss_bytes"] > 0
        assert 0 <= figures["word_f1"]["made up"] < 1
        assert figures["chars"] > 0
        assert figures["failed"] == {}
    table = (tmp_path / "extract.md").read_text()
    assert table == markdown(result)
    assert all(f"| {name} |" in table for name in EXTRACTORS)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--corpus", "nowhere"], "nowhere: no such file or folder"),
        (["--corpus", "EMPTY"], "the folder needs archives and a gold.jsonl"),
        (["--corpus", "GOLD"], "no *.warc.gz in this folder"),
    ],
)
def test_a_folder_without_archives_or_gold_is_one_clear_error(words: list[str], says: str, tmp_path: Path) -> None:
    (tmp_path / "EMPTY").mkdir()
    (tmp_path / "GOLD").mkdir()
    (tmp_path / "GOLD" / "gold.jsonl").write_bytes(orjson.dumps(LINE))
    places = [str(tmp_path / word) if word.isupper() else word for word in words]
    told = bench(*places, "-o", str(tmp_path / "out"))
    assert told.returncode == 2, told.stderr
    assert says in " ".join(told.stderr.split())
    assert "Traceback" not in told.stderr
