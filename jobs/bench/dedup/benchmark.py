"""Makes documents of which it is known what resembles what, runs all systems over them, and holds each answer to the truth."""

import dataclasses
import shutil
from glob import glob
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from dedup.minhash import MinHash
from jobs.bench.dedup.systems import System, all_systems, run
from jobs.bench.machine import machine_facts
from jobs.bench.settings import Settings
from jobs.terminal import notice
from pipeline.errors import GristmillError

MINHASH = MinHash(family="fast")  # bands, rows and ngram of all systems
FILES_A_WORKER = 4


def dedup(settings: Settings) -> dict[str, Any]:
    """Measures and returns what the result file holds (its shape is in `docs/bench.md`)."""
    if settings.signatures is not None:
        from jobs.bench.dedup.signatures import signatures

        return signatures(settings, settings.signatures)
    from jobs.synthetic.truth.corpus import write_corpus
    from jobs.synthetic.truth.plan import Truth

    facts, systems = machine_facts(), all_systems(settings)
    corpus, runs = settings.output / "corpus", settings.output / "runs"
    for old in (corpus, runs):
        shutil.rmtree(old, ignore_errors=True)
    truth = Truth(documents=settings.documents, words=settings.words)
    files = settings.files or min(FILES_A_WORKER * settings.workers, settings.documents)
    notice(f"making {settings.documents:,} documents of {settings.words} words in {files} files")
    write_corpus(truth, corpus, files=files)
    pairs = pq.read_table(corpus / "pairs.parquet")
    found = {system.name: _measured(system, settings, pairs) for system in systems}
    return {
        "what": "dedup",
        "machine": facts,
        "documents": settings.documents,
        "words": settings.words,
        "bytes": sum(file.stat().st_size for file in (corpus / "documents").iterdir()),
        "workers": settings.workers,
        "runs": settings.runs,
        "planted_pairs": pairs.num_rows,
        "systems": found,
    }


def _measured(system: System, settings: Settings, pairs: pa.Table) -> dict[str, Any]:
    """The run of middle length, judged; what it wrote is removed before the next one."""
    runs: list[dict[str, Any]] = []
    for number in range(settings.runs):
        output = settings.output / "runs" / f"{number}-{system.name.replace(' ', '-')}"
        try:
            answer = run(system, settings.output / "corpus" / "documents", output, MINHASH, settings.workers)
        except GristmillError as error:
            if not system.made_by:
                raise  # ours
            # What the systems before this peer took an hour for is not lost with it.
            notice(f"{system.name}: {error}")
            return {"missing": f"it failed: {str(error).splitlines()[-1]}"}
        if "missing" in answer:
            return answer
        runs.append(answer | {"judged": _judged(answer["kept"], pairs, settings.documents)})
        shutil.rmtree(output)
    middle = sorted(runs, key=lambda each: each["seconds"])[(len(runs) - 1) // 2]
    return {
        "versions": middle["versions"],
        "seconds": round(middle["seconds"], 2),
        "seconds_of_runs": [round(each["seconds"], 2) for each in runs],
        "cpu_seconds": round(middle["cpu_seconds"], 2),
        "documents_per_second": round(settings.documents / middle["seconds"]),
        "peak_rss_bytes": middle["peak_rss_bytes"],
        "judged": middle["judged"],
    }


def _judged(kept: str | None, pairs: pa.Table, documents: int) -> dict[str, Any] | None:
    """None where the system only does part of the work."""
    if kept is None:
        return None
    from jobs.synthetic.truth.judging import judge

    return dataclasses.asdict(judge(pairs, _removed(kept, documents), bands=MINHASH.bands, rows=MINHASH.rows))


def _removed(kept: str, documents: int) -> npt.NDArray[np.bool_]:
    """Which documents are in none of the files; GristmillError where one is there twice or was never made."""
    removed, read = np.ones(documents, np.bool_), 0
    for file in sorted(map(Path, glob(kept))):  # noqa: PTH207  `kept` is a pattern with its folder
        numbers = pc.call_function("cast", [pq.read_table(file, columns=["id"])["id"]], pc.CastOptions(pa.int64()))
        some = numbers.to_numpy()
        if some.size and not 0 <= some.min() <= some.max() < documents:
            raise GristmillError(f"{file}: an id that no document has")
        removed[some] = False
        read += some.size
    if read != documents - int(np.count_nonzero(removed)):
        raise GristmillError(f"{kept}: some documents are there twice")
    return removed
