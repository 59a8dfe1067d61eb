"""DCLM-Baseline's heuristics: resiliparse, RefinedWeb's rules with formulas of its own, corrections line by line.

Its lists of addresses and words are another reconstruction of RefinedWeb's than datatrove's, which is used here. Not here: the
removal of addresses from texts, which its code does only on pages that begin with the letters of a top-level domain, and its
classifier, which keeps a tenth. It removes near-duplicates with a Bloom filter of 13-grams (BFF); these are the MinHash bands of
its ablation.
"""

from dedup.minhash import MinHash
from filters.dclm_quality import DclmQuality
from filters.dclm_repetition import DclmRepetition
from filters.html_only import HtmlOnly
from filters.language import Language
from filters.line_corrections import LineCorrections
from filters.tokens import TokenCounter
from filters.url import UrlPolicy
from jobs.recipe import Recipe
from pipeline.extraction import Resiliparse


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
