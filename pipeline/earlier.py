"""Documents of earlier releases, as a run that was compared with them names them."""

from dataclasses import dataclass
from typing import Any

import pyarrow.compute as pc

from pipeline.errors import GristmillError, StorageError
from pipeline.runs import OpenRun, ReleaseRecord, open_run_of
from pipeline.storage import open_storage
from pipeline.tables import read_rows, read_table

_WITH_IDS = (("minhash", "order"), ("exact-url", "same"), ("exact-text", "same"))  # steps, tables
_SOURCE, _PART, _FILE, _ROW = 48, 24, (1 << 24) - 1, (1 << 24) - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlierDocument:
    """A document of an earlier release: the run `root` and `source`, the input file and its row there, its id and URL.

    `error` says why the release could not tell more.
    """

    root: str
    source: str
    file: str | None = None
    row: int | None = None
    id: str | None = None
    url: str | None = None
    error: str | None = None


def is_earlier(document: int) -> bool:
    """Whether a number is of a document of an earlier release."""
    return document >> _SOURCE > 0


def earlier_document(run: OpenRun, document: int) -> EarlierDocument:
    """What is known of a document of an earlier release; StorageError where the run knows no such release."""
    number = document >> _SOURCE
    if number > len(run.record.releases):
        raise StorageError(f"{run.storage.location}: a document of release {number} of {len(run.record.releases)}")
    release = run.record.releases[number - 1]
    try:
        return _told(release, document >> _PART & _FILE, document & _ROW)
    except GristmillError as error:  # it may have been moved or removed since, which is no reason to tell nothing
        return EarlierDocument(root=release.root, source=release.source, error=str(error))


def _told(release: ReleaseRecord, file: int, row: int) -> EarlierDocument:
    run = open_run_of(open_storage(release.root), release.run)
    found = _of_archive(run, file, row) if run.step("ingest") else _of_rows(run, file, row)
    return EarlierDocument(root=release.root, source=release.source, file=run.source.parts[file].name, **found)


def _of_archive(run: OpenRun, file: int, row: int) -> dict[str, Any]:
    receipt = run.receipts("ingest").get(run.source.parts[file].key)
    found = read_rows(run.storage, receipt, "documents", row) if receipt else []
    if not found:
        raise StorageError(f"{run.storage.location}: step ingest has no document {row} of file {file}")
    return {"row": found[0]["record_row"], "id": found[0]["record_id"], "url": found[0]["url"]}


def _of_rows(run: OpenRun, file: int, row: int) -> dict[str, Any]:
    """Of rows that were deduplicated alone only the id is kept."""
    known = [(name, table) for name, table in _WITH_IDS if run.step(name)]
    ids = [record_id for name, table in known for record_id in _ids(run, name, table, file, row)]
    return {"row": row, "id": ids[0] if ids else None}


def _ids(run: OpenRun, name: str, table: str, file: int, row: int) -> list[str | None]:
    """The id of a row in what a step wrote, where that has the row."""
    step = run.step(name)
    receipt = run.receipts(name).get(run.parts(step)[file // step.span].key) if step else None
    if step is None or receipt is None:
        raise StorageError(f"{run.storage.location}: step {name} has no part of file {file}")
    here = (pc.field("member") == file % step.span) & (pc.field("row") == row)
    return read_table(run.storage, receipt, table, ["record_id"], where=here)["record_id"].to_pylist()
