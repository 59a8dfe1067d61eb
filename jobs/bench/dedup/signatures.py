"""The later steps of the deduplication over signatures of documents that were never made, run by the run's own machinery."""

import shutil
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson

from dedup.minhash import MinHash
from dedup.scale import Extent, Scale, Shape
from dedup.steps import Deduplication
from dedup.survival import Components, Star, Survival
from jobs.bench.dedup.systems import MEMORY
from jobs.bench.driver import Silent
from jobs.bench.machine import machine_facts
from jobs.bench.settings import CHECKOUT, Settings
from jobs.bench.watching import watch
from jobs.synthetic.truth.plan import Truth
from jobs.synthetic.truth.signatures import Planted, PlantedSignatures, planted_source
from jobs.terminal import notice
from pipeline.errors import RecipeError
from pipeline.execution import Execution
from pipeline.local_runner import LocalRunner, ThreadRunner
from pipeline.receipts import Receipt
from pipeline.sources import Source
from pipeline.steps import Step, plan_steps
from pipeline.storage import open_storage

FILE_ROWS, MOST_FILES = 100_000, 100  # few files, so that no level of merging writes all keys again
RULES: dict[str, Survival] = {"components": Components(), "star": Star()}


def deduplication(
    truth: Truth, *, rows: int, span: int = 1, memory: int = MEMORY, survival: Survival, shape: Shape | None = None
) -> Deduplication:
    """How files of `rows` documents each are deduplicated, cut as the memory of a task asks for, or to `shape`."""
    minhash = MinHash(family="fast")
    extent = Extent(documents=truth.documents, files=-(-truth.documents // rows))
    return Deduplication(
        minhash=minhash,
        survival=survival,
        documents=Planted(documents=truth.documents, rows=rows),
        extent=extent,
        shape=shape or Scale(memory=memory).shape(minhash, survival, extent, span=span),
    )


def planned(truth: Truth, made: Deduplication, *, rows: int, span: int = 1) -> tuple[Step, ...]:
    """The steps from `minhash` to `survivors` as a run has them, but that the first makes what it writes."""
    making = PlantedSignatures(
        truth=truth,
        minhash=made.minhash or MinHash(family="fast"),
        documents=Planted(documents=truth.documents, rows=rows),
        survival=made.survival,
    )
    return _replaced(made.steps((), span=span), "minhash", making)


def _replaced(steps: Sequence[Step], name: str, stage: PlantedSignatures) -> tuple[Step, ...]:
    """The same graph, in which the step `name` does something else."""
    made: dict[str, Step] = {}
    for step in steps:
        inputs = tuple(made[each.name] for each in step.inputs)
        made[step.name] = replace(step, inputs=inputs, stage=stage if step.name == name else step.stage)
    return tuple(made.values())


def signatures(settings: Settings, documents: int) -> dict[str, Any]:
    """What each step took, with the rule of survival that `--system` names (components, or star); all files are removed."""
    survival = settings.systems[0] if settings.systems else "components"
    if survival not in RULES or len(settings.systems) > 1:
        raise RecipeError(f"--signatures goes with --system components or star, not {', '.join(settings.systems)}")
    facts, root = machine_facts(), settings.output / "signatures"
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(parents=True)
    told = {"root": str(root), "documents": documents, "workers": settings.workers, "survival": survival}
    (root / "settings.json").write_bytes(orjson.dumps(told))
    notice(f"signatures of {documents:,} documents: minutes for each ten millions")
    command = [sys.executable, "-m", "jobs.bench.dedup.signatures", str(root / "settings.json")]
    watched = watch(command, log=root / "log", environment={"PYTHONPATH": str(CHECKOUT)}, tick=lambda: None)
    steps = orjson.loads((root / "answer.json").read_bytes())
    shutil.rmtree(root)
    return {
        "what": "dedup",
        "machine": facts,
        "documents": documents,
        "survival": survival,
        "workers": settings.workers,
        "memory": MEMORY,
        "seconds": round(watched.wall_seconds, 2),
        "peak_rss_bytes": watched.peak_rss_bytes,
        "steps": steps,
    }


def _figures(name: str, receipts: Sequence[Receipt]) -> dict[str, Any]:
    """What the parts of one step took and wrote."""
    begins = [receipt.facts["began"] for receipt in receipts]
    ends = [receipt.facts["began"] + receipt.facts["seconds"] for receipt in receipts]
    files = [file for receipt in receipts for file in receipt.files.values()]
    counts: dict[str, int] = {}
    for receipt in receipts:
        for what, count in receipt.counts.items():
            counts[what] = counts.get(what, 0) + count
    return {
        "step": name,
        "parts": len(receipts),
        "seconds": round(max(ends) - min(begins), 2),
        "cpu_seconds": round(sum(receipt.facts["cpu_seconds"] for receipt in receipts), 2),
        "longest_seconds": round(max(receipt.facts["seconds"] for receipt in receipts), 2),
        "peak_rss_bytes": max(receipt.facts["peak_rss_bytes"] for receipt in receipts),
        "written_bytes": sum(file.bytes for file in files),
        "table_bytes": {table: sum(receipt.files[table].bytes for receipt in receipts) for table in receipts[0].files},
        "objects": len(files) + len(receipts),
        "counts": counts,
    }


def main() -> None:
    """Runs all steps, one after the other finished, and writes what each took."""
    told = orjson.loads(Path(sys.argv[1]).read_bytes())
    truth = Truth(documents=told["documents"])
    rows = max(FILE_ROWS, -(-truth.documents // MOST_FILES))
    made = deduplication(truth, rows=rows, survival=RULES[told["survival"]])
    steps = planned(truth, made, rows=rows)
    figures = run_steps(steps, planted_source(truth, rows), f"{told['root']}/run", told["workers"])
    Path(told["root"], "answer.json").write_bytes(orjson.dumps(figures))


def run_steps(steps: Sequence[Step], source: Source, root: str, workers: int) -> list[dict[str, Any]]:
    """Runs all steps and says what each took."""
    execution = Execution(open_storage(root), source, plan_steps(steps, source), {"began": time.time()})
    runner = ThreadRunner(workers) if workers > 1 else LocalRunner()
    execution.run(runner, Silent())
    runner.close()
    return [_figures(name, list(state.receipts.values())) for name, state in execution.states.items()]


if __name__ == "__main__":
    main()
