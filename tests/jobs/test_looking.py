"""Frames of a run agree with its receipts and with each other, and the documentation's examples run."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from jobs.looking import Run, open_run
from pipeline.errors import InputError, RecipeError
from pipeline.runs import open_run as open_record
from pipeline.storage import open_storage

PAGE = Path(__file__).parents[2] / "docs" / "looking.md"


@pytest.fixture(scope="module")
def looked(finished: Path) -> Run:
    return open_run(str(finished))


def test_the_examples_of_the_documentation_run(finished: Path) -> None:
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert len(blocks) >= 5
    scope: dict[str, object] = {}
    for block in blocks:
        exec(block.replace('open_run("out")', f"open_run({str(finished)!r})"), scope)


def test_every_method_is_documented(looked: Run) -> None:
    public = {name for name in vars(Run) if not name.startswith("_") and callable(getattr(Run, name))}
    told = set(re.findall(r"run\.(\w+)\(", PAGE.read_text()))
    assert told <= public
    assert public - told <= {"raw_samples", "why", "explain"}


def test_the_funnel_adds_up_to_the_rows(looked: Run) -> None:
    funnel, records = looked.funnel(), looked.records("verdict", "reason", "gate")
    assert funnel["records"].sum() == records.height
    counted = dict(records.filter(pl.col("verdict") == "drop").group_by("reason").len().iter_rows())
    told = funnel.filter(pl.col("fate").is_in(["gate", "rule", "near_duplicate"]))
    assert counted == dict(told.select("reason", "records").iter_rows())


def test_a_column_of_records_is_that_of_the_table(looked: Run, finished: Path) -> None:
    run = open_record(open_storage(str(finished)))
    paths = [finished / receipt.files["records"].path for receipt in run.receipts("ingest").values()]
    stored = pl.concat([pl.read_parquet(path) for path in paths])
    shown = looked.records("record_id", "word_count", "row")
    assert shown["record_id"].to_list() == stored["record_id"].to_list()
    assert shown["word_count"].to_list() == stored["word_count"].to_list()
    assert looked.records().columns[:2] == ["part", "row"]
    assert set(stored.columns) <= set(looked.records().columns)


def test_a_verdict_of_records_is_that_of_the_dataset(looked: Run, finished: Path) -> None:
    kept = looked.records("record_id", "verdict").filter(pl.col("verdict") == "keep")["record_id"].to_list()
    assert kept == pl.read_parquet(finished / "dataset" / "data" / "*.parquet")["id"].to_list()


def test_a_sample_is_the_same_every_time_and_part_of_the_whole(looked: Run) -> None:
    one, more = looked.documents("record_id", sample=5), looked.documents("record_id", sample=20)
    assert one["record_id"].to_list() == more["record_id"].to_list()[:5]
    assert one.equals(looked.documents("record_id", sample=5))
    assert looked.documents(sample=None).height == looked.records("document_row")["document_row"].drop_nulls().len()


def test_texts_belong_to_their_records(looked: Run) -> None:
    urls = looked.records("url")
    shown = looked.documents("url", "text", sample=30).join(urls, on=["part", "row"])
    assert (shown["url"] == shown["url_right"]).all()


def test_what_was_dropped_has_its_text_and_what_was_stopped_its_record(looked: Run) -> None:
    dropped = looked.dropped("many_repeated_chars")
    assert dropped["text"].str.len_chars().min() > 0
    assert set(dropped["reason"]) == {"many_repeated_chars"}
    assert looked.dropped("other_language")["url"].null_count() == 0
    assert looked.dropped("truncated_record", "error")["error"].null_count() == 0
    with pytest.raises(RecipeError, match=r"nothing went for 'few_wrods'; reasons of this run are .*few_words"):
        looked.dropped("few_wrods")


def test_a_signal_is_that_of_every_page_past_the_gates(looked: Run) -> None:
    values = looked.signal("word_count")
    assert values["word_count"].null_count() == 0
    assert values.height == looked.documents(sample=None).height
    dropped = values.filter(pl.col("reason") == "few_words")["word_count"]
    assert dropped.max() < 50


def test_shown_pages_carry_their_marks(looked: Run) -> None:
    for reason in looked.funnel().filter(pl.col("fate") == "rule")["reason"]:
        html = looked.show_dropped(reason)._repr_html_()
        if reason not in ("few_words", "few_sentences", "few_stop_words"):  # there is nothing in the page to point at
            assert "<mark" in html, reason
    assert "<mark" in looked.show_dropped("soft_banned_words")._repr_html_()
    assert "only here" in looked.show_duplicates()._repr_html_()


def test_charts_are_valid_and_hold_the_bounds(looked: Run) -> None:
    pytest.importorskip("altair", reason="the extra `notebooks` is not installed")
    word_count = looked.chart_signal("word_count").to_dict(validate=True)
    assert [row["reason"] for row in word_count["layer"][1]["data"]["values"]] == ["few_words", "many_words"]
    funnel = looked.chart_funnel().to_dict(validate=True)
    assert sum(row["records"] for row in funnel["data"]["values"]) == looked.records("row").height
    sweep = looked.chart_sweep("few_words", [50, 400]).to_dict(validate=True)
    assert [row["bound"] for row in sweep["layer"][0]["data"]["values"]] == [50, 400]
    looked.chart_signal("c4_page_stop").to_dict(validate=True)


def test_without_altair_a_chart_says_how_to_get_it_and_everything_else_works(finished: Path) -> None:
    code = (
        "import sys; sys.modules['altair'] = None\n"
        "from jobs.looking import open_run\n"
        f"run = open_run({str(finished)!r}); run.funnel()\n"
        "try: run.chart_funnel()\n"
        "except Exception as error: print(type(error).__name__, error)"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=PAGE.parents[1])
    assert told.stdout.startswith("RecipeError charts need Altair: pip install")


def test_only_committed_tables_are_read(finished: Path, tmp_path: Path, looked: Run) -> None:
    """A file that no receipt lists, such as a killed attempt leaves, is not there."""
    root = tmp_path / "root"
    shutil.copytree(finished, root)
    table = next((root / "steps" / "ingest").rglob("*.records.parquet"))
    shutil.copy(table, table.with_name(table.name.replace("-", "-zombie", 1)))
    assert open_run(str(root)).records("url").equals(looked.records("url"))


def test_some_files_of_many_are_looked_at_and_it_says_so(finished: Path) -> None:
    some = open_run(str(finished), most_files=2)
    assert (some.files, some.of_files) == (2, 4)
    assert "2 of 4 files" in repr(some)
    assert some.records("url")["part"].n_unique() == 2
    assert some.funnel().equals(open_run(str(finished)).funnel())


def test_no_run_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no run here"):
        open_run(str(tmp_path))
