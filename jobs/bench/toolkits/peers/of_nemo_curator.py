"""NeMo Curator's heuristic filters, with the parameters of the English pipeline that its package ships.

`import nemo_curator` would start from Ray and its scheduler; the filters are imported without it.
"""

from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.metadata import version
from typing import Any

import yaml
from bare_package import bare_package

FILTERS = "nemo_curator.stages.text.filters"
PIPELINE = "config/text/heuristic_filter_english_pipeline.yaml"
RULES = {
    "SymbolsToWordsFilter": "many_symbols",
    "BulletsFilter": "many_bullet_lines",
    "EllipsisFilter": "many_ellipsis_lines",
    "WordsWithoutAlphabetsFilter": "few_alphabetic_words",
    "CommonEnglishWordsFilter": "few_stop_words",
    "RepeatedLinesFilter": "repeated_lines",
    "RepeatedLinesByCharFilter": "repeated_line_chars",
    "RepeatedParagraphsFilter": "repeated_paragraphs",
    "RepeatedParagraphsByCharFilter": "repeated_paragraph_chars",
    "RepeatingTopNGramsFilter": "frequent_{n}_grams",
    "RepeatingDuplicateNGramsFilter": "repeated_{n}_grams",
    "BoilerPlateStringFilter": "boilerplate",
    "PunctuationFilter": "few_end_marks",
    "LongWordFilter": "has_long_word",
}
RANGES = {  # one filter, two rules: the parameter that is the lower bound
    "WordCountFilter": ("min_words", "few_words", "many_words"),
    "MeanWordLengthFilter": ("min_mean_word_length", "short_words", "long_words"),
}
C4 = {"BoilerPlateStringFilter", "PunctuationFilter", "LongWordFilter"}


class NemoCurator:
    """The filters of the English pipeline in its order; those that are neither Gopher's nor C4's are only timed."""

    def __init__(self) -> None:
        folder = bare_package("nemo_curator")
        bare_package(FILTERS)
        self.versions = {"nemo-curator": version("nemo-curator")}
        stages = yaml.safe_load((folder / PIPELINE).read_text(encoding="utf-8"))["stages"]
        asked = [dict(stage["filter_obj"]) for stage in stages if "filter_obj" in stage]
        self._filters = [(each.pop("_target_"), each) for each in asked]
        self._made = [_made(target, parameters) for target, parameters in self._filters]

    def works(self, texts: Sequence[str]) -> dict[str, Callable[[], object]]:
        """Score and verdict of each filter, one after the other."""
        groups: dict[str, list[Any]] = {}
        for (target, _), made in zip(self._filters, self._made, strict=True):
            groups.setdefault(_group(target), []).append(made)
        return {name: lambda made=made: _run(made, texts) for name, made in groups.items()}

    def verdicts(self, texts: Sequence[str]) -> list[dict[str, bool]]:
        """What the filters say, by the rule's name here."""
        return [self._verdicts(text) for text in texts]

    def _verdicts(self, text: str) -> dict[str, bool]:
        found: dict[str, bool] = {}
        for (target, parameters), made in zip(self._filters, self._made, strict=True):
            kind = target.rpartition(".")[2]
            score = made.score_document(text)
            fails = not made.keep_document(score)
            if kind in RANGES:
                bound, low, high = RANGES[kind]
                found[low] = fails and score < parameters[bound]
                found[high] = fails and not found[low]
            elif kind in RULES:
                found[RULES[kind].format(**parameters)] = fails
        return found

    def lines(self, text: str) -> dict[str, int]:  # noqa: ARG002
        """None: it has no line rule."""
        return {}


def _made(target: str, parameters: dict[str, Any]) -> Any:
    module, _, kind = target.rpartition(".")
    return getattr(import_module(module), kind)(**parameters)


def _group(target: str) -> str:
    kind = target.rpartition(".")[2]
    if kind in C4:
        return "c4"
    if kind.startswith("Repeat"):
        return "gopher_repetition"
    return "gopher_quality" if kind in RULES or kind in RANGES else "other heuristics"


def _run(made: Sequence[Any], texts: Sequence[str]) -> None:
    for text in texts:
        for each in made:
            each.keep_document(each.score_document(text))


def toolkit(name: str) -> NemoCurator:  # noqa: ARG001  one name here
    """See `loop.Toolkit`."""
    return NemoCurator()
