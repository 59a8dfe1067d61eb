"""Text from outside as Markdown: names of sources, recipes and files are shown and never obeyed."""

import re
from collections.abc import Iterable, Sequence

MOST_CHARS = 200

# Control characters, line ends of any kind, and those that turn the direction of the text around them.
_ACTIVE = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]+")
_SPECIAL = re.compile(r"([\\`*_{}\[\]()#+!|~$^=-])")
_LINKED = re.compile(r"://|www\.|@", re.IGNORECASE)  # what GitHub's and the Hub's Markdown make links of
_ADDRESS = re.compile(
    r"(?<=:)(?=/)|(?<=@)|(?=@)|(?<=www\.)", re.IGNORECASE
)  # where a space without width keeps them from it
_PLAIN = re.compile(r"[\w./:@+=<>!, -]+", re.ASCII)


def one_line(text: str) -> str:
    """`text` on one line, without what could act, and not longer than anybody reads."""
    shown = _ACTIVE.sub(" ", text).strip()
    return shown if len(shown) <= MOST_CHARS else f"{shown[: MOST_CHARS - 1]}…"


def plain(text: str) -> str:
    """`text` as words of a paragraph, a heading or a table: nothing in it is markup, HTML or a link."""
    harmless = one_line(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    escaped = _SPECIAL.sub(r"\\\1", harmless)
    return _ADDRESS.sub("\u200b", escaped) if _LINKED.search(harmless) else escaped


def code(value: object) -> str:
    """A name or a value as code, where it is harmless as such; else as plain words."""
    text = one_line(str(value))
    return f"`{text}`" if _PLAIN.fullmatch(text) else plain(text)


def table(head: Sequence[str], rows: Iterable[Sequence[str]], align: str = "") -> str:
    """A table of finished cells; `align` has a letter a column, `r` for numbers, and may be shorter than the head."""
    rule = ["---:" if side == "r" else "---" for side in align.ljust(len(head), "l")]
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, rule, *rows))


def fenced(language: str, text: str) -> str:
    """A block of code whose fence is longer than any inside."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text.rstrip()}\n{fence}"
