"""What another bound would keep is what a rerun with it keeps: documents, near-duplicates, characters and tokens."""

import shutil
from pathlib import Path

import polars as pl
import pytest

from jobs.looking import Run, open_run
from jobs.running import prepare, run
from jobs.synthetic.archive import archive_bytes
from jobs.synthetic.crawl import ordinary_page
from pipeline.errors import RecipeError
from pipeline.measures import Rule
from pipeline.runs import open_run as open_record
from pipeline.storage import open_storage

VARIANTS = """
from dataclasses import replace

from jobs.recipes.fineweb import fineweb


def moved(**bounds):
    base = fineweb()
    rules = tuple(
        replace(rule, value=bounds.get(rule.reason, rule.value))
        for rule in base.rules
        if bounds.get(rule.reason, rule) is not None
    )
    assert rules != base.rules
    return replace(base, name="variant", rules=rules)


def tighter():
    return moved(few_words=450)


def looser():
    return moved(many_repeated_chars=1.0, repeated_lines=0.9)


def removed():
    return moved(few_sentences=None, few_words=None)


def mixed():
    return moved(low_language_score=0.97, many_short_lines=1.0, few_punctuated_lines=0.0)


def nothing():
    return moved(few_words=10**9)


def everything():
    return replace(fineweb(), name="everything", rules=())
"""

BOUNDS = {
    "tighter": {"few_words": 450},
    "looser": {"many_repeated_chars": 1.0, "repeated_lines": 0.9},
    "removed": {"few_sentences": None, "few_words": None},
    "mixed": {"low_language_score": 0.97, "many_short_lines": 1.0, "few_punctuated_lines": 0.0},
    "nothing": {"few_words": 10**9},
    "everything": None,
}


@pytest.fixture(scope="module")
def looked(finished: Path) -> Run:
    """The finished run, open for looking."""
    return open_run(str(finished))


@pytest.fixture(scope="module")
def replayed(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the finished run in which other bounds may be tried."""
    root = tmp_path_factory.mktemp("replays") / "root"
    shutil.copytree(finished, root)
    (root.parent / "variants.py").write_text(VARIANTS)
    return root


@pytest.mark.parametrize("variant", BOUNDS)
def test_the_numbers_are_those_of_a_rerun(looked: Run, replayed: Path, variant: str) -> None:
    bounds = BOUNDS[variant]
    would = looked.what_if(**bounds) if bounds is not None else looked.what_if([])
    before = looked.what_if().after
    run(prepare(f"{replayed.parent}/variants.py:{variant}", [], str(replayed)), local=True)
    again = open_record(open_storage(str(replayed)))
    pack, decide, survivors = again.totals("pack"), again.totals("decide"), again.totals("survivors")
    after = would.after
    assert (after.documents, after.chars, after.tokens) == (pack["rows"], pack["chars"], pack["tokens"])
    assert after.passed == decide["kept"]
    assert after.near_duplicates == survivors["dropped.near_duplicate"]
    assert after.dropped == {key[8:]: count for key, count in decide.items() if key.startswith("dropped.")}
    assert would.gained.height - would.lost.height == after.documents - before.documents


def test_the_very_documents_are_those_of_a_rerun(looked: Run, finished: Path, replayed: Path) -> None:
    would = looked.what_if(many_repeated_chars=None, few_words=300)
    kept = looked.records("record_id", "document_row", "verdict").filter(pl.col("verdict") == "keep")
    places = looked.records("record_id", "document_row")
    gained = would.gained.join(places, on=["part", "document_row"])["record_id"]
    lost = would.lost.join(places, on=["part", "document_row"])["record_id"]
    (replayed.parent / "another.py").write_text(
        f"{VARIANTS}\ndef another():\n    return moved(many_repeated_chars=None, few_words=300)\n"
    )
    run(prepare(f"{replayed.parent}/another.py:another", [], str(replayed)), local=True)
    ids = set(pl.read_parquet(replayed / "dataset" / "data" / "*.parquet")["id"])
    assert (set(kept["record_id"]) | set(gained)) - set(lost) == ids
    assert len(gained) > 0
    assert len(lost) > 0


def test_the_runs_own_rules_give_its_own_numbers(looked: Run, finished: Path) -> None:
    same = looked.what_if()
    pack = open_record(open_storage(str(finished))).totals("pack")
    assert same.before == same.after
    assert (same.after.documents, same.after.tokens, same.after.chars) == (pack["rows"], pack["tokens"], pack["chars"])
    assert same.frame()["change"].to_list() == [0] * 5
    assert same.gained.height == same.lost.height == 0


def test_a_sweep_has_the_outcome_of_each_bound(looked: Run) -> None:
    bounds = [10, 200, 450, 100_000]
    table = looked.sweep("few_words", bounds)
    assert table["bound"].to_list() == bounds
    assert table["documents"].to_list() == [looked.what_if(few_words=bound).after.documents for bound in bounds]
    assert table["documents"].is_sorted(descending=True)
    assert table["tokens"].to_list()[-1] == 0


def test_nothing_is_written(looked: Run, finished: Path) -> None:
    before = sorted(str(path) for path in finished.rglob("*"))
    looked.what_if(few_words=300)
    looked.sweep("few_words", [100, 500])
    assert sorted(str(path) for path in finished.rglob("*")) == before


def test_an_unknown_reason_or_signal_is_refused_with_the_known_ones(looked: Run) -> None:
    with pytest.raises(RecipeError, match=r"0 rules have the reason 'few_wrods'; this run's reasons are .*few_words"):
        looked.what_if(few_wrods=3)
    with pytest.raises(RecipeError, match="no measure of the recipe writes the signal speling"):
        looked.what_if([Rule("speling", "<", 1, "badly_spelled")])


def test_an_unfinished_run_can_be_asked_too(finished: Path, tmp_path: Path, looked: Run) -> None:
    """Only its archives were read: signatures and sizes are made from stored text, with the same numbers."""
    root = tmp_path / "root"
    shutil.copytree(finished, root)
    shutil.rmtree(root / "dataset")
    for folder in (root / "steps").iterdir():
        if folder.name != "ingest":
            shutil.rmtree(folder)
    would = open_run(str(root)).what_if(few_words=300)
    assert would.after == looked.what_if(few_words=300).after
    assert would.before == looked.what_if().before


def test_of_some_files_the_answer_is_of_these_alone_and_says_so(finished: Path, looked: Run) -> None:
    some = open_run(str(finished), most_files=2)
    would = some.what_if(few_words=300)
    assert (would.files, would.of_files) == (2, 4)
    assert 0 < would.after.documents < looked.what_if(few_words=300).after.documents


def test_a_recipe_with_last_steps_of_its_own_has_to_be_named(tmp_path: Path) -> None:
    pages = [ordinary_page(3, number) for number in range(16)]
    (tmp_path / "crawl").mkdir()
    (tmp_path / "crawl" / "small.warc.gz").write_bytes(b"".join(archive_bytes(pages, seed=3, archive=0, first_page=0)))
    (tmp_path / "own.py").write_text(OWN)
    run(prepare(f"{tmp_path}/own.py:own", [str(tmp_path / "crawl")], str(tmp_path / "out")), local=True)
    with pytest.raises(RecipeError, match="shouted is no part that is shipped; name the run's recipe file"):
        open_run(str(tmp_path / "out")).what_if(few_words=60)
    same = open_run(str(tmp_path / "out"), recipe=f"{tmp_path}/own.py:own").what_if()
    assert same.after.chars == open_record(open_storage(str(tmp_path / "out"))).totals("pack")["chars"]
    with pytest.raises(RecipeError, match="is not the one that this run was made with"):
        open_run(str(tmp_path / "out"), recipe="fineweb").what_if()


OWN = """
from dataclasses import dataclass, replace
from typing import ClassVar

import pyarrow as pa

from jobs.recipes.fineweb import fineweb
from pipeline.measures import NO_SIGNALS, Transformed, signals_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Shouted:
    name: ClassVar[str] = "shouted"
    version: ClassVar[int] = 1
    engines: ClassVar[tuple[str, ...]] = ()
    signals: ClassVar[pa.Schema] = NO_SIGNALS

    def transform(self, pages):
        texts = [text.upper() + "!!" for text in pages.texts]
        return Transformed(texts, [()] * len(texts), signals_of(NO_SIGNALS, {}, len(texts)))


def own():
    return replace(fineweb(), name="own", transforms=(Shouted(),))
"""
