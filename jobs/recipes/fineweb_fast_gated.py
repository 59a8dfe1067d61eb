"""`fineweb-fast` behind the gate of `fineweb-gated`: the least work for English pages of a crawl in many languages."""

from dataclasses import replace

from jobs.recipe import Recipe
from jobs.recipes.fineweb_fast import fineweb_fast
from jobs.recipes.fineweb_gated import gated


def fineweb_fast_gated() -> Recipe:
    """FineWeb's rules over text that resiliparse extracts, and no extraction of pages that are surely not English.

    Source: the recipes fineweb-fast and fineweb-gated.
    """
    base = fineweb_fast()
    return replace(base, name="fineweb-fast-gated", ingest=gated(base.ingest))
