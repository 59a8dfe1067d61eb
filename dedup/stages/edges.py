"""The stage of the step `edges`: which documents share a key of a band."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from dedup.edges import edges
from dedup.minhash import MinHash
from dedup.numbering import Numbers, bundles, numbers
from pipeline.schemas import EDGES
from pipeline.steps import PartRun
from pipeline.tables import read_row_group


@dataclass(frozen=True, slots=True, kw_only=True)
class Edges:
    """Partition `b` finds the documents that share a key of band `b`."""

    name: ClassVar[str] = "edges"
    version: ClassVar[int] = 1

    minhash: MinHash

    def run(self, part: PartRun) -> dict[str, int]:
        """Writes `edges`; counts the keys read and the edges found."""
        keys: list[Numbers] = [np.empty(0, np.uint64)]
        documents: list[Numbers] = [np.empty(0, np.uint64)]
        for receipt, first in bundles(part.receipts("minhash"), part.span("minhash")):
            group = read_row_group(part.storage, receipt, "bands", part.partition)
            keys.append(group["key"].to_numpy())
            documents.append(numbers(first, group["member"].to_numpy(), group["row"].to_numpy()))
        found = edges(np.concatenate(keys), np.concatenate(documents))
        part.writer("edges", EDGES).write(found)
        return {"keys": sum(map(len, keys)), "edges": found.num_rows}
