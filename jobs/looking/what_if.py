"""What other rules would keep: the stored signals judged again, and what follows done again in memory, without running anything.

`decide`'s own judge gives the verdicts, the deduplication's own functions the survivors, and `pack`'s transforms and tokenizer
the sizes, so that the numbers are those of a rerun with the same rules. Nothing in ROOT is written.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from dedup.replay import SignedDocuments, stays
from dedup.shingles import jaccard
from jobs.looking.document_facts import Facts
from jobs.looking.parts import LastSteps
from pipeline.decide import judge, load_signals, tally
from pipeline.errors import RecipeError
from pipeline.inspection.reading import Files
from pipeline.measures import Rule
from pipeline.runs import BESIDE

Bools = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.uint64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What some rules keep of the files that are looked at.

    `passed`: documents that no rule drops; `near_duplicates`: those of them that are removed as copies; `documents`, `chars` and
    `tokens`: what is left, after the last transforms (no tokens where the recipe counts none). `dropped`: records by the first
    rule that fails.
    """

    passed: int
    near_duplicates: int
    documents: int
    chars: int
    tokens: int | None
    dropped: dict[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIf:
    """The outcome of other `rules` beside that of the run's own.

    `gained` and `lost` have a row for each document that only one of them keeps: `part`, `document_row`. `files` of
    `of_files` ingested files were looked at: where that is not all, the numbers are of these alone, and near-duplicates of
    documents in other files are not seen.
    """

    rules: tuple[Rule, ...]
    before: Outcome
    after: Outcome
    gained: pl.DataFrame
    lost: pl.DataFrame
    files: int
    of_files: int

    def frame(self) -> pl.DataFrame:
        """`before`, `after` and `change` of `passed`, `near_duplicates`, `documents`, `chars` and `tokens`."""
        names = ("passed", "near_duplicates", "documents", "chars", "tokens")
        before, after = ([getattr(each, name) for name in names] for each in (self.before, self.after))
        table = pl.DataFrame({"what": names, "before": before, "after": after}, schema_overrides=_NUMBERS)
        return table.with_columns(change=pl.col("after") - pl.col("before"))

    def reasons(self) -> pl.DataFrame:
        """`before` and `after` of the records that each rule is the first to drop."""
        names = list(dict.fromkeys([*self.before.dropped, *self.after.dropped]))
        before, after = ([each.dropped.get(name, 0) for name in names] for each in (self.before, self.after))
        table = pl.DataFrame({"reason": names, "before": before, "after": after}, schema_overrides=_NUMBERS)
        return table.with_columns(change=pl.col("after") - pl.col("before")).sort("reason")


_NUMBERS = {"before": pl.Int64, "after": pl.Int64}


def moved(rules: Sequence[Rule], bounds: dict[str, Any]) -> tuple[Rule, ...]:
    """The rules with other bounds, by reason; None takes a rule out.

    Raises:
        RecipeError: no rule has the reason, or several have.
    """
    for reason in bounds:
        if (count := sum(rule.reason == reason for rule in rules)) != 1:
            known = ", ".join(dict.fromkeys(rule.reason for rule in rules))
            raise RecipeError(f"{count} rules have the reason {reason!r}; this run's reasons are {known}")
    changed = (
        replace(rule, value=bounds[rule.reason]) if bounds.get(rule.reason) is not None else rule for rule in rules
    )
    return tuple(rule for rule in changed if bounds.get(rule.reason, rule) is not None)


@dataclass(slots=True)
class Replay:
    """Judges the same files by one set of rules after the other; what was made for one is kept for the next."""

    files: Files
    last: LastSteps
    _facts: dict[int, Facts] = field(default_factory=dict[int, Facts])
    _signals: dict[tuple[str, ...], list[pa.Table]] = field(default_factory=dict[tuple[str, ...], list[pa.Table]])
    _outcomes: dict[tuple[Rule, ...], tuple[Outcome, list[Bools]]] = field(
        default_factory=dict[tuple[Rule, ...], tuple[Outcome, list[Bools]]]
    )

    def what_if(self, rules: tuple[Rule, ...]) -> WhatIf:
        """These rules beside the run's own."""
        before, kept = self.outcome(self.files.run.record.rules)
        after, would = self.outcome(rules)
        return WhatIf(
            rules=rules,
            before=before,
            after=after,
            gained=self._places([new & ~old for new, old in zip(would, kept, strict=True)]),
            lost=self._places([old & ~new for new, old in zip(would, kept, strict=True)]),
            files=len(self.files.numbers),
            of_files=self.files.ingested,
        )

    def outcome(self, rules: tuple[Rule, ...]) -> tuple[Outcome, list[Bools]]:
        """What `rules` keep, and for each file which of its documents that are."""
        if rules not in self._outcomes:
            self._outcomes[rules] = self._judge(rules)
        return self._outcomes[rules]

    def _judge(self, rules: tuple[Rule, ...]) -> tuple[Outcome, list[Bools]]:
        dropped: dict[str, int] = {}
        passed: list[Bools] = []
        for signals in self._judged_by(rules):
            verdicts = judge(signals, rules)
            for key, count in tally(verdicts, signals["gate"]).items():
                if key.startswith("dropped."):
                    dropped[key[8:]] = dropped.get(key[8:], 0) + count
            keep = np.array(verdicts["verdict"].to_pylist(), object) == "keep"
            passed.append(keep[signals["document_row"].is_valid().to_numpy()])
        kept = self._without_copies(passed) if self.last.minhash else passed
        before, after = (sum(int(each.sum()) for each in some) for some in (passed, kept))
        chars, tokens = self._sizes(kept)
        outcome = Outcome(
            passed=before,
            near_duplicates=before - after,
            documents=after,
            chars=chars,
            tokens=tokens if self.last.tokens else None,
            dropped=dropped,
        )
        return outcome, kept

    def _judged_by(self, rules: Sequence[Rule]) -> list[pa.Table]:
        """Each file's signals, as `decide` reads them; kept for the next rules over the same signals."""
        names = tuple(sorted({rule.signal for rule in rules}))
        if names not in self._signals:
            run = self.files.run
            steps = [step.name for step in run.record.steps if step.name.startswith(BESIDE)]
            tables: list[pa.Table] = []
            for number in self.files.numbers:
                key = run.source.parts[number].key
                measured = [run.receipts(step)[key] for step in steps if key in run.receipts(step)]
                tables.append(load_signals(run.storage, self.files.ingest(number), measured, rules))
            self._signals[names] = tables
        return self._signals[names]

    def _facts_of(self, number: int) -> Facts:
        if number not in self._facts:
            self._facts[number] = Facts.stored(self.files, number, self.last)
        return self._facts[number]

    def _without_copies(self, passed: Sequence[Bools]) -> list[Bools]:
        """RecipeError where the run was compared with earlier releases, which are not looked at here."""
        if self.files.run.record.releases:
            raise RecipeError(
                "this run was compared with earlier releases; what other rules would keep beside those takes a rerun: "
                "change the recipe and run `gristmill curate --against …` again"
            )
        rows = [np.flatnonzero(each) for each in passed]
        facts = [self._facts_of(number) for number in self.files.numbers]
        for each, some in zip(facts, rows, strict=True):
            each.sign(some)
        if not sum(map(len, rows)):
            return list(passed)
        pairs = list(zip(facts, rows, strict=True))
        signed = SignedDocuments(
            order=pa.concat_tables([each.order(some) for each, some in pairs]),
            keys=np.concatenate([each.keys[some] for each, some in pairs]),
            signed=np.concatenate([each.signed[some] for each, some in pairs]),
            packed=np.concatenate([each.bits[some] for each, some in pairs]),
            similarities=self._similarities,
        )
        assert self.last.minhash  # noqa: S101  for the type checker
        left = stays(signed, self.last.minhash, self.last.survival)
        kept = [np.zeros(each.size, np.bool_) for each in passed]
        ends = np.cumsum([some.size for some in rows])[:-1]
        for mask, some, stay in zip(kept, rows, np.split(left, ends), strict=True):
            mask[some[stay]] = True
        return kept

    def _similarities(self, later: Numbers, earlier: Numbers) -> npt.NDArray[np.float64]:
        """What the texts of pairs of documents say, where estimates leave it open."""

        def shingles(number: int) -> Numbers:
            return self._facts_of(number >> 24).shingles(number & (1 << 24) - 1)

        pairs = zip(later.tolist(), earlier.tolist(), strict=True)
        return np.array([jaccard(shingles(one), shingles(other)) for one, other in pairs], np.float64)

    def _sizes(self, kept: Sequence[Bools]) -> tuple[int, int]:
        chars = tokens = 0
        for number, mask in zip(self.files.numbers, kept, strict=True):
            facts, rows = self._facts_of(number), np.flatnonzero(mask)
            facts.pack(rows)
            chars += int(facts.chars[rows].sum())
            tokens += int(facts.tokens[rows].sum())
        return chars, tokens

    def _places(self, masks: Sequence[Bools]) -> pl.DataFrame:
        rows = [np.flatnonzero(mask) for mask in masks]
        parts = [np.full(some.size, number, np.int32) for number, some in zip(self.files.numbers, rows, strict=True)]
        empty = np.zeros(0, np.int32)
        columns = {"part": np.concatenate([empty, *parts]), "document_row": np.concatenate([empty, *rows])}
        return pl.DataFrame(columns, schema={"part": pl.Int32, "document_row": pl.Int32})
