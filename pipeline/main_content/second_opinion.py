"""Leaves out trafilatura's second opinion where it cannot change the text: no other result, a fifth less work.

trafilatura also runs readability over each page, and takes what it finds instead of its own text only where that is more than
twice as long (or its own is empty or has no paragraphs). readability takes elements away and adds none, so its text is never
longer than the page's: where the page's whole text is at most twice as long as trafilatura's own, the answer is known.
"""

import threading
from functools import wraps
from typing import Any

from lxml.etree import XPath
from lxml.html import HtmlElement

DROPPED_FIRST = ("script", "style", "fencedframe")  # before readability does anything else
RAW_TEXT = ("title", "textarea", "xmp", "noembed", "noframes", "noscript", "plaintext")
"""The answer is written as XML and read as HTML again: a parser that goes by the standard makes text of all the markup behind an
empty one of these. libxml2 2.14 does not, others may."""
VIDEO_CHARS = len("VIDEO")  # what readability writes into a frame that it keeps

_CHARS = XPath("string-length(normalize-space(.))")
_own = threading.local()  # characters of trafilatura's own text, where only a text twice as long would be preferred


def spare_readability() -> None:
    """Makes this process's trafilatura ask readability only where its answer may count."""
    from trafilatura import core, external

    compare, ask = external.compare_extraction, external.try_readability

    @wraps(compare)
    def compared(cleaned_tree: Any, raw_tree: Any, body: Any, text: str, options: Any) -> Any:
        _own.chars = len(text) if options.focus != "recall" and is_sound(body) else 0
        try:
            return compare(cleaned_tree, raw_tree, body, text, options)
        finally:
            _own.chars = 0

    @wraps(ask)
    def asked(tree: HtmlElement) -> HtmlElement:
        own = getattr(_own, "chars", 0)
        return HtmlElement() if own and longest_answer(tree) <= 2 * own else ask(tree)

    core.compare_extraction, external.try_readability = compared, asked  # pyright: ignore[reportPrivateImportUsage]


def is_sound(body: Any) -> bool:
    """Whether a text is not replaced for its structure: it has paragraphs with text, and no more tables than those."""
    return bool(body.xpath(".//p//text()")) and len(body.findall(".//table")) <= len(body.findall(".//p"))


def longest_answer(tree: HtmlElement) -> float:
    """Characters that readability's text of `tree` has at most, repeated whitespace left out; drops what it drops first."""
    for element in list(tree.iter(*DROPPED_FIRST)):
        element.drop_tree()
    if any(not len(element) and not element.text for element in tree.iter(*RAW_TEXT)):
        return float("inf")
    frames = sum(1 for _ in tree.iter("iframe"))
    return _CHARS(tree) + VIDEO_CHARS * frames
