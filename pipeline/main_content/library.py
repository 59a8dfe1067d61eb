"""trafilatura as this process uses it: the library itself, made faster without any other result."""

import threading
from functools import cache
from typing import Any

import trafilatura
from lxml import html
from lxml.etree import ElementDefaultClassLookup, XPath
from lxml.html import HtmlElement
from trafilatura import external, htmlprocessing, main_extractor, xpaths
from trafilatura.settings import Extractor
from trafilatura.utils import HTML_PARSER, load_html

from pipeline.main_content.element_search import Found, Walk, searching
from pipeline.main_content.formulas import with_formulas
from pipeline.main_content.precision import Precision
from pipeline.main_content.second_opinion import spare_readability

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


def text_of(page: str, options: Extractor) -> str | None:
    """What `trafilatura.extract(page, options=options)` says."""
    precision = _quickened()
    if options.focus == "precision" and not options.comments and options.format == "txt" and not options.formatting:
        return precision.text(page, options)
    return trafilatura.extract(page, options=options)


def markdown_of(page: str, options: Extractor) -> str | None:
    """What `trafilatura.extract` says of a page whose formulas are written out."""
    _quickened()
    tree = load_html(page)
    return None if tree is None else trafilatura.extract(with_formulas(tree), options=options)


@cache
def _quickened() -> Precision:
    """Changes the library, once for this process."""
    sections = SectionPruning()
    precision = Precision(sections.walk)
    main_extractor.prune_unwanted_nodes = sections  # pyright: ignore[reportPrivateImportUsage]
    for name in SEARCHES:
        searches = getattr(xpaths, name)
        searches[:] = [searching(search) for search in searches]
    HTML_PARSER.set_element_class_lookup(plain_classes())
    spare_readability()
    _spare_little_things()
    return precision


class SectionPruning(threading.local):
    """Stands for `prune_unwanted_nodes` where a section of a page is pruned by several lists, one after another, in one walk.

    The first comes with a guard against pruning too much. Between them, elements are taken out and nothing else is changed, so
    that what the walk saw stays true.
    """

    def __init__(self) -> None:
        lists = (
            xpaths.OVERALL_DISCARD_XPATH,
            xpaths.DISCARD_IMAGE_ELEMENTS,
            xpaths.TEASER_DISCARD_XPATH,
            xpaths.PRECISION_DISCARD_XPATH,
        )
        self.walk = Walk(*(expression for several in lists for expression in several))
        self._prune = htmlprocessing.prune_unwanted_nodes
        self._expressions = {id(several): list(several) for several in lists}
        self._section: HtmlElement | None = None
        self._found: Found | None = None

    def __call__(self, tree: HtmlElement, nodelist: list[XPath], with_backup: bool = False) -> HtmlElement:
        """See trafilatura's."""
        expressions = self._expressions.get(id(nodelist))
        if expressions is None:
            return self._prune(tree, nodelist, with_backup)
        if with_backup or tree is not self._section or self._found is None:
            self._section, self._found = tree, self.walk(tree)
        return self._prune(tree, [self._found.search(expression) for expression in expressions], with_backup)


def plain_classes() -> ElementDefaultClassLookup:
    """A table of lxml's classes of elements, which lxml reads without asking Python for each element.

    Those left out, of form fields, only add properties that nobody reads here.
    """
    return ElementDefaultClassLookup(
        element=html.HtmlElement,
        comment=html.HtmlComment,
        pi=html.HtmlProcessingInstruction,
        entity=html.HtmlEntity,
    )


def _spare_little_things() -> None:
    """Hashes jusText's 154,484 stop words once, not for each page, and asks elements without links no more about them."""
    stop_words, link_density_test = external.jt_stoplist_init, htmlprocessing.link_density_test

    def frozen() -> Any:
        external.JT_STOPLIST = frozenset(stop_words())
        return external.JT_STOPLIST

    def tested(element: HtmlElement, favor_precision: bool = False) -> tuple[bool, bool]:
        if next(element.iterdescendants("ref"), None) is None:
            return False, False
        return link_density_test(element, favor_precision)

    external.jt_stoplist_init, htmlprocessing.link_density_test = frozen, tested
