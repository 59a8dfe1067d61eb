"""RefinedWeb: trafilatura, Gopher's rules, then corrections line by line, and pages dropped of which these took too much.

Its lists of addresses and words are not published; these are datatrove's, made after its appendix G.1. Not here: the removal of
addresses from texts, exact substrings of 50 tokens, and of pages that another part of the crawl has too.
"""

from dedup.minhash import MinHash
from filters.gopher_quality import GopherQuality
from filters.gopher_repetition import GopherRepetition
from filters.html_only import HtmlOnly
from filters.language import Language
from filters.line_corrections import LineCorrections
from filters.tokens import TokenCounter
from filters.url import UrlPolicy
from jobs.recipe import Recipe
from pipeline.extraction import Trafilatura


def refinedweb() -> Recipe:
    """RefinedWeb: Gopher's rules and line-wise corrections; a page goes that loses more than 5 % of its words.

    Source: Penedo et al. 2023, "The RefinedWeb Dataset for Falcon LLM", arXiv:2306.01116, section 3 and appendix G.
    """
    return Recipe(
        name="refinedweb",
        ingest=(
            HtmlOnly(),
            UrlPolicy(),
            Trafilatura(favor_precision=False, include_comments=False, deduplicate=False),
            Language(languages=("en",), min_score=0.5),
            GopherRepetition(),
            GopherQuality(),
            LineCorrections(phrases_at_end=(r"Read more\.\.\.",)),
        ),
        rules=(
            *Language.rules(min_score=0.65),
            *GopherRepetition.rules(),
            *GopherQuality.rules(),
            *LineCorrections.rules(max_removed_words=0.05),
        ),
        minhash=MinHash(bands=450, rows=20, ngram=5),
        tokens=TokenCounter(),
    )
