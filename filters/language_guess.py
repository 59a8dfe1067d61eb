"""Tells pages that are surely in another language before their text is extracted, from two glances at their HTML."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from typing import ClassVar

import pyarrow as pa

from filters.language import LID_176
from filters.language_model import LanguageModel, model_knowing
from pipeline.assets import Asset
from pipeline.errors import RecipeError
from pipeline.measures import Gated, schema, signals_of
from pipeline.pages import Pages
from pipeline.storable import storable

MARKUP_CHARS = 65_536  # a glance goes no further through what it does not show
_NOT_SHOWN = frozenset({"script", "style", "noscript", "svg", "template", "title"})
_TAG_NAME = re.compile(r"[a-z]+", re.IGNORECASE)
_BODY = re.compile(r"<body\b", re.IGNORECASE)
_SCRIPT = re.compile(r"<(?P<ends>/)?(?:script|style)\b", re.IGNORECASE)
# Tags that hide nothing, told by their first letters, then what is shown up to the next tag: most of a page in a few steps.
_SHOWN = re.compile(r"(?:\s*+<(?!!|[sS][cCtTvV]|[nN][oO]|[tT][eEiI])[^>]*+>)*+\s*+(?P<text>[^<]*+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class LanguageGuess:
    """Stops pages in which no glance finds one of `languages` likely: a score below `min_score`, of each of them in each glance.

    A glance is the first `glance_chars` characters shown from the body's beginning, or from a third of the page on; the second
    is taken only where the first finds none of the languages. Of 768 English pages among 1,743 it stops none, of the other 975
    it stops 876, for a twelfth of what their extraction takes. What passes is judged by `Language` on its text.
    """

    name: ClassVar[str] = "language_guess"
    version: ClassVar[int] = 1
    engines: ClassVar[tuple[str, ...]] = ("fasttext-numpy2-wheel",)
    signals: ClassVar[pa.Schema] = schema(language_guess_score="float64")
    reasons: ClassVar[tuple[str, ...]] = ("surely_other_language",)
    needs_html: ClassVar[bool] = True
    reads_html: ClassVar[bool] = True

    languages: tuple[str, ...] = ("en",)
    min_score: float = 0.05
    glance_chars: int = 1_000
    model: Asset = LID_176

    def __post_init__(self) -> None:
        if not 0 <= self.min_score <= 1:
            raise RecipeError(f"language_guess: min_score is {self.min_score}, but scores lie between 0 and 1")
        if not self.languages:
            raise RecipeError("language_guess: name the languages that are wanted")

    def check(self) -> None:
        """See `Language.check`."""
        model_knowing(self.model, self.languages)

    def judge(self, pages: Pages) -> Gated:
        """`surely_other_language`, and the best score of a wanted language; null where a page shows no text."""
        model = model_knowing(self.model, self.languages)
        scores = [self._score(model, html) for html in pages.htmls]
        reasons = [None if score is None or score >= self.min_score else "surely_other_language" for score in scores]
        return Gated(reasons, signals_of(self.signals, {"language_guess_score": scores}, len(pages)))

    def _score(self, model: LanguageModel, html: str) -> float | None:
        best: float | None = None
        for text in glances(html, self.glance_chars):
            if text:
                found = model.scores(storable(text), self.languages)
                best = max(best or 0.0, *(found.get(language, 0.0) for language in self.languages))
                if best >= self.min_score:
                    return best
        return best


def glances(html: str, chars: int) -> Iterator[str]:
    """The first `chars` characters that a page shows, and those from a third of it on; runs of space are one space."""
    body = _BODY.search(html)
    start = body.start() if body else 0
    yield _shown(html, start, chars)
    yield _shown(html, _outside(html, start + (len(html) - start) // 3), chars)


def _shown(html: str, place: int, chars: int) -> str:
    """The first `chars` characters from `place` on that stand between tags, where those are not of an element that hides them."""
    pieces: list[str] = []
    held, end = 0, min(len(html), place + MARKUP_CHARS)
    while place < end and held < chars and (found := _SHOWN.match(html, place, end)):
        place = found.end()
        if piece := found["text"].rstrip():
            pieces.append(piece)
            held += len(piece)
        elif place < end:
            place = _behind(html, place, end)
    return unescape(" ".join(" ".join(pieces).split()))[:chars]


def _behind(html: str, tag: int, end: int) -> int:
    """Where a tag ends, or the comment or the hidden element that it begins."""
    if html.startswith("<!--", tag):
        return _after(html, "-->", tag, end)
    name = _TAG_NAME.match(html, tag + 1)
    behind = _after(html, ">", tag, end)
    if name and name[0].lower() in _NOT_SHOWN:
        return _after(html, ">", _after(html, f"</{name[0]}", behind, end), end)
    return behind


def _after(html: str, what: str, place: int, end: int) -> int:
    found = html.find(what, place, end)
    return found + len(what) if found >= 0 else end


def _outside(html: str, place: int) -> int:
    """`place`, or what follows the tag, the script or the style sheet that it is within."""
    found = _SCRIPT.search(html, place)
    if found and found["ends"]:
        return _after(html, ">", found.start(), len(html))
    opens, closes = html.find("<", place), html.find(">", place)
    return closes + 1 if closes >= 0 and not 0 <= opens < closes else place
