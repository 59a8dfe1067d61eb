"""Parts that look at all documents, as parts that look at one: which units others have is told by the units' hashes alone.

Of each page a unit is repeated if its hash is odd, and stands in no earlier page if the hash is odd by four: so pages of any text
have repeated units, some of them copied, and the answer for one is that of no other.
"""

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import pyarrow as pa

from dedup.lines import RepeatedLines, Units
from dedup.removal import RemoveRepeatedLines
from pipeline.cuts import edits_of, united, without
from pipeline.measures import NO_SIGNALS, Transformed, signals_of
from pipeline.pages import Pages


def known(lines: RepeatedLines, text: str) -> tuple[Units, np.ndarray]:
    """The hashes of the repeated units of `text`, sorted, and which of them stand in no earlier page."""
    hashes = np.unique(lines.hashes(lines.units(text)))
    repeated = hashes[hashes % 2 == 1]
    return repeated, repeated % 4 == 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeating:
    """`RepeatedLines` as a measure."""

    name: ClassVar[str] = RepeatedLines.name
    version: ClassVar[int] = RepeatedLines.version
    engines: ClassVar[tuple[str, ...]] = ()

    lines: RepeatedLines = field(default_factory=RepeatedLines)

    @property
    def signals(self) -> pa.Schema:
        return self.lines.signals

    def measure(self, pages: Pages) -> pa.RecordBatch:
        told = [self.lines.measure(text, *known(self.lines, text)) for text in pages.texts]
        columns = {name: [each[place] for each in told] for place, name in enumerate(self.signals.names)}
        return signals_of(self.signals, columns, len(pages))


@dataclass(frozen=True, slots=True, kw_only=True)
class Removing:
    """`RemoveRepeatedLines` as a transform."""

    name: ClassVar[str] = RemoveRepeatedLines.name
    version: ClassVar[int] = RemoveRepeatedLines.version
    engines: ClassVar[tuple[str, ...]] = ()
    signals: ClassVar[pa.Schema] = NO_SIGNALS

    removal: RemoveRepeatedLines = field(default_factory=RemoveRepeatedLines)

    def transform(self, pages: Pages) -> Transformed:
        cut = []
        for text in pages.texts:
            repeated, first = known(self.removal.lines, text)
            goes = repeated[~first] if self.removal.keep_first else repeated
            cut.append((text, united(self.removal.places(text, goes))))
        return Transformed(
            texts=[without(text, places) for text, places in cut],
            edits=[edits_of(self.name, text, places) for text, places in cut],
            signals=signals_of(NO_SIGNALS, {}, len(pages)),
        )
