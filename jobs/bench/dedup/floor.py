"""`python -m jobs.bench.dedup.floor SETTINGS.json`: what the work takes at least, without files, parts or receipts.

`read and hash` reads the texts and signs them. `in memory` also finds the components, all keys in one table: the least that
gives an answer, as long as everything fits. It names what stays and writes no text. Signatures are those of the family `fast`.
"""

import sys
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import numpy.typing as npt
import orjson
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from dedup.bands import band_keys
from dedup.clusters import clusters
from dedup.minhash import MinHash
from pipeline.schemas import EDGES

Keys = npt.NDArray[np.uint64]
Mask = npt.NDArray[np.bool_]


def _batches(folder: str) -> Iterator[pa.RecordBatch]:
    for file in sorted(Path(folder).glob("*.parquet")):
        yield from pq.ParquetFile(file).iter_batches(2_048, columns=["id", "text"])


def _signed(minhash: MinHash, batch: pa.RecordBatch) -> tuple[list[str], Keys, Mask]:
    signatures, has = minhash.signatures(batch["text"])
    return batch["id"].to_pylist(), band_keys(signatures, minhash.bands, minhash.rows), has


def _all_signed(minhash: MinHash, folder: str, workers: int) -> Iterator[tuple[list[str], Keys, Mask]]:
    """All batches in order, in threads, a few ahead of what is asked for."""
    ahead: deque[Future[tuple[list[str], Keys, Mask]]] = deque()
    with ThreadPoolExecutor(workers) as pool:
        for batch in _batches(folder):
            ahead.append(pool.submit(_signed, minhash, batch))
            if len(ahead) > 2 * workers:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()


def _edges(keys: Keys, numbers: Keys) -> Iterator[pa.Table]:
    """For each band: the first document of each group of equal keys, with each other one."""
    for band in range(keys.shape[1]):
        frame = pl.DataFrame({"key": keys[:, band], "b": numbers})
        first = pl.col("b").min().over("key").alias("a")
        yield frame.select(first, "b").filter(pl.col("a") != pl.col("b")).to_arrow().cast(EDGES)


def main() -> None:
    """Does what `settings["work"]` names."""
    told = orjson.loads(Path(sys.argv[1]).read_bytes())
    out = Path(told["output"])
    minhash = MinHash(family="fast", bands=told["bands"], rows=told["rows"], ngram=told["ngram"])
    names: list[str] = []
    keys: list[Keys] = []
    signed: list[Mask] = []
    whole = told["work"] == "in memory"
    for ids, some, has in _all_signed(minhash, told["documents"], told["workers"]):
        if whole:
            names += ids
            keys.append(some)
            signed.append(has)
    answer: dict[str, object] = {"kept": None, "versions": {}}
    if whole:
        numbers = np.flatnonzero(np.concatenate(signed)).astype(np.uint64)
        found = clusters(_edges(np.concatenate(keys)[numbers], numbers))
        document = found["document"].to_numpy()
        stays = np.ones(len(names), np.bool_)
        stays[document[found["cluster"].to_numpy() != document]] = False
        pq.write_table(
            pa.table({"id": pa.array(names, pa.large_string()).filter(pa.array(stays))}), out / "kept.parquet"
        )
        answer["kept"] = str(out / "kept.parquet")
    (out / "answer.json").write_bytes(orjson.dumps(answer))


if __name__ == "__main__":
    main()
