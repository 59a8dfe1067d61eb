"""The recipe behind `gristmill score`: rows of text, models, and no rule that would drop any."""

from collections.abc import Sequence

from jobs.quality_models import model_at
from jobs.recipe import Recipe
from pipeline.errors import RecipeError
from pipeline.extraction import Resiliparse
from pipeline.quality import COLUMN, Ensemble, Quality, QualityModel

NAME = "score"


def scoring_recipe(models: Sequence[str], buckets: int | None) -> Recipe:
    """Scores by each of `models`, named `PLACE` or `COLUMN=PLACE`, and where asked for the highest of their buckets.

    RecipeError for what is no model, or two of one column.
    """
    if not models:
        raise RecipeError("name a model with --model")
    ensemble = Ensemble(buckets=buckets) if buckets else None
    quality = Quality(models=tuple(map(_named, models)), ensemble=ensemble)
    # Rows have their text already: the extractor, which every recipe has, is passed over.
    return Recipe(name=NAME, ingest=(Resiliparse(),), rules=(), quality=quality)


def columns_of(recipe: Recipe) -> list[str]:
    """The columns that the dataset has besides its own."""
    return [name for schema in recipe.quality.written() for name in schema.names] if recipe.quality else []


def _named(model: str) -> QualityModel:
    column, equals, place = model.partition("=")
    return model_at(place, column) if equals and COLUMN.fullmatch(column) else model_at(model)
