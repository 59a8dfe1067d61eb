"""What a finished run gathered of clustered documents, for who looks at it: the values of the order, keys and signatures."""

from collections.abc import Iterator, Sequence
from heapq import nlargest
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from dedup.bbit import estimate, packed_bytes
from dedup.comparison import Signed
from dedup.minhash import MinHash
from dedup.numbering import Numbers
from dedup.routing import by_cluster, dealt_to, read_written_for, together
from dedup.survival import Star
from pipeline.errors import StorageError
from pipeline.runs import OpenRun, StepRecord
from pipeline.tables import read_range, read_row_groups

_FILE = 24


class Candidate(NamedTuple):
    """Another document that shares a band, and how similar the signatures say it is."""

    document: int
    estimated: float


def _step(run: OpenRun, name: str) -> StepRecord:
    step = run.step(name)
    if step is None:
        raise StorageError(f"this run has no step {name}: an earlier version made it; run the same command again")
    return step


def member_rows(run: OpenRun, documents: Sequence[int], partition: int) -> dict[int, dict[str, Any]]:
    """What the step `members` has of documents whose clusters were elected in `partition`, by their number.

    Only the bundles of files that they are in are read, and of these one row group.
    """
    step, (place, places) = _step(run, "members"), _place(run, partition)
    parts, receipts = run.parts(step), run.receipts("members")
    found: dict[int, dict[str, Any]] = {}
    wanted = np.array(documents, np.uint64)
    for bundle in sorted({(document >> _FILE) // step.span for document in documents if not document >> 48}):
        for table in read_row_groups(run.storage, receipts[parts[bundle].key], "members", place, places):
            mine = np.isin(table["document"].to_numpy(), wanted)
            rows = table.filter(pa.array(mine)).drop_columns("cluster")
            found |= {row["document"]: row for row in rows.to_pylist()}
    return found


def _place(run: OpenRun, election: int) -> tuple[int, int]:
    """Which row group of a part of `members` has what an election asks for, and how many there are."""
    elections, groups = _step(run, "clusters").partitions, _groups(run)
    return (election, elections) if groups == 1 else (election // together(elections, groups), groups)


def _groups(run: OpenRun) -> int:
    """How many groups of elections the level `gathered` has; 1 where there is none."""
    return run.record.payload["gathered"]["stage"]["groups"] if run.step("gathered") else 1


def _for_election(run: OpenRun, election: int) -> Iterator[pa.Table]:
    """All members of the clusters of an election."""
    elections, groups = _step(run, "clusters").partitions, _groups(run)
    if groups == 1:
        receipts = tuple(run.receipts("members").values())
        return read_written_for(run.storage, receipts, "members", election, elections)
    each, receipts = together(elections, groups), tuple(run.receipts("gathered").values())
    return read_written_for(run.storage, dealt_to(receipts, groups, election // each), "members", election % each, each)


def candidates(
    run: OpenRun, document: int, signed: Signed, minhash: MinHash, survival: Star, most: int
) -> list[Candidate]:
    """The documents most similar by their signatures of those that share a band with one that has no near-duplicate."""
    component = _component(run, document)
    if component is None:
        return []
    partition = int(by_cluster(np.array([component], np.uint64), _step(run, "clusters").partitions)[0])
    found = (
        each
        for members in _for_election(run, partition)
        for each in _sharing(members, component, signed, minhash, survival)
        if each.document != document
    )
    return nlargest(most, found, key=lambda each: (each.estimated, -each.document))


def _component(run: OpenRun, document: int) -> int | None:
    for receipt in run.receipts("components").values():
        for table in read_range(run.storage, receipt, "components", "document", document, document + 1):
            for number in table["cluster"].to_pylist():
                return number
    return None


def _sharing(
    members: pa.Table, component: int, signed: Signed, minhash: MinHash, survival: Star
) -> Iterator[Candidate]:
    from dedup.election import keys_of, packed_of  # with its kernels, so only where they are used

    values = minhash.bands * minhash.rows
    near = members.filter(pa.array(members["cluster"].to_numpy() == np.uint64(component)))
    share = (keys_of(near, minhash.bands) == signed.keys).any(axis=1)
    packed = packed_of(near).reshape(near.num_rows, packed_bytes(values, survival.bits))
    told = estimate(packed[share], signed.packed[None, :], values, survival.bits)
    documents: Numbers = near["document"].to_numpy()[share]
    yield from map(Candidate, documents.tolist(), told.tolist())
