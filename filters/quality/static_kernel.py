"""The kernel of static embeddings: sums of rows of a matrix."""

import numpy as np
import numpy.typing as npt

from pipeline.kernels import kernel

_ROWS = "Array(float32, 2, 'C', readonly=True)"


@kernel(f"float64[:, ::1](int32[::1], int64[::1], {_ROWS}, boolean)")
def mean_rows(
    ids: npt.NDArray[np.int32], starts: npt.NDArray[np.int64], rows: npt.NDArray[np.float32], normalize: bool
) -> npt.NDArray[np.float64]:
    """For each stretch of `ids` between two `starts` the mean of their rows, of length 1 if `normalize`; zeros for an empty one.

    Sums are of float64 and in the order of the ids, so they do not depend on what else is in the batch.
    """
    texts, width = len(starts) - 1, rows.shape[1]
    found = np.zeros((texts, width), np.float64)
    for text in range(texts):
        vector = found[text]
        first, last = starts[text], starts[text + 1]
        for place in range(first, last):
            row = rows[ids[place]]
            for column in range(width):
                vector[column] += row[column]
        if last > first:
            squares = 0.0
            for column in range(width):
                vector[column] /= last - first
                squares += vector[column] * vector[column]
            if normalize and squares > 0:
                length = np.sqrt(squares)
                for column in range(width):
                    vector[column] /= length
    return found
