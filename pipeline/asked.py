"""What is asked of a remote model, how often, and what it answered: the words between a model and the stage that asks it."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import xxhash

from pipeline.errors import RecipeError
from pipeline.quality import QualityModel

MOST_QUESTIONS = 20_000
"""Of a part: their texts are in memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """Which documents are asked about: a `share` of all by a hash of seed and record id, and of a part at most `most`.

    Never are more than MOST_QUESTIONS of a part.
    """

    share: float = 1.0
    most: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 < self.share <= 1:
            raise RecipeError(f"sample: a share of {self.share}, and it must be above 0 and at most 1")
        if self.most is not None and self.most < 1:
            raise RecipeError(f"sample: at most {self.most} documents a part, and it must be 1 at least")

    def draw(self, record_id: str) -> int | None:
        """The number by which a document stands in line, the lowest first; None where it is not in the sample."""
        number = xxhash.xxh3_64_intdigest(record_id.encode("utf-8", "surrogatepass"), self.seed)
        return number if number < self.share * (1 << 64) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """The most that is sent and paid: what goes beyond is not asked, is null, and is counted as `over_budget`.

    Parts share nothing while they run, so a run's budget holds by letting only its first parts ask: as many as may spend theirs
    whole. Every request counts, one that is sent again too. Tokens are those that the endpoint tells of, else bytes.
    """

    part_requests: int = 1_000
    part_tokens: int = 2_000_000
    run_requests: int = 10_000
    run_tokens: int = 20_000_000

    def __post_init__(self) -> None:
        if self.part_requests < 1 or self.part_tokens < 1 or self.parts < 1:
            raise RecipeError("budget: a part may ask at least once, and a run must allow what one part may spend")

    @property
    def parts(self) -> int:
        """How many parts of a run may ask."""
        return min(self.run_requests // self.part_requests, self.run_tokens // self.part_tokens)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came of one question. `score` is None where the text holds none; `error` says why there is no text to read one in.

    `tokens` are those of question and answer, None where the endpoint does not say; `tries` counts the requests that were sent.
    """

    request: str
    text: str | None = None
    score: float | None = None
    error: str | None = None
    tokens: tuple[int, int] | None = None
    tries: int = 1


class Purse(Protocol):
    """What may still be spent."""

    def another(self) -> bool:
        """Whether a request may be sent once more; it is counted."""
        ...


class Asker(Protocol):
    """What puts questions; several threads use it."""

    @property
    def where(self) -> str:
        """Whom it asks, as a receipt names it."""
        ...

    def most_tokens(self, text: str) -> int:
        """What a question about this text may cost at most."""
        ...

    def ask(self, text: str, purse: Purse) -> Answer:
        """The answer, after bounded retries.

        Raises:
            RecipeError: the endpoint refuses every question, because of its address, the key or the model's name.
            Exhausted: it could not be reached, or had no time, for as long as is waited.
        """
        ...


@runtime_checkable
class AskedModel(QualityModel, Protocol):
    """A `QualityModel` that is not loaded, but asked."""

    @property
    def sample(self) -> Sample:
        """Which documents are asked about."""
        ...

    @property
    def budget(self) -> Budget:
        """What may be spent."""
        ...

    @property
    def most_chars(self) -> int:
        """How much of a text is asked about."""
        ...

    @property
    def at_once(self) -> int:
        """Questions on their way at a time."""
        ...

    def asker(self) -> Asker:
        """What puts the questions, in the worker."""
        ...
