"""fastText's classifiers of words and phrases without its library: the same scores to the last bit, in half of the time.

The library copies a model's numbers into each process. Here they stay in the file, which all workers of a machine share.
"""

from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path

import numpy as np

from filters.quality.native import Mapped
from filters.quality.phrase_kernel import Bytes, Dictionary, Floats, Weights, fill, find_entries, score_texts
from pipeline.model_formats.fasttext import HEAD, SUPERVISED, VERSIONS, Head
from pipeline.quality import Scored

_SOFTMAX = 3
_ROOM = 2  # slots for each word, at least
_SIZES = np.dtype("<i8").itemsize * 2 + 1  # before a matrix: whether it is compressed, its rows and columns


class PhraseScorer:
    """Scores of one label of the classifier in a file, which was checked before; RecipeError once the file was changed."""

    device = "cpu"

    def __init__(self, path: Path, name: str, label: str) -> None:
        """ValueError where the model is of another kind, or has no such label, or the label twice."""
        self._mapped = Mapped(path, name)
        whole = self._mapped.bytes
        head = Head(*HEAD.unpack_from(whole.data))
        _check(head)
        self._dictionary, end = _dictionary(whole, head)
        self._weights = _weights(whole, head, end)
        self._label = _labels(self._dictionary).index(label.encode())

    def prepare(self, texts: Sequence[str]) -> list[bytes]:
        """The bytes of each text as one line."""
        return [b"%b\n" % text.replace("\n", " ").encode() for text in texts]

    def score(self, prepared: list[bytes]) -> Scored:
        """The probability of the label for each line; NaN where the model's numbers are none."""
        self._mapped.check()
        starts = np.array([0, *accumulate(map(len, prepared))])
        texts = np.frombuffer(b"".join(prepared), np.uint8)
        scores = np.empty(len(prepared), np.float64)
        score_texts(texts, starts, self._dictionary, self._weights, self._label, scores)
        return Scored(scores, tokens=sum(line.count(b" ") for line in prepared))


def _check(head: Head) -> None:
    """ValueError for what is left to the library."""
    if (head.version, head.model, head.loss) != (VERSIONS[-1], SUPERVISED, _SOFTMAX):
        raise ValueError("no classifier of version 12 with a choice of labels")
    if head.chars or head.pruned >= 0 or not head.words or not head.buckets:
        raise ValueError("it knows more or less than words and phrases")


def _dictionary(whole: Bytes, head: Head) -> tuple[Dictionary, int]:
    """The words and labels of the file, and where the last ends."""
    places = np.empty((head.entries, 2), np.int64)
    end = find_entries(whole, HEAD.size, places)
    if end < 0:
        raise ValueError("its words are cut off")
    slots = np.full(1 << (_ROOM * head.entries).bit_length(), -1, np.int32)
    dictionary = whole, places, slots, np.empty(head.entries, np.uint32), head.words
    fill(dictionary)
    return dictionary, end


def _weights(whole: Bytes, head: Head, place: int) -> Weights:
    matrices: list[Floats] = []
    for rows in (head.words + head.buckets, head.labels):
        if whole[place]:
            raise ValueError("its numbers are compressed")
        found = np.frombuffer(whole.data, np.float32, rows * head.dim, place + _SIZES)
        matrices.append(found.reshape(rows, head.dim))
        place += _SIZES + found.nbytes
    rows, output = matrices
    return rows, output, max(head.word_ngrams, 1), head.buckets


def _labels(dictionary: Dictionary) -> list[bytes]:
    """ValueError where two are the same."""
    spelling, places, _, _, words = dictionary
    labels = [bytes(spelling[start:end]) for start, end in places[words:].tolist()]
    if len(set(labels)) < len(labels):
        raise ValueError("two of its labels are the same")
    return labels
