"""Deduplication in memory: what the steps `edges`, `clusters` and `survivors` say of documents that are already signed.

For looking at what other rules would keep. The answer is that of a rerun, as the same functions give it.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from dedup.edges import edges
from dedup.minhash import MinHash
from dedup.survival import Star, Survival
from dedup.survivors import survivors
from pipeline.schemas import KEYS, SIGNATURE

Numbers = npt.NDArray[np.uint64]


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedDocuments:
    """What is known of documents, a row for each of `order` (`dedup.survivors.ordered_schema`), whose numbers are unique.

    `keys` has shape (documents, bands), `signed` says which documents have keys at all, and `packed`, which only stars
    need, has shape (documents, bytes). `similarities` answers for pairs of documents where the rule reads texts.
    """

    order: pa.Table
    keys: Numbers
    signed: npt.NDArray[np.bool_]
    packed: npt.NDArray[np.uint8]
    similarities: Callable[[Numbers, Numbers], npt.NDArray[np.float64]] | None = None


def stays(given: SignedDocuments, minhash: MinHash, survival: Survival) -> npt.NDArray[np.bool_]:
    """Which documents stay: all that are no near-duplicate of a survivor."""
    documents = given.order["document"].to_numpy()
    if isinstance(survival, Star):
        elected = _stars(given, minhash, survival)
    else:
        from dedup.clusters import clusters  # with its kernels, so only where they are used

        signed = documents[given.signed]
        found = clusters(edges(given.keys[given.signed, band], signed) for band in range(given.keys.shape[1]))
        elected = survivors(found, given.order, survival.order)
    removed = elected["document"].to_numpy()[~elected["keep"].to_numpy(zero_copy_only=False)]
    return ~np.isin(documents, removed)


def _stars(given: SignedDocuments, minhash: MinHash, survival: Star) -> pa.Table:
    from dedup.election import elect_stars  # with its kernels, so only where they are used

    members = given.order.filter(pa.array(given.signed))
    keys, packed = given.keys[given.signed], given.packed[given.signed]
    offsets = pa.array(np.arange(len(keys) + 1, dtype=np.int32) * np.int32(keys.shape[1]))
    signatures = pa.array([row.tobytes() for row in packed], pa.binary(packed.shape[1]))
    members = members.append_column(KEYS, pa.ListArray.from_arrays(offsets, pa.array(keys.ravel())))
    members = members.append_column(SIGNATURE, signatures)
    return elect_stars(members, minhash, survival, given.similarities)
