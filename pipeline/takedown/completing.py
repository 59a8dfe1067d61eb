"""A takedown whose tombstones are set, from wherever it stands to its end."""

from collections.abc import Callable, Sequence
from typing import Any

from pipeline.dataset import build_dataset, shard_name
from pipeline.errors import StorageError
from pipeline.execution import Execution
from pipeline.receipts import Receipt, Receipts
from pipeline.runs import OpenRun
from pipeline.steps import PlannedStep
from pipeline.storage import Storage
from pipeline.takedown.finishing import collect, finish
from pipeline.takedown.places import Part
from pipeline.takedown.rebuilding import heritage, rebuilt_run, run_before
from pipeline.takedown.removal import mend
from pipeline.takedown.tombstones import Takedown, load_tombstones


def complete(
    storage: Storage,
    takedown: Takedown,
    planned: Callable[[OpenRun, str], Sequence[PlannedStep]],
    execute: Callable[[Execution], None],
    told: Callable[[Part], None],
) -> dict[str, Any]:
    """Does what is left: mends parts, rebuilds the run and its dataset, deletes what is dead, and returns the record.

    `planned` gives the steps of a run with the tombstones of this digest, `execute` runs what is missing of them, `told` hears
    of each part that was mended.

    Raises:
        PartsFailed: some parts of the rebuilt run failed; running it again does the rest.
    """
    before = run_before(storage, takedown)
    known = load_tombstones(storage)
    if known is None:
        raise StorageError(f"{storage.location}: the tombstones of {takedown.id} are gone")
    mend(storage, takedown, told)
    steps = planned(before, known.digest)
    after = rebuilt_run(before, takedown, steps)
    facts = {"provenance": after.record.provenance}
    execute(Execution(storage, before.source, steps, facts, heritage(before, takedown)))
    manifest = build_dataset(after)
    result = {"kept": manifest["funnel"]["kept"], "shards": _shards(before, after)}
    return finish(storage, takedown, result | {"deleted_files": collect(after)})


def _shards(before: OpenRun, after: OpenRun) -> dict[str, Any]:
    """Which shards are other bytes now; those of a takedown that was interrupted late are known by what was taken over."""
    old, new = before.receipts("pack"), list(after.receipts("pack").values())
    changed = [shard_name(number, len(new)) for number, receipt in enumerate(new) if _is_other(old, receipt)]
    return {"rewritten": changed, "same": len(new) - len(changed)}


def _is_other(old: Receipts, receipt: Receipt) -> bool:
    if receipt.key not in old:
        return "taken_over_from" not in receipt.facts
    return old[receipt.key].files["data"].sha256 != receipt.files["data"].sha256
