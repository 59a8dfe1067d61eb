"""Keys of exact copies where they lie: in the parts of this run's `exact-KIND`, and in those of earlier releases."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import pyarrow as pa

from dedup.numbering import bundles, numbers
from dedup.releases import Release, opened
from pipeline.receipts import Receipt
from pipeline.schemas import RANKED
from pipeline.steps import PartRun
from pipeline.storage import Storage
from pipeline.tables import columns_of, read_range


class KeyedPart(NamedTuple):
    """A part of `exact-KIND`, where it lies, and the number of its first file, the source in the bits above."""

    storage: Storage
    receipt: Receipt
    first: int


def own_parts(part: PartRun, kind: str) -> list[KeyedPart]:
    """The parts of this run."""
    step = f"exact-{kind}"
    return [KeyedPart(part.storage, *each) for each in bundles(part.receipts(step), part.span(step))]


def earlier_parts(releases: Sequence[Release], kind: str) -> list[KeyedPart]:
    """The parts of all `releases`, in their order."""
    return [KeyedPart(each.storage, *bundle) for each in opened(releases) for bundle in each.keyed(kind)]


def read_keys(part: KeyedPart, low: int, high: int, columns: Sequence[str]) -> Iterator[pa.Table]:
    """The `columns` of rows with keys from `low` to below `high`, a row group at a time, and each row's `document`.

    A release may have been made without scores, which are then unknown.
    """
    asks = "score" in columns and part.first >> 24
    missing = asks and "score" not in columns_of(part.storage, part.receipt, "same")
    asked = [name for name in (*columns, "high", "member", "row") if not (missing and name == "score")]
    for found in read_range(part.storage, part.receipt, "same", "high", low, high, tuple(dict.fromkeys(asked))):
        document = pa.array(numbers(part.first, found["member"].to_numpy(), found["row"].to_numpy()))
        table = found.append_column("document", document)
        if missing:
            table = table.append_column(RANKED.field("score"), pa.nulls(table.num_rows, RANKED.field("score").type))
        yield table.select(list(dict.fromkeys((*columns, "document"))))
