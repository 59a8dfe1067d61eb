"""A takedown from its list to its record: what the verb does, step by step, whatever was done of it before."""

import time
from collections.abc import Sequence
from typing import Any

from jobs.rebuilding import Means, Rebuilder
from jobs.terminal import PLAIN_SECONDS, notice
from pipeline.dataset import shard_name
from pipeline.runs import OpenRun, open_run
from pipeline.storage import Storage
from pipeline.takedown.chain import chain_of
from pipeline.takedown.completing import complete
from pipeline.takedown.finding import Told
from pipeline.takedown.listing import Listing
from pipeline.takedown.places import Part
from pipeline.takedown.rebuilding import finished_run, runs_before
from pipeline.takedown.removal import begin, refuse_unfit
from pipeline.takedown.survey import Survey, survey
from pipeline.takedown.tombstones import (
    Takedown,
    load_tombstones,
    next_id,
    read_takedown,
    refuse_unfinished,
    unfinished,
)


def _completed(storage: Storage, takedown: Takedown, rebuilder: Rebuilder) -> dict[str, Any]:
    """Does what is left of a takedown whose tombstones are set; its record."""

    def told(part: Part) -> None:
        notice(f"{part.place.step}: rows removed from {part.name}")

    return complete(storage, takedown, rebuilder, told)


def complete_interrupted(storage: Storage, recipes: Sequence[str], means: Means) -> dict[str, Any] | None:
    """Completes the takedown that was interrupted, if there is one; its record."""
    left = unfinished(storage)
    if left is None:
        return None
    takedown = read_takedown(storage, left)
    notice(f"the takedown {left} was interrupted and is completed first")
    rebuilder = Rebuilder(named=recipes, before=takedown.facts["before"], means=means)
    for id_, run in runs_before(storage, takedown).items():
        if finished_run(storage, id_) is None:
            rebuilder.find(run)
    return _completed(storage, takedown, rebuilder)


def take_down(
    storage: Storage, listing: Listing, scope: str, recipes: Sequence[str], means: Means, *, dry_run: bool
) -> dict[str, Any]:
    """Removes what is listed: its record, and (for the person only) which entries were nowhere or gone before.

    Raises:
        StorageError: the last run is not finished, or ROOT cannot be written.
        RecipeError: what the run did cannot be done again, or a file that it stands on is missing.
    """
    id_ = next_id(storage)  # first: a takedown that begins from here on has this number, and `begin` sees it
    refuse_unfinished(storage)
    run = open_run(storage)
    refuse_unfit(run)
    known = load_tombstones(storage)
    rebuilder = Rebuilder(named=recipes, before=known.digest if known else "", means=means)
    chain = chain_of(run)
    for each in chain:
        rebuilder.find(each).check()
    found = survey(chain, listing, scope, _counting())
    told = {
        "unknown_entries": [str(entry) for entry in found.unknown],
        "taken_down_before": [str(entry) for entry in found.before],
    }
    if dry_run or not (found.stones or found.removals):
        return told | _would(run, found)
    takedown = begin(run, listing, scope, found, id_)
    return _completed(storage, takedown, rebuilder) | told


def _counting() -> Told:
    """Says how far a search is, at most every few seconds."""
    last = time.monotonic()

    def told(what: str, done: int, total: int) -> None:
        nonlocal last
        if time.monotonic() - last > PLAIN_SECONDS:
            last = time.monotonic()
            notice(f"looking through {what}: {done:,} of {total:,} parts")

    return told


def _would(run: OpenRun, found: Survey) -> dict[str, Any]:
    """What would go; of the shards, those whose range of files holds such a page."""
    pack, parts = run.step("pack"), {part.key: number for number, part in enumerate(run.source.parts)}
    touched = {parts[part.key] // pack.span for part in found.removals if part.key in parts} if pack else set[int]()
    total = len(run.parts(pack)) if pack else 0
    return {
        "records": found.records,
        "documents": found.documents,
        "copies": found.copies,
        "unknown": len(found.unknown),
        "shards": {"touched": [shard_name(number, total) for number in sorted(touched)], "of": total},
        "parts": [
            {
                "source": part.place.source,
                "file": part.name,
                "records": len(removal.records),
                "documents": len(removal.documents),
            }
            for part, removal in found.removals.items()
        ],
    }
