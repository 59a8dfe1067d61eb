r"""Formulas of a page written out as TeX, `\(x^2\)` or `\[x^2\]`, where trafilatura would lose them.

trafilatura itself reads MathML that carries its TeX (`annotation`, `alttext`). Here MathJax's `<script type="math/tex">`, MathML
without TeX, and images of formulas whose alternative text is TeX are read too, and what a script has drawn beside its source
(KaTeX's and MathJax's spans) goes, lest a formula be there twice.
"""

import re
from collections.abc import Callable, Sequence

from lxml.etree import XPath
from lxml.html import HtmlElement

DEEPEST = 40  # levels of MathML that are told apart; below, there is only text
TEX_TYPE = re.compile(r"math/(?:la)?tex\b", re.IGNORECASE)
TEX_IMAGE = re.compile(r"(?:^|[\s_-])(?:la)?tex(?:$|[\s_-])|mwe-math", re.IGNORECASE)
_DRAWN = XPath('.//span[contains(concat(" ", normalize-space(@class), " "), " katex-html ")]')
_DRAWN_BY_MATHJAX = XPath('.//*[starts-with(@class, "MathJax") or contains(@class, "mjx-chtml")]')
_HAS_TEX = XPath('boolean(.//annotation[@encoding="application/x-tex"])')

_FILLED: dict[tuple[str, int], Callable[..., str]] = {
    ("mfrac", 2): lambda above, below: rf"\frac{{{above}}}{{{below}}}",
    ("msup", 2): lambda base, power: f"{base}^{{{power}}}",
    ("msub", 2): lambda base, index: f"{base}_{{{index}}}",
    ("msubsup", 3): lambda base, index, power: f"{base}_{{{index}}}^{{{power}}}",
    ("munder", 2): lambda base, under: f"{base}_{{{under}}}",
    ("mover", 2): lambda base, over: rf"\overset{{{over}}}{{{base}}}",
    ("munderover", 3): lambda base, under, over: f"{base}_{{{under}}}^{{{over}}}",
    ("mroot", 2): lambda radicand, degree: rf"\sqrt[{degree}]{{{radicand}}}",
}


def with_formulas(tree: HtmlElement) -> HtmlElement:
    """The tree, changed: behind each element that holds a formula stands its TeX as text."""
    scripts = [each for each in tree.iter("script") if TEX_TYPE.match(each.get("type", ""))]
    for element in (*_DRAWN(tree), *(_DRAWN_BY_MATHJAX(tree) if scripts else ())):
        if element.getparent() is not None and element.tag != "script":
            element.drop_tree()
    for script in scripts:
        _say(script, script.text or "", block="display" in script.get("type", ""))
    for image in list(tree.iter("img")):
        if TEX_IMAGE.search(image.get("class", "")) and not _stands_by_mathml(image):
            _say(image, image.get("alt", ""))
    for formula in list(tree.iter("math")):
        if not _HAS_TEX(formula) and not formula.get("alttext", "").strip():
            _say(formula, tex(formula), block=formula.get("display") == "block")
    return tree


def _say(element: HtmlElement, formula: str, *, block: bool = False) -> None:
    if formula := " ".join(formula.split()):
        opening, closing = (r"\[", r"\]") if block else (r"\(", r"\)")
        element.tail = f"{opening}{formula}{closing}{element.tail or ''}"


def _stands_by_mathml(image: HtmlElement) -> bool:
    """Whether the same formula is there as MathML: MediaWiki writes it right before the image."""
    before = image.getprevious()
    return before is not None and not (before.tail or "").strip() and next(before.iter("math"), None) is not None


def tex(element: HtmlElement, depth: int = 0) -> str:
    """MathML as TeX: fractions, powers, indices, roots and rows; of anything else the text in order."""
    children = [child for child in element if isinstance(child.tag, str)]
    if depth == DEEPEST or not children:
        return " ".join("".join(element.itertext()).split())
    parts = [tex(child, depth + 1) for child in children]
    return _shaped(element.tag, parts) or " ".join(filter(None, parts))


def _shaped(tag: str, parts: Sequence[str]) -> str | None:
    if tag == "msqrt":
        return rf"\sqrt{{{' '.join(parts)}}}"
    shape = _FILLED.get((tag, len(parts)))
    return shape(*parts) if shape else None
