"""Extractors: the text of a page of HTML, boilerplate left behind."""

from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import TYPE_CHECKING, ClassVar

import pyarrow as pa

from pipeline.measures import NO_SIGNALS, Extracted

if TYPE_CHECKING:
    from lxml.etree import ElementDefaultClassLookup

SEGMENTS_REMEMBERED = 4096  # what trafilatura's own, process-wide memory holds
SEARCHES = (  # trafilatura's lists of expressions that an extraction of text goes through
    "BODY_XPATH",
    "COMMENTS_DISCARD_XPATH",
    "COMMENTS_XPATH",
    "DISCARD_IMAGE_ELEMENTS",
    "OVERALL_DISCARD_XPATH",
    "PRECISION_DISCARD_XPATH",
    "RAW_TREE_PRUNE_XPATH",
    "REMOVE_COMMENTS_AND_LISTS_XPATH",
    "REMOVE_COMMENTS_XPATH",
    "TEASER_DISCARD_XPATH",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trafilatura:
    """The main text by trafilatura, with the settings FineWeb was made with.

    `deduplicate` drops a paragraph from its fourth time in the page on. trafilatura's own `deduplicate=True` remembers the whole
    process: in 2.3.1 a page extracted five times has 492, 415, 415, 0 and 0 characters. Here each page has a memory of its
    own. `fast` leaves out the second opinions of readability and jusText.
    """

    name: ClassVar[str] = "trafilatura"
    version: ClassVar[int] = 1
    engines: ClassVar[tuple[str, ...]] = ("trafilatura", "lxml", "justext")
    signals: ClassVar[pa.Schema] = NO_SIGNALS

    favor_precision: bool = True
    include_comments: bool = False
    deduplicate: bool = True
    fast: bool = False

    def extract(self, html: str) -> Extracted | None:
        """The text, or None where trafilatura finds none."""
        trafilatura = _trafilatura()
        from trafilatura.deduplication import LRUCache

        text = trafilatura.extract(
            html,
            favor_precision=self.favor_precision,
            include_comments=self.include_comments,
            deduplicate=LRUCache(maxsize=SEGMENTS_REMEMBERED) if self.deduplicate else False,
            fast=self.fast,
        )
        return Extracted(text) if text else None


@cache
def _trafilatura() -> ModuleType:
    """The library, for this process made faster without any other result.

    Its searches are answered by `pipeline.element_search`, its second opinion is asked only where it may count
    (`pipeline.second_opinion`), and lxml takes an element's class from a table of its own instead of asking Python for each
    element (the classes left out, of form fields, only add properties that nobody reads here).
    """
    # Imported here, because a recipe names these classes in processes that never extract: 0.4 s and 30 MB.
    import trafilatura
    from trafilatura import xpaths
    from trafilatura.utils import HTML_PARSER

    from pipeline.element_search import searching
    from pipeline.second_opinion import spare_readability

    for name in SEARCHES:
        searches = getattr(xpaths, name)
        searches[:] = [searching(search) for search in searches]
    HTML_PARSER.set_element_class_lookup(plain_classes())
    spare_readability()
    return trafilatura


def plain_classes() -> "ElementDefaultClassLookup":
    """A table of lxml's classes of elements that lxml reads without asking Python."""
    from lxml import html
    from lxml.etree import ElementDefaultClassLookup

    return ElementDefaultClassLookup(
        element=html.HtmlElement,
        comment=html.HtmlComment,
        pi=html.HtmlProcessingInstruction,
        entity=html.HtmlEntity,
    )
