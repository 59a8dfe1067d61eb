"""Nemotron-CC's choice of pages: several classifiers, each of which sees quality elsewhere, and the best opinion counts.

Not here: its rephrasing of pages by language models. Its classifiers are named by whoever has them; with FineWeb-Edu's, one
fitted to another annotator, and DCLM's the ensemble is theirs.
"""

from dataclasses import replace

from dedup.exact import Exact
from dedup.minhash import MinHash
from filters.ftfy_text import Ftfy
from filters.html_only import HtmlOnly
from filters.language import Language
from filters.tokens import TokenCounter
from filters.url import UrlPolicy
from jobs.quality_models import classifier_at
from jobs.recipe import Recipe
from pipeline.errors import RecipeError
from pipeline.extraction import JusText
from pipeline.measures import Rule
from pipeline.quality import Ensemble, Quality, QualityModel

BUCKETS = 20


def nemotron_cc_like(*models: QualityModel, least_bucket: int = 0) -> Recipe:
    """Pages with the highest of their buckets by `models`, each bucket a twentieth of all tokens, 19 the best.

    All buckets stay, for whoever trains to choose from; with `least_bucket` only those from there on do.

    Source: Su et al. 2024, "Nemotron-CC", arXiv:2412.02595, section 2.
    """
    rule = Rule("quality_bucket", "<", least_bucket, "low_quality_bucket", null_fails=True)
    quality = Quality(
        models=models,
        ensemble=Ensemble(buckets=BUCKETS, weight="token_count"),
        rules=(rule,) if least_bucket else (),
        after="deduplication",
    )
    return Recipe(
        name="nemotron-cc-like",
        ingest=(
            HtmlOnly(),
            UrlPolicy(),
            JusText(stop_list="English"),
            Language(languages=("en",), min_score=0.3),
            Ftfy(),
        ),
        rules=(),
        measures=(TokenCounter(),),
        exact=(Exact(by="text"),),
        minhash=MinHash(bands=20, rows=13, ngram=5),
        quality=quality,
        tokens=TokenCounter(),
    )


def with_models(places: str) -> Recipe:
    """The recipe by the models at `places`, separated by commas: `model_1` is the score of the first."""
    found = [place for place in places.split(",") if place]
    if not found:
        raise RecipeError("nemotron-cc-like is named with its classifiers: nemotron-cc-like:MODEL,MODEL…")
    return nemotron_cc_like(*(classifier_at(place, f"model_{number}_score") for number, place in enumerate(found, 1)))


def high_quality(places: str) -> Recipe:
    """The two best buckets alone, from which the paper's high-quality subset is."""
    found = with_models(places)
    assert found.quality is not None  # noqa: S101  tells the type checker
    rule = Rule("quality_bucket", "<", BUCKETS - 2, "low_quality_bucket", null_fails=True)
    return replace(found, name="nemotron-cc-like-high", quality=replace(found.quality, rules=(rule,)))
