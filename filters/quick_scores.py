"""What fastText's library answers for a line of text, to the last bit, in a fraction of its time."""

from collections.abc import Iterable, Sequence
from itertools import accumulate, pairwise

import numpy as np

from filters.compressed_model import CompressedModel
from filters.language_kernel import UNSCORED, Dictionary, Floats, Ngrams, Numbers, fill, score_line

_UNBUILT = 10**15  # what the library counts for a node before it is built
_ROOM = 4  # slots for each word


class QuickScores:
    """Answers None where the library is to be asked: nothing was found, or labels have the same score and only it orders them."""

    def __init__(self, model: CompressedModel) -> None:
        self._ngrams, self._dictionary = _ngrams(model), _dictionary(model)
        self._tree = _huffman(model.label_counts), model.output
        self._labels = [label.decode() for label in model.labels]
        self._numbers = {label: number for number, label in enumerate(self._labels)}

    def likeliest(self, line: str) -> tuple[str, float] | None:
        """The likeliest label of a line, and its score. Lines end at the first newline, as those of the other two."""
        label, _, scores = self._scored(line)
        return None if label < 0 else (self._labels[label], float(scores[label]))

    def ranked(self, line: str) -> list[tuple[str, float]] | None:
        """All labels that have a score, the likeliest first."""
        _, logarithms, scores = self._scored(line)
        found = sorted(
            ((each, label) for label, each in enumerate(logarithms.tolist()) if each > UNSCORED), reverse=True
        )
        if not found or any(one[0] == other[0] for one, other in pairwise(found)):
            return None
        return [(self._labels[label], float(scores[label])) for _, label in found]

    def scores(self, line: str, labels: Iterable[str]) -> dict[str, float] | None:
        """The scores of those of `labels` that have one."""
        _, logarithms, scores = self._scored(line)
        if logarithms.max() == UNSCORED:
            return None
        numbers = ((label, self._numbers[label]) for label in labels if label in self._numbers)
        return {label: float(scores[number]) for label, number in numbers if logarithms[number] > UNSCORED}

    def _scored(self, line: str) -> tuple[int, Floats, Floats]:
        logarithms, scores = np.empty((2, len(self._labels)), np.float32)
        try:
            text = np.frombuffer(bytearray(b" %b\n\0" % line.encode()), np.uint8)
        except UnicodeEncodeError:  # lone surrogates; the library refuses them in its own words
            return -1, np.full_like(logarithms, UNSCORED), scores
        label = score_line(text, self._ngrams, self._dictionary, self._tree, logarithms, scores)
        return label, logarithms, scores


def _ngrams(model: CompressedModel) -> Ngrams:
    """The rows of n-grams in the order of their buckets, so that a row's place is how many bits are set before its own."""
    kept = np.append(model.kept, np.zeros(-len(model.kept) % 32, np.int32))
    bits = np.packbits(kept > 0, bitorder="little").view("<u4").astype(np.uint32)
    before = np.zeros(len(bits), np.int32)
    np.cumsum(np.bitwise_count(bits[:-1]), out=before[1:])
    return model.min_chars, model.max_chars, len(model.kept), bits, before, model.rows[kept[kept > 0]]


def _dictionary(model: CompressedModel) -> Dictionary:
    entries = (*model.words, *model.labels)
    spelling = np.frombuffer(bytearray(b"".join(entries)), np.uint8)
    bounds = np.array([0, *accumulate(map(len, entries))], np.int32)
    slots = np.full(1 << (_ROOM * len(entries)).bit_length(), -1, np.int32)
    dictionary = (spelling, bounds, slots, model.rows[: len(model.words)])
    fill(dictionary)
    return dictionary


def _huffman(counts: Sequence[int]) -> Numbers:
    """The two nodes below each inner node. Labels are nodes too, and the root is the last of all."""
    labels = len(counts)
    sums = [*counts, *[_UNBUILT] * (labels - 1)]
    below = np.empty((labels - 1, 2), np.int32)
    leaf, node = labels - 1, labels
    for built in range(labels, 2 * labels - 1):
        for side in range(2):
            if leaf >= 0 and sums[leaf] < sums[node]:
                chosen, leaf = leaf, leaf - 1
            else:
                chosen, node = node, node + 1
            below[built - labels, side] = chosen
        sums[built] = sums[below[built - labels, 0]] + sums[below[built - labels, 1]]
    return below
