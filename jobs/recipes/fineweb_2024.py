"""FineWeb as the code that made it judges: datatrove of April 2024 (0.2.0, two days after commit 05194d39).

Beside today's datatrove: FineWeb's lines count blank ones and end in . ' " ! or ?, and a page goes that stands at a bound;
Gopher's lines are those of `str.splitlines`, blank ones too, its stop words count each time and its symbols are fewer; words
and sentences are NLTK's; the language model reads lines run together; shingles have another normal form and the hash SHA-1;
e-mail addresses have small letters only. What differs still: trafilatura's version, memory and limits (0.1 s of wall clock
then), lid.176.ftz for lid.176.bin, and the block list, of which FineWeb had the adult part only (4,510,795 of 4,558,940
domains).
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
from pipeline.nltk_words import NltkEnglish

SYMBOLS = (
    "!/—”:％１〈&(、━\\【#%「」，】；+^]~“《„';’{|∶´[=-`*．（–？！：$～«〉,><》)?）。…@_.\"}►»"  # noqa: RUF001  they are meant
    + "".join(chr(code) for code in (*range(9), 11, 12, *range(13, 32), *range(127, 160)))
)


def fineweb_2024() -> Recipe:
    """FineWeb as it was released, by the code that made it.

    Source: datatrove 05194d39 and 0.2.0 (April 2024), examples/fineweb.py.
    """
    nltk = NltkEnglish()
    return Recipe(
        name="fineweb-2024",
        ingest=(
            HtmlOnly(),
            UrlPolicy(),
            Trafilatura(favor_precision=True, include_comments=False, deduplicate=True),
            Language(languages=("en",), min_score=0.5, line_break=""),
            GopherRepetition(blank_lines=True, tokenizer=nltk),
            GopherQuality(symbols=SYMBOLS, each_stop_word=True, tokenizer=nltk),
            C4Lines(tokenizer=nltk),
            LineQuality(end_chars=".'\"!?", blank_lines=True, tokenizer=nltk),
        ),
        rules=(
            *Language.rules(min_score=0.65),
            *GopherRepetition.rules(),
            *GopherQuality.rules(),
            *C4Lines.rules(),
            *LineQuality.rules(at_bounds=True),
        ),
        minhash=MinHash(bands=14, rows=8, ngram=5, hash="sha1_64", normal_form="datatrove-0.2", tokenizer=nltk),
        transforms=(PersonalData(lower_case_emails=True),),
        tokens=TokenCounter(),
    )
