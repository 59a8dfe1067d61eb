"""Which rows a model learns from and which it is judged by: as the data says, or by a hash of the text.

A text that is there twice is on one side, whatever white space it has; where a declared split has it on both, it is not learned
from.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from xxhash import xxh3_64_intdigest

from jobs.training.labelled import Labelled
from pipeline.errors import InputError

FEWEST = 20  # rows on either side together
FEWEST_OF_CLASS = 2  # on each side
_WHOLE = 1 << 64

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Split:
    """Row numbers of both sides, in order; `overlapping` are those left out of training because the other side has their text."""

    train: Rows
    held_out: Rows
    declared: bool
    overlapping: int


def text_shares(texts: Sequence[str], seed: int) -> npt.NDArray[np.float64]:
    """For each text a number from 0 to 1 that its words and the seed alone decide."""
    return np.array(
        [xxh3_64_intdigest(" ".join(text.split()).encode("utf-8", "replace"), seed) / _WHOLE for text in texts]
    )


def split_rows(labelled: Labelled, share: float, seed: int) -> Split:
    """About `share` of the texts are held out where no column says which; InputError where a side is too small."""
    if len(labelled.texts) < FEWEST:
        raise InputError(f"{len(labelled.texts)} labelled rows, and training needs {FEWEST} at least")
    said = [each for each in labelled.held_out if each is not None]
    if said and len(said) < len(labelled.texts):
        raise InputError(
            f"{len(labelled.texts) - len(said)} rows do not say in `split` on which side they are; others do"
        )
    shares = text_shares(labelled.texts, seed)
    held = np.array(said, bool) if said else shares < share
    both = np.isin(shares, shares[held]) & ~held
    split = Split(np.flatnonzero(~held & ~both), np.flatnonzero(held), bool(said), int(both.sum()))
    _check(labelled, split)
    return split


def _check(labelled: Labelled, split: Split) -> None:
    labels = labelled.numbers
    if len(set(labelled.labels)) < 2:
        raise InputError(f"all labels are {labels[0]:g}: there is nothing to tell apart")
    for side, rows in (("training", split.train), ("held-out", split.held_out)):
        if not labelled.is_binary and rows.size < FEWEST_OF_CLASS:
            raise InputError(f"{rows.size} {side} rows, too few to say anything")
        for value in (0.0, 1.0) if labelled.is_binary else ():
            if (count := int((labels[rows] == value).sum())) < FEWEST_OF_CLASS:
                raise InputError(
                    f"{count} of {rows.size} {side} rows have the label {value:g}, too few to say anything"
                )
