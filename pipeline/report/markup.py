"""HTML made of values, so that text can only ever be text: every string is escaped unless it is `Markup` already.

What is shown was written by others: pages, addresses, error messages. Characters that would act instead of being read (control
characters, and those that turn the direction of what follows) are shown as their escapes.
"""

import re
from collections.abc import Iterable
from html import escape
from typing import Any

_ACTIVE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]"
)
_NAME = re.compile(r"[a-z][a-z0-9-]*")
_VOID = {"meta", "link", "br", "hr", "col", "wbr"}


class Markup(str):
    """HTML that may be written as it is; only `tag` and `joined` make it."""

    __slots__ = ()


Content = Any
"""Markup, text, a number, None (nothing), or an iterable of these."""


def visible(text: str) -> str:
    """Text in which nothing acts: a character that would is written out as Python would, line ends are one newline."""
    return _ACTIVE.sub(lambda found: ascii(found[0])[1:-1], text.replace("\r\n", "\n"))


def breakable(name: str) -> Markup:
    """A name in which a line may break after each underscore."""
    return joined([(piece, tag("wbr")) for piece in re.split(r"(?<=_)(?=[^_])", name)])


def joined(*content: Content) -> Markup:
    """Content as HTML: text escaped, markup as it is."""
    return Markup("".join(_flat(content)))


def _flat(content: Iterable[Content]) -> Iterable[str]:
    for each in content:
        if each is None:
            continue
        if isinstance(each, Markup):
            yield each
        elif isinstance(each, str | int | float):
            yield escape(visible(str(each)))
        else:
            yield from _flat(each)


def tag(name: str, /, *content: Content, **attributes: Any) -> Markup:
    """An element. A trailing `_` and inner ones of an attribute's name become nothing and `-`; None leaves it out, True is bare.

    ValueError for a name that could end the tag: names are ours, values may be anybody's.
    """
    opening = [name]
    for key, value in attributes.items():
        written = key.rstrip("_").replace("_", "-")
        if not _NAME.fullmatch(written.lower()) or not _NAME.fullmatch(name.lower()):
            raise ValueError(f"<{name} {written}=…> is no name for an element or attribute")
        if value is True:
            opening.append(written)
        elif value is not None and value is not False:
            opening.append(f'{written}="{escape(visible(str(value)))}"')
    start = f"<{' '.join(opening)}>"
    return Markup(start if name in _VOID else f"{start}{joined(*content)}</{name}>")
