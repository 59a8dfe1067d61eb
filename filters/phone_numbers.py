"""Replaces telephone numbers in a text by ones that belong to nobody."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import pyarrow as pa

from filters.text_edits import all_replaced
from pipeline.errors import RecipeError
from pipeline.evidence import Place, Span
from pipeline.measures import Transformed, schema, signals_of
from pipeline.pages import Pages

MIN_DIGITS, MAX_DIGITS = 8, 15  # E.164 allows 15 with the country's; numbers of fewer than 8 are too much like others
_MOST_GROUPS = 6
_DOTTED = re.compile(r"\.([0-9]+)")
_GROUP = re.compile("[0-9]+")

# After the + and the country's first digit, each digit may have one separator or bracket before it.
_INTERNATIONAL = re.compile(
    r"(?<![\w+.,/=-])\+[1-9]"
    rf"(?:(?:[ \u00a0.\u2011\u2013-]?\(|\)[ \u00a0-]?|[ \u00a0.\u2011\u2013-])?[0-9]){{{MIN_DIGITS - 1},{MAX_DIGITS - 1}}}"
    r"(?![\w%]|[.,-][0-9])"
)
# Area code and exchange begin with 2 to 9 (North American Numbering Plan); between groups the same hyphen or dot.
_NORTH_AMERICAN = re.compile(
    r"(?<![\w+.,/=$-])(?:1[ .-])?"
    r"(?:\([2-9][0-9]{2}\)[ \u00a0-]?[2-9][0-9]{2}[ .-][0-9]{4}|[2-9][0-9]{2}([.-])[2-9][0-9]{2}\1[0-9]{4})"
    r"(?![\w%]|[.,-][0-9])"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneNumbers:
    """Replaces numbers that are written so that nothing else is: internationally, or as North America does.

    International: a + and 8 to 15 digits in at most six groups, as `+44 20 7946 0958`. North American: ten digits as
    `(212) 555-0123`, `212-555-0123` or `212.555.0123`. Neither begins or ends within a word or a longer number. Digits without
    a + or such groups stay: most are no telephone numbers. The hash of the match chooses among `replacements`, which stay
    themselves, so doing it twice changes nothing more.
    """

    name: ClassVar[str] = "phone_numbers"
    version: ClassVar[int] = 1
    engines: ClassVar[tuple[str, ...]] = ()
    signals: ClassVar[pa.Schema] = schema(phone_count="int32")

    international: bool = True
    north_american: bool = True
    # 555-0100 to 555-0199 are kept for fiction in every area code.
    replacements: tuple[str, ...] = ("202-555-0104", "312-555-0148", "415-555-0173", "617-555-0191")

    def __post_init__(self) -> None:
        if not self.replacements:
            raise RecipeError("phone_numbers: give at least one replacement")

    def transform(self, pages: Pages) -> Transformed:
        """New texts, the edits and the counts."""
        texts, edits = all_replaced(self.name, pages.texts, self._places, self.replacements)
        return Transformed(texts, edits, signals_of(self.signals, {"phone_count": list(map(len, edits))}, len(pages)))

    def evidence(self, text: str, subject: str) -> list[Span]:
        """The numbers that are replaced."""
        return [Span(*place, "telephone number") for place in self._places(text)] if subject == "phone_count" else []

    def _places(self, text: str) -> Iterator[Place]:
        """In order; the two kinds do not overlap, as one begins with a + and the other not after or within a number."""
        found: list[Place] = []
        if self.international and "+" in text:
            found += [match.span() for match in _INTERNATIONAL.finditer(text) if _is_international(match[0])]
        if self.north_american:
            found += [match.span() for match in _NORTH_AMERICAN.finditer(text)]
        end = 0
        for place in sorted(found):
            if place[0] >= end and text[slice(*place)] not in self.replacements:
                yield place
                end = place[1]


def _is_international(text: str) -> bool:
    """Whether groups are as people write them: few, and after a dot of two to four digits (`+1.2345678` is a fraction)."""
    groups = _GROUP.findall(text)
    dotted = [len(digits) for digits in _DOTTED.findall(text)]
    brackets_match = text.count("(") == text.count(")") <= 1
    return (
        brackets_match and len(groups) <= _MOST_GROUPS and len(dotted) != 1 and all(2 <= size <= 4 for size in dotted)
    )
