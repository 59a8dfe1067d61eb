"""`sample-scores`: pages of every range, the same each time, and their labels read back into what train-quality takes."""

from pathlib import Path

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from labelled_pages import page, write_lines
from trial import typed

from jobs.training.labelled import read_labelled
from jobs.training.sampling import Draw, drawn
from pipeline.rows.columns import RowColumns

COUNT = 400


@pytest.fixture(scope="module")
def scored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two files: scores from 0 to 1, most of them low, some null and one text empty."""
    folder = tmp_path_factory.mktemp("scored")
    scores = [None if n % 50 == 7 else (n / COUNT) ** 3 for n in range(COUNT)]
    texts = ["" if n == 3 else page(n, good=n % 2 == 0) for n in range(COUNT)]
    ids = [f"<urn:uuid:{n}>" for n in range(COUNT)]
    table = pa.table({"text": texts, "id": ids, "url": [f"http://a.test/{n}" for n in range(COUNT)], "edu": scores})
    pq.write_table(table.slice(0, 250), folder / "a.parquet", row_group_size=100)
    pq.write_table(table.slice(250), folder / "b.parquet")
    return folder


def lines(path: Path) -> list[dict]:
    return [orjson.loads(line) for line in path.read_bytes().splitlines()]


def sample(scored: Path, output: Path, *words: str) -> list[dict]:
    told = typed("sample-scores", str(scored), "--score", "edu", "--output", str(output), *words)
    assert told.returncode == 0, told.stderr
    return lines(output)


def test_each_range_of_the_score_gives_its_pages_or_all_that_it_has(scored: Path, tmp_path: Path) -> None:
    found = sample(scored, tmp_path / "s.jsonl", "--strata", "10", "--per-stratum", "7")
    every = [row for row in pq.read_table(scored).to_pylist() if row["edu"] is not None and row["text"]]
    low, high = min(row["edu"] for row in every), max(row["edu"] for row in every)
    for stratum in range(10):
        inside = [row for row in every if min(9, int((row["edu"] - low) / (high - low) * 10)) == stratum]
        got = [row for row in found if row["stratum"] == stratum]
        assert len(got) == min(7, len(inside))
        assert {row["stratum_pages"] for row in got} == {len(inside)}
    assert all(row["label"] is None and row["text"] for row in found)
    texts = {row["id"]: (row["text"], row["url"], row["edu"]) for row in every}
    assert all(texts[row["id"]] == (row["text"], row["url"], row["score"]) for row in found)


def test_the_same_command_draws_the_same_pages_and_another_seed_others(scored: Path, tmp_path: Path) -> None:
    first, second = sample(scored, tmp_path / "a.jsonl"), sample(scored, tmp_path / "b.jsonl")
    assert first == second
    words = ("--strata", "2", "--per-stratum", "20")
    assert sample(scored, tmp_path / "c.jsonl", *words) != sample(scored, tmp_path / "d.jsonl", *words, "--seed", "2")


def test_how_rows_are_divided_into_files_does_not_matter(scored: Path, tmp_path: Path) -> None:
    table = pq.read_table(scored)
    pq.write_table(table.take(np.random.default_rng(1).permutation(COUNT)), tmp_path / "all.parquet")
    words = ("--strata", "5", "--per-stratum", "6")
    one, other = (
        sample(scored, tmp_path / "a.jsonl", *words),
        sample(tmp_path / "all.parquet", tmp_path / "b.jsonl", *words),
    )
    assert sorted(row["id"] for row in one) == sorted(row["id"] for row in other)


def test_ranges_of_equal_counts_hold_equal_numbers_of_pages(scored: Path, tmp_path: Path) -> None:
    found = sample(scored, tmp_path / "a.jsonl", "--by", "count", "--strata", "4", "--per-stratum", "3")
    counts = [row["stratum_pages"] for row in found]
    assert len(found) == 12
    assert max(counts) - min(counts) <= 1


@settings(deadline=None)
@given(scores=st.lists(st.floats(-5, 5), min_size=1, max_size=30), strata=st.integers(1, 6), pages=st.integers(1, 4))
def test_every_score_is_in_one_range(scores, strata: int, pages: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("any") / "x.jsonl"
    write_lines(path, [{"text": f"page {n}", "id": n, "s": score} for n, score in enumerate(scores)])
    for by in ("width", "count"):
        told, found = drawn([str(path)], Draw(score="s", columns=RowColumns(), strata=strata, pages=pages, by=by))
        rows = list(found)
        assert sum(each.pages for each in told) == len(scores)
        assert [sum(row["stratum"] == at for row in rows) for at in range(len(told))] == [each.drawn for each in told]
        assert all(each.drawn == min(pages, each.pages) for each in told)
        for row in rows:
            assert told[row["stratum"]].low <= row["score"] <= told[row["stratum"]].high


def test_labels_filled_in_are_learned_from_and_others_left_out(scored: Path, tmp_path: Path) -> None:
    found = sample(scored, tmp_path / "s.jsonl")
    filled = [row | {"label": place % 2} if place < 30 else row for place, row in enumerate(found)]
    path = write_lines(tmp_path / "filled.jsonl", filled)
    labelled = read_labelled([path], "text", "label", "split")
    assert (len(labelled.texts), labelled.unlabelled) == (30, len(found) - 30)


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_labels_of_a_file_are_joined_by_id(scored: Path, tmp_path: Path, kind: str) -> None:
    found = sample(scored, tmp_path / "s.jsonl")
    labels = {row["id"].strip("<>"): place % 4 for place, row in enumerate(found[:40])} | {"another": 3}
    path = tmp_path / f"labels.{kind}"
    if kind == "csv":
        path.write_text("id,useful\n" + "".join(f"{key},{label}\n" for key, label in labels.items()))
    elif kind == "jsonl":
        write_lines(path, [{"id": key, "useful": label} for key, label in labels.items()])
    else:
        pq.write_table(pa.table({"id": list(labels), "useful": list(labels.values())}), path)
    words = ("--labels", str(path), "--label-column", "useful", "--json")
    told = typed("sample-scores", str(tmp_path / "s.jsonl"), *words, "--output", str(tmp_path / "labelled.jsonl"))
    assert told.returncode == 0, told.stderr
    counts = orjson.loads(told.stdout)
    assert (counts["labelled"], counts["without"], counts["strange"]) == (40, len(found) - 40, 1)
    assert [row["label"] for row in lines(tmp_path / "labelled.jsonl")] == [place % 4 for place in range(40)]
    assert len(read_labelled([str(tmp_path / "labelled.jsonl")], "text", "label", "split").texts) == 40


def test_two_labels_of_one_page_words_as_labels_and_strangers_are_refused(scored: Path, tmp_path: Path) -> None:
    found = sample(scored, tmp_path / "s.jsonl")
    key = found[0]["id"]
    wrong = {
        "two labels": f"id,label\n{key},1\n{key},0\n",
        "is text": f"id,label\n{key},good\n",
        "is of a page in": "id,label\nanother,1\n",
        "no column label": f"id,mark\n{key},1\n",
    }
    for said, text in wrong.items():
        (tmp_path / "labels.csv").write_text(text)
        words = ("--labels", str(tmp_path / "labels.csv"), "--output", str(tmp_path / "out.jsonl"))
        told = typed("sample-scores", str(tmp_path / "s.jsonl"), *words)
        assert (told.returncode, said in told.stderr) == (2, True), told.stderr
        assert not (tmp_path / "out.jsonl").exists()


def test_a_missing_score_a_wrong_column_and_a_file_that_is_there_are_refused(scored: Path, tmp_path: Path) -> None:
    (tmp_path / "there.jsonl").touch()
    new = str(tmp_path / "new.jsonl")
    wrong = {
        "--score": (str(scored), "--output", new),
        "no column nothing": (str(scored), "--score", "nothing", "--output", new),
        "not a number": (str(scored), "--score", "url", "--output", new),
        "is there already": (str(scored), "--score", "edu", "--output", str(tmp_path / "there.jsonl")),
        "width or count": (str(scored), "--score", "edu", "--output", new, "--by", "mass"),
    }
    for said, words in wrong.items():
        told = typed("sample-scores", *words)
        assert (told.returncode, said in told.stderr) == (2, True), told.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["there.jsonl"]


def test_the_root_of_a_run_stands_for_its_dataset(scored: Path, tmp_path: Path) -> None:
    data = tmp_path / "root" / "dataset" / "data"
    data.mkdir(parents=True)
    pq.write_table(pq.read_table(scored), data / "train-00000-of-00001.parquet")
    (tmp_path / "root" / "steps").mkdir()
    pq.write_table(pa.table({"other": [1]}), tmp_path / "root" / "steps" / "x.parquet")
    assert sample(tmp_path / "root", tmp_path / "a.jsonl") == sample(scored, tmp_path / "b.jsonl")
