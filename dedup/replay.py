"""Deduplication in memory: what the steps `edges`, `clusters` and `survivors` say of documents that are already signed.

For looking at what other rules would keep. The answer is that of a rerun, as the same functions give it.
"""

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from dedup.clusters import clusters
from dedup.edges import edges
from dedup.survivors import survivors


def stays(order: pa.Table, keys: npt.NDArray[np.uint64], signed: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Which documents stay: all that are no near-duplicate of a survivor.

    `order` has `dedup.survivors.ORDER_SCHEMA` and a row for each document, `keys` has shape (documents, bands), and `signed` says
    which documents have keys at all. Numbers of documents are unique.
    """
    documents = order["document"].to_numpy()
    found = clusters(edges(keys[signed, band], documents[signed]) for band in range(keys.shape[1]))
    elected = survivors(found, order)
    removed = elected["document"].to_numpy()[~elected["keep"].to_numpy(zero_copy_only=False)]
    return ~np.isin(documents, removed)
