"""The documents of a run as a person names them: pages of a crawl by URL or id, rows of files by id or FILE:ROW."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any, NamedTuple, Protocol
from urllib.parse import urlsplit

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dedup.rows import BARRED
from dedup.scores import ingested_scores
from jobs.dedup_tables import is_of_rows
from pipeline.errors import InputError
from pipeline.inspection.answers import passes
from pipeline.inspection.reading import Files
from pipeline.receipts import Receipt
from pipeline.rows.batches import document_batches
from pipeline.rows.columns import RowColumns
from pipeline.rows.picking import pick
from pipeline.rows.pieces import piece_of
from pipeline.runs import OpenRun
from pipeline.schemas import document_number
from pipeline.steps import PlannedPart
from pipeline.tables import read_rows, read_table
from pipeline.why import Story, find, story

_FILE, _ROW = 24, (1 << 24) - 1
_FACTS = ("record_id", "url", "date", "text")


class Page(NamedTuple):
    """A document: `name` is what a person calls it; `score` is there where the order of survival goes by one.

    Of one of an earlier release there is no text here.
    """

    document: int
    name: str
    record_id: str
    url: str | None
    date: Any
    text: str | None
    score: float | None = None


class Pages(Protocol):
    """How a run's documents are found and read."""

    what: str
    """What a document is called: `page` or `row`."""

    def find(self, page: str) -> list[int | Story]:
        """The documents that `page` names, and the stories of records that were dropped before near-duplicates were sought."""
        ...

    def read(self, documents: Sequence[int]) -> Iterator[Page]:
        """The documents in the order of their numbers, those of one input file at a time."""
        ...

    def places(self, documents: Sequence[int]) -> set[str]:
        """Where documents are from: the hosts of pages, the files of rows."""
        ...


def pages_of(run: OpenRun, score: str | None = None) -> Pages:
    """The pages or rows of a run, with what the column `score` says of them where it is named."""
    return RowPages(run, score) if is_of_rows(run) else CrawlPages(run, score)


class CrawlPages:
    """Pages that `curate` kept; they are read from what ingest stored."""

    what = "page"

    def __init__(self, run: OpenRun, score: str | None = None) -> None:
        self._run = run
        self._files = Files(run, 0)
        self._score = score

    def find(self, page: str) -> list[int | Story]:
        """See `Pages.find`; InputError where no record of the run has this URL or id."""
        places = find(self._run, page)
        if not places:
            raise InputError(f"{page}: no record of this run has this URL or id")
        return [self._judged(part, row) for part, row in places]

    def _judged(self, part: int, row: int) -> int | Story:
        document_row = read_rows(self._run.storage, self._files.ingest(part), "records", row)[0]["document_row"]
        bundle = self._files.bundle("decide", part, "records")
        if document_row is None or bundle is None:
            return story(self._run, part, row)
        verdict = read_rows(self._run.storage, bundle.receipt, "verdicts", bundle.before + row)[0]["verdict"]
        return document_number(part, document_row) if verdict == "keep" else story(self._run, part, row)

    def read(self, documents: Sequence[int]) -> Iterator[Page]:
        """See `Pages.read`."""
        for file, rows in _by_file(documents):
            yield from _elsewhere(file, rows)
            if not file >> _FILE:
                scores = (
                    ingested_scores(self._run.storage, self._files.ingest(file), self._score) if self._score else None
                )
                for found in self._files.file(file).documents(_FACTS, rows).iter_rows(named=True):
                    facts = {name: found[name] for name in _FACTS}
                    facts["score"] = None if scores is None else scores[found["row"]].as_py()
                    name = found["url"] or found["record_id"]
                    yield Page(document_number(file, found["row"]), name, **facts)

    def places(self, documents: Sequence[int]) -> set[str]:
        """See `Pages.places`; a page without a host has none."""
        hosts: set[str] = set()
        for file, rows in _by_file(documents):
            if not file >> _FILE:
                hosts |= {_host(url) for url in self._files.file(file).documents(["url"], rows)["url"].to_list()}
        return hosts - {""}


class RowPages:
    """Rows of the files that `dedup` read; they are read where they lie."""

    what = "row"

    def __init__(self, run: OpenRun, score: str | None = None) -> None:
        self._run = run
        self._score = score
        self._pieces = [piece_of(part) for part in run.source.parts]
        self._columns = run.columns or RowColumns()

    def find(self, page: str) -> list[int | Story]:
        """See `Pages.find`; InputError where no row has this id or is called so."""
        file, colon, row = page.rpartition(":")
        if colon and row.isdecimal() and (number := self._at(file, int(row))) is not None:
            return [number]
        found = self._with_id(page) if page else []
        if not found:
            raise InputError(f"{page}: no row of this run has this id, and none is so called as FILE:ROW, rows from 0")
        return [*found]

    def _at(self, file: str, row: int) -> int | None:
        """The document at a row of a file, which is named as in `dataset/duplicates`, or by where it is."""
        for part, piece in enumerate(self._pieces):
            rows = self._rows(part) if file in {piece.name, piece.location} else 0
            if piece.first <= row < piece.first + rows:
                self._refuse_barred(part, row - piece.first, f"{file}:{row}")
                return document_number(part, row - piece.first)
        return None

    def _refuse_barred(self, part: int, row: int, name: str) -> None:
        """InputError for a row that was taken down, which the file of its owner still has."""
        bundle, receipt = self._bundle(part)
        if BARRED in receipt.files:
            barred = read_table(self._run.storage, receipt, BARRED).to_pylist()
            if {"member": part - bundle.first, "row": row} in barred:
                raise InputError(f"{name} was taken down")

    def _rows(self, part: int) -> int:
        """How many rows the run found in an input file or a piece of one."""
        bundle, receipt = self._bundle(part)
        return read_table(self._run.storage, receipt, "counted")["rows"][part - bundle.first].as_py()

    def _bundle(self, part: int) -> tuple[PlannedPart, Receipt]:
        """The part of the step `rows` that looked at an input file."""
        step = self._run.step("rows")
        assert step  # noqa: S101  for the type checker: a run of rows has it
        bundle = self._run.parts(step)[part // step.span]
        return bundle, self._run.receipts("rows")[bundle.key]

    def _with_id(self, record_id: str) -> list[int]:
        """Looked for in what `minhash` and the passes wrote: of the row groups only those whose ids are around this one.

        Where copies alone were looked for, rows without a key are in neither; then the input is read.
        """
        tables = {"minhash": "order"} | {f"exact-{kind}": "same" for kind in passes(self._run)}
        found = {number for step, table in tables.items() for number in self._in_table(step, table, record_id)}
        return sorted(found or (() if self._run.step("minhash") else self._in_input(record_id)))

    def _in_table(self, name: str, table: str, record_id: str) -> Iterator[int]:
        step = self._run.step(name)
        same = pc.field("record_id") == pa.scalar(record_id, pa.large_string())
        for bundle in self._run.parts(step) if step else ():
            receipt = self._run.receipts(name)[bundle.key]
            rows = read_table(self._run.storage, receipt, table, ["member", "row"], where=same)
            yield from (document_number(bundle.first + each["member"], each["row"]) for each in rows.to_pylist())

    def _in_input(self, record_id: str) -> Iterator[int]:
        for file, piece in enumerate(self._pieces):
            row = 0
            for batch in document_batches(piece, self._columns):
                same = pc.call_function("equal", [batch["record_id"], pa.scalar(record_id, pa.large_string())])
                for place in np.flatnonzero(same.to_numpy(zero_copy_only=False)).tolist():
                    yield document_number(file, row + place)
                row += batch.num_rows

    def read(self, documents: Sequence[int]) -> Iterator[Page]:
        """See `Pages.read`; InputError where a file is not the one that the run read."""
        for file, rows in _by_file(documents):
            yield from _elsewhere(file, rows)
            if not file >> _FILE:
                piece = self._pieces[file]
                for row, facts in zip(rows, pick(piece, self._columns, rows, score=self._score), strict=True):
                    yield Page(document_number(file, row), f"{piece.name}:{piece.first + row}", **facts)

    def places(self, documents: Sequence[int]) -> set[str]:
        """See `Pages.places`."""
        return {self._pieces[file].name for file, _ in _by_file(documents) if not file >> _FILE}


def _by_file(documents: Sequence[int]) -> Iterator[tuple[int, list[int]]]:
    """Source and file, and the rows there, in order."""
    for file, some in groupby(sorted(set(documents)), lambda number: number >> _FILE):
        yield file, [number & _ROW for number in some]


def _elsewhere(file: int, rows: Sequence[int]) -> Iterator[Page]:
    """Documents of earlier releases, which are not in this ROOT."""
    if release := file >> _FILE:
        for row in rows:
            name = f"row {row:,} of file {file & _ROW:,} of release {release}"
            yield Page(file << _FILE | row, name, "", None, None, None)


def _host(url: str | None) -> str:
    try:
        return urlsplit(url or "").hostname or ""
    except ValueError:
        return ""
