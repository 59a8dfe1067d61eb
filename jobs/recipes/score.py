"""Rows of text with a column for each model, and no rule that would drop any: what `gristmill score` does, as a recipe."""

from collections.abc import Sequence

from jobs.quality_models import model_at
from jobs.recipe import Recipe
from pipeline.errors import RecipeError
from pipeline.extraction import Resiliparse
from pipeline.quality import COLUMN, Ensemble, Quality, QualityModel


def score(models: Sequence[str], buckets: int | None) -> Recipe:
    """Texts of rows with scores by each of `models`, named `PLACE` or `COLUMN=PLACE`, and perhaps the highest of their buckets.

    RecipeError for what is no model, or two of one column.

    Source: what `gristmill score` runs.
    """
    if not models:
        raise RecipeError("name a model with --model")
    ensemble = Ensemble(buckets=buckets) if buckets else None
    quality = Quality(models=tuple(map(_named, models)), ensemble=ensemble)
    # Rows have their text already: the extractor, which every recipe has, is passed over.
    return Recipe(name="score", ingest=(Resiliparse(),), rules=(), quality=quality)


def with_models(told: str) -> Recipe:
    """The recipe by models separated by commas, and behind them the number of buckets if there are such."""
    models = [each for each in told.split(",") if each]
    buckets = int(models.pop()) if models and models[-1].isdecimal() else None
    if not models:
        raise RecipeError("score is named with its models: score:MODEL,MODEL… or score:COLUMN=MODEL,BUCKETS")
    return score(models, buckets)


def columns_of(recipe: Recipe) -> list[str]:
    """The columns that the dataset has besides its own."""
    return [name for schema in recipe.quality.written() for name in schema.names] if recipe.quality else []


def _named(model: str) -> QualityModel:
    column, equals, place = model.partition("=")
    return model_at(place, column) if equals and COLUMN.fullmatch(column) else model_at(model)
