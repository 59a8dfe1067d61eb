"""Title, author and date that a page gives of itself, beside its text."""

import re
from dataclasses import dataclass
from typing import ClassVar

from pipeline.extracted import Extracted
from pipeline.storable import storable

FACT_CHARS = 1_000  # what is longer is cut: no title is
DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True, slots=True, kw_only=True)
class PageMetadata:
    """Asks trafilatura, and htmldate through it, for what a page says in its head, its JSON-LD and its markup.

    `latest` is the last date that counts as one. The libraries take today for it, by which the same page would have a date on
    one day and none on another. For the same reason dates in running text are not looked for: their parser knows today too.
    """

    name: ClassVar[str] = "page_metadata"
    version: ClassVar[int] = 1
    engines: ClassVar[tuple[str, ...]] = ("trafilatura", "htmldate", "lxml")

    latest: str = "2099-12-31"

    def beside(self, text: str, html: str) -> Extracted:
        """The text with what `html` tells; each is None where the page does not give it."""
        from lxml.etree import LxmlError
        from trafilatura.metadata import extract_metadata

        looking = {"original_date": True, "extensive_search": False, "max_date": self.latest}
        try:
            found = extract_metadata(html, date_config=looking)
        except (LxmlError, ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError):
            return Extracted(text)  # a page whose title cannot be read has its text all the same
        date = found.date if DATE.fullmatch(found.date or "") else None
        return Extracted(text, title=_fact(found.title), author=_fact(found.author), published=date)


def _fact(value: str | None) -> str | None:
    """A value on one line, or None where there is nothing in it."""
    return storable(" ".join((value or "").split())[:FACT_CHARS]).strip() or None
