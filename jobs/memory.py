"""The memory that a task may take, from one run to the next: what `--memory` named is kept in a run's record."""

from collections.abc import Sequence

from dedup.scale import Scale
from pipeline.errors import StorageError
from pipeline.runs import RunRecord, open_run
from pipeline.sizes import bytes_of, bytes_text
from pipeline.steps import PlannedStep
from pipeline.storage import Storage


def memory_of(option: str | None) -> int | None:
    """The bytes that `--memory` names; RecipeError for what is no size."""
    return None if option is None else bytes_of(option, "--memory")


def last_of(storage: Storage, recipe: str) -> RunRecord | None:
    """The record of ROOT's last run if that was by the `recipe` of this name; one that is damaged is none."""
    try:
        record = open_run(storage).record if storage.names("runs") else None
    except StorageError:  # the cut changes no answer, so this is no place to stop for it
        return None
    return record if record and record.recipe == recipe else None


def told_of(
    before: RunRecord | None, source: str, steps: Sequence[PlannedStep], scale: Scale, usual: Scale, *, named: bool
) -> str:
    """What to say of the memory beside that of the run `before`, nothing where there is nothing to say.

    `scale` is what this run is cut by, `usual` what it would be if nobody had ever `named` another.
    """
    if before is None:
        return ""
    if not named:
        return f"at most {bytes_text(scale.memory)} a task, as in the last run" if before.memory else ""
    earlier = usual.memory if before.memory is None else before.memory
    if earlier == scale.memory or before.source.split("/")[-2] != source:
        return ""
    known = {step.name: step.fingerprint for step in before.steps}
    again = [step.step.name for step in steps if known.get(step.step.name) != step.fingerprint]
    sizes = f"at most {bytes_text(scale.memory)} a task, {bytes_text(earlier)} in the last run"
    if not again:
        return f"{sizes}: nothing is cut in another way"
    return f"{sizes}: the same documents stay, and {', '.join(again)} are done again, cut anew"
