"""Lines and paragraphs that are taken out because other documents have them: where they stand, and what is left of a run."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import ClassVar

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from curated_texts import curated_texts
from hypothesis import given
from hypothesis import strategies as st

from dedup.exact import Exact
from dedup.lines import RepeatedLines
from dedup.minhash import MinHash
from dedup.removal import RemoveRepeatedLines
from dedup.scale import Scale
from jobs.looking.parts import last_steps
from jobs.recipe import Recipe
from jobs.tables import funnel_table
from pipeline.cuts import edits_of, united, without
from pipeline.errors import RecipeError
from pipeline.extraction import Trafilatura
from pipeline.funnel import funnel
from pipeline.inspection.frames import funnel_frame, records_frame
from pipeline.inspection.reading import Files
from pipeline.measures import NO_SIGNALS, Rule, Transformed, signals_of, undo
from pipeline.pages import Pages
from pipeline.report.page import report
from pipeline.runs import OpenRun
from pipeline.tables import read_table
from pipeline.why import Story, find, story

LINES = RemoveRepeatedLines()
PARAGRAPHS = RemoveRepeatedLines(lines=RepeatedLines(unit="paragraph"))

PIECE = st.sampled_from(["menu", " home ", "a story", "ä", "", "\t"])
TEXT = st.lists(PIECE, max_size=7).map("\n".join)
GONE = st.sets(st.sampled_from(["menu", "home", "ä"]))


def left(removal: RemoveRepeatedLines, text: str, gone: Sequence[str]) -> str:
    return without(text, united(removal.places(text, removal.lines.hashes(list(gone)))))


@given(TEXT, GONE)
def test_what_is_left_are_the_other_lines_as_they_were(text: str, gone: set[str]) -> None:
    others = [line for line in text.split("\n") if line.strip() not in gone]
    assert left(LINES, text, sorted(gone)) == "\n".join(others)


@pytest.mark.parametrize(
    ("text", "gone", "is_left"),
    [
        ("a\n\nb\n \nc", ["a"], "b\n \nc"),
        ("a\n\nb\n \nc", ["b"], "a\n\nc"),
        ("a\n\nb\n \nc", ["c"], "a\n\nb"),
        ("a\n\nb\n \nc", ["b", "c"], "a"),
        ("a\n\nb\n \nc", ["a", "b", "c"], ""),
        ("one\nline of it\n\n one\nline of it \n\nb", ["one\nline of it"], "b"),
        ("one\nline of it\n\nb", ["one"], "one\nline of it\n\nb"),
    ],
)
def test_a_paragraph_goes_with_the_blank_lines_after_it_and_the_last_with_those_before(
    text: str, gone: list[str], is_left: str
) -> None:
    assert left(PARAGRAPHS, text, gone) == is_left


def test_what_is_too_short_to_be_looked_at_stays() -> None:
    assert left(RemoveRepeatedLines(lines=RepeatedLines(min_chars=5)), "home\nabout", ["home", "about"]) == "home"


SPANS = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)).map(lambda ends: (min(ends), max(ends))), max_size=6)


@given(st.text(min_size=12, max_size=12), SPANS)
def test_places_of_several_are_united_and_their_edits_lead_back(text: str, spans: list[tuple[int, int]]) -> None:
    places = united(spans)
    gone = {place for start, end in spans for place in range(start, end)}
    assert without(text, places) == "".join(char for place, char in enumerate(text) if place not in gone)
    assert all(one[1] < other[0] for one, other in pairwise(places))
    edits = edits_of("cut", text, places)
    assert undo(without(text, places), edits) == text
    assert sum(len(edit.removed) for edit in edits) == len(gone)


TEXTS = [
    "home\nabout us\na long story of a page that nobody else has, told at length",
    "home\nabout us\nanother story",
    "home\n\nhome\na third story",
    "nothing that others have",
    "about us",
    "home",
]
RECIPE = Recipe(name="removing", ingest=(Trafilatura(),), rules=(), removals=(LINES,))


def curated(folder: Path, texts: Sequence[str], recipe: Recipe, files: int = 1) -> tuple[OpenRun, dict[str, str]]:
    """The run, and what the dataset has of each text that it keeps."""
    opened = curated_texts(folder, texts, recipe, files)
    return opened, dict(pl.read_parquet(folder / "root/dataset/data/*.parquet").select("id", "text").iter_rows())


def by_hand(texts: Sequence[str], least: int = 2, *, keep_first: bool = True) -> dict[str, str]:
    """The same by the words of the documentation: documents in the order of their length."""
    counts = Counter(line for text in texts for line in {*text.split("\n")} - {""})
    seen: set[str] = set()
    found: dict[str, str] = {}
    for text in sorted(texts, key=lambda text: (-len(text), text)):
        lines = text.split("\n")
        stays = [line for line in lines if counts[line] < least or (keep_first and line not in seen)]
        found[text] = "\n".join(stays)
        seen |= {*lines}
    return {text: left for text, left in found.items() if left.strip()}


@pytest.mark.parametrize("files", [1, 2])
@pytest.mark.parametrize(("least", "keep_first"), [(2, True), (3, True), (2, False)])
@pytest.mark.parametrize("cut", [False, True], ids=["whole", "cut"])
def test_what_is_left_does_not_depend_on_files_their_order_or_partitions(
    tmp_path: Path, files: int, least: int, keep_first: bool, cut: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if cut:
        monkeypatch.setattr(Scale, "units", lambda *_: (3, 2))
    removal = RemoveRepeatedLines(lines=RepeatedLines(min_documents=least), keep_first=keep_first)
    texts = TEXTS[::-1] if cut else TEXTS
    recipe = replace(RECIPE, removals=(removal,), bundle=1 + cut, shard_files=2)
    opened, data = curated(tmp_path, texts, recipe, files)
    assert data == by_hand(TEXTS, least, keep_first=keep_first)
    numbers = funnel(opened)
    assert numbers.emptied.get("only_repeats", 0) == len(TEXTS) - len(data)
    assert numbers.conservation() is None


def test_the_same_pages_in_another_cut_are_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = replace(RECIPE, removals=(LINES, PARAGRAPHS), shard_files=4)
    one, _ = curated(tmp_path / "one", TEXTS, replace(recipe, bundle=4), 4)
    monkeypatch.setattr(Scale, "units", lambda *_: (5, 2))
    other, _ = curated(tmp_path / "other", TEXTS, replace(recipe, bundle=1, removals=(PARAGRAPHS, LINES)), 4)
    digests = [[each.files["data"].sha256 for each in opened.receipts("pack").values()] for opened in (one, other)]
    assert digests[0] == digests[1]


def test_only_documents_that_stay_are_counted_and_keep_a_line(tmp_path: Path) -> None:
    """A rule drops the first; the second and third are one text; so nobody but the fourth has any line of theirs."""
    dropped = "menu\nthis page is the longest of all but it is dropped by a rule for its length"
    texts = [dropped, "menu\nhome\nwords", "menu\nhome\nwords ", "home\nwords and others"]
    rule = Rule("repeated_line_ratio", "<", 0.9, "not_boilerplate")
    opened, data = curated(
        tmp_path, texts, replace(RECIPE, rules=(rule,), repeats=(RepeatedLines(),), exact=(Exact(fold=True),))
    )
    assert opened.totals("decide")["dropped.not_boilerplate"] == 2
    assert funnel(opened).copies == {"same_text": 1}
    assert list(data.values()) == ["menu\nhome\nwords "] or list(data.values()) == ["menu\nhome\nwords"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Louder:
    """A last transform that shows which text it saw."""

    name: ClassVar[str] = "louder"
    version: ClassVar[int] = 1
    engines: ClassVar[tuple[str, ...]] = ()
    signals: ClassVar[pa.Schema] = NO_SIGNALS

    def transform(self, pages: Pages) -> Transformed:
        texts = [f"{text}!" for text in pages.texts]
        return Transformed(texts, [()] * len(texts), signals_of(NO_SIGNALS, {}, len(texts)))


def test_transforms_see_what_is_left_and_facts_of_pages_stay_whole(tmp_path: Path) -> None:
    _, data = curated(tmp_path, TEXTS, replace(RECIPE, transforms=(Louder(),)))
    assert data == {text: f"{left}!" for text, left in by_hand(TEXTS).items()}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[OpenRun, dict[str, str]]:
    recipe = replace(RECIPE, minhash=MinHash(bands=2, rows=2, ngram=5), exact=(Exact(by="text"),))
    return curated(tmp_path_factory.mktemp("removed"), TEXTS, recipe, 2)


def story_of(opened: OpenRun, text: str) -> Story:
    (place,) = find(opened, f"http://a.org/{TEXTS.index(text)}")
    return story(opened, *place)


def test_why_shows_what_was_taken_out_and_why_a_page_went(told: tuple[OpenRun, dict[str, str]]) -> None:
    opened, data = told
    for text in TEXTS:
        page = story_of(opened, text)
        assert page.text == text
        assert (page.verdict, page.reason) == (("keep", None) if text in data else ("drop", "only_repeats"))
        assert sum(map(len, page.removed)) == len(text) - len(data.get(text, ""))
        assert bool(page.shard) == (text in data)
    assert story_of(opened, TEXTS[2]).removed == ["home\n", "home\n"]


def test_what_is_recorded_beside_the_documents_gives_the_dataset_and_its_original(
    told: tuple[OpenRun, dict[str, str]],
) -> None:
    opened, data = told
    rows = [
        row
        for receipt in opened.receipts("remove-repeats").values()
        for row in read_table(opened.storage, receipt, "removed").to_pylist()
    ]
    assert sum(row["keep"] for row in rows) == len(data)
    counts = opened.totals("remove-repeats")
    assert counts["changed"] == sum(text != left for text, left in data.items())
    assert counts["removed_chars"] == sum(span["chars"] for row in rows for span in row["spans"] or ())
    assert counts["removed_chars"] == sum(len(text) - len(data.get(text, "")) for text in TEXTS)


def test_frames_tables_card_and_report_tell_of_pages_of_which_nothing_is_left(
    told: tuple[OpenRun, dict[str, str]],
) -> None:
    opened, data = told
    emptied = len(TEXTS) - len(data)
    assert emptied == 2
    ways = funnel_frame(opened).filter(pl.col("fate") == "emptied")
    assert ways.select("reason", "records").rows() == [("only_repeats", emptied)]
    reasons = records_frame(Files(opened, 10), ["reason", "verdict"]).filter(pl.col("verdict") == "drop")["reason"]
    assert reasons.to_list() == ["only_repeats"] * emptied
    card = opened.storage.get("dataset/README.md").decode()
    assert "### Repeated lines" in card
    assert "emptied: `only_repeats`" in card
    assert "remove_repeated_lines" in card
    page = str(report(opened))
    assert "only_repeats" in page
    assert "nothing is left of it" in page
    assert any("only_repeats" in str(cell) for cell in funnel_table(funnel(opened)).columns[0].cells)


def test_what_other_bounds_would_keep_is_refused_with_the_reason(tmp_path: Path) -> None:
    opened, _ = curated(tmp_path, TEXTS, RECIPE)
    with pytest.raises(RecipeError, match="take repeated lines out"):
        last_steps(opened)


def test_lines_and_paragraphs_can_both_go_and_one_kind_twice_cannot(tmp_path: Path) -> None:
    texts = ["one\ntwo\n\nalone here\nfar from all", "one\ntwo\n\nfour", "two\n\nother things"]
    _, data = curated(tmp_path, texts, replace(RECIPE, removals=(PARAGRAPHS, LINES)))
    assert data == {texts[0]: texts[0], texts[1]: "four", texts[2]: "\nother things"}
    with pytest.raises(RecipeError, match="name each once"):
        replace(RECIPE, removals=(LINES, RemoveRepeatedLines(keep_first=False)))


def test_a_recipe_that_takes_nothing_out_has_the_steps_that_it_had() -> None:
    names = [step.name for step in replace(RECIPE, removals=()).steps()]
    assert not [name for name in names if "kept" in name or "remove" in name]


@given(TEXT, GONE)
def test_what_goes_is_what_the_signal_calls_copied(text: str, gone: set[str]) -> None:
    hashes = np.sort(LINES.lines.hashes(sorted(gone)))
    units = LINES.lines.units(text)
    copied = LINES.lines.measure(text, hashes, np.zeros(hashes.size, np.bool_))[2]
    lost = sum(map(len, units)) - sum(map(len, LINES.lines.units(left(LINES, text, sorted(gone)))))
    assert copied == (lost / sum(map(len, units)) if units else None)
