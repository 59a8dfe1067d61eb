"""What the later steps of a run say of one record or document, and what becomes of it in the end."""

from dataclasses import dataclass
from typing import Any

from pipeline.choosing import NAME as CHOOSE
from pipeline.cuts import ONLY_REPEATS
from pipeline.receipts import Receipt
from pipeline.runs import OpenRun
from pipeline.tables import read_rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """What became of a record: `verdict`, `reason`, whether it `stays`, and what was `cut` of its text where it repeats."""

    verdict: str | None
    reason: str | None
    stays: bool
    cut: dict[str, Any] | None = None


def fate(
    run: OpenRun, part: int, document_row: int | None, judged: dict[str, Any], duplicates: dict[str, Any] | None
) -> Fate:
    """The last word on a record: that of `decide`, of its duplicates, of its scores, or of what was left of its text."""
    if judged["verdict"] != "keep" or document_row is None:
        return Fate(verdict=judged["verdict"], reason=judged["reason"], stays=judged["verdict"] == "keep")
    if duplicates is not None and not duplicates["keep"]:
        return Fate(verdict="drop", reason=duplicates["reason"], stays=False)
    chosen = _chosen(run, part, document_row)
    if chosen is not None and not chosen["keep"]:
        return Fate(verdict="drop", reason=chosen["reason"], stays=False)
    cut = _cut(run, part, document_row)
    if cut is not None and not cut["keep"]:
        return Fate(verdict="drop", reason=ONLY_REPEATS, stays=False, cut=cut)
    return Fate(verdict="keep", reason=judged["reason"], stays=True, cut=cut)


def ingested(run: OpenRun, part: int) -> Receipt:
    """The receipt of ingest of a file of the source."""
    return run.receipts("ingest")[run.source.parts[part].key]


def bundled(run: OpenRun, name: str, part: int, table: str) -> tuple[Receipt, int] | None:
    """The receipt of `name` that covers source part `part`, and how many rows of `table`'s kind stand before it there."""
    step = run.step(name)
    if step is None:
        return None
    bundle = run.parts(step)[part // step.span]
    receipt = run.receipts(name).get(bundle.key)
    if receipt is None:
        return None
    return receipt, sum(ingested(run, before).rows(table) for before in range(bundle.first, part))


def judged(run: OpenRun, part: int, row: int) -> dict[str, Any] | None:
    """What `decide` says of a record; None where it has not yet."""
    found = bundled(run, "decide", part, "records")
    return read_rows(run.storage, found[0], "verdicts", found[1] + row)[0] if found else None


def _chosen(run: OpenRun, part: int, document_row: int) -> dict[str, Any] | None:
    """What the scores of what deduplication left say of the document; None where the run takes none then, or has not yet."""
    found = bundled(run, CHOOSE, part, "documents")
    return read_rows(run.storage, found[0], "survivors", found[1] + document_row)[0] if found else None


def _cut(run: OpenRun, part: int, document_row: int) -> dict[str, Any] | None:
    """What was taken out of the document because it repeats; None where the run takes nothing out, or has not yet."""
    found = bundled(run, "remove-repeats", part, "documents")
    return read_rows(run.storage, found[0], "removed", found[1] + document_row)[0] if found else None
