"""The star rule: who is removed for whom, so that every removed document has a near-duplicate that stays.

In their order documents are looked at one by one. Of the documents that stay so far and share a band key with this one,
those that are similar enough are its matches; it is removed for the most similar match, the earliest of equals. Without a
match it stays. So the answer depends on pairs that share a key and on nothing else: not on components, on how documents were
spread over partitions, or on the order of files; and the first documents of the order are decided alone as they are with all
that follow.

Of each key the first `MOST_COMPARED` documents that stay are looked at. A key that more share is no sign of likeness, since all
of these are unlike each other; two that are alike share other keys too. What is removed is removed for a match all the same.

Similarity is estimated from packed signatures (`dedup.bbit`). Where the estimate of a pair is borderline the caller may
compute it; then the match that is estimated highest is taken, as before, but a borderline pair is a match only if its computed
similarity says so.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dedup.bbit import Bound, Packed, estimates, packed_bytes
from dedup.star_kernel import decide, number_keys

Rows = npt.NDArray[np.int64]
Small = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float64]
Similarities = Callable[[Rows, Rows], Floats]

_MOST_ENTRIES = (1 << 31) - 2  # the table of keys numbers its entries in 32 bits
_MOST_ASKED = 1 << 20  # pairs that are asked for in a round: 8 MB
_WIDER = 8  # times as many pairs of a document in the next round


@dataclass(frozen=True, slots=True, kw_only=True)
class Stars:
    """What became of each document: the row of its `survivor`, its own where it stays, and its `similarity` to that.

    `similarity` is the estimate, or what was computed where the pair was borderline; 1 where the document stays. `computed`
    is the number of pairs that were, in `rounds` runs.
    """

    survivor: Rows
    similarity: Floats
    computed: int
    rounds: int


def stars(
    keys: npt.NDArray[np.uint64],
    packed: Packed,
    bound: Bound,
    *,
    order: Rows | None = None,
    held: npt.NDArray[np.bool_] | None = None,
    similarities: Similarities | None = None,
) -> Stars:
    """Decides documents of band keys (documents, bands) and `packed` signatures (documents, bytes).

    `order` lists the rows, the first first; without it they are in their order. Documents that are `held` stay whatever
    they resemble, and come before all others. `similarities` computes the similarity of borderline pairs (rows of the
    later, rows of the earlier documents); without it estimates decide.

    With it the decisions are made again until no pair is missing. A run guesses missing pairs by their estimate, and for each
    document names the best of them. The first document with a missing pair is preceded by decided ones alone, so what it
    misses are pairs that matter, of which there are fewer after each run; a run that names none has guessed nothing. The
    number of pairs named for a document grows eightfold with each run, so a document takes few, and as all
    documents name theirs at once, the number of runs grows with the longest chain of documents where each was guessed
    wrong because of the one before: a handful. ValueError for arrays that do not fit together.
    """
    listed = _listed(len(keys), order, held)
    _check(keys, packed, bound)
    low, least, high = bound.equal_values()
    limits = bound.values, bound.bits, low if similarities else least, least, high if similarities else least
    group, lengths = _numbered(np.ascontiguousarray(keys, np.uint64))
    inputs = group, _words(packed)
    known, computed = np.empty(0, np.uint64), np.empty(0, np.float64)
    width, rounds = 1, 0
    while True:
        rounds += 1
        answers = known, computed >= bound.similarity
        survivor, equal, asked = _decided(inputs, lengths, listed, limits, answers, width)
        if not asked.size:
            return _told(survivor, estimates(bound.values, bound.bits)[equal], known, computed, rounds)
        assert similarities  # noqa: S101  for the type checker: without it no pair is borderline
        known, computed = _with_answers(known, computed, asked, similarities)
        width = min(width * _WIDER, len(keys))


def _listed(documents: int, order: Rows | None, held: npt.NDArray[np.bool_] | None) -> tuple[Rows, int]:
    """The rows in order, held ones first, and how many are held."""
    listed = np.arange(documents) if order is None else np.asarray(order, np.int64)
    seen = np.zeros(documents, np.bool_)
    if listed.shape == (documents,) and documents and listed.min() >= 0 and listed.max() < documents:
        seen[listed] = True
    if listed.shape != (documents,) or not seen.all():
        raise ValueError(f"an order of shape {listed.shape} that does not list each of {documents} documents once")
    if held is None:
        return listed, 0
    if held.shape != (documents,):
        raise ValueError(f"held of shape {held.shape} for {documents} documents")
    early = held[listed]
    return np.concatenate([listed[early], listed[~early]]), int(early.sum())


def _check(keys: npt.NDArray[np.uint64], packed: Packed, bound: Bound) -> None:
    if keys.ndim != 2 or not keys.shape[1]:
        raise ValueError(f"keys of shape {keys.shape}, not (documents, bands)")
    width = packed_bytes(bound.values, bound.bits)
    if packed.shape != (len(keys), width):
        raise ValueError(f"signatures of shape {packed.shape} for {len(keys)} documents of {width} bytes")
    if keys.size > _MOST_ENTRIES:
        raise ValueError(
            f"{len(keys)} documents of {keys.shape[1]} bands are too many for one table; take more partitions"
        )


def _decided(
    inputs: tuple[Small, npt.NDArray[np.uint64]],
    lengths: Small,
    listed: tuple[Rows, int],
    limits: tuple[int, int, int, int, int],
    answers: tuple[npt.NDArray[np.uint64], npt.NDArray[np.bool_]],
    width: int,
) -> tuple[Rows, Rows, npt.NDArray[np.uint64]]:
    """One run: survivors, the numbers of equal values, and the pairs whose similarity is missing."""
    order, held = listed
    told = np.empty(order.size, np.int64), np.empty(order.size, np.int64)
    starts = np.zeros(lengths.size, np.int32)
    np.cumsum(lengths[:-1], out=starts[1:])
    index = starts, np.zeros(lengths.size, np.int32), np.empty(int(lengths.sum()), np.int32)
    asked = np.empty(_MOST_ASKED if limits[2] < limits[4] else 1, np.uint64)
    named = decide(order, held, inputs, index, limits, answers, width, told, asked)
    return *told, asked[:named]


def _numbered(keys: npt.NDArray[np.uint64]) -> tuple[Small, Small]:
    """Numbers of the keys that several documents have in a band, -1 for the others, and how many documents have each."""
    rows, bands = keys.shape
    group = np.empty((rows, bands), np.int32)
    table, first, sizes, lengths = (np.empty(size, np.int32) for size in (table_size(rows), rows, rows, rows))
    found: list[Small] = []
    shared = 0
    for band in range(bands):
        table.fill(0)
        count = number_keys(keys, band, table, first, sizes, lengths, group)
        column = group[:, band]
        column[column >= 0] += shared
        found.append(lengths[:count].copy())
        shared += count
    return group, np.concatenate(found)


def _words(packed: Packed) -> npt.NDArray[np.uint64]:
    """Signatures in whole words of 8 bytes, zeros behind."""
    if short := -packed.shape[1] % 8:
        packed = np.pad(packed, ((0, 0), (0, short)))
    return np.ascontiguousarray(packed).view(np.uint64).ravel()


def _with_answers(
    known: npt.NDArray[np.uint64], computed: Floats, asked: npt.NDArray[np.uint64], similarities: Similarities
) -> tuple[npt.NDArray[np.uint64], Floats]:
    """The computed pairs and those `asked` for, sorted: a pair is the later row in the high 32 bits, the earlier below."""
    pairs = np.sort(asked)
    later, earlier = pairs >> np.uint64(32), pairs & np.uint64(0xFFFF_FFFF)
    answers = np.asarray(similarities(later.astype(np.int64), earlier.astype(np.int64)), np.float64)
    if answers.shape != pairs.shape or np.isnan(answers).any():
        raise ValueError(f"{pairs.size} similarities were asked for, and {answers.size} given or some not a number")
    places = np.searchsorted(known, pairs)
    return np.insert(known, places, pairs), np.insert(computed, places, answers)


def _told(survivor: Rows, estimated: Floats, known: npt.NDArray[np.uint64], computed: Floats, rounds: int) -> Stars:
    """With the computed similarity in place of the estimate where there is one."""
    if known.size:
        pairs = np.arange(survivor.size, dtype=np.uint64) << np.uint64(32) | survivor.astype(np.uint64)
        places = np.minimum(np.searchsorted(known, pairs), known.size - 1)
        estimated = np.where(known[places] == pairs, computed[places], estimated)
    return Stars(survivor=survivor, similarity=estimated, computed=known.size, rounds=rounds)


def planned_bytes(documents: int, bands: int, signature_bytes: int) -> int:
    """The most memory that `stars` takes for so many documents, its input included, computed pairs not."""
    inputs = documents * (8 * bands + signature_bytes + 8 + 1)
    words = documents * (signature_bytes + 7) // 8 * 8 if signature_bytes % 8 else 0
    numbers = documents * bands * 4
    index = documents * bands * (4 + 3 * 4 // 2)  # members, and three arrays for at most half as many numbers
    numbering = 4 * (table_size(documents) + 3 * documents) + documents * bands * 2
    deciding = index + documents * (8 * 2 + 4 + 8) + 8 * _MOST_ASKED
    return inputs + words + numbers + max(numbering, deciding)


def table_size(keys: int) -> int:
    """Slots of the table for so many keys: a power of two, at most two thirds full."""
    return 1 << (keys + keys // 2).bit_length()
