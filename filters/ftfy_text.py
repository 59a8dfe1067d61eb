"""Repairs text that was decoded wrongly, with the library ftfy and the settings of FineWeb2 (as datatrove 0.10.1)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar

import pyarrow as pa

from filters.text_edits import edits_between, words_of
from pipeline.errors import RecipeError
from pipeline.measures import Edit, Transformed, schema, signals_of
from pipeline.pages import Pages
from pipeline.storable import storable

if TYPE_CHECKING:
    from ftfy import TextFixerConfig

NORMAL_FORMS = ("NFC", "NFD", "NFKC", "NFKD")
MOST_PASSES = 8
"""Of one line. ftfy repeats its repairs until nothing changes, which costs the square of a line's length where each pass makes
work for the next (`&amp;amp;amp;…`). Real text takes two passes, three where it was decoded wrongly twice."""

_SEGMENT_CHARS = 1_000_000  # ftfy's own bound of what it looks at together
_STEPS = (
    "fix_c1_controls",
    "fix_latin_ligatures",
    "fix_character_width",
    "uncurl_quotes",
    "fix_line_breaks",
    "fix_surrogates",
    "remove_terminal_escapes",
    "remove_control_chars",
)
# Printable ASCII without the ampersand, tab, newline and form feed: no setting changes these.
_TOUCHED = re.compile(r"[^\t\n\x0c\x20-\x25\x27-\x7e]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ftfy:
    """What `ftfy.fix_text` makes of a page, line by line; the switches are ftfy's, their defaults FineWeb2's.

    Encodings are repaired; what would only make text uniform (quotes, widths, ligatures, normal forms) is off. `unescape_html`
    is True, False or "auto": until the first line that has a `<`. A line that is not settled after `MOST_PASSES` stays as it
    was and is counted. Not always the same when done twice: a line break that comes out of `&#10;` makes two lines of one.
    """

    name: ClassVar[str] = "ftfy"
    version: ClassVar[int] = 1
    engines: ClassVar[tuple[str, ...]] = ("ftfy",)
    signals: ClassVar[pa.Schema] = schema(ftfy_line_count="int32", ftfy_unsettled_line_count="int32")

    unescape_html: bool | str = "auto"
    remove_terminal_escapes: bool = True
    fix_encoding: bool = True
    restore_byte_a0: bool = True
    replace_lossy_sequences: bool = True
    decode_inconsistent_utf8: bool = True
    fix_c1_controls: bool = True
    fix_latin_ligatures: bool = False
    fix_character_width: bool = False
    uncurl_quotes: bool = False
    fix_line_breaks: bool = False
    fix_surrogates: bool = True
    remove_control_chars: bool = True
    normalization: str | None = None

    def __post_init__(self) -> None:
        if self.unescape_html not in {True, False, "auto"}:
            raise RecipeError(f'ftfy: unescape_html is {self.unescape_html!r}, not True, False or "auto"')
        if self.normalization is not None and self.normalization not in NORMAL_FORMS:
            raise RecipeError(f"ftfy: normalization is {self.normalization!r}, not None or one of {NORMAL_FORMS}")

    def transform(self, pages: Pages) -> Transformed:
        """New texts, edits of the words that changed, and how many lines were repaired or left because they did not settle."""
        repairs = [_Repair(self, text) for text in pages.texts]
        columns = {
            "ftfy_line_count": [repair.changed for repair in repairs],
            "ftfy_unsettled_line_count": [repair.unsettled for repair in repairs],
        }
        return Transformed(
            texts=[repair.text for repair in repairs],
            edits=[tuple(repair.edits) for repair in repairs],
            signals=signals_of(self.signals, columns, len(pages)),
        )


class _Repair:
    """One page, line by line."""

    def __init__(self, part: Ftfy, text: str) -> None:
        self.text = text
        self.edits: list[Edit] = []
        self.changed = self.unsettled = 0
        if _TOUCHED.search(text) is None:
            return
        made: list[str] = []
        length = 0
        for line, unescape in _segments(text, part.unescape_html):
            new = self._repaired(part, line, unescape)
            if new != line:
                self.changed += 1
                edits = edits_between(part.name, line, new, words_of)
                self.edits += [Edit(part.name, edit.start + length, edit.removed, edit.inserted) for edit in edits]
            made.append(new)
            length += len(new)
        self.text = "".join(made)

    def _repaired(self, part: Ftfy, line: str, unescape: bool) -> str:
        if _TOUCHED.search(line) is None:
            return line
        config = _config(part, unescape)
        new = line
        for _ in range(MOST_PASSES):
            before, new = new, _one_pass(new, config)
            if new is None:
                break
            if new == before:
                return storable(new)
        self.unsettled += 1
        return line


def _segments(text: str, unescape: bool | str) -> Iterator[tuple[str, bool]]:
    """What ftfy looks at together, and whether HTML's entities are read there: `auto` ends at a `<` for the rest of the page."""
    start = 0
    while start < len(text):
        end = min(text.find("\n", start) + 1 or len(text), start + _SEGMENT_CHARS)
        segment = text[start:end]
        if unescape == "auto" and "<" in segment:
            unescape = False
        yield segment, bool(unescape)
        start = end


@lru_cache(maxsize=8)  # a third of a page's time where it is made for each line
def _config(part: Ftfy, unescape: bool) -> "TextFixerConfig":
    from ftfy import TextFixerConfig

    switches: dict[str, Any] = {field.name: getattr(part, field.name) for field in fields(part)}
    switches["unescape_html"] = unescape
    return TextFixerConfig(**switches)


def _one_pass(text: str, config: "TextFixerConfig") -> str | None:
    """One round of the repairs in ftfy's order, ftfy's own functions; None where the encoding does not settle."""
    import unicodedata

    import ftfy

    if config.unescape_html:
        text = ftfy.FIXERS["unescape_html"](text)
    if config.fix_encoding:
        for _ in range(MOST_PASSES):
            before = text
            text = ftfy._fix_encoding_one_step_and_explain(text, config).text  # pyright: ignore[reportPrivateUsage]
            if text == before:
                break
        else:
            return None
    for step in _STEPS:
        if getattr(config, step):
            text = ftfy.FIXERS[step](text)
    if config.normalization is not None:
        text = unicodedata.normalize(config.normalization, text)
    return text
