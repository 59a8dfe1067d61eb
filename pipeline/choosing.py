"""Judges what deduplication left by scores that were taken of it: the last word on what is packed."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pyarrow as pa

from pipeline.beside import beside, signals_among
from pipeline.column_types import TEXT
from pipeline.decide import judge
from pipeline.measures import Rule
from pipeline.schemas import REASON, SURVIVORS
from pipeline.steps import PartRun
from pipeline.tables import columns_of

NAME = "choose"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choosing:
    """Writes `survivors` again, and in it the reason of what the rules drop; `scores` names the steps whose signals they read.

    `survivors` names the step that says what is there to choose from.
    """

    name: ClassVar[str] = "choosing"
    version: ClassVar[int] = 1

    rules: tuple[Rule, ...]
    scores: tuple[str, ...]
    survivors: str

    def run(self, part: PartRun) -> dict[str, int]:
        """Counts `documents`, `kept` and `dropped.<reason>` for what a rule dropped."""
        writer = part.writer("survivors", SURVIVORS.append(REASON))
        before = self._before(part)
        signals = signals_among(part, self.scores, list(dict.fromkeys(rule.signal for rule in self.rules)))
        nothing = pa.nulls(before.num_rows, TEXT)
        failed = judge(signals.append_column("gate", nothing).append_column("error", nothing), self.rules)["reason"]
        stood = before["keep"].to_pylist()
        reasons = [reason if keep else None for reason, keep in zip(failed.to_pylist(), stood, strict=True)]
        keep = np.array([keep and reason is None for reason, keep in zip(reasons, stood, strict=True)], bool)
        told = [new or old for new, old in zip(reasons, before["reason"].to_pylist(), strict=True)]
        columns = {name: before[name] for name in SURVIVORS.names}
        columns |= {"keep": pa.array(keep), "reason": pa.array(told, TEXT)}
        writer.write(pa.table(columns).select(writer.schema.names).cast(writer.schema))
        counts = {"documents": before.num_rows, "kept": int(np.count_nonzero(keep))}
        return counts | {f"dropped.{rule.reason}": reasons.count(rule.reason) for rule in self.rules}

    def _before(self, part: PartRun) -> pa.Table:
        """What stood before; its reasons, which only those have that went as exact copies."""
        has_reasons = REASON.name in columns_of(part.storage, part.receipts(self.survivors)[0], "survivors")
        names = [*SURVIVORS.names, *([REASON.name] if has_reasons else [])]
        found = beside(part, self.survivors, names, "survivors")
        return found if has_reasons else found.append_column(REASON.name, pa.nulls(found.num_rows, TEXT))
