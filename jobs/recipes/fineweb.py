"""FineWeb's rules as datatrove 0.10.1 has them, for English.

The code that made FineWeb in 2024, the paper and today's datatrove disagree in many bounds; this is today's datatrove, with
two declared differences: trafilatura's memory of repeated segments is one page's, not one process's, and the language model
is lid.176.ftz, the compressed form of lid.176.bin that a package carries. `docs/parity.md` lists every difference.
"""

from dedup.minhash import MinHash
from filters.c4 import C4Lines
from filters.gopher_quality import GopherQuality
from filters.gopher_repetition import GopherRepetition
from filters.html_only import HtmlOnly
from filters.language import Language
from filters.line_quality import LineQuality
from filters.personal_data import PersonalData
from filters.tokens import TokenCounter
from filters.url import UrlPolicy
from jobs.recipe import Recipe
from pipeline.extraction import Trafilatura


def fineweb() -> Recipe:
    """FineWeb's rules as today's datatrove has them.

    Source: datatrove 0.10.1, examples/fineweb.py.
    """
    return Recipe(
        name="fineweb",
        ingest=(
            HtmlOnly(),
            UrlPolicy(),
            Trafilatura(favor_precision=True, include_comments=False, deduplicate=True),
            Language(languages=("en",), min_score=0.5),
            GopherRepetition(),
            GopherQuality(),
            C4Lines(),
            LineQuality(),
        ),
        rules=(
            *Language.rules(min_score=0.65),
            *GopherRepetition.rules(),
            *GopherQuality.rules(),
            *C4Lines.rules(),
            *LineQuality.rules(),
        ),
        minhash=MinHash(bands=14, rows=8, ngram=5),
        transforms=(PersonalData(),),
        tokens=TokenCounter(),
    )
