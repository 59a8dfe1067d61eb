"""Extractors: the text of a page of HTML, boilerplate left behind."""

from copy import copy
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, ClassVar, Literal

from pipeline.errors import RecipeError
from pipeline.extracted import Extracted, WithoutSignals
from pipeline.identity import IDENTITY_IF_CHANGED
from pipeline.page_metadata import PageMetadata
from pipeline.pages import storable

if TYPE_CHECKING:
    from trafilatura.settings import Extractor as Options

SEGMENTS_REMEMBERED = 4096  # what trafilatura's own, process-wide memory holds
OUTPUTS = ("text", "markdown")


@dataclass(frozen=True, slots=True, kw_only=True)
class Trafilatura(WithoutSignals):
    """The main text by trafilatura, with the settings FineWeb was made with.

    `deduplicate` drops a paragraph from its fourth time in the page on. trafilatura's own `deduplicate=True` remembers the whole
    process: in 2.3.1 a page extracted five times has 492, 415, 415, 0 and 0 characters. Here each page has a memory of its
    own. `fast` leaves out the second opinions of readability and jusText. `output="markdown"` keeps headings, lists, tables,
    emphasis, code and formulas as Markdown. `metadata` adds title, author and date.
    """

    name: ClassVar[str] = "trafilatura"
    version: ClassVar[int] = 1
    engines: ClassVar[tuple[str, ...]] = ("trafilatura", "lxml", "justext")

    favor_precision: bool = True
    include_comments: bool = False
    deduplicate: bool = True
    fast: bool = False
    output: Literal["text", "markdown"] = field(default="text", metadata=IDENTITY_IF_CHANGED)
    metadata: PageMetadata | None = field(default=None, metadata=IDENTITY_IF_CHANGED)

    def __post_init__(self) -> None:
        if self.output not in OUTPUTS:
            raise RecipeError(f"trafilatura: output {self.output!r} is neither {' nor '.join(OUTPUTS)}")

    def extract(self, html: str) -> Extracted | None:
        """The text, or None where trafilatura finds none."""
        # Imported here, because a recipe names this class in processes that never extract: 0.4 s and 30 MB.
        from pipeline.main_content.library import markdown_of, text_of

        found = (markdown_of if self.output == "markdown" else text_of)(html, self._options())
        return _extracted(found, html, self.metadata)

    def _options(self) -> "Options":
        from trafilatura.deduplication import LRUCache

        options = copy(_options(self.output, self.favor_precision, self.include_comments, self.fast))
        options.dedup = LRUCache(maxsize=SEGMENTS_REMEMBERED) if self.deduplicate else False
        return options


@cache  # trafilatura reads them from a table of texts, 0.4 ms a page
def _options(output: str, precision: bool, comments: bool, fast: bool) -> "Options":
    from trafilatura.settings import Extractor

    kind = "markdown" if output == "markdown" else "txt"
    return Extractor(output_format=kind, precision=precision, comments=comments, fast=fast)


@dataclass(frozen=True, slots=True, kw_only=True)
class Resiliparse(WithoutSignals):
    """The text by resiliparse, which DCLM was made with: a tenth of trafilatura's time, and more of what surrounds the text.

    `main_content` leaves out navigation, headers, footers and the like; without it all visible text is kept, about what Common
    Crawl's WET files have. The other fields are options of `extract_plain_text` by the same names.
    """

    name: ClassVar[str] = "resiliparse"
    version: ClassVar[int] = 1
    engines: ClassVar[tuple[str, ...]] = ("resiliparse",)

    main_content: bool = True
    preserve_formatting: bool = True
    list_bullets: bool = True
    alt_texts: bool = True
    links: bool = False
    form_fields: bool = False
    noscript: bool = False
    comments: bool = True
    post_meta: bool = True
    hidden_elements: bool = False
    skip_elements: tuple[str, ...] = ()
    metadata: PageMetadata | None = None

    def extract(self, html: str) -> Extracted | None:
        """The text, or None where the page has none."""
        try:
            found = self._plain_text(html)
        except TypeError:  # what the library says of lone surrogates, for which no page that has none is searched
            found = self._plain_text(storable(html))
        return _extracted(found, html, self.metadata)

    def _plain_text(self, html: str) -> str:
        from resiliparse.extract.html2text import extract_plain_text

        return extract_plain_text(
            html,
            main_content=self.main_content,
            preserve_formatting=self.preserve_formatting,
            list_bullets=self.list_bullets,
            alt_texts=self.alt_texts,
            links=self.links,
            form_fields=self.form_fields,
            noscript=self.noscript,
            comments=self.comments,
            post_meta=self.post_meta,
            hidden_elements=self.hidden_elements,
            skip_elements=list(self.skip_elements),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class JusText(WithoutSignals):
    """The paragraphs that jusText takes for content, one a line: full sentences, known by their length, links and stop words.

    `stop_list` names the language of the stop words as jusText does (`English`, `Norwegian_Bokmal`); `all` takes those of all
    its 100 languages, as a crawl of many needs. The other fields are jusText's own parameters: lengths in characters,
    densities as shares.
    """

    name: ClassVar[str] = "justext"
    version: ClassVar[int] = 1
    engines: ClassVar[tuple[str, ...]] = ("justext", "lxml", "lxml_html_clean")

    stop_list: str = "all"
    length_low: int = 70
    length_high: int = 200
    stopwords_low: float = 0.30
    stopwords_high: float = 0.32
    max_link_density: float = 0.2
    max_heading_distance: int = 200
    no_headings: bool = False
    metadata: PageMetadata | None = None

    def __post_init__(self) -> None:
        from pipeline.main_content.stop_words import stop_lists

        if self.stop_list != "all" and self.stop_list not in (known := stop_lists()):
            raise RecipeError(f"justext: no stop list {self.stop_list!r}: there are all, {', '.join(known)}")

    def extract(self, html: str) -> Extracted | None:
        """The paragraphs, or None where none is content."""
        from justext import justext
        from lxml.etree import ParserError

        from pipeline.main_content.stop_words import stop_words

        try:
            paragraphs = justext(
                storable(html),
                stop_words(self.stop_list),
                length_low=self.length_low,
                length_high=self.length_high,
                stopwords_low=self.stopwords_low,
                stopwords_high=self.stopwords_high,
                max_link_density=self.max_link_density,
                max_heading_distance=self.max_heading_distance,
                no_headings=self.no_headings,
            )
        except ParserError:  # what lxml says of a page in which there is nothing
            return None
        found = "\n".join(paragraph.text for paragraph in paragraphs if not paragraph.is_boilerplate)
        return _extracted(found, html, self.metadata)


def _extracted(text: str | None, html: str, metadata: PageMetadata | None) -> Extracted | None:
    """The text with what `metadata` finds, or None where there is no text."""
    if not text or not text.strip():
        return None
    return metadata.beside(text, html) if metadata else Extracted(text)
