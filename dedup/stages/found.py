"""The stage of the steps `found-…` and `answers-…`: what is known of exact copies, on its way back to their documents' parts.

Where parts and partitions of `copies-…` are many, each part would open all of these, and all of `settled-…`.
"""

from dataclasses import dataclass
from typing import ClassVar

from dedup.numbering import END
from dedup.routing import sets, share, write_bundles
from pipeline.schemas import TABLES
from pipeline.steps import PartRun
from pipeline.tables import TableWriter, read_range

FOUND = (("copies", "document"), ("pairs", "original"), ("originals", "document"))
SETTLED = (("settled", "document"),)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Partition `p * slices + s` has what a slice of the step `before` says of the documents from `starts[p]` to the next start.

    Of each of the `tables` of that step, each with the column of documents that its row groups are sorted by. It sorts about
    `rows` rows at a time. A row group has documents of `span` files, which are those of one part.
    """

    name: ClassVar[str] = "found"
    version: ClassVar[int] = 1

    before: str
    tables: tuple[tuple[str, str], ...]
    starts: tuple[int, ...]
    span: int
    slices: int
    rows: int

    def run(self, part: PartRun) -> dict[str, int]:
        """Writes the same tables, sets of row groups that are sorted; counts the rows of each, and the sets of all."""
        counts, count = dict[str, int](), 0
        for table, column in self.tables:
            writer = part.writer(table, TABLES[table])
            count += self._write(part, writer, table, column)
            counts[COUNTED[table]] = writer.rows
        return counts | {"sets": count}

    def _write(self, part: PartRun, writer: TableWriter, table: str, column: str) -> int:
        place, number = divmod(part.partition, self.slices)
        low, high = (*self.starts, END)[place : place + 2]
        found = (
            rows
            for receipt in share(part, (self.before,), number, self.slices)
            for rows in read_range(part.storage, receipt, table, column, low, high)
        )
        by = [(name, "ascending") for name in dict.fromkeys((column, "document"))]
        count = 0
        for some in sets(found, TABLES[table], self.rows):
            count += 1
            write_bundles(writer, some.combine_chunks().sort_by(by), self.span, column)
        return count


# What `copies-KIND` and `settled-KIND` count is counted by the same names.
COUNTED = {"copies": "copies", "pairs": "pairs", "originals": "originals", "settled": "copies"}
