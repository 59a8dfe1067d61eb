"""Quality by a supervised fastText model, as DCLM's classifier: the probability of one of its labels."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from filters.quality.native import check_label, unchanged
from pipeline.assets import Asset
from pipeline.errors import RecipeError
from pipeline.quality import Scored, Scorer

DCLM_THRESHOLD = 0.018112
"""What a tenth of DCLM's pool scores by its classifier of OpenHermes 2.5 and ELI5 (Li et al. 2024, section 4.4)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FastTextQuality:
    """The probability of `label`, of a text read as one line, as the library tells it: 0.00001 more than it is, so up to 1.00001.

    DCLM's classifier (`openhermes_reddit_eli5_vs_rw_v2_bigram_200k_train.bin`) has the label `__label__hq`.
    """

    name: ClassVar[str] = "fasttext_quality"
    version: ClassVar[int] = 1
    engines: ClassVar[tuple[str, ...]] = ("fasttext-numpy2-wheel",)

    model: Asset
    label: str = "__label__hq"
    column: str = "fasttext_score"
    resolution: int = 1_000_000

    def check(self) -> None:
        """RecipeError where the file is missing, another one, or no fastText classifier with this label; it is not loaded."""
        check_label(self.model.path(), self.model.name, self.label)

    def load(self) -> Scorer:
        """The model, once a process."""
        return _loaded(self.model, self.label)


class FastTextScorer:
    """A classifier that the library has loaded."""

    device = "cpu"

    def __init__(self, predict: Any, label: str) -> None:
        self._predict, self._label = predict, label

    def prepare(self, texts: Sequence[str]) -> list[str]:
        """Each text as one line, ended as the library wants it."""
        return [text.replace("\n", " ") + "\n" for text in texts]

    def score(self, prepared: list[str]) -> Scored:
        """The probability of the label for each line; NaN where the model's numbers are none."""
        values = np.array([self._of(line) for line in prepared], np.float64)
        return Scored(values, tokens=sum(map(str.count, prepared, " " * len(prepared))))

    def _of(self, line: str) -> float:
        # All labels are asked for (-1): one label alone is not offered by the library.
        try:
            return next((score for score, label in self._predict(line, -1, 0.0, "strict") if label == self._label), 0.0)
        except RuntimeError as error:
            if "NaN" not in str(error):
                raise
            return math.nan


@lru_cache(maxsize=2)
def _loaded(asset: Asset, label: str) -> Scorer:
    from filters.quality.phrases import PhraseScorer  # late, as all that is compiled

    path = asset.path()
    with unchanged(path, asset.name):
        check_label(path, asset.name, label)
        try:
            return PhraseScorer(path, asset.name, label)
        except ValueError:  # a model of another kind, or a label that the library names in its words
            return _of_library(path, asset, label)


def _of_library(path: Path, asset: Asset, label: str) -> FastTextScorer:
    from fasttext.FastText import _FastText  # pyright: ignore[reportPrivateUsage]  the class behind load_model, without its warning

    try:
        model = _FastText(str(path))
    except ValueError as error:
        raise RecipeError(f"quality: {asset.name} ({path}) is no fastText model: {error}") from error
    return FastTextScorer(model.f.predict, label)
