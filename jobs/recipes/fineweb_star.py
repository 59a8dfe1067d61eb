"""`fineweb`, where a page is removed only for a page like it that stays: a chain of pages like their neighbours is no reason.

Signatures and candidates are those of `fineweb`. In the same order of survival each page is compared with those that stay and
share a band with it, and goes if their estimated similarity is high enough.
"""

from dataclasses import replace

from dedup.survival import Star
from jobs.recipe import Recipe
from jobs.recipes.fineweb import fineweb


def fineweb_star() -> Recipe:
    """FineWeb's rules; every page that goes as a near-duplicate has one of an estimated similarity of 0.7 that stays.

    Source: the recipe fineweb; the rule of survival is of this project. 0.7 is near where FineWeb's bands find half of the pairs.
    """
    return replace(fineweb(), name="fineweb-star", survival=Star(similarity=0.7))
