"""DCLM-Baseline's heuristics: resiliparse, RefinedWeb's rules with formulas of its own, corrections line by line.

Its lists of addresses and words are another reconstruction of RefinedWeb's than datatrove's, which is used here. Not here: the
removal of addresses from texts, which its code does only on pages that begin with the letters of a top-level domain. It removes
near-duplicates with a Bloom filter of 13-grams (BFF); these are the MinHash bands of its ablation. Named with its classifier's
file (`dclm:openhermes_reddit_eli5_vs_rw_v2_bigram_200k_train.bin`) it is whole, else it ends before the classifier.
"""

from dataclasses import replace

from dedup.minhash import MinHash
from filters.dclm_quality import DclmQuality
from filters.dclm_repetition import DclmRepetition
from filters.html_only import HtmlOnly
from filters.language import Language
from filters.line_corrections import LineCorrections
from filters.quality.fasttext import DCLM_THRESHOLD
from filters.tokens import TokenCounter
from filters.url import UrlPolicy
from jobs.quality_models import classifier_at
from jobs.recipe import Recipe
from pipeline.errors import RecipeError
from pipeline.extraction import Resiliparse
from pipeline.measures import Rule
from pipeline.quality import Ensemble, Quality


def dclm() -> Recipe:
    """DCLM-Baseline before its classifier.

    Source: Li et al. 2024, "DataComp-LM", arXiv:2406.11794; mlfoundations/dclm, dclm_baseline_refinedweb.yaml.
    """
    return Recipe(
        name="dclm",
        ingest=(
            HtmlOnly(),
            UrlPolicy(),
            Resiliparse(main_content=True),
            Language(languages=("en",), min_score=0.5, line_break=""),
            DclmQuality(),
            DclmRepetition(),
            LineCorrections(),
        ),
        rules=(
            *Language.rules(min_score=0.65),
            *DclmQuality.rules(),
            *DclmRepetition.rules(),
            *LineCorrections.rules(max_removed_words=0.05),
        ),
        minhash=MinHash(bands=93, rows=15, ngram=5),
        tokens=TokenCounter(),
    )


def with_model(place: str) -> Recipe:
    """The whole of DCLM-Baseline by the fastText model at `place`, with the bound that a tenth of its pool reached.

    `PLACE,0.1` is for a model of one's own: then the tenth of this input that scores highest stays, by percentiles.
    """
    where, _, share = place.partition(",")
    model = classifier_at(where, "fasttext_score")
    rule = Rule(model.column, "<", DCLM_THRESHOLD, "low_quality_score", null_fails=True)
    if not share:
        return replace(dclm(), quality=Quality(models=(model,), rules=(rule,), after="deduplication"))
    rule = replace(rule, signal=f"{model.column}_percentile", value=1 - _share(share))
    return replace(dclm(), quality=Quality(models=(model,), ensemble=Ensemble(), rules=(rule,), after="deduplication"))


def _share(text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = 0.0
    if not 0 < share < 1:
        raise RecipeError(f"dclm: {text!r} is no share of pages; give a number between 0 and 1, as dclm:MODEL,0.1")
    return share
