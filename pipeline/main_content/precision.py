"""trafilatura's extraction with `favor_precision`, in the order that does least work: the same text.

What is content is decided by trafilatura's own functions. Spared are copies of the tree for opinions that are not asked, a walk
over the tree for each expression, and work whose result would not be taken.
"""

from copy import copy

from lxml.etree import Element, LxmlError, XPath, strip_tags, tostring
from lxml.html import HtmlElement, fromstring
from trafilatura import core, external, htmlprocessing, main_extractor, settings, xpaths
from trafilatura.deduplication import duplicate_test
from trafilatura.settings import Document, Extractor
from trafilatura.utils import HTML_PARSER, is_dubious_html, load_html, repair_faulty_html, trim
from trafilatura.xml import delete_element

from pipeline.main_content.element_search import Walk
from pipeline.main_content.second_opinion import is_sound, longest_answer

HEAD_CHARS = 4096  # where trafilatura looks for what libxml2 would stumble over
CONTROLS = bytes(byte for byte in range(32) if byte not in b"\t\n\r")
NONCHARACTERS = ("\ufffe".encode(), "\uffff".encode())
NEAR_NONCHARACTERS = NONCHARACTERS[0][:2]  # sought alone, because one look through the page is less than two
FORM = "form"  # which is looked at last, because one may be around all of a page
LAYOUT = ("presentation", "none")  # roles of tables that are none
FORUM = "DiscussionForumPosting"


class Precision:
    """Extracts main content with `favor_precision` and without comments. `sections` looks for what is discarded of a page."""

    def __init__(self, sections: Walk) -> None:
        self._prune_appended = Pruning(*xpaths.RAW_TREE_PRUNE_XPATH, *xpaths.REMOVE_COMMENTS_AND_LISTS_XPATH)
        self._prune_comments = Pruning(*xpaths.REMOVE_COMMENTS_XPATH)
        self._prune_discarded = Pruning(*xpaths.OVERALL_DISCARD_XPATH, walk=sections)

    def text(self, html: str, options: Extractor) -> str | None:
        """What `trafilatura.extract` says of a page."""
        document = Document()
        try:
            tree = self._tree(html)
            if tree is None:
                return None
            document.body, text = self._content(html, tree, options)
            if len(text) < options.min_output_size and options.min_output_comm_size > 0:
                return None
            if options.dedup and duplicate_test(document.body, options):
                return None
        except (TypeError, ValueError):  # trafilatura gives up on such a page too
            return None
        document.commentsbody = Element("body")
        return core.determine_returnstring(document, options)

    def _tree(self, html: str) -> HtmlElement | None:
        tree = load(html)
        if tree is not None:
            if (
                tree.getparent() is not None
            ):  # of a fragment lxml makes a document around it, which trafilatura leaves by a copy
                tree = copy(tree)
            self._prune_appended(tree)
        return tree

    def _content(self, html: str, tree: HtmlElement, options: Extractor) -> tuple[HtmlElement, str]:
        """A body and its text; changes `tree`."""
        is_forum = FORUM in html and core._forum_thread_page(tree)  # pyright: ignore[reportPrivateUsage]
        cleaned = htmlprocessing.convert_tags(clean(copy(tree), options), options)
        if not is_forum:
            self._prune_comments(cleaned)
        body, text = main_extractor.extract_content(cleaned, options)
        if options.fast:
            return body, text
        if len(text) >= options.min_extracted_size and not body.xpath(external.SANITIZED_XPATH):
            # jusText is asked only for a text that is short or unclean, be it readability's.
            if not self._readability_is_preferred(tree, body, text, options):
                return body, text
            tree = self._tree(html)  # seldom, and cheaper than a copy for each page
        backup = clean(copy(tree), options)
        return external.compare_extraction(backup, tree, body, text, options)

    def _readability_is_preferred(self, tree: HtmlElement, body: HtmlElement, text: str, options: Extractor) -> bool:
        """What trafilatura would decide; readability is asked only where the answer is not known beforehand. Changes `tree`."""
        enough = 2 * len(text) if is_sound(body) else -1
        if longest_answer(tree) <= enough:
            return False
        self._prune_discarded(tree)
        if longest_answer(tree) <= enough:
            return False
        answer = external.try_readability(tree)
        found = trim(tostring(answer, method="text", encoding="utf-8").decode())
        prefer = external._prefer_readability  # pyright: ignore[reportPrivateUsage]
        return prefer(body, answer, found, len(text), len(found), options)


class Pruning:
    """Prunes a tree of what some expressions find, in one walk over it; `walk` may look for others too."""

    def __init__(self, *expressions: XPath, walk: Walk | None = None) -> None:
        self._expressions = expressions
        self._walk = walk or Walk(*expressions)

    def __call__(self, tree: HtmlElement) -> None:
        """Takes the elements out of the tree, in which their tails stay."""
        found = self._walk(tree)
        htmlprocessing.prune_unwanted_nodes(tree, [found.search(expression) for expression in self._expressions])


def clean(tree: HtmlElement, options: Extractor) -> HtmlElement:
    """What `tree_cleaning` makes of a tree with `favor_precision`, with no walk for an unwanted tag that is not there."""
    if options.images or not options.tables:
        return htmlprocessing.tree_cleaning(tree, options)
    htmlprocessing.recover_math(tree)
    for element in tree.iter("figure", "table"):
        if element.get("role") in LAYOUT if element.tag == "table" else element.find(".//table") is not None:
            element.tag = "div"
    strip_tags(tree, settings.MANUALLY_STRIPPED)
    there = {element.tag for element in tree.iter(*settings.MANUALLY_CLEANED)}
    for tag in settings.MANUALLY_CLEANED:
        for element in tree.iter(tag) if tag in there and tag != FORM else ():
            delete_element(element)
    if FORM in there:
        htmlprocessing._handle_forms(tree)  # pyright: ignore[reportPrivateUsage]
    return htmlprocessing.prune_html(tree, options.focus)


def load(html: str) -> HtmlElement | None:
    """What `trafilatura.utils.load_html` makes of a page; one without control characters is parsed sooner, from its bytes."""
    beginning = html[:50].lower()
    head = html[: html.find("\n", HEAD_CHARS) + 1 or len(html)]
    try:
        page = html.encode()
        if html[:1] != "\ufeff" and _is_clean(page):
            if (repaired := repair_faulty_html(head, beginning)) != head:
                page = repaired.encode() + page[len(head.encode()) :]
            tree = fromstring(page, parser=HTML_PARSER)
            if len(tree):
                return None if len(tree) < 2 and is_dubious_html(beginning) else tree
    except (LxmlError, ValueError):
        return load_html(html)
    return load_html(html)


def _is_clean(page: bytes) -> bool:
    """Whether trafilatura would take no character out of the page."""
    if len(page.translate(None, CONTROLS)) < len(page):
        return False
    return NEAR_NONCHARACTERS not in page or not any(each in page for each in NONCHARACTERS)
