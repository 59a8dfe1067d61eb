"""The stage of the step `members`: the clustered documents of a part with all that an election needs to know of them."""

from dataclasses import dataclass
from typing import ClassVar

import polars as pl

from dedup.minhash import MinHash
from dedup.numbering import among, numbers
from pipeline.errors import StorageError
from pipeline.schemas import MEMBERS, document_number
from pipeline.steps import PartRun
from pipeline.tables import read_batches


@dataclass(frozen=True, slots=True, kw_only=True)
class Members:
    """The clustered documents of the covered files, and what the order of survival depends on."""

    name: ClassVar[str] = "members"
    version: ClassVar[int] = 1

    minhash: MinHash

    def run(self, part: PartRun) -> dict[str, int]:
        """Writes `members`; counts the documents. StorageError where one has no place in the order."""
        first = part.task.part.first
        low, high = document_number(first, 0), document_number(first + part.task.part.count, 0)
        clustered = among(part, "components", low, high)
        found: list[pl.DataFrame] = [_none()]
        for place, receipt in enumerate(part.receipts("minhash")):
            before = first + place * part.span("minhash")
            for batch in read_batches(part.storage, receipt, "order", rows=1 << 14):
                frame = pl.DataFrame(pl.from_arrow(batch))
                document = numbers(before, frame["member"].to_numpy(), frame["row"].to_numpy())
                frame = frame.with_columns(document=pl.Series(document, dtype=pl.UInt64))
                found.append(frame.join(clustered, on="document", how="inner").select(MEMBERS.names))
        members = pl.concat(found).sort("document")
        if members.height != clustered.height or members["document"].is_duplicated().any():
            raise StorageError(
                f"step minhash: not each of {clustered.height} clustered documents has one row in the order"
            )
        part.writer("members", MEMBERS).write(members.to_arrow().cast(MEMBERS))
        return {"documents": clustered.height}


def _none() -> pl.DataFrame:
    return pl.DataFrame(pl.from_arrow(MEMBERS.empty_table()))
