"""datatrove's own Gopher, repetition and C4 filters, with the bounds of its FineWeb example."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from importlib.metadata import version
from typing import Any

from datatrove.data import Document
from datatrove.pipeline.filters import (
    c4_filters,
    gopher_quality_filter,
    gopher_repetition_filter,
)

# Any: which parameters a filter is given is a table here.
C4QualityFilter: Any = c4_filters.C4QualityFilter
GopherQualityFilter: Any = gopher_quality_filter.GopherQualityFilter
GopherRepetitionFilter: Any = gopher_repetition_filter.GopherRepetitionFilter

QUALITY: dict[str, dict[str, float]] = {
    "few_words": {"min_doc_words": 50},
    "many_words": {"max_doc_words": 100_000},
    "short_words": {"min_avg_word_length": 3},
    "long_words": {"max_avg_word_length": 10},
    "many_symbols": {"max_symbol_word_ratio": 0.1},
    "many_bullet_lines": {"max_bullet_lines_ratio": 0.9},
    "many_ellipsis_lines": {"max_ellipsis_lines_ratio": 0.3},
    "few_alphabetic_words": {"max_non_alpha_words_ratio": 0.8},
    "few_stop_words": {"min_stop_words": 2},
}
PIECES: dict[str, dict[str, float]] = {
    "repeated_lines": {"dup_line_frac": 0.3},
    "repeated_line_chars": {"dup_line_char_frac": 0.2},
    "repeated_paragraphs": {"dup_para_frac": 0.3},
    "repeated_paragraph_chars": {"dup_para_char_frac": 0.2},
}
TOP_GRAMS = ((2, 0.20), (3, 0.18), (4, 0.16))
DUP_GRAMS = ((5, 0.15), (6, 0.14), (7, 0.13), (8, 0.12), (9, 0.11), (10, 0.10))

NO_LINE_RULE: dict[str, Any] = {
    "filter_no_terminal_punct": False,
    "min_words_per_line": -1,
    "max_word_length": -1,
    "filter_javascript": False,
    "filter_policy": False,
}
NO_PAGE_RULE: dict[str, Any] = {"min_num_sentences": -1, "filter_lorem_ipsum": False, "filter_curly_bracket": False}
FINEWEB = {"filter_no_terminal_punct": False}
C4_PAGES: dict[str, dict[str, Any]] = {
    "placeholder_text": {"filter_lorem_ipsum": True},
    "has_curly_bracket": {"filter_curly_bracket": True},
    "few_sentences": {"min_num_sentences": 5},
}
C4_LINES: dict[str, dict[str, Any]] = {
    "few_words_in_line": {"min_words_per_line": 3},
    "no_end_mark": {"filter_no_terminal_punct": True},
    "javascript_in_line": {"filter_javascript": True},
    "policy_in_line": {"filter_policy": True},
    "long_word_in_line": {"max_word_length": 1000},
}


def filled(text: str) -> int:
    """Lines that are not blank."""
    return sum(bool(line.strip()) for line in text.splitlines())


class Datatrove:
    """One filter a rule, with all its other rules off, because a filter says only the first that fails."""

    def __init__(self) -> None:
        self.versions = {"datatrove": version("datatrove"), "spacy": version("spacy")}
        self._whole = {
            "gopher_quality": GopherQualityFilter(),
            "gopher_repetition": GopherRepetitionFilter(),
            "c4": C4QualityFilter(**FINEWEB),
        }
        self._rules: dict[str, Any] | None = None
        self._base = C4QualityFilter(**NO_LINE_RULE, **NO_PAGE_RULE)
        self._lines = {name: C4QualityFilter(**NO_LINE_RULE | rule, **NO_PAGE_RULE) for name, rule in C4_LINES.items()}

    def works(self, texts: Sequence[str]) -> dict[str, Callable[[], object]]:
        """Each filter as it stands in the example."""
        return {name: lambda each=each: _run(each, texts) for name, each in self._whole.items()}

    def verdicts(self, texts: Sequence[str]) -> list[dict[str, bool | None]]:
        """Each rule alone; the words of a text are split once for all of them."""
        return [self._verdicts(text) for text in texts]

    def _verdicts(self, text: str) -> dict[str, bool | None]:
        if self._rules is None:
            _remember_words()
            self._rules = _rules()
        return {name: _fails(each, text) for name, each in self._rules.items()}

    def lines(self, text: str) -> dict[str, int]:
        """Lines that are gone when a rule stands alone, beside no rule at all."""
        left = _left(self._base, text)
        return {name: left - _left(each, text) for name, each in self._lines.items()}


def _rules() -> dict[str, Any]:
    no_quality = dict.fromkeys((name for rule in QUALITY.values() for name in rule), None)
    no_pieces = dict.fromkeys((name for rule in PIECES.values() for name in rule), None)
    no_repetition: dict[str, Any] = {**no_pieces, "top_n_grams": (), "dup_n_grams": ()}
    grams = {f"frequent_{size}_grams": {"top_n_grams": ((size, bound),)} for size, bound in TOP_GRAMS}
    grams |= {f"repeated_{size}_grams": {"dup_n_grams": ((size, bound),)} for size, bound in DUP_GRAMS}
    found: dict[str, Any] = {name: GopherQualityFilter(**{**no_quality, **rule}) for name, rule in QUALITY.items()}
    found |= {name: GopherRepetitionFilter(**{**no_repetition, **rule}) for name, rule in {**PIECES, **grams}.items()}
    return found | {name: C4QualityFilter(**{**FINEWEB, **NO_PAGE_RULE, **rule}) for name, rule in C4_PAGES.items()}


def _remember_words() -> None:
    """Lets the filters share the words of one text: the answers are the same."""
    remembered = lru_cache(maxsize=1)(gopher_quality_filter.split_into_words)
    gopher_quality_filter.split_into_words = remembered
    gopher_repetition_filter.split_into_words = remembered


def _run(each: Any, texts: Sequence[str]) -> None:
    for text in texts:
        each.filter(Document(text=text, id=""))


def _fails(each: Any, text: str) -> bool | None:
    """Whether the page fails; None where the filter divides by the words that are not there."""
    try:
        return each.filter(Document(text=text, id="")) is not True
    except ZeroDivisionError:
        return None


def _left(each: Any, text: str) -> int:
    document = Document(text=text, id="")
    each.filter(document)
    return filled(document.text)


def toolkit(name: str) -> Datatrove:  # noqa: ARG001  one name here
    """See `loop.Toolkit`."""
    return Datatrove()
