"""What a run takes over from an earlier one of the same steps: parts of which everything they read stayed as it was.

A takedown changes some parts of ingest and so, down the graph, only what follows from these. A part whose inputs are equal to
what they were gets a receipt that names the files of before: it is neither run nor written again.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pipeline.mended import is_mended
from pipeline.receipts import Receipt, Receipts, receipt_path
from pipeline.runs import OpenRun
from pipeline.steps import PlannedStep
from pipeline.tables import read_table

Columns = Mapping[str, Sequence[str]]
NOTHING: Columns = {}


class Heritage:
    """The parts of `run`; `changed` are the keys of those parts of ingest (and of what stands beside it) that were mended since.

    Only a step inherits that does what it did in `run`: one that reads another release now is run. A stage may say, by an
    attribute `columns_read`, which columns it reads of a table that it does not read whole: then only these have to be equal.
    """

    def __init__(self, run: OpenRun, changed: Collection[str]) -> None:
        self._run = run
        self._changed = frozenset(changed)
        self._known: dict[tuple[str, str, str], bool] = {}

    def receipt(
        self, planned: PlannedStep, key: str, reads: Sequence[tuple[PlannedStep, Receipts, range]]
    ) -> Receipt | None:
        """The committed part `key` of the step if it is taken over, else None.

        `reads` are the input steps with their receipts and the places of those of their parts that this one reads.
        """
        before = self._run.receipts(planned.step.name).get(key)
        columns: Columns = getattr(planned.step.stage, "columns_read", NOTHING)
        if before is None or is_mended(planned.step.name) or not (reads and self._does_the_same(planned)):
            return None
        for upstream, receipts, places in reads:
            parts = upstream.parts
            if not all(self._is_same(upstream.step.name, parts[place].key, receipts, columns) for place in places):
                return None
        facts = before.facts | {"taken_over_from": before.fingerprint}
        return self._committed(replace(before, fingerprint=planned.fingerprint, facts=facts))

    def _does_the_same(self, planned: PlannedStep) -> bool:
        """Whether the step's stage and shape are those of before."""
        before, step = self._run.step(planned.step.name), planned.step
        same_shape = before is not None and (before.span, before.partitions) == (step.span, step.partitions)
        known: Mapping[str, Any] = self._run.record.payload
        return same_shape and known[step.name]["stage"] == planned.payload["stage"]

    def _committed(self, receipt: Receipt) -> Receipt:
        path = receipt_path(receipt.step, receipt.fingerprint, receipt.source, receipt.key)
        storage = self._run.storage
        if storage.put_new(path, receipt.to_json()):
            return receipt
        return Receipt.from_json(storage.get(path), path)

    def _is_same(self, step: str, key: str, receipts: Receipts, columns: Columns) -> bool:
        if is_mended(step):
            return key not in self._changed
        known = step, key, repr(sorted(columns))
        if known not in self._known:
            before = self._run.receipts(step).get(key)
            self._known[known] = before is not None and self._says_the_same(before, receipts[key], columns)
        return self._known[known]

    def _says_the_same(self, before: Receipt, now: Receipt, columns: Columns) -> bool:
        """Whether every table is the same to the byte, or in the columns that are read of it."""
        if before.files.keys() != now.files.keys():
            return False
        others = [table for table, entry in now.files.items() if entry.sha256 != before.files[table].sha256]
        return all(table in columns and self._reads_alike(before, now, table, columns[table]) for table in others)

    def _reads_alike(self, before: Receipt, now: Receipt, table: str, columns: Sequence[str]) -> bool:
        if before.rows(table) != now.rows(table):
            return False
        old, new = (read_table(self._run.storage, receipt, table, columns) for receipt in (before, now))
        return old.equals(new)
