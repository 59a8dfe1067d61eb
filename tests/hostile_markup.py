"""Soup of tags and of what parsers stumble over, for tests that any input is survived."""

from collections.abc import Callable, Sequence

from hypothesis import strategies as st

TAGS = ("p", "div", "table", "tr", "td", "ul", "li", "b", "a", "pre", "h1", "script", "svg", "article", "br")
ODDITIES = (
    "<",
    "<td colspan='9'>",
    "<!--",
    "-->",
    "<!DOCTYPE",
    "<?xml",
    "<![CDATA[",
    "&amp;",
    "&#0;",
    "&#xD800;",
    "&nbsp",
)


def soup(tags: Sequence[str] = (), oddities: Sequence[str] = ()) -> st.SearchStrategy[str]:
    """Tags (those given among them), oddities and any text, without order."""
    tags = (*TAGS, *tags)
    markup = st.sampled_from([*(f"<{tag}>" for tag in tags), *(f"</{tag}>" for tag in tags), *ODDITIES, *oddities])
    return st.lists(markup | st.text(max_size=40) | st.characters(), max_size=60).map("".join)


def anything(soup: st.SearchStrategy[str], page: Callable[[str], str]) -> st.SearchStrategy[str]:
    """Any text, lone surrogates among it, soup, and soup in a page."""
    return st.text(st.characters(categories=None), max_size=400) | soup | soup.map(page)
