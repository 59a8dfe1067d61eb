"""What an encoder in PyTorch and one in ONNX Runtime have in common: how texts are read and which number is the score."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from filters.quality.encoder_folder import Encoder, check_tokenizer, encoder_of
from filters.quality.windows import Pool, Reading, WindowReader
from filters.quality.word_ids import tokenizer_at
from pipeline.errors import RecipeError
from pipeline.model_files import ModelFiles
from pipeline.quality import Scores

_FEWEST = 8  # tokens: with fewer, the special ones are most of a window
_MOST_WINDOWS = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class EncoderForm:
    """How an encoder with a head judges texts.

    It reads the first `max_tokens` tokens, special ones included (`long="head"`), or windows of so many over the whole text, of
    which each begins with the last `overlap` tokens of the one before and there are at most `most_windows` (`long="windows"`).
    `pool` makes one score of them. `label` names a class or its number, whose probability is the score; None: the head gives one
    number, which is the score.
    """

    model: ModelFiles
    column: str = "encoder_score"
    resolution: int = 1_000
    max_tokens: int = 512
    long: Literal["head", "windows"] = "head"
    pool: Pool = "mean"
    overlap: int = 0
    most_windows: int = 64
    label: int | str | None = None

    def __post_init__(self) -> None:
        bounds = (
            ("max_tokens", self.max_tokens, _FEWEST, 1_000_000),
            ("overlap", self.overlap, 0, self.max_tokens // 2),
            ("most_windows", self.most_windows, 1, _MOST_WINDOWS),
            ("resolution", self.resolution, 1, 1 << 40),
        )
        for name, value, least, most in bounds:
            if not least <= value <= most:
                raise RecipeError(f"{self.column}: {name} is {value:,}, and can be {least:,} to {most:,}")
        if self.long not in ("head", "windows") or self.pool not in ("max", "mean"):
            raise RecipeError(
                f"{self.column}: long is head or windows, pool is max or mean, not {self.long}, {self.pool}"
            )


def known(form: EncoderForm) -> tuple[Path, Encoder]:
    """The folder and what it says of itself; RecipeError where it cannot be read as `form` wants it."""
    folder = form.model.folder()
    encoder = encoder_of(folder)
    check_tokenizer(folder, encoder)
    encoder.place_of(form.label)
    if form.max_tokens > encoder.positions:
        raise RecipeError(f"{form.column}: max_tokens is {form.max_tokens}, but {folder} can read {encoder.positions}")
    return folder, encoder


def reader(form: EncoderForm, folder: Path, encoder: Encoder, budget: int | None = None) -> WindowReader:
    """What makes token ids of texts, by the folder's `tokenizer.json`, in batches of `budget` tokens; None: each window alone."""
    path = folder / "tokenizer.json"
    tokenizer = tokenizer_at(path)
    if tokenizer.num_special_tokens_to_add(False) < 1:
        raise RecipeError(f"{path} adds no special tokens, without which an encoder has nothing to score")
    most = form.most_windows if form.long == "windows" else 1
    overlap = form.overlap if form.long == "windows" else 0
    reading = Reading(
        max_tokens=form.max_tokens,
        most=most,
        overlap=overlap,
        pool=form.pool,
        budget=budget,
        padding=encoder.padding,
    )
    return WindowReader(tokenizer, reading)


def scores_of(logits: Any, place: int | None, *, several: bool) -> Scores:
    """One number for each row of what the head gave: the only one, or the probability of the class at `place`."""
    numbers = np.asarray(logits, np.float64)
    if place is None:
        return numbers[:, 0]
    if several:
        return np.exp(-np.logaddexp(0, -numbers[:, place]))
    powers = np.exp(numbers - numbers.max(axis=1, keepdims=True))
    return powers[:, place] / powers.sum(axis=1)
