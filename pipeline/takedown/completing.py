"""A takedown whose tombstones are set, from wherever it stands to its end."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from pipeline.dataset import shard_name
from pipeline.errors import StorageError
from pipeline.execution import Execution
from pipeline.receipts import Receipt, Receipts
from pipeline.runs import OpenRun
from pipeline.steps import PlannedStep
from pipeline.storage import Storage
from pipeline.takedown.finishing import collect, finish
from pipeline.takedown.places import Part
from pipeline.takedown.rebuilding import compared_anew, finished_run, heritage, rebuilt_run, runs_before
from pipeline.takedown.removal import mend
from pipeline.takedown.tombstones import Takedown, load_tombstones


class Rebuilding(Protocol):
    """Knows how runs are done again."""

    @property
    def at_once(self) -> int:
        """How many parts are mended at a time."""
        ...

    def planned(self, run: OpenRun, tombstones: str) -> Sequence[PlannedStep]:
        """The steps of a run with the tombstones of this digest."""
        ...

    def execute(self, run: OpenRun, execution: Execution) -> None:
        """Runs what is missing of a run."""
        ...

    def build(self, run: OpenRun) -> dict[str, Any]:
        """Makes the dataset of a finished run, and returns its manifest."""
        ...


def complete(
    storage: Storage, takedown: Takedown, rebuilding: Rebuilding, told: Callable[[Part], None]
) -> dict[str, Any]:
    """Does what is left: mends parts, rebuilds the runs and the last one's dataset, deletes what is dead, and returns the record.

    `told` hears of each part that was mended.

    Raises:
        PartsFailed: some parts of a rebuilt run failed; running it again does the rest.
    """
    known = load_tombstones(storage)
    if known is None:
        raise StorageError(f"{storage.location}: the tombstones of {takedown.id} are gone")
    mend(storage, takedown, told, rebuilding.at_once)
    befores, afters = runs_before(storage, takedown), list[OpenRun]()
    for id_, before in befores.items():
        done = finished_run(storage, id_)
        rebuilt = {one.record.id: new for new, one in befores.items()}
        afters.append(done or _rebuilt(compared_anew(before, rebuilt), takedown, id_, known.digest, rebuilding))
    manifest = rebuilding.build(afters[-1])
    result = {"kept": manifest["funnel"]["kept"], "shards": _shards([*befores.values()][-1], afters[-1])}
    return finish(storage, takedown, result | {"deleted_files": collect(afters)})


def _rebuilt(run: OpenRun, takedown: Takedown, id_: str, tombstones: str, rebuilding: Rebuilding) -> OpenRun:
    steps = rebuilding.planned(run, tombstones)
    after = rebuilt_run(run, id_, steps)
    facts = {"provenance": after.record.provenance}
    rebuilding.execute(run, Execution(run.storage, run.source, steps, facts, heritage(run, takedown)))
    return after


def _shards(before: OpenRun, after: OpenRun) -> dict[str, Any]:
    """Which shards are other bytes now; those of a takedown that was interrupted late are known by what was taken over."""
    old, new = before.receipts("pack"), list(after.receipts("pack").values())
    changed = [shard_name(number, len(new)) for number, receipt in enumerate(new) if _is_other(old, receipt)]
    return {"rewritten": changed, "same": len(new) - len(changed)}


def _is_other(old: Receipts, receipt: Receipt) -> bool:
    if receipt.key not in old:
        return "taken_over_from" not in receipt.facts
    return old[receipt.key].files["data"].sha256 != receipt.files["data"].sha256
