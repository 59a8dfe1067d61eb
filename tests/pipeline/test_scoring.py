"""Scores stand beside documents, are taken of what is worth it, and say when they are none."""

import random
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import polars as pl
import pytest
from handmade import CRAWL, Page, crawl_of, crawl_steps
from tiny import execute

from pipeline.ahead import ahead
from pipeline.decide import Decide
from pipeline.errors import PartsFailed, RecipeError
from pipeline.measures import Rule
from pipeline.pack import Pack
from pipeline.quality import Ensemble, Quality, Scored
from pipeline.quality_steps import quality_steps, score_step
from pipeline.scoring import Scoring
from pipeline.steps import Step
from pipeline.storage import LocalStorage
from pipeline.tables import read_table


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """The share of some letters in a text: a model as small as one can be, that keeps every promise of one."""

    name: ClassVar[str] = "share"
    version: ClassVar[int] = 1
    engines: ClassVar[tuple[str, ...]] = ()

    letters: str = "aeiou"
    column: str = "vowel_score"
    resolution: int = 1000
    broken: str = ""  # texts with it have a score that is no number
    seen: list[str] = field(default_factory=list, metadata={"identity": False}, compare=False)

    device: ClassVar[str] = "cpu"

    def check(self) -> None:
        """Nothing to check."""

    def load(self) -> "Share":
        return self

    def prepare(self, texts: Sequence[str]) -> list[str]:
        self.seen.append(threading.current_thread().name)
        return list(texts)

    def score(self, prepared: list[str]) -> Scored:
        assert all(text.strip() for text in prepared)
        return Scored(np.array([self.of(text) for text in prepared]), tokens=sum(map(len, prepared)))

    def of(self, text: str) -> float:
        if self.broken and self.broken in text:
            return float("inf")
        return sum(text.count(letter) for letter in self.letters) / len(text)


def signals(root: Path, state: Any, table: str = "signals") -> pl.DataFrame:
    receipts = [state.receipts[part.key] for part in state.planned.parts]
    return pl.concat([pl.from_arrow(read_table(LocalStorage(root), each, table)) for each in receipts])


def documents(pages: Mapping[str, Sequence[Page]]) -> list[Page]:
    return [page for of in pages.values() for page in of if page.gate is None]


def test_a_score_stands_beside_each_document_and_is_rounded_to_its_step(tmp_path: Path) -> None:
    ingest = crawl_steps(CRAWL)[0]
    state = execute(tmp_path, crawl_of(CRAWL), ingest, score_step(Share(), ingest)).states["score-vowel_score"]
    expected = [round(Share().of(page.text) * 1000) / 1000 for page in documents(CRAWL)]
    assert signals(tmp_path, state)["vowel_score"].to_list() == expected
    facts = next(iter(state.receipts.values())).facts
    assert facts["device"] == "cpu"
    assert facts["tokens"] > 0
    assert facts["busy_seconds"] >= 0


def test_a_text_without_a_word_has_no_score(tmp_path: Path) -> None:
    pages = {"a": (Page(url="a/1", text="\n \t"), Page(url="a/2", text="aa b")), "b": (Page(url="b/1", text=" "),)}
    ingest = crawl_steps(pages)[0]
    state = execute(tmp_path, crawl_of(pages), ingest, score_step(Share(), ingest)).states["score-vowel_score"]
    assert signals(tmp_path, state)["vowel_score"].to_list() == [None, 0.5, None]
    assert sum(receipt.counts["scored"] for receipt in state.receipts.values()) == 1


def test_texts_are_prepared_by_another_thread_than_the_one_that_scores(tmp_path: Path) -> None:
    model, ingest = Share(), crawl_steps(CRAWL)[0]
    execute(tmp_path, crawl_of(CRAWL), ingest, score_step(model, ingest))
    assert model.seen
    assert threading.main_thread().name not in model.seen


def test_a_score_that_is_no_number_fails_the_part_and_names_the_page(tmp_path: Path) -> None:
    ingest = crawl_steps(CRAWL)[0]
    with pytest.raises(PartsFailed, match=r"1 pages have a score that is no number: <urn:test:https://b.test/2>"):
        execute(tmp_path, crawl_of(CRAWL), ingest, score_step(Share(broken="exceeding"), ingest))


def test_windows_do_not_show_in_the_scores(tmp_path: Path) -> None:
    pages = {"a": tuple(Page(url=f"a/{n}", text=f"{'a' * (n % 7)}{'b' * (n % 5)}c") for n in range(50))}
    ingest = crawl_steps(pages)[0]
    found = []
    for window in (1, 7, 2000):
        step = Step(name="score-vowel_score", stage=Scoring(model=Share(), window=window), inputs=(ingest,))
        state = execute(tmp_path / str(window), crawl_of(pages), ingest, step).states["score-vowel_score"]
        found.append(signals(tmp_path / str(window), state)["vowel_score"].to_list())
    assert found[0] == found[1] == found[2]


def late_steps(pages: Mapping[str, Sequence[Page]], quality: Quality, bundle: int = 2) -> tuple[Step, ...]:
    ingest, decide, survivors, *_ = crawl_steps(pages, bundle=bundle, shard=bundle)
    made = quality_steps(quality, ingest, survivors, None, bundle)
    assert made.last is not None
    pack = Step(
        name="pack",
        stage=Pack(survivors=made.last.name, scores=made.told),
        inputs=(ingest, made.last, *made.beside),
        span=bundle,
    )
    return (ingest, decide, survivors, *made.steps, pack)


@pytest.mark.parametrize("bundle", [1, 2, 4])
def test_behind_deduplication_only_what_survived_is_scored_and_judged(tmp_path: Path, bundle: int) -> None:
    quality = Quality(models=(Share(),), rules=(Rule("vowel_score", "<", 0.3, "few_vowels"),), after="deduplication")
    states = execute(tmp_path, crawl_of(CRAWL), *late_steps(CRAWL, quality, bundle)).states
    scores = signals(tmp_path, states["late-score-vowel_score"])["vowel_score"].to_list()
    left = signals(tmp_path, states["survivors"], "survivors")["keep"].to_list()
    assert [score is not None for score in scores] == left
    assert not all(left)
    assert any(left)
    chosen = signals(tmp_path, states["choose"], "survivors")
    assert chosen["keep"].to_list() == [score is not None and score >= 0.3 for score in scores]
    outscored = [score is not None and score < 0.3 for score in scores]
    assert chosen["reason"].to_list() == ["few_vowels" if out else None for out in outscored]
    assert sum(r.counts["dropped.few_vowels"] for r in states["choose"].receipts.values()) == sum(outscored) > 0
    packed = signals(tmp_path, states["pack"], "data")
    assert packed["vowel_score"].to_list() == [score for score in scores if score is not None and score >= 0.3]


def many(seed: int, files: int) -> dict[str, tuple[Page, ...]]:
    """The same 300 pages of few distinct scores, in some number of files."""
    chance = random.Random(seed)
    pages = [
        Page(url=f"p/{n}", text="a" * chance.randrange(5) + "b" * chance.randrange(1, 4), words=chance.randrange(50))
        for n in range(300)
    ]
    size = -(-len(pages) // files)
    return {f"{n:03}": tuple(pages[n * size : (n + 1) * size]) for n in range(files)}


def shares_of(root: Path, pages: Mapping[str, Sequence[Page]], ensemble: Ensemble, bundle: int = 1) -> pl.DataFrame:
    ingest = crawl_steps(pages)[0]
    quality = Quality(models=(Share(), Share(letters="b", column="b_score")), ensemble=ensemble)
    made = quality_steps(quality, ingest, None, None, bundle)
    states = execute(root, crawl_of(pages), ingest, *made.steps).states
    return signals(root, states["percentiles"])


def oracle(scores: list[float], weights: list[int]) -> list[float]:
    total = sum(weights)
    return [sum(w for s, w in zip(scores, weights, strict=True) if s < mine) / total for mine in scores]


@pytest.mark.parametrize("weight", [None, "words_count"])
def test_percentiles_are_the_share_of_weight_that_scores_lower(tmp_path: Path, weight: str | None) -> None:
    pages = many(1, 7)
    found = shares_of(tmp_path, pages, Ensemble(buckets=10, weight=weight))
    flat = documents(pages)
    weights = [page.words or 0 if weight else 1 for page in flat]
    for letters, column in (("aeiou", "vowel_score"), ("b", "b_score")):
        scores = [round(Share(letters=letters).of(page.text) * 1000) / 1000 for page in flat]
        assert found[f"{column}_percentile"].to_list() == pytest.approx(oracle(scores, weights), abs=1e-12)
    both = zip(found["vowel_score_percentile"], found["b_score_percentile"], strict=True)
    assert found["quality_bucket"].to_list() == [min(9, int(max(pair) * 10 + 1e-9)) for pair in both]
    assert set(found["quality_bucket"].to_list()) <= set(range(10))


def test_percentiles_do_not_depend_on_how_documents_lie_in_files(tmp_path: Path) -> None:
    found = [
        shares_of(tmp_path / f"{files}-{bundle}", many(2, files), Ensemble(weight="words_count"), bundle)
        for files, bundle in ((1, 1), (5, 1), (30, 4), (30, 8))
    ]
    assert all(found[0].equals(each) for each in found[1:])


def test_where_all_text_weighs_nothing_nothing_is_below_anything(tmp_path: Path) -> None:
    pages = {"a": tuple(Page(url=f"a/{n}", text="ab" * (n + 1) + "c", words=0) for n in range(3))}
    found = shares_of(tmp_path, pages, Ensemble(weight="words_count"))
    assert found["vowel_score_percentile"].to_list() == [0.0] * 3


def test_a_percentile_can_be_judged_like_any_signal(tmp_path: Path) -> None:
    pages = many(3, 6)
    ingest = crawl_steps(pages)[0]
    quality = Quality(models=(Share(),), ensemble=Ensemble())
    made = quality_steps(quality, ingest, None, None, 2)
    names = tuple(step.name for step in made.beside)
    rule = Rule("vowel_score_percentile", "<", 0.9, "not_top_tenth")
    decide = Step(name="decide", stage=Decide(rules=(rule,), measures=names), inputs=(ingest, *made.beside), span=2)
    states = execute(tmp_path, crawl_of(pages), ingest, *made.steps, decide).states
    verdicts = signals(tmp_path, states["decide"], "verdicts")["verdict"].to_list()
    scores = [Share().of(page.text) for page in documents(pages)]
    kept = sum(verdict == "keep" for verdict in verdicts)
    assert 0 < kept <= len(scores) / 10
    assert min(s for s, v in zip(scores, verdicts, strict=True) if v == "keep") > max(
        s for s, v in zip(scores, verdicts, strict=True) if v == "drop"
    )


def test_rules_that_no_model_can_answer_are_refused_before_anything_runs() -> None:
    with pytest.raises(RecipeError, match="rule few names the signal other_score, which no model writes"):
        Quality(models=(Share(),), rules=(Rule("other_score", "<", 1, "few"),), after="deduplication")
    with pytest.raises(RecipeError, match="models need a column each"):
        Quality(models=(Share(), Share()))
    with pytest.raises(RecipeError, match="0 of a GPU"):
        Quality(models=(Share(),), gpus=0)
    with pytest.raises(RecipeError, match="vowel_score has a resolution of 0"):
        Quality(models=(Share(resolution=0),))


@pytest.mark.parametrize("column", ["a/b", "../x", "", ".", "two words", "a\nb", "x" * 101, "vocale_è"])
def test_a_score_has_a_name_that_a_folder_may_have(column: str) -> None:
    with pytest.raises(RecipeError, match="becomes a folder's name"):
        Quality(models=(Share(column=column),))
    with pytest.raises(RecipeError, match="becomes a folder's name"):
        Quality(models=(Share(),), ensemble=Ensemble(name=f"{column}/"))


@pytest.mark.parametrize(
    "column", ["text", "id", "Language", "language_score", "token_count", "rehydrate_weight", "title", "verdict"]
)
def test_a_score_is_not_called_as_another_column_is(column: str) -> None:
    with pytest.raises(RecipeError, match=f"{column} is another column already"):
        Quality(models=(Share(column=column),))


def test_scores_whose_names_differ_in_case_alone_are_refused() -> None:
    with pytest.raises(RecipeError, match="a column each, and these have good, Good"):
        Quality(models=(Share(column="good"), Share(column="Good")))


@pytest.mark.parametrize("by_language", [False, True])
@pytest.mark.parametrize("bundle", [1, 2])
def test_percentiles_of_no_score_and_of_one(tmp_path: Path, bundle: int, by_language: bool) -> None:
    ensemble = Ensemble(weight="words_count", by_language=by_language)
    blank = {"a": (Page(url="a/1", text=" "),), "b": (Page(url="b/1", text="\n"),), "c": (Page(url="c/1", gate="x"),)}
    found = shares_of(tmp_path / "blank", blank, ensemble, bundle)
    assert found.rows() == [(None, None, None)] * 2
    one = {"a": (), "b": (Page(url="b/1", text="abc"),), "c": ()}
    assert shares_of(tmp_path / "one", one, ensemble, bundle).rows() == [(0.0, 0.0, 0)]
    assert shares_of(tmp_path / "none", {"a": (), "b": ()}, ensemble, bundle).height == 0


def test_what_is_made_ahead_comes_in_order_and_an_error_in_its_place() -> None:
    def values() -> Iterator[int]:
        yield from range(5)
        raise ValueError("the sixth is bad")

    with ahead(values(), 2) as made:
        assert [next(made) for _ in range(5)] == list(range(5))
        with pytest.raises(ValueError, match="the sixth is bad"):
            next(made)


def test_no_more_than_asked_for_is_made_ahead() -> None:
    made: list[int] = []

    def values() -> Iterator[int]:
        for number in range(100):
            made.append(number)
            yield number

    with ahead(values(), 2) as found:
        assert next(found) == 0
        threading.Event().wait(0.5)
        assert len(made) <= 5
    assert len(made) <= 6
