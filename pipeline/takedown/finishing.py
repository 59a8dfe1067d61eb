"""How a takedown ends: what nobody reads any more is deleted, and a record says what was removed, by digests alone."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson

from pipeline.annotations.side_table import SOURCE as ANNOTATIONS
from pipeline.annotations.side_table import STEP as SIDE
from pipeline.dataset import FOLDER as DATASET
from pipeline.runs import OpenRun
from pipeline.storage import Storage
from pipeline.takedown.places import Place, all_places, all_runs, places_of, receipts_at
from pipeline.takedown.removal import ROWS_FILE, rows_path, rows_to_remove
from pipeline.takedown.tombstones import FOLDER, HASH, Takedown, all_unfinished, read_takedown

REPORT = "report.html"  # where `gristmill report` puts its page, which shows texts
ASIDE = (
    "",
    DATASET,
    f"{DATASET}/data",
    FOLDER,
    "runs",
)  # folders besides those of steps where a killed write leaves a file


def collect(runs: Sequence[OpenRun]) -> int:
    """Deletes what no receipt of a living step names; the number of files.

    The steps of these `runs` live, and ingest of every run with what stands beside it. What other runs made of these was made
    with the pages that are gone, and would be made again under another fingerprint: it goes, with what killed attempts left.
    """
    storage = runs[-1].storage
    places = all_places(storage)
    living = {
        *(place for run in runs for place in places_of(run.record)),
        *(place for place in places if place.is_mended),
    }
    named = {path for place in sorted(living) for path in _named_by(storage, place)}
    deleted = 0
    for place in places:
        stays = place in living
        for name in storage.names(place.folder):
            is_record = stays and (name.endswith(".json") or name.startswith("manifest-"))
            if not is_record and f"{place.folder}/{name}" not in named:
                storage.delete(f"{place.folder}/{name}")
                deleted += 1
        deleted += _sweep(storage, place.folder)
    deleted += sum(_sweep(storage, folder) for folder in ASIDE)
    for path in (REPORT, *_side_tables(storage)):
        if storage.exists(path):
            storage.delete(path)
            deleted += 1
    return deleted


def _side_tables(storage: Storage) -> Iterator[str]:
    """The files of sorted annotations, which know a page by a digest that has no key: they are made again if they are needed."""
    stages = [payload.get("stage", {}) for record in all_runs(storage) for payload in record.payload.values()]
    for side in sorted({stage["side"] for stage in stages if "side" in stage}):
        folder = Place(SIDE, side, ANNOTATIONS).folder
        yield from (f"{folder}/{name}" for name in storage.names(folder))


def _named_by(storage: Storage, place: Place) -> list[str]:
    receipts = receipts_at(storage, place).values()
    return [entry.path for receipt in receipts for entry in receipt.files.values()]


def _sweep(storage: Storage, folder: str) -> int:
    """Deletes files whose writing was interrupted before they had their name."""
    names = storage.leftovers(folder)
    for name in names:
        storage.delete(f"{folder}/{name}" if folder else name)
    return len(names)


def finish(storage: Storage, takedown: Takedown, told: Mapping[str, Any]) -> dict[str, Any]:
    """Writes the record of a takedown that did all it had to, and returns it; `told` is what the rebuilding says."""
    rows = rows_to_remove(storage, takedown)
    needed = {rows_path(read_takedown(storage, id_)) for id_ in all_unfinished(storage)}
    for stale in storage.names(FOLDER):  # of takedowns that never began: until the record is there none can
        if stale.endswith(ROWS_FILE) and f"{FOLDER}/{stale}" not in needed:
            storage.delete(f"{FOLDER}/{stale}")
    record = {
        "id": takedown.id,
        **takedown.facts,
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "hash": HASH,
        "listed": [
            {"kind": stone.kind, "digest": stone.digest, "records": stone.records}
            for stone in takedown.stones
            if stone.listed
        ],
        "copies_of_listed": [
            {"kind": stone.kind, "digest": stone.digest} for stone in takedown.stones if not stone.listed
        ],
        "parts": [
            {
                "step": part.place.step,
                "fingerprint": part.place.fingerprint,
                "source": part.place.source,
                "part": part.key,
                "file": part.name,
                "records": len(part.removal.records),
                "documents": len(part.removal.documents),
            }
            for part in rows
        ],
        **told,
    }
    storage.put_new(f"{FOLDER}/{takedown.id}.json", orjson.dumps(record, option=orjson.OPT_INDENT_2))
    storage.delete(rows_path(takedown))
    return record
