"""FineWeb with the numbers of its paper, measured as the code of 2024 measures.

The paper keeps a language score of 0.65 itself, and drops pages of which a tenth of the characters stand in repeated lines,
where its code (and its appendix E.4) says a hundredth. It removes near-duplicates before C4's and its own rules; here rules
come first, so the page that stays of a cluster may be another one.
"""

from dataclasses import replace

from filters.c4 import C4Lines
from filters.gopher_quality import GopherQuality
from filters.gopher_repetition import GopherRepetition
from filters.line_quality import LineQuality
from jobs.recipe import Recipe
from jobs.recipes.fineweb_2024 import fineweb_2024
from pipeline.measures import Rule


def fineweb_paper() -> Recipe:
    """FineWeb with the numbers of its paper.

    Source: Penedo et al. 2024, "The FineWeb Datasets", arXiv:2406.17557, sections 3.3 to 3.6.
    """
    return replace(
        fineweb_2024(),
        name="fineweb-paper",
        rules=(
            Rule("language_score", "<", 0.65, "low_language_score"),
            *GopherRepetition.rules(),
            *GopherQuality.rules(),
            *C4Lines.rules(),
            *LineQuality.rules(min_line_punct=0.12, max_short_lines=0.67, max_char_dup=0.1, at_bounds=True),
        ),
    )
