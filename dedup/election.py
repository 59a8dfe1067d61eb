"""Who survives by the rule `Star`, of all documents that may be compared with each other."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from dedup.bbit import Bound
from dedup.minhash import MinHash
from dedup.releases import is_earlier
from dedup.star import Stars, stars
from dedup.survival import Star, columns_of
from dedup.survivors import frame_of, is_earlier_column, ranked
from pipeline.schemas import CLUSTERED, SIGNATURE

Numbers = npt.NDArray[np.uint64]
Similarities = Callable[[Numbers, Numbers], npt.NDArray[np.float64]]
"""The similarities of pairs of documents, by their numbers."""


def bound_of(minhash: MinHash, survival: Star) -> Bound:
    """When two signatures are similar enough, and when only the texts can tell."""
    return Bound(
        similarity=survival.similarity,
        values=minhash.bands * minhash.rows,
        bits=survival.bits,
        errors=survival.errors if survival.read_text else 0.0,
    )


def elect_stars(
    members: pa.Table, minhash: MinHash, survival: Star, similarities: Similarities | None = None
) -> pa.Table:
    """`CLUSTERED` for `members` of whole components: a cluster is a survivor and the documents that are removed for it.

    Documents that nothing is removed for, and that stay, have no near-duplicate and no row. Documents of earlier releases (of
    a source above 0) stay whatever they resemble; they have no row and do not count in a cluster's size. `similarities`
    answers for pairs that estimates leave open, where the rule reads texts.
    """
    document = members["document"].to_numpy()
    found = stars(
        keys_of(members, minhash.bands),
        packed_of(members),
        bound_of(minhash, survival),
        order=_order(members, survival),
        held=is_earlier(document),
        similarities=_by_rows(document, similarities) if survival.read_text and similarities else None,
    )
    return _clustered(document, found, members["copies"].to_numpy() if "copies" in members.column_names else None)


def _order(members: pa.Table, survival: Star) -> npt.NDArray[np.int64]:
    rows = frame_of(members.select(["document", *columns_of(survival.order)])).with_row_index("place")
    return ranked(rows, survival.order)["place"].to_numpy().astype(np.int64)


def _by_rows(
    document: Numbers, similarities: Similarities
) -> Callable[[npt.NDArray[np.int64], npt.NDArray[np.int64]], npt.NDArray[np.float64]]:
    return lambda later, earlier: similarities(document[later], document[earlier])


def _clustered(document: Numbers, found: Stars, copies: npt.NDArray[np.int32] | None) -> pa.Table:
    """`copies`: how many documents each of them stands for; None where that is itself alone."""
    survivor = document[found.survivor]
    counts = np.ones(document.size, np.int32) if copies is None else copies
    frame = pl.DataFrame(
        {"document": document, "survivor": survivor, "similarity": found.similarity, "copies": counts}
    ).filter(pl.len().over("survivor") > 1)
    frame = frame.filter(~is_earlier_column("document"))
    frame = frame.with_columns(
        cluster=pl.col("document").min().over("survivor"),
        cluster_size=pl.col("copies").sum().over("survivor").cast(pl.Int32),
        keep=pl.col("document") == pl.col("survivor"),
    )
    return frame.sort("document").select(CLUSTERED.names).to_arrow().cast(CLUSTERED)


def keys_of(members: pa.Table, bands: int) -> Numbers:
    """The column `keys`: shape (documents, bands). ValueError where a document has another number of keys."""
    keys = members["keys"].combine_chunks()
    lists = keys if isinstance(keys, pa.ListArray) else pa.concat_arrays(keys.chunks)
    if lists.null_count or len(lists.flatten()) != len(lists) * bands:
        raise ValueError(f"members: not each of {len(lists)} documents has keys of {bands} bands")
    return lists.flatten().to_numpy().reshape(len(lists), bands)


def packed_of(members: pa.Table) -> npt.NDArray[np.uint8]:
    """The column `signature`: shape (documents, bytes). ValueError for a null."""
    column = members[SIGNATURE]
    if column.null_count:
        raise ValueError(f"members: {column.null_count} documents without a signature")
    width = column.type.byte_width
    chunks = [_bytes(chunk, width) for chunk in column.chunks]
    return np.concatenate([np.empty((0, width), np.uint8), *chunks])


def _bytes(chunk: pa.FixedSizeBinaryArray, width: int) -> npt.NDArray[np.uint8]:
    whole = np.frombuffer(chunk.buffers()[1], np.uint8)
    return whole[chunk.offset * width : (chunk.offset + len(chunk)) * width].reshape(len(chunk), width)
