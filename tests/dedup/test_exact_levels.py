"""Levels of merging between the steps of exact copies: with them any part opens few others, and answers the same."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from graph import answers, deduplicated, tables
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_exact import MINHASH, TEXT, URL, corpus

from dedup import runs, scale
from dedup.exact import Exact
from dedup.minhash import MinHash
from dedup.scale import MOST_READS, Extent, Scale, Shape
from dedup.stages import found
from dedup.stages.found import Found
from dedup.survival import Components, Star, Survival
from pipeline.errors import PartsFailed
from pipeline.execution import Execution
from pipeline.steps import PartRun
from pipeline.storage import LocalStorage
from pipeline.tables import TableWriter

FLAT = Shape(copies=7, most_copies=4)
LEVELS = replace(FLAT, dealt=3, found=3, most_answers=5)
BOTH = (URL, TEXT)
STEPS = {f"{name}-{kind}" for name in ("dealt", "found", "answers") for kind in ("url", "text")}
FILES, URLS = corpus(5, files=6, rows=9)


@pytest.fixture(scope="module", autouse=True)
def slices() -> Iterator[None]:
    """Each partition of a level opens two parts at most, and keys are written in small row groups."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scale, "MOST_OPENED", 2)
        patch.setattr(runs, "ROW_GROUP", 3)
        yield


def written(execution: Execution, root: Path, step: str, table: str) -> list[dict[str, object]]:
    state = execution.states[step]
    receipts = [state.receipts[part.key] for part in state.planned.parts]
    return tables(LocalStorage(root), receipts, table).to_pylist()


WORDS = st.lists(st.sampled_from("abcdef"), max_size=3).map(" ".join)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    files=st.lists(st.lists(WORDS, max_size=6), min_size=2, max_size=5),
    exact=st.sampled_from([(TEXT,), BOTH]),
    partitions=st.integers(1, 6),
    groups=st.integers(2, 4),
    ranges=st.integers(2, 4),
    most=st.integers(1, 8),
    span=st.integers(1, 2),
)
def test_any_copies_are_answered_alike_with_levels_and_without(
    files: list[list[str]],
    exact: tuple[Exact, ...],
    partitions: int,
    groups: int,
    ranges: int,
    most: int,
    span: int,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    given_ = tuple(map(tuple, files))
    urls = tuple(tuple(f"https://a.org/{len(text)}" for text in texts) for texts in files)
    flat = Shape(copies=partitions, most_copies=most)
    told = []
    for shape in (flat, replace(flat, dealt=groups, found=ranges, most_answers=most)):
        root = tmp_path_factory.mktemp("cut")
        ran = deduplicated(root, given_, None, shape=shape, exact=exact, urls=urls, span=span)
        copies = [written(ran, root, f"copies-{each.by}", "copies") for each in exact]
        told.append((answers(ran, root), copies))
    assert told[0] == told[1]


@pytest.mark.parametrize("sliced", [True, False], ids=["slices", "sets"])
@pytest.mark.parametrize(
    ("minhash", "rule"),
    [(None, Components()), (MINHASH, Components()), (MINHASH, Star(similarity=0.2))],
    ids=["copies alone", "components", "star"],
)
def test_with_levels_the_same_originals_are_elected_in_the_same_order(
    tmp_path: Path, minhash: MinHash | None, rule: Survival, sliced: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In slices of two parts, a part of each file; or all of a group in one partition, in sets, a part of two files."""
    if not sliced:
        monkeypatch.setattr(scale, "MOST_OPENED", 1_000)
    flat, levels = (
        deduplicated(
            tmp_path / name,
            FILES,
            minhash,
            survival=rule,
            shape=shape,
            exact=BOTH,
            urls=URLS,
            span=1 if sliced else 2,
        )
        for name, shape in (("flat", FLAT), ("levels", LEVELS))
    )
    assert set(levels.states) >= STEPS
    assert not set(flat.states) & STEPS
    for kind in ("url", "text"):
        for table in ("copies", "pairs", "originals"):
            one, other = (
                written(ran, tmp_path / name, f"copies-{kind}", table)
                for name, ran in (("flat", flat), ("levels", levels))
            )
            assert one == other
            assert one
    told = answers(levels, tmp_path / "levels")
    assert told == answers(flat, tmp_path / "flat")
    assert {None, "same_url", "same_text"} <= {row[-1] for row in told}
    for step in STEPS:
        stage, receipts = levels.states[step].planned.step.stage, levels.states[step].receipts.values()
        assert (getattr(stage, "slices") > 1) == sliced, step  # noqa: B009
        tables_of = 3 if step.startswith("found") else 1
        assert sliced or max(receipt.counts["sets"] for receipt in receipts) > tables_of, step


def test_scores_come_through_levels(tmp_path: Path) -> None:
    rule = Components(order=("score", "record_id"), score="q")
    scores = tuple(tuple(float((7 * row + file) % 5) for row in range(len(texts))) for file, texts in enumerate(FILES))
    flat, levels = (
        answers(
            deduplicated(
                tmp_path / name, FILES, None, survival=rule, shape=shape, exact=BOTH, urls=URLS, scores=scores
            ),
            tmp_path / name,
        )
        for name, shape in (("flat", FLAT), ("levels", LEVELS))
    )
    assert levels == flat
    plain = answers(deduplicated(tmp_path / "plain", FILES, None, exact=BOTH, urls=URLS), tmp_path / "plain")
    assert flat != plain


def test_a_part_opens_what_may_know_of_its_documents(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    reads = LocalStorage.open
    monkeypatch.setattr(LocalStorage, "open", lambda storage, path: opened.append(path) or reads(storage, path))
    shape = replace(LEVELS, dealt=2, found=3)
    deduplicated(tmp_path, FILES, None, exact=(TEXT,), shape=shape, span=2)

    def times(step: str, table: str) -> int:
        return sum(path.split("/")[1] == step and path.endswith(f".{table}.parquet") for path in opened)

    assert times("exact-text", "same") == 2 * 3, "each of two groups of partitions opens each of three parts"
    assert times("copies-text", "copies") == 3 * 7, "for each range of documents all partitions are opened once"
    assert times("found-text", "originals") == (6 + 3) * 4, (
        "by each of six partitions of `settled` and three parts, in slices"
    )
    assert times("answers-text", "settled") == 3 * 3, "each part that of its files, of each of three slices"


def shape_of(extent: Extent, minhash: MinHash | None = None) -> Shape:
    return Scale().shape(minhash, Components(), extent, span=16)


@pytest.mark.parametrize("minhash", [None, MinHash(family="fast")], ids=["copies alone", "near-duplicates too"])
def test_where_there_are_few_parts_there_are_no_levels_and_a_hundred_dumps_have_them(minhash: MinHash | None) -> None:
    few, one, many = (
        shape_of(Extent(documents=documents, files=files), minhash)
        for documents, files in ((20_000_000, 9_000), (200_000_000, 90_000), (20_000_000_000, 9_000_000))
    )
    assert (few.dealt, few.found) == (1, 1)
    for shape, parts in ((one, 5_625), (many, 562_500)):
        assert shape.copies * parts > MOST_READS
        assert 1 < shape.dealt <= shape.copies / 20
        assert 1 < shape.found < 600


@pytest.mark.parametrize(
    ("step", "table", "reader"),
    [
        ("exact-text", "same", "dealt-text"),
        ("dealt-text", "dealt", "copies-text"),
        ("copies-text", "copies", "found-text"),
        ("copies-text", "originals", "found-text"),
        ("found-text", "pairs", "settled-text"),
        ("found-text", "originals", "settled-text"),
        ("settled-text", "settled", "answers-text"),
        ("answers-text", "settled", "survivors"),
    ],
)
def test_an_emptied_file_of_a_level_is_an_error_and_never_nothing_is_the_same(
    tmp_path: Path, step: str, table: str, reader: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = (("a b", "a b", "c"), ("c", "a b"))
    shape = Shape(copies=2, dealt=2, found=2)
    with monkeypatch.context() as patch:
        patch.setattr(f"dedup.stages.{READERS[reader.split('-', maxsplit=1)[0]]}.run", _stop_at(reader))
        with pytest.raises(PartsFailed, match="stopped here"):
            deduplicated(tmp_path, files, None, exact=(TEXT,), shape=shape)
    emptied = 0
    for path in tmp_path.glob(f"steps/{step}/*/*/*.{table}.parquet"):
        emptied += pq.read_metadata(path).num_rows > 0
        pq.write_table(pq.read_schema(path).empty_table(), path)
    assert emptied
    with pytest.raises(PartsFailed, match=rf"step {reader} failed: .*{table}\.parquet"):
        deduplicated(tmp_path, files, None, exact=(TEXT,), shape=shape)


READERS = {
    "dealt": "dealt.Dealt",
    "copies": "copies.Copies",
    "found": "found.Found",
    "settled": "settled.Settled",
    "answers": "found.Found",
    "survivors": "survivors.Survivors",
}


def _stop_at(step: str) -> Callable[[Any, PartRun], dict[str, int]]:
    run = Found.run

    def stopped(stage: Found, part: PartRun) -> dict[str, int]:
        if part.task.step == step:
            raise ValueError("stopped here")
        return run(stage, part)

    return stopped


def test_copies_that_a_level_loses_are_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As if a partition of `answers-text` had passed on half of what it read."""

    def halved(writer: TableWriter, table: pa.Table, span: int, column: str) -> None:
        write(writer, table.slice(table.num_rows // 2 if "survivor" in table.column_names else 0), span, column)

    write = found.write_bundles
    monkeypatch.setattr(found, "write_bundles", halved)
    with pytest.raises(PartsFailed, match=r"step answers-text: \d+ of \d+ copies"):
        deduplicated(tmp_path, FILES, None, exact=(TEXT,), shape=LEVELS)
