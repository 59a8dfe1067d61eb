"""Similarities of documents whose texts are read again, a bounded number at a time."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dedup.documents import Documents
from dedup.minhash import MinHash
from dedup.releases import SOURCE_BITS, Release, opened
from dedup.shingles import jaccard
from pipeline.steps import PartRun

Numbers = npt.NDArray[np.uint64]

PAIRS = 256  # whose shingles are in memory at a time


@dataclass(frozen=True, slots=True)
class FromTexts:
    """Computes the Jaccard similarity of shingles of pairs of documents, by their numbers."""

    part: PartRun
    documents: Documents
    minhash: MinHash
    against: tuple[Release, ...] = ()

    def __call__(self, later: Numbers, earlier: Numbers) -> npt.NDArray[np.float64]:
        """Pairs are looked at in the order of their numbers, so that few texts are read twice."""
        order = np.lexsort((later, earlier))
        found = np.empty(later.size, np.float64)
        for start in range(0, order.size, PAIRS):
            some = order[start : start + PAIRS]
            found[some] = self._compared(later[some], earlier[some])
        return found

    def _compared(self, later: Numbers, earlier: Numbers) -> list[float]:
        wanted = np.unique(np.concatenate([later, earlier]))
        sets = {number: np.unique(self.minhash.shingles(text)) for number, text in self._texts(wanted)}
        return [jaccard(sets[one], sets[other]) for one, other in zip(later.tolist(), earlier.tolist(), strict=True)]

    def _texts(self, wanted: Numbers) -> Iterator[tuple[int, str]]:
        """The texts of this run's documents, then those of each release."""
        sources = wanted >> SOURCE_BITS
        yield from self.documents.texts(self.part, wanted[sources == 0])
        for number, release in enumerate(opened(self.against), 1):
            if (some := wanted[sources == number]).size:
                yield from release.texts(some)
