"""Quality by static embeddings and a linear head: a tokenizer, a table and a sum, for thousands of pages a second and core."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import ClassVar

import numpy as np

from filters.quality.model_file import json_of
from filters.quality.safetensors import header, read
from filters.quality.static_vectors import CONFIG, StaticVectors, TokenLists, Vectors, check_vectors
from pipeline.errors import RecipeError
from pipeline.model_files import ModelFiles
from pipeline.quality import Scored, Scores

HEAD = "head.safetensors"
HEADS = ("logistic", "softmax", "linear")
"""What `head` of `config.json` may say: a probability of one class, of one class among several, or a number as it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StaticQuality:
    """What a linear head says of the mean vector of the first `max_tokens` tokens (None: of all).

    Beside the static embeddings, the folder has `head.safetensors` with `weight` [labels, dimensions] and `bias` [labels], where
    one label may leave its dimension out, and `config.json` has `head`, one of `HEADS`. `label` is the row that is told.
    """

    name: ClassVar[str] = "static_quality"
    version: ClassVar[int] = 1
    engines: ClassVar[tuple[str, ...]] = ("tokenizers",)

    model: ModelFiles
    label: int = 0
    max_tokens: int | None = 512
    column: str = "static_score"
    resolution: int = 1_000_000

    def __post_init__(self) -> None:
        if self.max_tokens is not None and self.max_tokens < 1:
            raise RecipeError(f"static_quality: max_tokens is {self.max_tokens}, and must be 1 or more")

    def check(self) -> None:
        """RecipeError where a file is missing, another one, or does not belong to the others; no number is read."""
        check_head(self.model.folder(), self.label)

    def load(self) -> "StaticScorer":
        """The model, once a process."""
        return _loaded(self.model, self.label, self.max_tokens)


def check_head(folder: Path, label: int) -> str:
    """The kind of the folder's head; RecipeError where it does not fit the vectors or has no such label."""
    width, path = check_vectors(folder), folder / HEAD
    kind = json_of(folder / CONFIG).get("head", "logistic")
    if kind not in HEADS:
        raise RecipeError(f"{folder / CONFIG}: `head` is {kind!r}, and can be {', '.join(HEADS)}")
    shapes = {name: tensor.shape for name, tensor in header(path).items()}
    weight, bias = shapes.get("weight", ()), shapes.get("bias", ())
    labels = weight[0] if len(weight) == 2 else 1
    if not weight or weight[-1] != width or len(weight) > 2 or bias != (labels,):
        raise RecipeError(f"{path}: `weight` is {weight} and `bias` {bias}, but the vectors have {width} dimensions")
    if not 0 <= label < labels:
        raise RecipeError(f"{path}: no label {label}; there are {labels}, from 0 on")
    return kind


class StaticScorer:
    """Loaded vectors and their head."""

    device = "cpu"

    def __init__(self, folder: Path, label: int, max_tokens: int | None) -> None:
        self._kind, self._label = check_head(folder, label), label
        self._vectors = StaticVectors(folder, max_tokens)
        told = read(folder / HEAD)
        self._weight = np.atleast_2d(told["weight"].astype(np.float64))
        self._bias = told["bias"].astype(np.float64)

    def prepare(self, texts: Sequence[str]) -> TokenLists:
        """The tokens of each text."""
        return self._vectors.prepare(texts)

    def score(self, prepared: TokenLists) -> Scored:
        """The label's probability, or the number, for each text."""
        return Scored(self._told(self._vectors.vectors(prepared)), tokens=len(prepared.ids))

    def _told(self, vectors: Vectors) -> Scores:
        logits = vectors @ self._weight.T + self._bias
        if self._kind == "softmax":
            shares = np.exp(logits - logits.max(axis=1, keepdims=True))
            return shares[:, self._label] / shares.sum(axis=1)
        chosen = logits[:, self._label]
        return chosen if self._kind == "linear" else probability(chosen)


def probability(logits: Scores) -> Scores:
    """The logistic function, without overflow at either end."""
    small = np.exp(-np.abs(logits))
    return np.where(logits >= 0, 1, small) / (1 + small)


@lru_cache(maxsize=2)
def _loaded(model: ModelFiles, label: int, max_tokens: int | None) -> StaticScorer:
    with model.held() as folder:
        return StaticScorer(folder, label, max_tokens)
