"""dolma's Gopher and C4 taggers, with Gopher's own bounds and C4's page rules.

Taggers only measure; a mix's configuration judges. `import dolma` would import all of its taggers and look for NLTK's data on the
network; the two modules are imported without it.
"""

from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.metadata import version
from typing import Any

from bare_package import bare_package

Spans = dict[str, list[tuple[int, int, float]]]

BELOW = {
    "few_words": ("word_count", 50),
    "short_words": ("median_word_length", 3),
    "few_alphabetic_words": ("fraction_of_words_with_alpha_character", 0.8),
    "few_stop_words": ("required_word_count", 2),
}
ABOVE = {
    "many_words": ("word_count", 100_000),
    "long_words": ("median_word_length", 10),
    "many_symbols": ("symbol_to_word_ratio", 0.1),
    "many_bullet_lines": ("fraction_of_lines_starting_with_bullet_point", 0.9),
    "many_ellipsis_lines": ("fraction_of_lines_ending_with_ellipsis", 0.3),
    "repeated_lines": ("fraction_of_duplicate_lines", 0.3),
    "repeated_line_chars": ("fraction_of_characters_in_duplicate_lines", 0.2),
    "frequent_2_grams": ("fraction_of_characters_in_most_common_2grams", 0.20),
    "frequent_3_grams": ("fraction_of_characters_in_most_common_3grams", 0.18),
    "frequent_4_grams": ("fraction_of_characters_in_most_common_4grams", 0.16),
    **{
        f"repeated_{size}_grams": (f"fraction_of_characters_in_duplicate_{size}grams", bound)
        for size, bound in ((5, 0.15), (6, 0.14), (7, 0.13), (8, 0.12), (9, 0.11), (10, 0.10))
    },
}
PRESENT = {
    "placeholder_text": "has_lorem_ipsum",
    "has_curly_bracket": "has_curly_brace",
    "has_javascript": "has_javascript",
}
MARKED = {"few_words_in_line": "lines_with_too_few_words", "no_end_mark": "lines_with_no_ending_punctuation"}


class Dolma:
    """`gopher_v2` (of lines that are not blank) and `c4_v2`, as `dolma tag` writes their attributes: rounded to five digits."""

    def __init__(self) -> None:
        bare_package("dolma")
        bare_package("dolma.taggers")
        self.versions = {"dolma": version("dolma")}
        self._page: Any = import_module("dolma.core.data_types").InputSpec
        self._gopher: Any = import_module("dolma.taggers.gopher").GopherTaggerV2()
        self._c4: Any = import_module("dolma.taggers.c4").FasterC4Tagger()

    def works(self, texts: Sequence[str]) -> dict[str, Callable[[], object]]:
        """Both taggers; Gopher's counts words and repetition in one."""
        return {
            "gopher_quality and gopher_repetition": lambda: [self._tag(self._gopher, text) for text in texts],
            "c4": lambda: [self._tag(self._c4, text) for text in texts],
        }

    def verdicts(self, texts: Sequence[str]) -> list[dict[str, bool]]:
        """What is beyond a bound or present; an attribute that is not there passes, as in dolma's own mixes."""
        return [self._verdicts(text) for text in texts]

    def _verdicts(self, text: str) -> dict[str, bool]:
        gopher, c4 = self._tag(self._gopher, text), self._tag(self._c4, text)
        below = {name: _score(gopher, field, bound) < bound for name, (field, bound) in BELOW.items()}
        above = {name: _score(gopher, field, bound) > bound for name, (field, bound) in ABOVE.items()}
        return below | above | {name: field in c4 for name, field in PRESENT.items()}

    def lines(self, text: str) -> dict[str, int]:
        """Marked lines that are not blank; the tagger's places are of the text in small letters."""
        c4, small = self._tag(self._c4, text), text.lower()
        return {
            name: sum(bool(small[start:end].strip()) for start, end, _ in c4.get(field, []))
            for name, field in MARKED.items()
        }

    def _tag(self, tagger: Any, text: str) -> Spans:
        return tagger.tag(self._page(id="", text=text, source=""))


def _score(spans: Spans, field: str, absent: float) -> float:
    return spans[field][0][2] if field in spans else absent


def toolkit(name: str) -> Dolma:  # noqa: ARG001  one name here
    """See `loop.Toolkit`."""
    return Dolma()
