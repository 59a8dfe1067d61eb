"""All of a language's thresholds from its reference text: which signal each comes from, and what English has there."""

from dataclasses import dataclass

import numpy as np

from filters.gopher_repetition import DUP_SIZES, TOP_SIZES
from jobs.fitting.bounds import Bound, Fitted, fit, score_bound, stop_words
from jobs.fitting.reference import Reference
from jobs.recipes.language_thresholds import LanguageThresholds
from pipeline.errors import InputError, RecipeError

FEWEST_PAGES = 20  # a tail of a tenth has two pages then
FEW_PAGES = 1_000
ANY = float("inf")

DUP_LINE = Bound("dup_line_frac", "dup_line_ratio", "above", 0.30)
TOP_GRAMS = tuple(
    Bound(f"top_n_grams of {size} words", f"top_{size}_gram_char_ratio", "above", english, most=ANY)
    for size, english in zip(TOP_SIZES, (0.20, 0.18, 0.16), strict=True)
)
DUP_GRAMS = tuple(
    Bound(f"dup_n_grams of {size} words", f"dup_{size}_gram_char_ratio", "above", english)
    for size, english in zip(DUP_SIZES, (0.15, 0.14, 0.13, 0.12, 0.11, 0.10), strict=True)
)
LINE_PUNCT = Bound("line_punct_thr", "line_punct_ratio", "below", 0.12)
NEW_LINES = Bound("new_line_ratio", "newline_word_ratio", "above", 0.3, most=ANY)
SHORT_WORDS = Bound("min_avg_word_length", "mean_word_chars", "below", 3, whole=True, most=ANY)
LONG_WORDS = Bound("max_avg_word_length", "mean_word_chars", "above", 10, whole=True, most=ANY)
ALPHA_WORDS = Bound("max_non_alpha_words_ratio", "alpha_word_ratio", "below", 0.8)


@dataclass(frozen=True, slots=True)
class Fit:
    """The thresholds, and how each bound came about."""

    thresholds: LanguageThresholds
    bounds: tuple[Fitted, ...]
    kept: float  # share of scores that reach the bound of the score


def fit_thresholds(known: Reference, *, method: str, tail: float, english: Reference | None) -> Fit:
    """The thresholds by `method` (see `jobs.fitting.bounds`).

    Raises:
        RecipeError: the method needs English reference text, or `tail` is no share.
        InputError: too few pages, or the model takes none for the language.
    """
    _check(known, method, tail, english)
    found: list[Fitted] = []

    def fitted(bound: Bound) -> float:
        theirs = english.values(bound.signal) if english and method != "tail" else None
        found.append(fit(bound, method, known.values(bound.signal), tail=tail, english=theirs))
        return found[-1].value

    scores = np.array(known.scores, np.float64)
    score = score_bound(scores)
    thresholds = LanguageThresholds(
        language_score=score,
        dup_line_frac=fitted(DUP_LINE),
        top_n_grams=tuple(map(fitted, TOP_GRAMS)),
        dup_n_grams=tuple(map(fitted, DUP_GRAMS)),
        line_punct_thr=fitted(LINE_PUNCT),
        new_line_ratio=fitted(NEW_LINES),
        min_avg_word_length=fitted(SHORT_WORDS),
        max_avg_word_length=fitted(LONG_WORDS),
        max_non_alpha_words_ratio=fitted(ALPHA_WORDS),
        stopwords=stop_words(known.counts, known.words),
    )
    return Fit(thresholds, tuple(found), float((scores >= score).mean()))


def _check(known: Reference, method: str, tail: float, english: Reference | None) -> None:
    if method != "tail" and english is None:
        raise RecipeError(f"--method {method} compares with English: name reference text with --english")
    if not 0 < tail < 0.5:
        raise RecipeError(f"--tail {tail}: a share above 0 and below 0.5 (0.1 drops a tenth of the reference)")
    for reference, whose in ((known, ""), (english, "English ")):
        if reference is not None and reference.pages < FEWEST_PAGES:
            raise InputError(f"{reference.pages} {whose}pages of text: at least {FEWEST_PAGES} are needed")
    if not known.scores:
        raise InputError(f"the model takes none of the {known.pages} pages for the language")
