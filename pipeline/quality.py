"""What tells how good a text is: models behind one protocol, whichever library runs them.

A `QualityModel` is a frozen value of a recipe: which files, by their digests, and how texts are read. It loads nothing. A worker
asks it for a `Scorer`, which holds the weights and answers for texts.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipeline.errors import RecipeError
from pipeline.identity import IDENTITY_IF_CHANGED, NOT_IDENTITY
from pipeline.measures import Rule, schema
from pipeline.schemas import DATASET, DOCUMENTS, PAGE_FACTS, REHYDRATED, SURVIVORS, VERDICTS

Scores = npt.NDArray[np.float64]
COLUMN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,99}")
"""What a score may be called: a folder of the run has that name."""
_TAKEN = {name for each in (DATASET, DOCUMENTS, PAGE_FACTS, REHYDRATED, SURVIVORS, VERDICTS) for name in each.names}


@dataclass(frozen=True, slots=True)
class Scored:
    """One score a text, and what they took.

    `tokens` were read by the model, `padding` were computed for nothing, and `smaller` is how often a batch did not fit the
    device and was cut.
    """

    values: Scores
    tokens: int = 0
    padding: int = 0
    smaller: int = 0


class Scorer(Protocol):
    """A loaded model. One thread prepares texts while another scores what was prepared before."""

    @property
    def device(self) -> str:
        """Where it computes, as a receipt names it: `cpu`, or the name of a GPU."""
        ...

    def prepare(self, texts: Sequence[str]) -> Any:
        """What `score` wants of these texts, made by the CPU, without the model's weights.

        None of them is blank, and none has half of a surrogate pair, which no table can hold: it is U+FFFD by then.
        """
        ...

    def score(self, prepared: Any) -> Scored:
        """One score for each text of `prepared`, in order."""
        ...


@runtime_checkable
class QualityModel(Protocol):
    """Frozen, with its class's `name`, `version` and `engines` as identity, and the digests of its files among its fields.

    `column` names the score. `resolution` is how many steps a score of 1 has: scores are rounded to them, so that a part that is
    scored again by the same class of hardware has the same column.
    """

    name: ClassVar[str]
    version: ClassVar[int]
    engines: ClassVar[tuple[str, ...]]

    @property
    def column(self) -> str:
        """The name of the score."""
        ...

    @property
    def resolution(self) -> int:
        """Steps that a score of 1 has."""
        ...

    def check(self) -> None:
        """RecipeError where a file is missing or another than the one that was named; nothing of the files is executed."""
        ...

    def load(self) -> Scorer:
        """The model itself, once a process."""
        ...


def signals_of_model(model: QualityModel) -> pa.Schema:
    """The one column that a model writes."""
    return schema(**{model.column: "float64"})


def rounded(values: Scores, resolution: int) -> Scores:
    """Scores in steps of 1/`resolution`: of equal scores by two machines' arithmetic the same number, but at a step's edge."""
    return np.rint(values * resolution) / resolution


def column_of(model: QualityModel, scores: Scores) -> pa.RecordBatch:
    """The scores in steps of the model's resolution, as its column: null for NaN, which stands for none."""
    values = rounded(scores, model.resolution)
    return pa.RecordBatch.from_arrays([pa.array(values, mask=np.isnan(values))], schema=signals_of_model(model))


@dataclass(frozen=True, slots=True, kw_only=True)
class Ensemble:
    """One opinion of several models (Su et al. 2024, "Nemotron-CC", section 2.2).

    Each score becomes the share of all text that scores lower, by `weight` (a signal such as `token_count`; None: each document
    counts 1) and, where `by_language`, among texts of the same language: the signal `<column>_percentile`. `<name>_bucket` is the
    highest of the models' buckets, of which there are `buckets` of equal weight from 0 on.
    """

    name: str = "quality"
    buckets: int = 20
    weight: str | None = None
    by_language: bool = field(default=False, metadata=IDENTITY_IF_CHANGED)

    def __post_init__(self) -> None:
        if not 2 <= self.buckets <= 1000:
            raise RecipeError(f"ensemble {self.name}: {self.buckets} buckets, and there can be 2 to 1,000")

    def signals(self, columns: Sequence[str]) -> pa.Schema:
        """What is written of models with these columns."""
        shares = {f"{column}_percentile": "float64" for column in columns}
        return schema(**shares, **{f"{self.name}_bucket": "int32"})


After = Literal["ingest", "deduplication"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """Which models score documents, where in the pipeline, and the `rules` that judge the scores.

    After `ingest` each part is scored as soon as it was read, all documents past the gates, and the rules stand behind those of
    the recipe. After `deduplication` only what survived is scored, and what the rules drop then leaves without another copy of it
    coming back. `gpus` is the share of a GPU that each process with a model takes, where a machine has one.
    """

    models: tuple[QualityModel, ...]
    ensemble: Ensemble | None = None
    rules: tuple[Rule, ...] = ()
    after: After = "ingest"
    gpus: float = field(default=1.0, metadata=NOT_IDENTITY)

    def __post_init__(self) -> None:
        self._check_columns()
        if self.after not in ("ingest", "deduplication"):
            raise RecipeError(f"quality: after {self.after!r}, and it can be after ingest or deduplication")
        if not self.gpus > 0:
            raise RecipeError(f"quality: a process takes {self.gpus} of a GPU, which must be more than 0")
        written = {name for each in self.written() for name in each.names}
        if self.after == "deduplication" and (wrong := [r for r in self.rules if r.signal not in written]):
            raise RecipeError(
                f"quality: rule {wrong[0].reason} names the signal {wrong[0].signal}, which no model writes"
            )

    def _check_columns(self) -> None:
        """RecipeError for a score that has no name of its own: names that differ in case alone are one to many readers."""
        columns = [model.column for model in self.models]
        if not columns or len({column.lower() for column in columns}) < len(columns):
            raise RecipeError(f"quality: models need a column each, and these have {', '.join(columns) or 'none'}")
        for name in (name for each in self.written() for name in each.names):
            if not COLUMN.fullmatch(name):
                raise RecipeError(
                    f"quality: the column {name!r} becomes a folder's name; use at most 100 letters, digits, '_' and '-'"
                )
            if name.lower() in _TAKEN:
                raise RecipeError(f"quality: {name} is another column already; give the score another name")
        if wrong := [model for model in self.models if model.resolution < 1]:
            raise RecipeError(
                f"quality: {wrong[0].column} has a resolution of {wrong[0].resolution}, which must be 1 at least"
            )

    def written(self) -> tuple[pa.Schema, ...]:
        """The signals of all models and of the ensemble."""
        scores = tuple(map(signals_of_model, self.models))
        if self.ensemble is None:
            return scores
        return (*scores, self.ensemble.signals([model.column for model in self.models]))
