"""FineWeb2's rules for one language, as its published pipeline and datatrove 0.10.1 have them.

Thresholds and stop words are the language's own (`jobs.recipes.language_thresholds`); C4's rules and those of short lines,
repeated paragraphs and repeated line characters are off. Two things differ on purpose: pages are judged before near-duplicates
are looked for, where FineWeb2 removes duplicates first, and every page is looked at, where FineWeb2 began with those that
FineWeb had not taken for English. `docs/languages.md` says what follows from it.
"""

from pathlib import Path

from dedup.minhash import MinHash
from filters.ftfy_text import Ftfy
from filters.gopher_quality import GopherQuality
from filters.gopher_repetition import GopherRepetition
from filters.html_only import HtmlOnly
from filters.language import Language
from filters.language_pairs import LanguagePairs
from filters.line_quality import LineQuality
from filters.personal_data import PersonalData
from filters.symbol_lines import SymbolLines
from filters.url import UrlPolicy
from jobs.recipe import Recipe
from jobs.recipes.language_thresholds import LanguageThresholds, read_thresholds
from pipeline.assets import Asset
from pipeline.errors import RecipeError
from pipeline.extraction import Trafilatura
from pipeline.measures import Rule, Transform

OFF = frozenset({"repeated_paragraphs", "repeated_paragraph_chars", "repeated_line_chars", "many_short_lines"})
LEAST_SCORE = 0.3  # of any language in FineWeb2; pages below it are not measured
MAX_CHAR_DUP = 0.1  # where FineWeb has 0.01

# What was decoded wrongly is mended first; lines of `|` are what trafilatura leaves of empty tables.
FINISH: tuple[Transform, ...] = (Ftfy(), PersonalData(), SymbolLines(symbols="|", replacement="\n"))


def fineweb2(language: str, thresholds: LanguageThresholds, model: Asset) -> Recipe:
    """FineWeb2's rules for `language` (`por_Latn`, a key of datatrove's tokenizer table), told by `model`.

    Source: Penedo et al. 2025, "FineWeb2", arXiv:2506.20920; huggingface/fineweb-2, fineweb-2-pipeline.py.
    """
    label = thresholds.language_label or language
    floor = min(LEAST_SCORE, thresholds.language_score)
    return Recipe(
        name=f"fineweb2-{language}",
        ingest=(
            HtmlOnly(),
            UrlPolicy(),
            Trafilatura(favor_precision=True, include_comments=False, deduplicate=True),
            Language(languages=(label,), min_score=floor, model=model),
            LanguagePairs(model=model),
            GopherRepetition(language=language),
            LineQuality(language=language),
            GopherQuality(language=language, stop_words=thresholds.stopwords),
        ),
        rules=rules(thresholds),
        minhash=MinHash(bands=14, rows=8, ngram=5, language=language),
        transforms=FINISH,
    )


def rules(thresholds: LanguageThresholds) -> tuple[Rule, ...]:
    """What drops a page, in FineWeb2's order. Its score must reach the bound; FineWeb's must exceed it."""
    every = (
        Rule("language_score", "<", thresholds.language_score, "low_language_score"),
        *GopherRepetition.rules(
            max_dup_line=thresholds.dup_line_frac,
            max_top_grams=thresholds.top_n_grams,
            max_dup_grams=thresholds.dup_n_grams,
        ),
        *LineQuality.rules(
            min_line_punct=thresholds.line_punct_thr,
            max_char_dup=MAX_CHAR_DUP,
            max_newlines=thresholds.new_line_ratio,
        ),
        *GopherQuality.rules(
            min_mean_word_chars=thresholds.min_avg_word_length,
            max_mean_word_chars=thresholds.max_avg_word_length,
            min_alpha_words=thresholds.max_non_alpha_words_ratio,
        ),
    )
    return tuple(rule for rule in every if rule.reason not in OFF)


def for_language(about: str) -> Recipe:
    """What `fineweb2:ABOUT` is: ABOUT is a code, whose file is `CODE.yml` here, or such a file, whose name is the code.

    Raises:
        RecipeError: no code, no file, or what is in it cannot be.
    """
    if not about:
        raise RecipeError(
            "recipe fineweb2: say for which language, as fineweb2:por_Latn (its thresholds are read from por_Latn.yml), or name "
            "the file: fineweb2:FOLDER/por_Latn.yml"
        )
    path = Path(about if about.endswith((".yml", ".yaml")) else f"{about}.yml").expanduser()
    thresholds = read_thresholds(path)
    return fineweb2(path.stem, thresholds, thresholds.model(path.parent))
