"""Finds a page among billions by its URL or record id: a table sorted by hash, one partition of the hash space a file."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt
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
WRITTEN = 1 << 16  # keys handed to the writer at a time


@dataclass(frozen=True, slots=True, kw_only=True)
class UrlIndex:
    """Partition `n` of `partitions` holds the keys whose highest bits fall to it, sorted, with part and row."""

    name: ClassVar[str] = "index"
    version: ClassVar[int] = 1

    partitions: int

    def __post_init__(self) -> None:
        if not 1 <= self.partitions < 1 << 32:
            raise RecipeError(f"an index has at least one partition, not {self.partitions}")

    def run(self, part: PartRun) -> dict[str, int]:
        """Writes `index`; two keys (URL and record id) per record. Counts records whose id one of an earlier part has.

        Memory is some dozens of bytes for each key of this partition, and the addresses and ids of one part of `ingest`.
        """
        receipts = part.receipts("ingest")
        keys, parts, rows, is_id = _in_order(
            _keys_of(part.storage, receipt, place, part.partition, self.partitions)
            for place, receipt in enumerate(receipts)
        )
        writer = part.writer("index", URL_INDEX)
        for start in range(0, keys.size, WRITTEN):
            some = slice(start, start + WRITTEN)
            writer.write(
                pa.RecordBatch.from_arrays([pa.array(each[some]) for each in (keys, parts, rows)], schema=URL_INDEX)
            )
        again = repeated_across(keys[is_id], parts[is_id])
        return {"keys": keys.size} | ({f"remark.{ELSEWHERE}": again} if again else {})


class Keys(NamedTuple):
    """Keys with the part and row that they are of, and whether each is of a record id."""

    key: npt.NDArray[np.uint64]
    part: npt.NDArray[np.int32]
    row: npt.NDArray[np.int32]
    is_id: npt.NDArray[np.bool_]


def _keys_of(storage: Storage, receipt: Receipt, place: int, partition: int, partitions: int) -> Keys:
    """The keys of one part that fall to a partition, row after row."""
    records = read_table(storage, receipt, "records", ["url", "record_id"])
    names = (records["url"].to_pylist(), records["record_id"].to_pylist())
    key = np.array([[key_of(text or "") for text in column] for column in names], np.uint64).reshape(2, -1).T.ravel()
    here = np.flatnonzero(partitions_of(key, partitions) == partition)
    return Keys(key[here], np.full(here.size, place, np.int32), (here // 2).astype(np.int32), here % 2 == 1)


def _in_order(found: Iterable[Keys]) -> Keys:
    """All keys by key, part and row: they come by part and row, and equal keys stay in that order."""
    key, part, row, is_id = ([np.empty(0, kind)] for kind in (np.uint64, np.int32, np.int32, np.bool_))
    for some in found:
        for column, more in zip((key, part, row, is_id), some, strict=True):
            column.append(more)
    key[:] = [np.concatenate(key)]
    order = np.argsort(key[0], kind="stable")
    return Keys(_taken(key, order), _taken(part, order), _taken(row, order), _taken(is_id, order))


def _taken(column: list[npt.NDArray[Any]], order: npt.NDArray[np.intp]) -> npt.NDArray[Any]:
    """A column in order; its pieces are let go, so that only one column is in memory twice."""
    whole = np.concatenate(column)
    column.clear()
    return whole[order]


def repeated_across(keys: npt.NDArray[np.uint64], parts: npt.NDArray[np.int32]) -> int:
    """How many records have the id of a record of an earlier part; `keys` of ids are sorted, and `parts` where they are equal.

    By 64-bit hash, of which a thousand million records have a false pair once in forty times.
    """
    begins = np.append(True, keys[1:] != keys[:-1])[: keys.size]
    first = parts[begins][np.cumsum(begins) - 1]
    return int(np.count_nonzero((parts != first) & (keys != NO_ID)))


def partitions_of(keys: npt.NDArray[np.uint64], partitions: int) -> npt.NDArray[np.uint64]:
    """The same as `partition_of` for many keys."""
    half, count = np.uint64(32), np.uint64(partitions)
    low = (keys & np.uint64((1 << 32) - 1)) * count >> half
    return ((keys >> half) * count + low) >> half


def partition_of(key: int, partitions: int) -> int:
    """Which partition holds a key."""
    return key * partitions >> 64


def look_up(storage: Storage, index: list[Receipt], text: str) -> list[tuple[int, int]]:
    """(part, row) of the records whose URL or id may be `text`, in order."""
    key = key_of(text)
    partition = index[partition_of(key, len(index))]
    table = read_table(storage, partition, "index", where=pc.field("key") == pa.scalar(key, pa.uint64()))
    return sorted(zip(table["part"].to_pylist(), table["row"].to_pylist(), strict=True))
