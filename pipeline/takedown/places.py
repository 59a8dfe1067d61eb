"""The folders of all steps that were ever run at a ROOT, by what its runs recorded, and the parts of those that hold pages."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from pipeline.mended import is_mended
from pipeline.receipts import Receipt, Receipts, committed, step_folder
from pipeline.rows.columns import RowColumns
from pipeline.rows.pieces import Piece, piece_of
from pipeline.runs import FOLDER, OpenRun, RunRecord
from pipeline.storage import Storage
from pipeline.takedown.listing import ROW, Entry, place_of_row

INGEST = "ingest"
ROWS = "rows"  # the step of a deduplication that knows the rows of input files, which nobody but their owner changes


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """The parts that one step, of one fingerprint, made of one source."""

    step: str
    fingerprint: str
    source: str

    @property
    def folder(self) -> str:
        """Where they are below ROOT."""
        return step_folder(self.step, self.fingerprint, self.source)

    @property
    def is_mended(self) -> bool:
        """Whether a takedown mends the parts, rather than that they are made again."""
        return is_mended(self.step)


@dataclass(frozen=True, slots=True)
class InputRows:
    """A file of somebody's rows, or a piece of one, and which columns say what they are."""

    piece: Piece
    columns: RowColumns

    def row(self, number: int) -> Entry:
        """How a list names a row of this piece."""
        return Entry(ROW, place_of_row(self.piece.name, self.piece.first + number))


@dataclass(frozen=True, slots=True)
class Part:
    """A committed part of a place, of a deduplication the `rows` of an input file; two are the same where place and key are."""

    place: Place
    key: str
    receipt: Receipt = field(compare=False)
    rows: InputRows | None = field(default=None, compare=False)

    @property
    def name(self) -> str:
        """The file that it is of."""
        return self.rows.piece.name if self.rows else self.receipt.name


def all_runs(storage: Storage) -> Iterator[RunRecord]:
    """Every run that was recorded here, the first one first."""
    for name in storage.names(FOLDER):
        if name.endswith(".json"):
            yield RunRecord.from_json(storage.get(f"{FOLDER}/{name}"), f"{FOLDER}/{name}")


def source_of(record: RunRecord) -> str:
    """The name of a run's source, which the path of its list of files has."""
    return PurePosixPath(record.source).parts[-2]


def places_of(record: RunRecord) -> list[Place]:
    """The places of a run's steps."""
    return [Place(step.name, step.fingerprint, source_of(record)) for step in record.steps]


def all_places(storage: Storage) -> list[Place]:
    """The places of all runs, each once."""
    return sorted({place for record in all_runs(storage) for place in places_of(record)})


def receipts_at(storage: Storage, place: Place) -> Receipts:
    """All receipts of a place by part key, whatever the runs were that asked for them."""
    names = storage.names(place.folder)
    keys = [name.removesuffix(".json") for name in names if name.endswith(".json")]
    return committed(storage, place.step, place.fingerprint, place.source, keys)


def place_of(run: OpenRun) -> Place:
    """Where a run has what it read: its parts of ingest, or the rows of its input."""
    step = run.step(INGEST) or run.step(ROWS)
    assert step is not None  # noqa: S101  a run without is refused before
    return Place(step.name, step.fingerprint, run.source.name)


def rows_read(run: OpenRun) -> list[Part]:
    """The input files of a deduplication of rows, none of another run."""
    step = run.step(ROWS)
    if step is None:
        return []
    columns, place, receipts = run.columns or RowColumns(), place_of(run), run.receipts(ROWS)
    return [
        Part(
            place,
            run.source.parts[number].key,
            receipts[part.key],
            InputRows(piece_of(run.source.parts[number]), columns),
        )
        for part in run.parts(step)
        for number in range(part.first, part.first + part.count)
    ]


def ingested(storage: Storage, places: Sequence[Place]) -> list[Part]:
    """All parts of ingest, of every recipe and source."""
    return [
        Part(place, key, receipt)
        for place in places
        if place.step == INGEST
        for key, receipt in receipts_at(storage, place).items()
    ]
