"""Writes a made corpus as Parquet, and its planted pairs with their exact similarities.

Both are streams of batches, so memory does not grow with the corpus, and any range of documents can be made alone.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from jobs.synthetic.truth.plan import BLOCK, PAIRS, Truth
from jobs.synthetic.truth.vocabulary import vocabulary
from pipeline.errors import RecipeError

DOCUMENTS = pa.schema([pa.field("id", pa.large_string(), False), pa.field("text", pa.large_string(), False)])
PLANTED = pa.schema(
    [
        pa.field("a", pa.uint64(), nullable=False),
        pa.field("b", pa.uint64(), nullable=False),
        pa.field("cluster", pa.uint64(), nullable=False),
        pa.field("size", pa.int32(), nullable=False),
        pa.field("kind", pa.int32(), nullable=False),
        pa.field("jaccard", pa.float64(), nullable=False),
    ]
)
BATCH = 2_048
_BYTES = 64 << 20  # of texts made at a time, at most
_BLOCKS = 512
_ID = 12  # digits


def batches(truth: Truth, start: int = 0, stop: int | None = None) -> Iterator[pa.RecordBatch]:
    """The documents from number `start` up to `stop`, in order."""
    from jobs.synthetic.truth.kernels import write_texts

    words, layout = vocabulary(), truth.layout()
    most = 2 * truth.words + 8
    room = most * (words.longest + 2)
    rows = max(1, min(BATCH, _BYTES // room))
    end = truth.documents if stop is None else min(stop, truth.documents)
    for first in range(start, end, rows):
        count = min(rows, end - first)
        offsets, out = np.empty(count + 1, np.int64), np.empty(count * room, np.uint8)
        write_texts(first, most, layout, words.drawn, words.begins, words.letters, offsets, out)
        data = pa.py_buffer(out[: offsets[-1]].tobytes())
        texts = pa.LargeStringArray.from_buffers(count, pa.py_buffer(offsets), data)
        yield pa.RecordBatch.from_arrays([ids(first, count), texts], schema=DOCUMENTS)


def ids(first: int, count: int) -> pa.Array:
    """The ids of documents: numbers as digits, so that their order is that of the documents."""
    numbers = np.arange(first, first + count, dtype=np.int64)
    powers = 10 ** np.arange(_ID - 1, -1, -1, dtype=np.int64)
    digits = (numbers[:, None] // powers % 10 + 48).astype(np.uint8)
    offsets = np.arange(count + 1, dtype=np.int64) * _ID
    return pa.LargeStringArray.from_buffers(count, pa.py_buffer(offsets), pa.py_buffer(digits.tobytes()))


def pairs(truth: Truth, start: int = 0, stop: int | None = None) -> Iterator[pa.Table]:
    """All pairs within the clusters of the blocks from `start` up to `stop`: of documents `a` and `b`, by number.

    `cluster` is its first document, `size` its documents, `kind` a place in `KINDS`.
    """
    from jobs.synthetic.truth.kernels import find_pairs

    layout, table = truth.layout(), vocabulary().drawn
    whole, offset, inverse = (int(layout[place]) for place in (1, 3, 4))
    sizes = _sizes()
    end = truth.blocks if stop is None else min(stop, truth.blocks)
    for block in range(start, end, _BLOCKS):
        count = min(_BLOCKS, end - block)
        places, jaccard = np.empty((count * PAIRS, 4), np.uint64), np.empty(count * PAIRS, np.float64)
        find_pairs(block, 2 * truth.words + 8, layout, table, places, jaccard)
        back = (places[:, :3] + np.uint64((whole - offset) % whole)) % np.uint64(whole)
        number = back * np.uint64(inverse) % np.uint64(whole)
        size = sizes[(places[:, 2] % np.uint64(BLOCK)).astype(np.int64)]
        columns = (number[:, 0], number[:, 1], number[:, 2], size, places[:, 3].astype(np.int32), jaccard)
        yield pa.table([pa.array(np.ascontiguousarray(column)) for column in columns], schema=PLANTED)


def _sizes() -> np.ndarray[tuple[int], np.dtype[np.int32]]:
    from jobs.synthetic.truth.plan import SIZE

    return SIZE.astype(np.int32)


def write_corpus(truth: Truth, folder: Path, *, files: int) -> None:
    """Writes `documents/part-….parquet`, about equally large, and `pairs.parquet` into `folder`.

    RecipeError where there are more files than documents, or `folder` is not empty.
    """
    if not 1 <= files <= truth.documents:
        raise RecipeError(f"{truth.documents} documents cannot be written as {files} files")
    documents = folder / "documents"
    if documents.exists():
        raise RecipeError(f"{documents} is already there; name another folder")
    documents.mkdir(parents=True)
    for file in range(files):
        start, stop = (truth.documents * place // files for place in (file, file + 1))
        _write(documents / f"part-{file:05}.parquet", DOCUMENTS, batches(truth, start, stop))
    _write(folder / "pairs.parquet", PLANTED, pairs(truth))


def _write(path: Path, schema: pa.Schema, parts: "Iterator[pa.RecordBatch] | Iterator[pa.Table]") -> None:
    """A row group is some batches of one size, so the same documents are the same bytes."""
    with pq.ParquetWriter(path, schema, compression="zstd", compression_level=1, use_dictionary=False) as writer:
        waiting: list[pa.RecordBatch] = []
        for part in parts:
            waiting += part.to_batches() if isinstance(part, pa.Table) else [part]
            if len(waiting) == 8:
                writer.write_table(pa.Table.from_batches(waiting, schema).combine_chunks())
                waiting = []
        if waiting:
            writer.write_table(pa.Table.from_batches(waiting, schema).combine_chunks())
