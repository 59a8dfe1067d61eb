"""How a takedown begins: what it will do is written down, then its tombstones are set, then rows are taken out of parts.

Once the tombstones are there it must be completed, and can be from wherever it stopped: each thing that it does is the same when
it is done twice. Its record comes last and says that it is finished (`pipeline.takedown.finishing`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.column_types import TEXT
from pipeline.dataset import read_dataset_manifest
from pipeline.errors import InputError, StorageError
from pipeline.runs import OpenRun, new_run_id, open_run
from pipeline.storage import Storage
from pipeline.storage_errors import damage_errors
from pipeline.takedown.chain import chain_of
from pipeline.takedown.listing import Listing
from pipeline.takedown.mending import Removal, mend_parts
from pipeline.takedown.places import INGEST, ROWS, Part, Place, all_runs, places_of
from pipeline.takedown.survey import Survey
from pipeline.takedown.tombstones import (
    FOLDER,
    KEY_OF,
    MEETING,
    Takedown,
    key_mark,
    load_tombstones,
    next_id,
    unfinished,
    write_takedown,
)

ROWS_FILE = ".rows.parquet"

TO_REMOVE = pa.schema(
    [
        pa.field("step", TEXT, nullable=False),
        pa.field("fingerprint", TEXT, nullable=False),
        pa.field("source", TEXT, nullable=False),
        pa.field("key", TEXT, nullable=False),
        pa.field("name", TEXT, nullable=False),
        pa.field("records", pa.large_list(pa.int64()), nullable=False),
        pa.field("documents", pa.large_list(pa.int64()), nullable=False),
    ]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PartRows:
    """What goes from one part of ingest, or from a file of rows, which is called `name`."""

    place: Place
    key: str
    name: str
    removal: Removal


def refuse_unfit(run: OpenRun) -> None:
    """Refuses a run that is not finished, whose dataset is another's, or that read nothing.

    Raises:
        StorageError: the last run is in progress or was interrupted.
        InputError: it read neither pages nor rows.
    """
    location = run.storage.location
    if not (run.step(INGEST) or run.step(ROWS)):
        raise InputError(
            f"{location}: the last run stored no pages, so there is nothing to take down; change its input"
        )
    for each in chain_of(run):
        if open_steps := [step.name for step in each.record.steps if not each.is_sealed(step)]:
            which = (
                "the last run" if each is run else f"the run of {each.source.name}, with which the last is compared,"
            )
            raise StorageError(
                f"{location}: {which} is in progress or was interrupted (step {open_steps[0]} is not finished); let it end "
                "or run its command again, then take down"
            )
    manifest = read_dataset_manifest(run.storage)
    pack, verb = run.step("pack"), "dedup" if run.step(ROWS) else "curate"
    if pack and (manifest is None or manifest["steps"].get("pack", {}).get("manifest") != run.manifest(pack)):
        raise StorageError(
            f"{location}: the dataset is not that of the last run; run its `gristmill {verb}` command again, then take down"
        )


def begin(run: OpenRun, listing: Listing, scope: str, found: Survey, id_: str) -> Takedown:
    """Writes down what is to be done, then sets the tombstones: from here on the takedown holds and must be completed.

    `id_` is the number that was next before anything was looked for.

    Raises:
        StorageError: another takedown has it by now, or another run has begun: what was found may not be what is there.
    """
    _refuse_changed(run, found, id_)
    now = datetime.now(UTC)
    facts: dict[str, Any] = {
        "time": now.isoformat(timespec="seconds"),
        "scope": scope,
        "list": {"name": listing.name, "sha256": listing.sha256, "entries": len(listing.entries)},
        "records": found.records,
        "documents": found.documents,
        "copies": found.copies,
        "unknown": len(found.unknown),
        "runs": [
            {"run": each.record.id, "rebuilt": new_run_id(now + timedelta(microseconds=place))}
            for place, each in enumerate(chain_of(run))
        ],
        "rows": uuid4().hex[:12],
        "before": found.known,
        KEY_OF: key_mark(found.key),
    }
    takedown = Takedown(id=id_, facts=facts, stones=found.stones)
    _write_rows(run.storage, rows_path(takedown), found)
    write_takedown(run.storage, takedown, found.key)
    return takedown


def _refuse_changed(run: OpenRun, found: Survey, id_: str) -> None:
    storage = run.storage
    known = load_tombstones(storage)
    if unfinished(storage) or next_id(storage) != id_ or (known.digest if known else "") != found.known:
        raise StorageError(f"{storage.location}: {MEETING}")
    if open_run(storage).record.id != run.record.id:
        raise StorageError(
            f"{storage.location}: another run has begun since; nothing was changed, let it end and run the same command again"
        )


def rows_path(takedown: Takedown) -> str:
    """Where ROOT keeps what is to be removed until it is: under a name of its own, for another may begin at the same time."""
    return f"{FOLDER}/{takedown.facts.get('rows', takedown.id)}{ROWS_FILE}"


def _write_rows(storage: Storage, path: str, found: Survey) -> None:
    rows = [
        {
            "step": part.place.step,
            "fingerprint": part.place.fingerprint,
            "source": part.place.source,
            "key": part.key,
            "name": part.name,
            "records": removal.records.tolist(),
            "documents": removal.documents.tolist(),
        }
        for part, removal in found.removals.items()
    ]
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist(rows, TO_REMOVE), sink, compression="zstd")
    storage.put_new(path, sink.getvalue().to_pybytes())


def rows_to_remove(storage: Storage, takedown: Takedown) -> list[PartRows]:
    """What a takedown that is not finished has to remove."""
    path = rows_path(takedown)
    data = storage.get(path)
    with damage_errors(path):
        rows = pq.read_table(pa.BufferReader(data)).to_pylist()
    return [
        PartRows(
            place=Place(row.get("step", INGEST), row["fingerprint"], row["source"]),
            key=row["key"],
            name=row["name"],
            removal=Removal(records=np.array(row["records"], np.int64), documents=np.array(row["documents"], np.int64)),
        )
        for row in rows
    ]


def mend(storage: Storage, takedown: Takedown, told: Callable[[Part], None], at_once: int = 1) -> None:
    """Removes the rows from all parts of ingest that have them, and from what stands beside these, `at_once` parts at a time."""
    removals: dict[Place, dict[str, Removal]] = {}
    for rows in rows_to_remove(storage, takedown):
        removals.setdefault(rows.place, {})[rows.key] = rows.removal
    for place, ingest in _beside(storage).items():
        if ingest in removals:
            mend_parts(storage, place, removals[ingest], takedown.id, told, at_once)


def _beside(storage: Storage) -> dict[Place, Place]:
    """Each place that is mended, with the parts of ingest it stands beside (or is)."""
    found: dict[Place, Place] = {}
    for record in all_runs(storage):
        places = places_of(record)
        ingest = next((place for place in places if place.step == INGEST), None)
        if ingest:
            found |= {place: ingest for place in places if place.is_mended}
    return found
