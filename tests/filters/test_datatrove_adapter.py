"""datatrove's blocks through the adapter say what they say when they are called directly."""

from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pytest
from datatrove.data import Document
from datatrove.pipeline import filters, formatters
from datatrove.pipeline.filters.base_filter import BaseFilter
from datatrove.pipeline.formatters.base import BaseFormatter

from filters.datatrove_adapter import DatatroveEditingFilter, DatatroveFilter, DatatroveFormatter
from filters.datatrove_block import short_name
from jobs.synthetic.crawl import make_crawl
from pipeline.decide import judge
from pipeline.errors import RecipeError
from pipeline.identity import canonical
from pipeline.measures import undo
from pipeline.pages import Pages

THEIRS = "datatrove.pipeline"
HERE = __name__


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Pages of the demo's crawl, as text, and some that were written to break things."""
    import trafilatura

    from pipeline.archives.warc import read_records

    folder = tmp_path_factory.mktemp("crawl")
    make_crawl(folder, pages=60, files=1)
    found: list[str] = []
    for archive in sorted(folder.rglob("*.warc.gz")):
        with archive.open("rb") as file:
            bodies = [record.body for record in read_records(file, archive.name) if record.mime == "text/html"]
        found += [text for body in bodies if len(body) < 50_000 and (text := trafilatura.extract(body)) is not None]
    assert len(found) > 30
    return [
        *found,
        "",
        "word",
        "\n\n",
        "write to me@example.net or you@example.net from 8.8.8.8\n***\n---\nend",
        "[1] a\nb",
    ]


FILTERS: dict[str, dict[str, Any]] = {
    "GopherQualityFilter": {"min_doc_words": 30},
    "GopherRepetitionFilter": {},
    "FineWebQualityFilter": {"line_punct_thr": 0.3},
    "C4ParagraphFilter": {},
    "RegexFilter": {"regex_exp": r"\[\d*\]"},
}


@pytest.mark.parametrize("name", FILTERS)
def test_a_filters_verdicts_and_reasons_are_theirs(name: str, texts: list[str]) -> None:
    ours = DatatroveFilter.of(f"{THEIRS}.filters.{name}", called="theirs", **FILTERS[name])
    ours.check()
    rows = ours.measure(Pages(texts)).to_pylist()
    seen = set()
    for text, row in zip(texts, rows, strict=True):
        answer = getattr(filters, name)(**FILTERS[name]).filter(Document(text=text, id=""))
        passes, reason = answer if isinstance(answer, tuple) else (answer, None)
        assert row == {"theirs_passes": passes, "theirs_reason": None if passes else reason}
        seen.add(passes)
    assert seen == {True, False}


def test_a_filter_that_edits_gives_their_text_and_keeps_what_it_took(texts: list[str]) -> None:
    ours = DatatroveEditingFilter.of(f"{THEIRS}.filters.C4QualityFilter", min_num_sentences=2)
    ours.check()
    done = ours.transform(Pages(texts))
    changed = 0
    for place, (text, row) in enumerate(zip(texts, done.signals.to_pylist(), strict=True)):
        theirs = Document(text=text, id="")
        answer = filters.C4QualityFilter(min_num_sentences=2).filter(theirs)
        assert row["datatrove_c4_quality_passes"] == (answer is True)
        assert row["datatrove_c4_quality_reason"] == (None if answer is True else answer[1])
        assert done.texts[place] == theirs.text
        assert undo(done.texts[place], done.edits[place]) == text
        changed += theirs.text != text
    assert changed > 3


@pytest.mark.parametrize("name", ["PIIFormatter", "SymbolLinesFormatter"])
def test_a_formatters_texts_are_theirs_page_by_page(name: str, texts: list[str]) -> None:
    ours = DatatroveFormatter.of(f"{THEIRS}.formatters.{name}")
    ours.check()
    done = ours.transform(Pages(texts))
    assert done.texts == [getattr(formatters, name)().format(text) for text in texts]
    assert [undo(new, edits) for new, edits in zip(done.texts, done.edits, strict=True)] == texts
    assert done.texts != texts


def test_what_a_block_remembers_of_one_page_does_not_reach_another() -> None:
    """Theirs takes replacements in turn: called for two pages, the second gets another one."""
    theirs = formatters.PIIFormatter()
    assert theirs.format("a@b.example") != theirs.format("a@b.example")
    ours = DatatroveFormatter.of(f"{THEIRS}.formatters.PIIFormatter")
    assert ours.transform(Pages(["a@b.example"] * 3)).texts == ["email@example.com"] * 3


def test_rules_drop_by_its_reasons_where_named_and_else_by_its_name() -> None:
    ours = DatatroveFilter.of(f"{THEIRS}.filters.GopherQualityFilter", called="gopher", min_stop_words=None)
    signals = ours.measure(Pages(["short", "# mill " * 60, "The mill grinds wheat and rye for the bakers. " * 10]))
    table = pa.Table.from_batches([signals]).append_column("gate", pa.nulls(3, pa.large_string()))
    table = table.append_column("error", pa.nulls(3, pa.large_string()))
    verdicts = judge(table, ours.rules("gopher_short_doc"))
    assert verdicts["reason"].to_pylist() == ["gopher_short_doc", "fails_gopher", None]


def test_identity_is_class_and_arguments_and_the_version_of_datatrove() -> None:
    one = DatatroveFilter.of(f"{THEIRS}.filters.GopherQualityFilter", stop_words=["the", "of"])
    assert one == DatatroveFilter.of(f"{THEIRS}.filters.GopherQualityFilter", stop_words=("the", "of"))
    other = DatatroveFilter.of(f"{THEIRS}.filters.GopherQualityFilter", stop_words=("the",))
    assert canonical(one) != canonical(other)
    assert list(canonical(one)["engines"]) == ["datatrove"]


def test_an_argument_without_identity_is_refused() -> None:
    with pytest.raises(RecipeError, match="has no stable identity"):
        canonical(DatatroveFilter.of(f"{THEIRS}.filters.LambdaFilter", filter_function=len))


@pytest.mark.parametrize(
    ("part", "says"),
    [
        (DatatroveFilter.of(f"{THEIRS}.filters.Nonesuch"), "no such class"),
        (DatatroveFilter.of("nowhere.Filter"), "no such class"),
        (DatatroveFilter.of(f"{THEIRS}.filters.GopherQualityFilter", nonsense=1), "unexpected keyword argument"),
        (DatatroveFilter.of(f"{THEIRS}.filters.SamplerFilter", seed=1), "draws random numbers"),
        (DatatroveFilter.of(f"{THEIRS}.filters.UnigramLogProbFilter"), "downloads word frequencies"),
        (DatatroveFilter.of(f"{THEIRS}.filters.LanguageFilter"), "downloads a model"),
        (DatatroveFilter.of(f"{THEIRS}.filters.C4BadWordsFilter"), "downloads lists of words"),
        (DatatroveFilter.of(f"{THEIRS}.formatters.PIIFormatter"), "is no BaseFilter"),
        (DatatroveFormatter.of(f"{THEIRS}.filters.C4QualityFilter"), "is no BaseFormatter"),
        (DatatroveFilter.of(f"{HERE}.Shortens"), "changes the text it judges; take DatatroveEditingFilter"),
        (DatatroveFilter.of(f"{HERE}.Raises", when="mill"), "raised_ZeroDivisionError on a plain sentence"),
    ],
)
def test_what_cannot_work_is_refused_before_a_run(part: Any, says: str) -> None:
    with pytest.raises(RecipeError, match=says):
        part.check()


class Shortens(BaseFilter):
    def filter(self, doc: Document) -> bool:
        doc.text = doc.text[:3]
        return True


class Raises(BaseFilter):
    def __init__(self, when: str) -> None:
        super().__init__()
        self.when = when

    def filter(self, doc: Document) -> bool:
        if self.when in doc.text:
            _ = 1 / 0
        return True


class Stumbles(BaseFormatter):
    def format(self, text: str) -> str:
        return text[: 1 // len(text)]


def test_a_page_on_which_a_filter_raises_does_not_pass_and_says_so() -> None:
    ours = DatatroveFilter.of(f"{HERE}.Raises", called="raises", when="trouble")
    rows = ours.measure(Pages(["fine", "trouble"])).to_pylist()
    assert rows == [
        {"raises_passes": True, "raises_reason": None},
        {"raises_passes": False, "raises_reason": "raised_ZeroDivisionError"},
    ]


def test_a_page_on_which_a_formatter_raises_is_an_error_because_its_text_might_be_private() -> None:
    with pytest.raises(ZeroDivisionError):
        DatatroveFormatter.of(f"{HERE}.Stumbles").transform(Pages([""]))


@dataclass
class Counting(BaseFilter):
    made = 0

    def __init__(self) -> None:
        super().__init__()
        type(self).made += 1

    def filter(self, doc: Document) -> bool:
        return bool(doc.text)


def test_a_reused_block_is_made_once() -> None:
    for reused, times in ((True, 1), (False, 5)):
        Counting.made = 0
        DatatroveFilter.of(f"{HERE}.Counting", reused=reused).measure(Pages(["a"] * 5))
        assert Counting.made == times


def test_a_part_that_nobody_named_is_called_after_its_block() -> None:
    names = [
        "GopherQualityFilter",
        "C4QualityFilter",
        "PIIFormatter",
        "FTFYFormatter",
        "URLFilter",
        "SymbolLinesFormatter",
    ]
    assert [short_name(f"x.{name}") for name in names] == [
        "datatrove_gopher_quality",
        "datatrove_c4_quality",
        "datatrove_pii",
        "datatrove_ftfy",
        "datatrove_url",
        "datatrove_symbol_lines",
    ]
