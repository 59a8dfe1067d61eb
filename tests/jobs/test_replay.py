"""Measure first, decide later: bounds and measures change without reading a byte of HTML again. The archives are gone."""

import shutil
from pathlib import Path

import polars as pl
import pytest
from trial import Crawl, receipt_times, verb

from jobs.running import prepare, run
from jobs.synthetic.crawl import make_crawl
from pipeline.errors import InputError, PartsFailed
from pipeline.runs import open_run
from pipeline.storage import open_storage

VARIANTS = """
from dataclasses import dataclass, replace
from typing import ClassVar

import pyarrow as pa

from jobs.recipes.fineweb import fineweb
from pipeline.measures import Rule, schema, signals_of


def bounded(reason, value):
    base = fineweb()
    rules = tuple(replace(rule, value=value) if rule.reason == reason else rule for rule in base.rules)
    assert rules != base.rules, reason
    return replace(base, name="variant", rules=rules)


def tighter():
    return bounded("few_words", 450)


def looser():
    return bounded("many_repeated_chars", 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shouting:
    name: ClassVar[str] = "shouting"
    version: ClassVar[int] = 1
    engines: ClassVar[tuple[str, ...]] = ()
    signals: ClassVar[pa.Schema] = schema(upper_char_ratio="float64")

    def measure(self, pages):
        ratios = [sum(map(str.isupper, text)) / max(len(text), 1) for text in pages.texts]
        return signals_of(self.signals, {"upper_char_ratio": ratios}, len(pages))


def measured():
    base = fineweb()
    return replace(
        base,
        name="measured",
        measures=(Shouting(),),
        rules=(*base.rules, Rule("upper_char_ratio", ">", 0.012, "shouting")),
    )


def other_gate():
    base = fineweb()
    return replace(base, name="other_gate", ingest=(base.ingest[0], *base.ingest[2:]))
"""


@pytest.fixture(scope="module")
def variants(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("recipes") / "variants.py"
    file.write_text(VARIANTS)
    return file


@pytest.fixture
def without_archives(tmp_path: Path) -> Path:
    """A finished run whose archives are gone."""
    make_crawl(tmp_path / "crawl", pages=80, files=2)
    run(prepare("fineweb", [str(tmp_path / "crawl")], str(tmp_path / "out")), local=True)
    shutil.rmtree(tmp_path / "crawl")
    return tmp_path / "out"


def ids(root: Path) -> set[str]:
    return set(pl.read_parquet(root / "dataset" / "data" / "*.parquet")["id"])


@pytest.mark.parametrize(("variant", "sign"), [("tighter", -1), ("looser", 1)])
def test_a_moved_bound_reruns_only_decide_and_what_follows(
    without_archives: Path, variants: Path, variant: str, sign: int
) -> None:
    kept, ingested = ids(without_archives), receipt_times(without_archives, "ingest")
    run(prepare(f"{variants}:{variant}", [], str(without_archives)), local=True)
    now = ids(without_archives)
    assert (now < kept) if sign < 0 else (now > kept)
    assert receipt_times(without_archives, "ingest") == ingested
    assert len(list(without_archives.glob("steps/decide/*"))) == 2


def test_a_measure_added_later_is_taken_from_stored_text_and_may_be_judged_by(
    without_archives: Path, variants: Path
) -> None:
    ingested = receipt_times(without_archives, "ingest")
    run(prepare(f"{variants}:measured", [], str(without_archives)), local=True)
    assert receipt_times(without_archives, "ingest") == ingested
    last = open_run(open_storage(str(without_archives)))
    assert last.totals("decide")["dropped.shouting"] > 0
    assert last.totals("measure-shouting")["rows"] == last.totals("ingest")["documents"]


@pytest.mark.ray
@pytest.mark.slow
def test_a_measure_of_a_users_file_reaches_ray_workers(crawl: Crawl, variants: Path, tmp_path: Path) -> None:
    done = verb("curate", f"{variants}:measured", "-i", str(crawl.folder), "-o", str(tmp_path), "--workers", "2")
    assert done.returncode == 0, done.stderr
    assert "rule: shouting" in done.stdout


def test_going_back_to_an_earlier_bound_runs_nothing_again(without_archives: Path, variants: Path) -> None:
    run(prepare(f"{variants}:tighter", [], str(without_archives)), local=True)
    everything = receipt_times(without_archives)
    run(prepare("fineweb", [], str(without_archives)), local=True)
    assert receipt_times(without_archives) == everything


def test_a_changed_gate_needs_the_archives_and_says_which_is_missing(without_archives: Path, variants: Path) -> None:
    with pytest.raises(PartsFailed, match=r"2 part\(s\) of step ingest failed: .*No such file"):
        run(prepare(f"{variants}:other_gate", [], str(without_archives)), local=True)


def test_an_empty_root_without_input_says_to_name_some(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="name it with --input"):
        prepare("fineweb", [], str(tmp_path))
