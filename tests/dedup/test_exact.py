"""Exact copies: keys, groups in bounded memory, and the whole graph."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from graph import Texts, answers, deduplicated
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dedup import groups, runs, survivors
from dedup.addresses import canonical_url
from dedup.exact import Exact, in_order
from dedup.groups import grouped, repeated
from dedup.minhash import MinHash
from dedup.scale import Shape
from dedup.survival import Components, Star, Survival
from dedup.survivors import elected
from pipeline.errors import PartsFailed, RecipeError

TEXT, URL, FOLDED = Exact(by="text"), Exact(by="url"), Exact(by="text", fold=True)
MINHASH = MinHash(bands=4, rows=2, ngram=1)
MANY = Shape(ranges=3, rows=4, merged=2, joins=3, elections=4, copies=3, most_copies=4)


@given(st.lists(st.text(max_size=3), max_size=20), st.sampled_from([TEXT, FOLDED, URL]))
def test_equal_values_have_equal_keys_and_different_ones_different_keys(values: list[str], exact: Exact) -> None:
    keys, known = exact.keys(values)
    assert keys.shape == (len(values), 2)
    for one, other in product(range(len(values)), repeat=2):
        if exact is TEXT:
            assert (keys[one] == keys[other]).all() == (values[one] == values[other])
    for value, has_key in zip(values, known.tolist(), strict=True):
        assert has_key == (bool(value) if exact is TEXT else bool(value.split()) if exact is FOLDED else has_key)
        assert has_key or not value.strip("\t\n\r") or exact is FOLDED or not canonical_url(value)
    column = pa.array(values, pa.large_string())
    for some in (column, column[1:], column[:0]):
        assert [each.tolist() for each in exact.keys_of(some)] == [
            each.tolist() for each in exact.keys(some.to_pylist())
        ]


def test_folded_texts_are_the_same_whatever_their_case_and_white_space() -> None:
    texts = ["Straße  im\nWald ", "STRASSE im Wald", "strasse imwald"]
    keys, _ = FOLDED.keys(texts)
    assert (keys[0] == keys[1]).all()
    assert (keys[1] != keys[2]).any()
    plain, _ = TEXT.keys(texts)
    assert len(np.unique(plain, axis=0)) == 3


def test_keys_are_the_same_on_every_machine() -> None:
    keys, _ = TEXT.keys([""])
    assert [f"{word:016x}" for word in keys[0].tolist()] == ["cae66941d9efbd40", "4e4d88758ea67670"]


@pytest.mark.parametrize("given_", [{"by": "date"}, {"by": "url", "fold": True}])
def test_what_cannot_be_compared_is_refused(given_: dict[str, object]) -> None:
    with pytest.raises(RecipeError, match="exact"):
        Exact(**given_)  # type: ignore[arg-type]


def test_addresses_are_first_and_each_kind_is_named_once() -> None:
    assert in_order((TEXT, URL)) == (URL, TEXT)
    with pytest.raises(RecipeError, match="name each kind once"):
        in_order((TEXT, FOLDED))


@given(st.lists(st.integers(0, 5), max_size=40), st.integers(1, 4), st.integers(1, 7))
def test_repeated_keys_are_counted_in_any_pieces(values: list[int], least: int, size: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(groups, "_BATCH", 3)
        known = repeated(pieces(values, size), ["key"], least)
    wanted = sorted({value for value in values if values.count(value) >= least})
    assert known["key"].to_list() == wanted
    assert known["cluster"].to_list() == list(range(len(wanted)))


def pieces(values: list[int], size: int) -> Iterator[pl.DataFrame]:
    for start in range(0, len(values), size):
        yield pl.DataFrame({"key": values[start : start + size]}, schema={"key": pl.UInt64})


def test_of_a_page_copied_a_million_times_one_piece_is_held_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    held: list[int] = []

    def rows() -> Iterator[pl.DataFrame]:
        for start in range(0, 1_000_000, 50_000):
            number = np.arange(start, start + 50_000, dtype=np.uint64)
            columns = {"key": np.zeros(50_000, np.uint64), "document": number, "copies": np.ones(50_000, np.int32)}
            yield pl.DataFrame(columns | {"text_chars": np.full(50_000, 7, np.int32)})

    def counted(frames: list[pl.DataFrame], by: Sequence[str]) -> pl.DataFrame:
        held.append(sum(frame.height for frame in frames))
        return count(frames, by)

    def folded(best: pl.DataFrame | None, waiting: list[pl.DataFrame], by: Sequence[str]) -> pl.DataFrame:
        held.append((0 if best is None else best.height) + sum(frame.height for frame in waiting))
        return fold(best, waiting, by)

    count, fold = groups._counted, survivors._folded
    monkeypatch.setattr(groups, "_BATCH", 50_000)
    monkeypatch.setattr(groups, "_JOINED", 50_000)
    monkeypatch.setattr(survivors, "_BATCH", 50_000)
    monkeypatch.setattr(groups, "_counted", counted)
    monkeypatch.setattr(survivors, "_folded", folded)
    known = repeated(rows(), ["key"])
    chosen = elected(grouped(rows(), known, ["key"]), ("text_chars",))
    assert chosen.rows() == [(0, 1_000_000, 0)]
    assert len(held) > 40
    assert max(held) <= 50_001


def corpus(seed: int, *, files: int = 4, rows: int = 8) -> tuple[Texts, Texts]:
    """Few texts and few addresses, so that all kinds of copies meet."""
    draw = random.Random(seed)
    words = "abcdefghijklmnop"
    texts = [" ".join(draw.sample(words, 6)) for _ in range(8)] + ["", "a"]
    made = tuple(tuple(draw.choice(texts) for _ in range(rows)) for _ in range(files))
    urls = tuple(
        tuple(f"http://A.org:80/{draw.randrange(20)}?utm_x={row}" for row in range(rows)) for _ in range(files)
    )
    return made, urls


def by_hand(files: Texts, urls: Texts, exact: tuple[Exact, ...]) -> dict[int, tuple[int, str]]:
    """Of each copy its original and the reason, one pass after the other, by the words of the documentation."""
    left = [(file, row) for file, some in enumerate(files) for row, text in enumerate(some) if text]
    found: dict[int, tuple[int, str]] = {}
    for each in in_order(exact):
        firsts: dict[str, tuple[int, int]] = {}
        first_of_all = sorted(left, key=lambda at: (-len(files[at[0]][at[1]]), f"{at[0]}-{at[1]}"))
        for file, row in first_of_all:
            key = urls[file][row].split("?")[0] if each.by == "url" else files[file][row]
            original = firsts.setdefault(key, (file, row))
            if original != (file, row):
                found[file << 24 | row] = original[0] << 24 | original[1], each.reason
        left = [at for at in left if at[0] << 24 | at[1] not in found]
    return found


@pytest.mark.parametrize("exact", [(TEXT,), (URL,), (TEXT, URL)], ids=["text", "url", "both"])
@pytest.mark.parametrize("shape", [Shape(), MANY], ids=["one", "many"])
@pytest.mark.parametrize("seed", [1, 2])
def test_copies_go_and_are_answered_by_their_originals_survivor(
    tmp_path: Path, exact: tuple[Exact, ...], shape: Shape, seed: int
) -> None:
    files, urls = corpus(seed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runs, "ROW_GROUP", 3)
        found = deduplicated(tmp_path, files, None, exact=exact, urls=urls, shape=shape, span=2)
    copies = by_hand(files, urls, exact)
    assert len(copies) > 5
    told = iter(answers(found, tmp_path))
    numbers = [file << 24 | row for file, some in enumerate(files) for row in range(len(some))]
    root = {number: number for number in numbers}
    for number in numbers:
        while root[number] in copies:
            root[number] = copies[root[number]][0]
    size = {number: sum(root[other] == root[number] for other in numbers) for number in numbers}
    for number, text in zip(numbers, [text for some in files for text in some], strict=True):
        cluster, cluster_size, survivor, keep, reason = next(told)
        assert keep == (bool(text) and number not in copies)
        assert reason == copies.get(number, (0, None))[1]
        assert cluster_size == size[number]
        assert cluster == survivor == (root[number] if size[number] > 1 else None)
    dropped = [receipt.counts for receipt in found.states["survivors"].receipts.values()]
    for each in exact:
        counted = sum(counts[f"dropped.{each.reason}"] for counts in dropped)
        assert counted == sum(reason == each.reason for _, reason in copies.values())


WORDS = st.lists(st.sampled_from("abcdefghij"), max_size=4).map(" ".join)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(files=st.lists(st.lists(WORDS, max_size=6), min_size=1, max_size=3), many=st.booleans())
def test_components_have_the_same_survivors_and_sizes_whether_copies_were_collapsed_before_or_not(
    files: list[list[str]], many: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    given_ = tuple(map(tuple, files))
    roots = tmp_path_factory.mktemp("plain"), tmp_path_factory.mktemp("collapsed")
    plain = answers(deduplicated(roots[0], given_, MINHASH), roots[0])
    shape = MANY if many else Shape()
    collapsed = answers(deduplicated(roots[1], given_, MINHASH, exact=(TEXT,), shape=shape), roots[1])
    assert [row[1:4] for row in collapsed] == [row[1:4] for row in plain]


@pytest.mark.parametrize("rule", [Components(), Star(similarity=0.2)], ids=["components", "star"])
def test_neither_the_cut_nor_the_bundles_decide_what_stays(tmp_path: Path, rule: Survival) -> None:
    files, urls = corpus(3, files=3)
    told: list[list[tuple[object, ...]]] = []
    for number, (shape, span) in enumerate([(Shape(), 1), (MANY, 2), (replace(MANY, copies=7), 3)]):
        root = tmp_path / str(number)
        told.append(
            answers(
                deduplicated(root, files, MINHASH, survival=rule, exact=(URL, TEXT), urls=urls, shape=shape, span=span),
                root,
            )
        )
    assert told[0] == told[1] == told[2]
    reasons = {row[-1] for row in told[0]}
    assert reasons == {None, "same_url", "same_text", "near_duplicate"}


@pytest.mark.parametrize("rule", [Components(), Star(similarity=0.4)], ids=["components", "star"])
def test_the_order_of_the_files_decides_nothing_but_numbers(tmp_path: Path, rule: Survival) -> None:
    """Documents without a date and of the same length go by their record id; here that moves with the file."""
    rule = replace(rule, order=("text_chars",))
    one = (("a b c d", "a b c d", "e f g"), ("a b c d", "h i"), ("e f g",))
    kept = []
    for number, files in enumerate((one, one[::-1])):
        root = tmp_path / str(number)
        found = answers(deduplicated(root, files, MINHASH, survival=rule, exact=(TEXT,)), root)
        texts = [text for some in files for text in some]
        kept.append(sorted((text, row[1]) for text, row in zip(texts, found, strict=True) if row[3]))
    assert kept[0] == kept[1] == [("a b c d", 3), ("e f g", 2), ("h i", 1)]


@pytest.mark.parametrize(
    ("step", "table", "reader"),
    [
        ("exact-text", "same", "copies-text"),
        ("copies-text", "copies", "minhash"),
        ("copies-text", "originals", "minhash"),
        ("copies-text", "pairs", "settled-text"),
        ("settled-text", "settled", "survivors"),
    ],
)
def test_a_missing_file_is_an_error_and_never_nothing_is_the_same(
    tmp_path: Path, step: str, table: str, reader: str
) -> None:
    files = corpus(1)[0]
    stages = {"copies-text": "copies.Copies", "minhash": "signatures.Signatures", "settled-text": "settled.Settled"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(f"dedup.stages.{stages.get(reader, 'survivors.Survivors')}.run", _stop)
        with pytest.raises(PartsFailed, match="stopped here"):
            deduplicated(tmp_path, files, MINHASH, exact=(TEXT,))
    next(iter(tmp_path.glob(f"steps/{step}/*/*/*.{table}.parquet"))).unlink()
    with pytest.raises(PartsFailed, match=rf"step {reader} failed: .*{table}\.parquet"):
        deduplicated(tmp_path, files, MINHASH, exact=(TEXT,))


def _stop(*_: object) -> dict[str, int]:
    raise ValueError("stopped here")
