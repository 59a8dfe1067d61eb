"""MassiveWeb's quality and repetition rules, as Gopher's paper gives them and datatrove 0.10.1 counts.

Not here: SafeSearch, which is Google's, the paper's own HTML extraction, and the removal of test sets. The paper calls documents
duplicates whose 13-grams have a Jaccard similarity of more than 0.8 and does not say how it finds them: 20 bands of 13 values are
steepest at 0.794.
"""

from dedup.minhash import MinHash
from filters.gopher_quality import GopherQuality
from filters.gopher_repetition import GopherRepetition
from filters.html_only import HtmlOnly
from filters.language import Language
from filters.tokens import TokenCounter
from jobs.recipe import Recipe
from pipeline.extraction import Trafilatura


def gopher() -> Recipe:
    """MassiveWeb: Gopher's quality and repetition rules alone.

    Source: Rae et al. 2021, "Scaling Language Models", arXiv:2112.11446, appendix A.1 and table A1.
    """
    return Recipe(
        name="gopher",
        ingest=(
            HtmlOnly(),
            Trafilatura(favor_precision=False, include_comments=False, deduplicate=False),
            Language(languages=("en",), min_score=0.5),
            GopherQuality(),
            GopherRepetition(),
        ),
        rules=(*GopherQuality.rules(), *GopherRepetition.rules()),
        minhash=MinHash(bands=20, rows=13, ngram=13),
        tokens=TokenCounter(),
    )
