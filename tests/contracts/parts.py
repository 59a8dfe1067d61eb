"""Every gate, measure and transform, for the contracts that all of them keep.

A class of a module of `filters` is taken up by itself. One that cannot be built without arguments gets factories in FACTORIES, by
the names its parts bear; one whose asset is not installed raises RecipeError, and its contracts are skipped with that reason.
Those of `dedup`, which look at all documents, are there as `across` makes them parts.
"""

import importlib
import pkgutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from across import Removing, Repeating

import filters
from dedup.lines import RepeatedLines
from dedup.removal import RemoveRepeatedLines
from filters.c4 import C4Lines
from filters.datatrove_adapter import DatatroveEditingFilter, DatatroveFilter, DatatroveFormatter
from filters.gopher_quality import GopherQuality
from filters.gopher_repetition import GopherRepetition
from filters.line_quality import LineQuality
from pipeline.measures import Gate, Measure, Part, Transform
from pipeline.nltk_words import NltkEnglish
from pipeline.pages import Pages

_THEIRS = "datatrove.pipeline"

PARAGRAPHS = RepeatedLines(unit="paragraph")

FACTORIES: dict[str, dict[str, Callable[[], Part]]] = {
    "DatatroveFilter": {
        "GopherQuality": lambda: DatatroveFilter.of(f"{_THEIRS}.filters.GopherQualityFilter", min_doc_words=20),
        "GopherRepetition": lambda: DatatroveFilter.of(f"{_THEIRS}.filters.GopherRepetitionFilter"),
        "FineWebQuality": lambda: DatatroveFilter.of(f"{_THEIRS}.filters.FineWebQualityFilter"),
        "C4Paragraph": lambda: DatatroveFilter.of(f"{_THEIRS}.filters.C4ParagraphFilter"),
        "Regex": lambda: DatatroveFilter.of(f"{_THEIRS}.filters.RegexFilter", called="brackets", regex_exp=r"\[\d*\]"),
    },
    "DatatroveEditingFilter": {"C4Quality": lambda: DatatroveEditingFilter.of(f"{_THEIRS}.filters.C4QualityFilter")},
    # `repeated_line_ratio` is a signal of DCLM's too, and no recipe has both: so that of paragraphs is the customary one here.
    "Repeating": {"Paragraphs": lambda: Repeating(lines=PARAGRAPHS)},
    "DatatroveFormatter": {
        "PII": lambda: DatatroveFormatter.of(f"{_THEIRS}.formatters.PIIFormatter"),
        "SymbolLines": lambda: DatatroveFormatter.of(f"{_THEIRS}.formatters.SymbolLinesFormatter"),
    },
}

VARIANTS: dict[
    str, dict[str, Callable[[], Part]]
] = {  # parts with other parameters than the customary: other ways through
    "C4Lines": {
        "of C4": lambda: C4Lines(
            only_punctuated_lines=True, by_sentence=True, words_without_citations=True, tokenizer=NltkEnglish()
        ),
    },
    "GopherQuality": {
        "NLTK": lambda: GopherQuality(each_stop_word=True, tokenizer=NltkEnglish()),
        "German": lambda: GopherQuality(language="de"),
    },
    "GopherRepetition": {
        "NLTK": lambda: GopherRepetition(blank_lines=True, tokenizer=NltkEnglish()),
        "German": lambda: GopherRepetition(language="de"),
    },
    "Removing": {
        "paragraphs": lambda: Removing(removal=RemoveRepeatedLines(lines=PARAGRAPHS)),
        "everywhere": lambda: Removing(removal=RemoveRepeatedLines(keep_first=False, lines=RepeatedLines(min_chars=5))),
    },
    "Repeating": {"lines": Repeating},
    "LineQuality": {"NLTK": lambda: LineQuality(blank_lines=True, tokenizer=NltkEnglish())},
}


@dataclass(frozen=True)
class Case:
    """One part under the contracts; a variant shares its name, signals and version with the customary one."""

    name: str
    cls: type
    build: Callable[[], Part]
    variant: str | None = None

    def has(self, verb: str) -> bool:
        return hasattr(self.cls, verb)


def part_cases() -> list[Case]:
    """In the order of their names."""
    modules = [importlib.import_module(f"filters.{found.name}") for found in pkgutil.iter_modules(filters.__path__)]
    classes = [cls for module in modules for cls in vars(module).values() if isinstance(cls, type)]
    own = {cls.__name__: cls for cls in classes if cls.__module__.startswith("filters.") and _is_part(cls)}
    own |= {cls.__name__: cls for cls in (Removing, Repeating)}
    found: list[Case] = []
    for name in sorted(own):
        made = {f"{name}-{block}": build for block, build in FACTORIES.get(name, {}).items()} or {name: own[name]}
        found += [Case(case, own[name], build) for case, build in made.items()]
        found += [
            Case(f"{name}, {variant}", own[name], build, variant) for variant, build in VARIANTS.get(name, {}).items()
        ]
    return found


def answer(part: Part, pages: Pages) -> list[dict[str, Any]]:
    """Everything a part says, one dictionary per page."""
    if isinstance(part, Gate):
        gated = part.judge(pages)
        return _rows(gated.signals, pages, reason=gated.reasons)
    if isinstance(part, Measure):
        return _rows(part.measure(pages), pages)
    assert isinstance(part, Transform)
    done = part.transform(pages)
    return _rows(done.signals, pages, text=done.texts, edits=done.edits)


def signals(part: Part, pages: Pages) -> pa.RecordBatch:
    if isinstance(part, Measure):
        return part.measure(pages)
    return part.judge(pages).signals if isinstance(part, Gate) else part.transform(pages).signals


def _is_part(cls: type) -> bool:
    says = any(callable(getattr(cls, verb, None)) for verb in ("judge", "measure", "transform"))
    return says and isinstance(getattr(cls, "signals", None), pa.Schema | property)


def _rows(batch: pa.RecordBatch, pages: Pages, **columns: Sequence[object]) -> list[dict[str, Any]]:
    assert batch.num_rows == len(pages)
    assert all(len(column) == len(pages) for column in columns.values())
    return [
        {**row, **{name: column[place] for name, column in columns.items()}}
        for place, row in enumerate(batch.to_pylist())
    ]
