"""What a person writes in a file of their own, next to another one, reaches the workers and the children that extract."""

import subprocess
from pathlib import Path

import polars as pl
import pytest
from trial import Crawl, dataset_digests, typed, verb

from jobs.named_recipes import load_recipe
from jobs.user_file import find_named
from pipeline.errors import RecipeError
from pipeline.runs import open_run
from pipeline.storage import open_storage

MINE = """
from dataclasses import dataclass
from typing import ClassVar

import pyarrow as pa
from words_of_mine import Plain, count_of, shouted

from filters.datatrove_adapter import DatatroveEditingFilter, DatatroveFilter, DatatroveFormatter
from filters.html_only import HtmlOnly
from jobs.recipe import Recipe
from pipeline.measures import NO_SIGNALS, Edit, Gated, Rule, Transformed, schema, signals_of


@dataclass(frozen=True, slots=True, kw_only=True)
class LongAddress:
    name: ClassVar[str] = "long_address"
    version: ClassVar[int] = 1
    engines: ClassVar[tuple[str, ...]] = ()
    signals: ClassVar[pa.Schema] = NO_SIGNALS
    reasons: ClassVar[tuple[str, ...]] = ("long_address",)

    most: int = 90

    def judge(self, pages):
        reasons = ["long_address" if count_of(url) > self.most else None for url in pages.urls]
        return Gated(reasons, signals_of(self.signals, {}, len(pages)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Shout:
    name: ClassVar[str] = "shout"
    version: ClassVar[int] = 1
    engines: ClassVar[tuple[str, ...]] = ()
    signals: ClassVar[pa.Schema] = schema(shouted_chars="int32")

    def transform(self, pages):
        new = [shouted(text) for text in pages.texts]
        edits = [(Edit(self.name, 0, old, text),) for old, text in zip(pages.texts, new)]
        return Transformed(new, edits, signals_of(self.signals, {"shouted_chars": list(map(len, new))}, len(new)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    name: ClassVar[str] = "size"
    version: ClassVar[int] = 1
    engines: ClassVar[tuple[str, ...]] = ()
    signals: ClassVar[pa.Schema] = schema(size_chars="int32")

    def measure(self, pages):
        return signals_of(self.signals, {"size_chars": list(map(count_of, pages.texts))}, len(pages))


def mine():
    return Recipe(
        name="mine",
        ingest=(HtmlOnly(), LongAddress(), Plain(), Shout()),
        measures=(Size(),),
        rules=(Rule("size_chars", "<", 2_000, "small"),),
    )


THEIRS = "datatrove.pipeline"
GOPHER = DatatroveFilter.of(f"{THEIRS}.filters.GopherQualityFilter", called="gopher", min_stop_words=None)
LINES = DatatroveEditingFilter.of(f"{THEIRS}.filters.C4QualityFilter", called="c4", min_num_sentences=3)
BRACKETS = DatatroveFilter.of(f"{THEIRS}.filters.RegexFilter", called="brackets", regex_exp="[{}]")
PARAGRAPHS = DatatroveFilter.of(f"{THEIRS}.filters.FineWebQualityFilter", called="lines", line_punct_thr=0.5)
SYMBOLS = DatatroveFormatter.of(f"{THEIRS}.formatters.SymbolLinesFormatter", called="symbols")
PRIVATE = DatatroveFormatter.of(f"{THEIRS}.formatters.PIIFormatter", called="private")


def theirs():
    return Recipe(
        name="theirs",
        ingest=(HtmlOnly(), Plain(), SYMBOLS, BRACKETS, GOPHER, LINES),
        measures=(PARAGRAPHS,),
        rules=(*BRACKETS.rules(), *GOPHER.rules("gopher_short_doc"), *LINES.rules(), *PARAGRAPHS.rules()),
        transforms=(PRIVATE,),
    )
"""

NEXT_TO_IT = """
import re
from dataclasses import dataclass
from typing import ClassVar

import pyarrow as pa

from pipeline.measures import NO_SIGNALS, Extracted


def count_of(text):
    return len(text)


def shouted(text):
    return text.upper()


@dataclass(frozen=True, slots=True, kw_only=True)
class Plain:
    name: ClassVar[str] = "plain"
    version: ClassVar[int] = 1
    engines: ClassVar[tuple[str, ...]] = ()
    signals: ClassVar[pa.Schema] = NO_SIGNALS

    def extract(self, html):
        return Extracted(re.sub("(?s)<style.*?</style>|<script.*?</script>|<[^>]*>", " ", html[:20_000])) if html else None
"""


@pytest.fixture(scope="module")
def mine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("mine")
    (folder / "mine.py").write_text(MINE)
    (folder / "words_of_mine.py").write_text(NEXT_TO_IT)
    return folder / "mine.py"


@pytest.mark.ray
@pytest.mark.slow
def test_all_kinds_of_parts_of_a_file_and_its_neighbour_reach_ray_workers(
    mine: Path, crawl: Crawl, tmp_path: Path
) -> None:
    for place, start, words in (("ray", verb, ["--workers", "2"]), ("local", typed, ["--local"])):
        done = start("curate", f"{mine}:mine", "-i", str(crawl.folder), "-o", str(tmp_path / place), *words)
        assert done.returncode == 0, done.stderr
    assert dataset_digests(tmp_path / "ray") == dataset_digests(tmp_path / "local")
    counts = open_run(open_storage(str(tmp_path / "ray")))
    assert counts.totals("ingest")["gate.long_address"] > 0
    assert counts.totals("decide")["dropped.small"] > 0
    texts = pl.read_parquet(tmp_path / "ray" / "dataset" / "data" / "*.parquet")["text"]
    assert len(texts) > 20
    assert all(text == text.upper() and len(text) >= 2_000 for text in texts)


def test_blocks_of_datatrove_judge_and_edit_in_a_recipe_from_a_file(mine: Path, crawl: Crawl, tmp_path: Path) -> None:
    done = typed("curate", f"{mine}:theirs", "-i", str(crawl.folder), "-o", str(tmp_path), "--local")
    assert done.returncode == 0, done.stderr
    run = open_run(open_storage(str(tmp_path)))
    dropped = {key for key in run.totals("decide") if key.startswith("dropped.")}
    assert {"dropped.gopher_short_doc", "dropped.fails_brackets", "dropped.fails_lines"} <= dropped
    found = pl.read_parquet(tmp_path / "dataset" / "data" / "*.parquet")
    assert 5 < found.height == run.totals("decide")["kept"]
    shown = typed("why", str(tmp_path), found["url"][0])
    assert "gopher_passes" in shown.stdout


def test_a_file_may_change_and_another_folders_neighbour_have_the_same_name(mine: Path, tmp_path: Path) -> None:
    first, modules = load_recipe(f"{mine}:mine")
    assert [module.__name__ for module in modules] == ["recipe_mine", "words_of_mine"]
    (tmp_path / "mine.py").write_text(MINE)
    (tmp_path / "words_of_mine.py").write_text(NEXT_TO_IT.replace('"plain"', '"plainer"'))
    second, _ = load_recipe(f"{tmp_path}/mine.py:mine")
    assert [recipe.ingest[2].name for recipe in (first, second)] == ["plain", "plainer"]


def test_a_neighbour_that_is_not_there_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "lonely.py").write_text("import nowhere_to_be_found\n")
    with pytest.raises(RecipeError, match="No module named 'nowhere_to_be_found'"):
        find_named(f"{tmp_path}/lonely.py:x", "recipe")


def test_a_folder_of_a_person_hides_no_package_of_ours(tmp_path: Path) -> None:
    (tmp_path / "filters").mkdir()
    (tmp_path / "filters" / "__init__.py").write_text("raise ImportError('hidden')")
    (tmp_path / "pyarrow.py").write_text("raise ImportError('hidden')")
    (tmp_path / "mine.py").write_text("import pyarrow\nfrom filters.language import Language\n")
    program = (
        f"from jobs.user_file import find_named; print(find_named('{tmp_path}/mine.py:Language', 'recipe').modules)"
    )
    told = subprocess.run(
        [__import__("sys").executable, "-c", program],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert "recipe_mine" in told.stdout, told.stderr
