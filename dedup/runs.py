"""Tables written as sorted runs: sorting takes a bounded memory, and a reader of a range of values skips most row groups."""

from collections.abc import Sequence

import pyarrow as pa

from pipeline.tables import TableWriter

ROW_GROUP = 1 << 14
MOST = 1 << 20  # rows of a run


class Runs:
    """Sorts what it is given by the columns `by`, `most` rows at a time, and writes each run in row groups of its own."""

    def __init__(self, writer: TableWriter, by: Sequence[str], most: int = MOST) -> None:
        self._writer = writer
        self._by = [(name, "ascending") for name in by]
        self._most = most
        self._waiting: list[pa.Table] = []
        self._held = self.rows = 0

    def add(self, table: pa.Table) -> None:
        """Takes rows of the writer's schema."""
        self._waiting.append(table)
        self._held += table.num_rows
        self.rows += table.num_rows
        if self._held >= self._most:
            self.close()

    def close(self) -> None:
        """Writes what is held."""
        if self._held:
            run = pa.concat_tables(self._waiting).sort_by(self._by)
            for start in range(0, run.num_rows, ROW_GROUP):
                self._writer.write_row_group(run.slice(start, ROW_GROUP))
        self._waiting, self._held = [], 0
