"""All languages that a page may be in, each with its score: what a corpus of many languages is sorted out by later."""

import json
from dataclasses import dataclass
from typing import ClassVar

import pyarrow as pa

from filters.language import LID_176
from filters.language_model import LanguageModel, model_knowing
from pipeline.assets import Asset
from pipeline.errors import RecipeError
from pipeline.measures import schema, signals_of
from pipeline.pages import Pages


@dataclass(frozen=True, slots=True, kw_only=True)
class LanguagePairs:
    """The languages of a score above `min_score`, the likeliest first, as FineWeb2's column of this name has them.

    `top_langs` is JSON: `{"por_Latn_score": 0.93, "glg_Latn_score": 0.05}`, with the model's codes and its scores to the last
    digit; null where no language scores above `min_score`.
    """

    name: ClassVar[str] = "language_pairs"
    version: ClassVar[int] = 1
    engines: ClassVar[tuple[str, ...]] = ("fasttext-numpy2-wheel",)
    signals: ClassVar[pa.Schema] = schema(top_langs="string")

    min_score: float = 0.01
    model: Asset = LID_176

    def __post_init__(self) -> None:
        if not 0 <= self.min_score < 1:
            raise RecipeError(f"language_pairs: min_score is {self.min_score}, but scores lie between 0 and 1")

    def check(self) -> None:
        """Loads the model (RecipeError where there is none)."""
        model_knowing(self.model, ())

    def measure(self, pages: Pages) -> pa.RecordBatch:
        """One row per page."""
        model = model_knowing(self.model, ())
        return signals_of(self.signals, {"top_langs": [self._pairs(model, text) for text in pages.texts]}, len(pages))

    def _pairs(self, model: LanguageModel, text: str) -> str | None:
        scores = model.scores(text)
        pairs = {f"{code}_score": score for code, score in scores.items() if score > self.min_score}
        return json.dumps(pairs, ensure_ascii=False) if pairs else None
