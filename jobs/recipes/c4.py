"""C4's line rules and page rules, as its published code has them: 5 words a line, 3 sentences a page, an end mark to every line.

C4 reads WET files, so WET is read as it is and of HTML all visible text is taken. Not here: its list of bad words and its
removal of lines that stand in other pages. It asks langdetect for a probability of 0.99; fastText's scores are spread more
widely, so what is asked of them is FineWeb's 0.65.
"""

from filters.c4 import C4Lines
from filters.html_only import HtmlOnly
from filters.language import Language
from filters.text_length import TextLength
from filters.tokens import TokenCounter
from jobs.recipe import Recipe
from pipeline.extraction import Resiliparse
from pipeline.nltk_words import NltkEnglish

LINES = C4Lines(
    only_punctuated_lines=True,
    min_line_words=5,
    end_marks=(".", "?", "!", '"'),
    words_without_citations=True,
    tokenizer=NltkEnglish(),
)


def c4() -> Recipe:
    """C4: lines that end as sentences do, pages with three of them.

    Source: Raffel et al. 2020, arXiv:1910.10683, section 2.2; tensorflow_datasets/text/c4_utils.py.
    """
    return Recipe(
        name="c4",
        ingest=(
            HtmlOnly(mimes=("text/html", "application/xhtml+xml", "text/plain")),
            Resiliparse(main_content=False),
            Language(languages=("en",), min_score=0.5),
            TextLength(),
            LINES,
        ),
        rules=(
            *TextLength.rules(max_chars=190_000),
            *Language.rules(min_score=0.65),
            *C4Lines.rules(min_sentences=3),
        ),
        tokens=TokenCounter(),
    )
