"""Run in a process of its own: `edges` over so many documents, a key for every third; prints the peak of memory and the edges."""

import resource
import sys
from pathlib import Path

import numpy as np

from dedup.minhash import MinHash
from dedup.stages.edges import Edges
from dedup.stages.signatures import Signatures, Sorted
from pipeline.receipts import Receipt
from pipeline.schemas import BANDS
from pipeline.steps import PartInputs, PartRun, PartTask, PlannedPart, Stage
from pipeline.storage import LocalStorage

FILE = 50_000  # documents of each
ROWS = 100_000  # that edges may hold
MINHASH = MinHash(bands=1)


def part(storage: LocalStorage, stage: Stage, key: str, inputs: tuple[PartInputs, ...] = ()) -> PartRun:
    planned = PlannedPart(key=key, name=key, first=0, count=1)
    task = PartTask(
        root=storage.location,
        step=stage.name,
        stage=stage,
        fingerprint="f",
        source="s",
        part=planned,
        files=(),
        inputs=inputs,
    )
    return PartRun(task, storage)


def signed(storage: LocalStorage, documents: int) -> list[Receipt]:
    random, found = np.random.default_rng(documents), []
    for file in range(documents // FILE):
        making = part(storage, Signatures(minhash=MINHASH), f"{file:05}")
        bands = Sorted(making.writer("bands", BANDS), 1)
        number = random.integers(0, documents // 3, (FILE, 1)).astype(np.uint64)
        bands.add(number * np.uint64((1 << 64) // (documents // 3)), 0, np.arange(FILE, dtype=np.int32))
        found.append(making.commit({"signed": bands.close()}))
    return found


def main(root: str, documents: int) -> None:
    storage = LocalStorage(Path(root))
    given = PartInputs(step="minhash", span=1, receipts=tuple(signed(storage, documents)))
    running = part(storage, Edges(minhash=MINHASH, rows=ROWS), "p00000", (given,))
    counts = running.task.stage.run(running)
    running.commit(counts)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    sys.stdout.write(f"{peak} {counts['keys']} {counts['edges']}\n")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
