"""What each kind of classifier is given, and what it leaves."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from jobs.terminal import notice
from pipeline.quality import QualityModel, rounded

WINDOW = 2_000  # texts, as a part scores them
KINDS = ("fasttext", "static", "encoder")
GOOD, BAD = "hq", "cc"
"""What DCLM's classifier calls pages that are and are not good."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How to train; what a kind does not know it does not read. `base` is a folder or `package:PACKAGE/PATH`."""

    kind: str
    seed: int = 1
    balanced: bool = True
    max_tokens: int = 512
    base: str = ""
    dim: int = 256
    fine_tune: bool = False
    epochs: int | None = None
    lr: float | None = None
    word_ngrams: int = 2
    vectors: int = 100
    buckets: int = 2_000_000
    batch: int = 16

    def told(self) -> dict[str, Any]:
        """What the kind reads, by name, for the record."""
        shared = {"kind": self.kind, "seed": self.seed, "balanced": self.balanced}
        if self.kind == "fasttext":
            names = ("word_ngrams", "vectors", "buckets", "epochs", "lr")
        elif self.kind == "static":
            names = ("base", "dim", "max_tokens")
        else:
            names = ("base", "max_tokens", "fine_tune", *(("epochs", "lr", "batch") if self.fine_tune else ()))
        return shared | {name: getattr(self, name) for name in names}


@dataclass(frozen=True, slots=True)
class Examples:
    """What is learned from: a label for each text, 0 or 1 where there are two `classes`; `folds` divide them for choices."""

    texts: Sequence[str]
    labels: Floats
    folds: npt.NDArray[np.int64]
    classes: bool

    def weights(self, *, balanced: bool) -> Floats:
        """What each row counts: the same, or of two classes each as much as the other."""
        if not self.classes or not balanced:
            return np.ones(len(self.labels))
        share = float(self.labels.mean())
        return np.where(self.labels == 1, 0.5 / share, 0.5 / (1 - share))


@dataclass(frozen=True, slots=True)
class Fitted:
    """A trained model: the `file` or folder below the output folder, and how it scores texts from there, given its SHA-256.

    `engines` are the packages that made it, `facts` what else there is to tell.
    """

    file: str
    score: Callable[[str, Path, Sequence[str]], Floats]
    engines: tuple[str, ...]
    facts: dict[str, Any] = field(default_factory=dict[str, Any])


def scores_by(model: QualityModel, texts: Sequence[str]) -> Floats:
    """What a recipe with this model would write for the texts."""
    model.check()
    scorer = model.load()
    some = [scorer.score(scorer.prepare(texts[at : at + WINDOW])).values for at in range(0, len(texts), WINDOW)]
    return rounded(np.concatenate(some), model.resolution)


def tell(text: str) -> None:
    """A line for who waits."""
    notice(text)
