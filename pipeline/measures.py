"""What a recipe's ingest is made of: gates, extractors, measures and transforms.

Each is a frozen, keyword-only dataclass whose fields are its parameters and whose class says its `name` and `version`; the
three together (with the versions of its `engines`) are its identity. All are pure: the answer for a page depends on that page
alone, never on its neighbours in the batch or on what came before.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Protocol, runtime_checkable

import pyarrow as pa

from pipeline.extracted import Extracted
from pipeline.pages import Pages

_TYPES = {
    "float64": pa.float64(),
    "int32": pa.int32(),
    "int64": pa.int64(),
    "bool": pa.bool_(),
    "string": pa.large_string(),
}


def schema(**types: str) -> pa.Schema:
    """A schema of signals, `schema(short_line_ratio="float64")`; float32 is refused because it flips verdicts."""
    return pa.schema([pa.field(name, _TYPES[type_]) for name, type_ in types.items()])


NO_SIGNALS = schema()


def ratio(part: float, whole: float) -> float | None:
    """A share; null where there is nothing to have one of."""
    return part / whole if whole else None


def signals_of(signals: pa.Schema, columns: Mapping[str, Sequence[object]], rows: int) -> pa.RecordBatch:
    """A batch of `signals` from Python columns; a ValueError says which column is missing or of the wrong length."""
    if set(columns) != set(signals.names):
        raise ValueError(f"signals {sorted(set(columns) ^ set(signals.names))} are declared or given, not both")
    for name, values in columns.items():
        if len(values) != rows:
            raise ValueError(f"signal {name}: {len(values)} values for {rows} pages")
    if not signals.names:
        return pa.record_batch([pa.nulls(rows)], names=["row"]).select([])  # no columns, yet this many rows
    arrays = [pa.array(columns[name], signals.field(name).type) for name in signals.names]
    return pa.RecordBatch.from_arrays(arrays, schema=signals)


@dataclass(frozen=True, slots=True)
class Edit:
    """One replacement in a text: at character `start`, `removed` became `inserted`.

    Edits of a page are a sequence: each speaks of the text left by the one before it, so going backwards rebuilds the original.
    """

    transform: str
    start: int
    removed: str
    inserted: str = ""


def undo(text: str, edits: Sequence[Edit]) -> str:
    """The text before `edits` were applied in order."""
    for edit in reversed(edits):
        text = text[: edit.start] + edit.removed + text[edit.start + len(edit.inserted) :]
    return text


@dataclass(frozen=True, slots=True)
class Gated:
    """A gate's answer: per page the reason it stops (None: it passes), and the gate's signals for every page."""

    reasons: list[str | None]
    signals: pa.RecordBatch


@dataclass(frozen=True, slots=True)
class Transformed:
    """A transform's answer: new texts, the edits that made them, and the transform's signals."""

    texts: list[str]
    edits: list[tuple[Edit, ...]]
    signals: pa.RecordBatch


@runtime_checkable
class Part(Protocol):
    """What all four have in common: the parts of their identity that are not fields."""

    name: ClassVar[str]
    version: ClassVar[int]
    engines: ClassVar[tuple[str, ...]]
    signals: ClassVar[pa.Schema]


@runtime_checkable
class Gate(Part, Protocol):
    """Ends measurement for pages that nobody will want; `reasons` lists every reason it may give.

    A gate that judges what was fetched, and not the text or the address, says so by a class attribute `needs_html = True`: it is
    passed over for rows of text that somebody else extracted. One that reads the HTML says `reads_html = True` too, and finds
    it in `pages.htmls`.
    """

    reasons: ClassVar[tuple[str, ...]]

    def judge(self, pages: Pages) -> Gated:
        """One reason (or None) and one row of signals per page."""
        ...


@runtime_checkable
class Measure(Part, Protocol):
    """Writes signals: one row out per page in, null where a signal does not apply."""

    def measure(self, pages: Pages) -> pa.RecordBatch:
        """A batch of exactly `signals`, one row per page."""
        ...


@runtime_checkable
class Transform(Part, Protocol):
    """Changes text and says how; may write signals about what it saw."""

    def transform(self, pages: Pages) -> Transformed:
        """New texts, edits and signals, one of each per page."""
        ...


@runtime_checkable
class Extractor(Part, Protocol):
    """Turns a page's HTML into text. Runs in a killable child process, so it must be picklable.

    An extractor that tells title, author and date too says so by an attribute `metadata` that is true (`pipeline.page_metadata`).
    """

    def extract(self, html: str) -> Extracted | None:
        """The text, or None where the page has none."""
        ...


OPERATORS = ("<", "<=", ">", ">=", "==", "in")


@dataclass(frozen=True, slots=True)
class Rule:
    """Names what fails: a page whose `signal` is `op` `value` is dropped for `reason`.

    Null passes unless `null_fails`; NaN is an error of the measure and fails the part.
    """

    signal: str
    op: str
    value: float | int | str | bool | tuple[str, ...]
    reason: str
    null_fails: bool = field(default=False, kw_only=True)

    def __post_init__(self) -> None:
        if self.op not in OPERATORS:
            raise ValueError(f"rule {self.reason}: operator {self.op!r} is none of {' '.join(OPERATORS)}")
        if (self.op == "in") != isinstance(self.value, tuple):
            raise ValueError(f"rule {self.reason}: 'in' takes a tuple of strings, other operators take one value")
        if isinstance(self.value, float) and not math.isfinite(self.value):
            raise ValueError(f"rule {self.reason}: {self.value} is no bound")
