"""FineWeb-Edu: what is left of FineWeb, scored by a classifier of educational worth, of which pages of 3 and more stay.

The classifier is an encoder with a regression head that was fitted to labels from 0 to 5. Its score is rounded before it is
compared, so the bound on the score itself is 2.5, which rounds to 2.
"""

from dataclasses import replace

from jobs.quality_models import classifier_at
from jobs.recipe import Recipe
from jobs.recipes.fineweb import fineweb
from pipeline.errors import RecipeError
from pipeline.measures import Rule
from pipeline.quality import Quality, QualityModel

LEAST = 3  # of 5; the larger release has 2


def fineweb_edu(model: QualityModel, least: int = LEAST) -> Recipe:
    """FineWeb, and of it the pages whose rounded score is at least `least`.

    Source: Penedo et al. 2024, "The FineWeb Datasets", arXiv:2406.17557, section 4; huggingface/cosmopedia, classification.
    """
    # Halves are rounded to the even neighbour: 2.5 to 2, but 1.5 to 2 as well.
    rule = Rule(model.column, "<=" if least % 2 else "<", least - 0.5, "low_edu_score", null_fails=True)
    quality = Quality(models=(model,), rules=(rule,), after="deduplication")
    return replace(fineweb(), name="fineweb-edu", quality=quality)


def with_model(place: str) -> Recipe:
    """The recipe by the model at `place`, a folder as `transformers` saves it, with safetensors."""
    if not place:
        raise RecipeError("fineweb-edu is named with its classifier: fineweb-edu:FOLDER, or fineweb-edu:FOLDER@SHA256")
    return fineweb_edu(classifier_at(place, "edu_score"))
