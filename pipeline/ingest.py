"""From an input file to rows: runs the recipe's gates, extractor, measures and transforms over its pages.

Every response or conversion record, and every region that cannot be read, becomes a row of `records`; pages past all gates
become rows of `documents`. Nothing here judges text: a signal is written down and `decide` reads it later.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import pyarrow as pa

from pipeline.archives.record import Record
from pipeline.batch import Batch, batches
from pipeline.errors import InputError, RecipeError
from pipeline.identity import IDENTITY_IF_CHANGED, NOT_IDENTITY
from pipeline.ingest_tables import IngestTables
from pipeline.measures import Extractor, Gate, Measure, Transform
from pipeline.reading import open_reader
from pipeline.remarks import CORRUPT_BYTES
from pipeline.rows.columns import RowColumns
from pipeline.sandbox import Limits, Sandbox
from pipeline.schemas import PAGE_FACTS, RECORDS, with_signals
from pipeline.steps import PartRun
from pipeline.stopwatch import Stopwatch
from pipeline.takedown.tombstones import Tombstones, stones_known

Item = Gate | Extractor | Measure | Transform

FREE_FAILURES = 20  # a part may always have this many failed records; the tolerance judges what is above


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingest:
    """Reads files through an ordered list of gates, one extractor, measures and transforms.

    Text that somebody else extracted, in rows (`columns` says where it is) or in the conversion records of a WET archive, is
    taken as it is: gates that need HTML are passed over. Pages that were taken down from ROOT are stopped before all items.

    `tolerance` is the share of records of a part that may fail before the part does. `sample_rate` is the share of gated
    pages, chosen by a hash of their record id, whose raw HTML is kept for looking.
    """

    name: ClassVar[str] = "ingest"
    version: ClassVar[int] = 2
    engines: ClassVar[tuple[str, ...]] = ("fastwarc", "resiliparse", "warcio")

    items: tuple[Item, ...]
    limits: Limits = field(default_factory=Limits)
    sample_rate: float = 0.001
    columns: RowColumns = field(default_factory=RowColumns, metadata=IDENTITY_IF_CHANGED)
    tolerance: float = field(default=0.1, metadata=NOT_IDENTITY)
    batch_pages: int = field(default=64, metadata=NOT_IDENTITY)

    def __post_init__(self) -> None:
        extractors = [item for item in self.items if isinstance(item, Extractor)]
        if len(extractors) != 1:
            raise RecipeError(f"an ingest list needs exactly one extractor, not {len(extractors)}")
        before = self.items[: self.items.index(extractors[0])]
        if wrong := [item.name for item in before if not isinstance(item, Gate)]:
            raise RecipeError(f"{wrong[0]} stands before the extractor, where there is no text yet")
        self.schema()

    def schema(self) -> pa.Schema:
        """The records table: its fixed columns, then every signal in the order of the list."""
        return with_signals(RECORDS, [item.signals for item in self.items])

    @property
    def facts(self) -> tuple[str, ...]:
        """The columns that `documents` has besides its own: title, author and date, where the extractor is asked for them."""
        asked = any(isinstance(item, Extractor) and getattr(item, "metadata", None) for item in self.items)
        return tuple(PAGE_FACTS.names) if asked else ()

    def run(self, part: PartRun) -> dict[str, int]:
        """Reads one file to its end; the counts add up to its records and bytes, or an AssertionError says what does not."""
        file = part.task.files[0]
        extractor = next(item for item in self.items if isinstance(item, Extractor))
        tally, watch = Tally(), Stopwatch()
        stones = stones_known(part.storage, part.task.tombstones)
        reading = open_reader(file, self.columns, self.limits.max_html_chars, part.facts)
        with reading as reader, Sandbox(extractor, self.limits) as sandbox:
            has_html = reader.has_html
            tables = IngestTables(part, self.schema(), self.sample_rate, origins=not has_html, facts=self.facts)
            items = tuple(item for item in self.items if has_html or not needs_html(item))
            for records in watch.drawing("read", batches(tally.watch(reader.records()), self.batch_pages)):
                try:
                    batch = measured(_begun(Batch(records, self.schema(), watch), stones), items, sandbox, watch)
                    if stones:
                        batch.take_down(batch.alive[place] for place in stones.texts(batch.pages.texts))
                    with watch.timing("write"):
                        tables.write(batch)
                except Exception as error:
                    error.add_note(
                        f"{file.name}, records at {records[0].offset}-{records[-1].offset}: {records[0].record_id}"
                    )
                    raise
            tables.finish()
            extent = reader.extent
            part.facts["child_peak_rss_bytes"] = sandbox.peak_rss_bytes
        part.facts["child_cpu_seconds"] = round(sandbox.cpu_seconds, 3)
        part.facts["item_seconds"] = watch.rounded()
        read = part.facts["input_bytes"]
        if read != file.bytes:
            raise InputError(f"{file.location}: {file.bytes} bytes when planned, {read} when read")
        counts = tables.counts | {"bytes": read} | tally.counts()
        if tally.corrupt and reader.has_html:
            counts[CORRUPT_BYTES] = tally.corrupt
        _check(counts, file.name, extent - tally.covered, self.tolerance)
        stones_known(
            part.storage, part.task.tombstones
        )  # again: a takedown looked for the page before this part was there
        return counts


def _begun(batch: Batch, stones: Tombstones | None) -> Batch:
    """The batch without what its addresses and ids say was taken down."""
    if stones:
        batch.take_down(stones.rows(batch.records))
    return batch


def measured(batch: Batch, items: Sequence[Item], sandbox: Sandbox, watch: Stopwatch) -> Batch:
    """The batch after all `items`, in order."""
    for item in items:
        if isinstance(item, Extractor):
            batch.extract(sandbox)  # in which there is more than one thing to time
            continue
        with watch.timing(item.name):
            if isinstance(item, Gate):
                batch.gate(item)
            elif isinstance(item, Transform):
                batch.transform(item)
            else:
                batch.measure(item)
    return batch


def needs_html(item: Item) -> bool:
    """Whether an item speaks of the page as it was fetched, which somebody else's rows do not have any more."""
    return isinstance(item, Gate) and getattr(item, "needs_html", False)


class Tally:
    """Counts what passes: records by type, how far their spans reach, and how much of that nobody can read."""

    def __init__(self) -> None:
        self.types: Counter[str] = Counter()
        self.covered = 0
        self.corrupt = 0

    def watch(self, records: Iterator[Record]) -> Iterator[Record]:
        """The records that become rows; the others are counted only."""
        for record in records:
            if record.offset != self.covered:
                raise AssertionError(f"{self.covered}-{record.offset} of the file belong to no record")
            self.covered += record.length
            self.corrupt += record.length if record.kind == "corrupt" else 0
            self.types[record.type if record.kind == "other" else record.kind] += 1
            if record.kind != "other":
                yield record

    def counts(self) -> dict[str, int]:
        """`type.<record type>` counts, for the receipt."""
        return {f"type.{name}": self.types[name] for name in sorted(self.types)}


def _check(counts: dict[str, int], name: str, uncovered: int, tolerance: float) -> None:
    """The conservation law of a part, and its tolerance for failed records."""
    stopped = sum(count for key, count in counts.items() if key.startswith(("gate.", "failed.")))
    if counts["rows"] != counts["documents"] + stopped:
        raise AssertionError(f"{counts['rows']} rows, but {counts['documents']} documents and {stopped} stopped")
    if uncovered:
        raise AssertionError(f"the last {uncovered} bytes or rows of {name} belong to no record")
    failed = sum(count for key, count in counts.items() if key.startswith("failed."))
    if failed > FREE_FAILURES + tolerance * counts["rows"]:
        reasons = ", ".join(f"{key[7:]} {count}" for key, count in counts.items() if key.startswith("failed."))
        raise InputError(f"{name}: {failed} of {counts['rows']} records failed ({reasons}); tolerance {tolerance:.0%}")
