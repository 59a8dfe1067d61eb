"""Takes lines that are no prose out of pages: capitals, numbers, counters, single words, menus (RefinedWeb, appendix G.2).

The paper names the corrections without their expressions; these are what DCLM's baseline reconstructed.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import pyarrow as pa

from filters.text_edits import edits_between
from pipeline.errors import RecipeError
from pipeline.evidence import Span, lines_of, marked
from pipeline.measures import Edit, Rule, Transformed, schema, signals_of
from pipeline.pages import Pages

COUNTED = (
    "likes",
    "shares",
    "comments",
    "retweets",
    "reposts",
    "quotes",
    "bookmarks",
    "upvotes",
    "downvotes",
    "downloads",
    "views",
    "followers",
)
_SPACES = re.compile("[ \n\t\v\f\r\0]+")  # what fastText cuts words at, in whose words DCLM counts


@dataclass(frozen=True, slots=True, kw_only=True)
class LineCorrections:
    """Removes lines, and phrases of short lines; a line is what stands between newlines.

    In order, each over what the one before left: lines of more than `max_uppercase_ratio` capital letters; of more than
    `max_digit_ratio` digits; that count something (`3 likes`, of `counted`); of fewer than `min_line_words` words, empty lines
    apart. Then, from lines of at most `max_phrase_line_words` words, `phrases_anywhere`, `phrases_at_end` and
    `phrases_at_start`, in any case and with one space beside them; a line of which nothing is left goes. Phrases are regular
    expressions: as DCLM has them, the dots of `Read more...` stand for any three characters. Each correction takes the whitespace
    around the text, too. `removed_word_ratio` is the share of words that went, of words that begin with a letter or digit; null
    where there was none.
    """

    name: ClassVar[str] = "line_corrections"
    version: ClassVar[int] = 1
    engines: ClassVar[tuple[str, ...]] = ()
    signals: ClassVar[pa.Schema] = schema(removed_word_ratio="float64", corrected_text_chars="int32")

    max_uppercase_ratio: float = 0.5
    max_digit_ratio: float = 0.999999  # RefinedWeb: lines of digits only
    counted: tuple[str, ...] = COUNTED
    min_line_words: int = 2
    max_phrase_line_words: int = 10
    phrases_anywhere: tuple[str, ...] = ("items in cart",)
    phrases_at_end: tuple[str, ...] = ("Read more...",)
    phrases_at_start: tuple[str, ...] = ("Sign-in",)

    def __post_init__(self) -> None:
        if not self.counted:
            raise RecipeError("line_corrections: counted names nothing that a line may count")
        try:
            list(self._phrases())
        except re.error as error:
            raise RecipeError(f"line_corrections: {error.pattern!r} is no regular expression: {error}") from error

    def transform(self, pages: Pages) -> Transformed:
        """New texts, their edits and one row of signals per page."""
        texts = [self._corrected(text) for text in pages.texts]
        edits = [_edits(old, new) for old, new in zip(pages.texts, texts, strict=True)]
        ratios = [_removed_ratio(old, new) for old, new in zip(pages.texts, texts, strict=True)]
        columns: dict[str, Sequence[object]] = {
            "removed_word_ratio": ratios,
            "corrected_text_chars": list(map(len, texts)),
        }
        return Transformed(texts, edits, signals_of(self.signals, columns, len(pages)))

    def evidence(self, text: str, subject: str) -> list[Span]:
        """Lines that would go; of a page that was corrected there are none, and what went is among its edits."""
        if subject != "removed_word_ratio":
            return []
        reasons = self._goes()
        return marked(text, list(lines_of(text)), "to be removed", lambda line: any(goes(line) for goes in reasons))

    def _corrected(self, text: str) -> str:
        for goes in self._goes():
            text = "\n".join(line for line in text.split("\n") if not (line and goes(line))).strip()
        for phrase in self._phrases():
            text = "\n".join(self._without(phrase, text.split("\n"))).strip()
        return text

    def _goes(self) -> tuple[Callable[[str], bool], ...]:
        """What a line that is not empty goes for, in order."""
        counter = _counter(self.counted)
        return (
            lambda line: sum(map(str.isupper, line)) / len(line) > self.max_uppercase_ratio,
            lambda line: sum(map(str.isdigit, line)) / len(line) > self.max_digit_ratio,
            lambda line: counter.search(line.lower()) is not None,
            lambda line: len(line.split()) < self.min_line_words,
        )

    def _phrases(self) -> Iterator[re.Pattern[str]]:
        forms = (
            (r"\s?(?:{})", self.phrases_anywhere),
            (r"\s?(?:{})$", self.phrases_at_end),
            (r"^(?:{})\s?", self.phrases_at_start),
        )
        for form, phrases in forms:
            if phrases:
                yield re.compile(form.format("|".join(phrases)), re.IGNORECASE)

    def _without(self, phrase: re.Pattern[str], lines: Sequence[str]) -> Iterator[str]:
        for line in lines:
            short = len(line.split()) <= self.max_phrase_line_words
            left = phrase.sub("", line) if short else line
            if not (short and line and (not left or left.isspace())):
                yield left

    @staticmethod
    def rules(*, max_removed_words: float = 0.05) -> tuple[Rule, ...]:
        """RefinedWeb's bound: a page of which more was removed is no page of prose; nor is one of which nothing is left."""
        return (
            Rule("corrected_text_chars", "==", 0, "nothing_left"),
            Rule("removed_word_ratio", ">", max_removed_words, "many_removed_words"),
        )


def _counter(counted: tuple[str, ...]) -> re.Pattern[str]:
    """A number, perhaps in thousands, millions or billions, of something that is counted, and no other word."""
    things = "|".join(map(re.escape, counted))
    return re.compile(rf"^\W*\d(?:,|\.|\d)*(?:k|m|b)?\s+(?:{things})\W*$")


def spoken_words(text: str) -> int:
    """Words of `text` that begin with a letter or digit, cut as fastText cuts."""
    return sum(word[:1].isalnum() for word in _SPACES.split(text))


def _removed_ratio(old: str, new: str) -> float | None:
    before = spoken_words(old)
    return (before - spoken_words(new)) / before if before else None


def _edits(old: str, new: str) -> tuple[Edit, ...]:
    return edits_between(LineCorrections.name, old, new)
