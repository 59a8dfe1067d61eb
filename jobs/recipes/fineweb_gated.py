"""`fineweb`, with a look at the language before a page's text is extracted: for crawls in which most pages are not English.

Pages in which two glances at the HTML find English surely absent are not extracted. The rules, and the bytes of what is kept,
are those of `fineweb`; a page that is lost by the guess is counted as `surely_other_language`, and its score is written down.
"""

from dataclasses import replace

from filters.language_guess import LanguageGuess
from jobs.recipe import Recipe
from jobs.recipes.fineweb import fineweb
from pipeline.ingest import Item
from pipeline.measures import Extractor


def fineweb_gated() -> Recipe:
    """FineWeb's rules, and no extraction of pages that are surely not English.

    Source: the recipe fineweb; the gate is of this project, measured in docs/decisions.md.
    """
    base = fineweb()
    return replace(base, name="fineweb-gated", ingest=gated(base.ingest))


def gated(items: tuple[Item, ...]) -> tuple[Item, ...]:
    """The items with the guess before the extractor."""
    extractor = next(place for place, item in enumerate(items) if isinstance(item, Extractor))
    return (*items[:extractor], LanguageGuess(languages=("en",), min_score=0.05), *items[extractor:])
