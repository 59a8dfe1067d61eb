"""Finds a page among billions by its URL or record id: a table sorted by hash, one partition of the hash space a file."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from xxhash import xxh64_intdigest

from pipeline.errors import RecipeError
from pipeline.receipts import Receipt
from pipeline.remarks import ELSEWHERE
from pipeline.schemas import URL_INDEX
from pipeline.steps import PartRun
from pipeline.storage import Storage
from pipeline.tables import read_table


def key_of(text: str) -> int:
    """The index's key of a URL or record id: its 64-bit xxHash. A hit is always checked against the record itself."""
    return xxh64_intdigest(text.encode("utf-8", "surrogatepass"))


NO_ID = key_of("")


@dataclass(frozen=True, slots=True, kw_only=True)
class UrlIndex:
    """Partition `n` of `partitions` holds the keys whose highest bits fall to it, sorted, with part and row."""

    name: ClassVar[str] = "index"
    version: ClassVar[int] = 1

    partitions: int

    def __post_init__(self) -> None:
        if self.partitions < 1:
            raise RecipeError(f"an index has at least one partition, not {self.partitions}")

    def run(self, part: PartRun) -> dict[str, int]:
        """Writes `index`; two keys (URL and record id) per record. Counts records whose id one of an earlier part has."""
        mine = part.partition
        tables: list[pa.Table] = [URL_INDEX.empty_table()]
        ids: list[pa.Table] = []
        for place, receipt in enumerate(part.receipts("ingest")):
            records = read_table(part.storage, receipt, "records", ["url", "record_id"])
            texts = (records["url"].to_pylist(), records["record_id"].to_pylist())
            keys = np.array([key_of(text or "") for column in texts for text in column], np.uint64)
            rows = np.tile(np.arange(records.num_rows, dtype=np.int32), 2)
            here = np.array([partition_of(int(key), self.partitions) == mine for key in keys], bool)
            parts = np.full(int(here.sum()), place, np.int32)
            tables.append(pa.table([keys[here], parts, rows[here]], schema=URL_INDEX))
            ids.append(tables[-1].slice(int(here[: records.num_rows].sum())))
        table = pa.concat_tables(tables).sort_by([(name, "ascending") for name in URL_INDEX.names])
        part.writer("index", URL_INDEX).write(table)
        again = repeated_across(ids)
        return {"keys": table.num_rows} | ({f"remark.{ELSEWHERE}": again} if again else {})


def repeated_across(ids: Sequence[pa.Table]) -> int:
    """How many records have the id of a record of an earlier part; `ids` are keys and parts, part after part.

    By 64-bit hash, of which a thousand million records have a false pair once in forty times.
    """
    if not ids:
        return 0
    keys, parts = (np.concatenate([table[name].to_numpy() for table in ids]) for name in ("key", "part"))
    _, first, group = np.unique(keys, return_index=True, return_inverse=True)
    return int(np.count_nonzero((parts != parts[first][group]) & (keys != NO_ID)))


def partition_of(key: int, partitions: int) -> int:
    """Which partition holds a key."""
    return key * partitions >> 64


def look_up(storage: Storage, index: list[Receipt], text: str) -> list[tuple[int, int]]:
    """(part, row) of the records whose URL or id may be `text`, in order."""
    key = key_of(text)
    partition = index[partition_of(key, len(index))]
    table = read_table(storage, partition, "index", where=pc.field("key") == pa.scalar(key, pa.uint64()))
    return sorted(zip(table["part"].to_pylist(), table["row"].to_pylist(), strict=True))
