"""From somebody's files of rows to the same rows without duplicates: what stands behind `gristmill dedup`."""

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from dedup import presets
from dedup.copies import copies_step
from dedup.exact import Exact, in_order
from dedup.minhash import MinHash
from dedup.pack_rows import PackRows
from dedup.releases import Release, sizes_of
from dedup.row_dataset import build_row_dataset
from dedup.rows import Rows, row_steps
from dedup.scale import Extent, Scale
from dedup.steps import Deduplication
from dedup.survival import DEFAULT_ORDER, Components, Star, Survival
from jobs.against import find_releases, records_of, releases_of
from jobs.executing import execute
from jobs.memory import last_of
from jobs.running import barred_in, refuse_stale
from pipeline.errors import InputError, RecipeError
from pipeline.execution import Execution, Runner
from pipeline.local_runner import ThreadRunner
from pipeline.rows.columns import RowColumns, missing_column
from pipeline.rows.parquet import found_columns, found_score, is_text, type_at
from pipeline.rows.pieces import PARQUET, divided
from pipeline.rows.united import united_all
from pipeline.runs import OpenRun, ReleaseRecord, record_run
from pipeline.sources import ROW_FILES, Source, find_source, save_source
from pipeline.steps import PlannedStep, Step, plan_steps
from pipeline.storage import Storage, open_storage

BUNDLE_BYTES, BUNDLE_FILES = 16 << 20, 64  # small files share a part
DEDUP = "dedup"  # what runs of rows are recorded as, where others name their recipe
MEMORY = 2_000_000_000  # of a part, where nobody names one
BYTES_A_LINE = 500  # of JSON, compressed or not: a low guess, for the plan must hold all rows


@dataclass(frozen=True, slots=True, kw_only=True)
class HowToDedup:
    """What decides what stays (`minhash`, `survival`, `columns`), and the memory that a part may take (`scale`).

    With `lines` rows of JSON stay the lines that they are, else they become Parquet. `exact` copies go before near-duplicates,
    which are not looked for without `minhash`. RecipeError where neither is looked for.
    """

    minhash: MinHash | None
    survival: Survival
    columns: RowColumns
    scale: Scale
    lines: bool = False
    exact: tuple[Exact, ...] = ()

    def __post_init__(self) -> None:
        if self.minhash is None and not self.exact:
            raise RecipeError(
                "nothing to look for: without near-duplicates name exact copies, --exact text or --exact url"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedRows:
    """A deduplication that could start: everything that may be wrong with a command has been checked."""

    how: HowToDedup
    storage: Storage
    files: Source
    source: Source
    steps: list[PlannedStep]
    releases: tuple[ReleaseRecord, ...] = ()


def comparison(preset: str, family: str | None) -> MinHash:
    """The preset of a name, in another family of words and hashes where one is named; RecipeError for what is none."""
    found = presets.preset(preset)
    return found if family is None else replace(found, family=family)


def exact_copies(kinds: str | None) -> tuple[Exact, ...]:
    """What `--exact` names, as `text,url`: RecipeError for what is no kind of copy, or is named twice."""
    return in_order([Exact(by=kind.strip()) for kind in kinds.split(",")]) if kinds is not None else ()


def rule_of_survival(name: str, similarity: float, *, read_text: bool = False, score: str | None = None) -> Survival:
    """The rule `star` or `components`, by the column `score` before all else where it is named; RecipeError for another name."""
    order = ("score", *DEFAULT_ORDER) if score is not None else DEFAULT_ORDER
    if name == "components":
        return Components(order=order, score=score)
    if name == "star":
        return Star(similarity=similarity, read_text=read_text, order=order, score=score)
    raise RecipeError(f"--rule {name}: there are star and components")


def scale_of(memory: int | None, output: str) -> Scale:
    """The `memory` of a part; without one that of the last deduplication at this ROOT, else 2 GB."""
    before = last_of(open_storage(output), DEDUP) if memory is None else None
    return Scale(memory=memory or (before and before.memory) or MEMORY)


def prepare_rows(
    inputs: Sequence[str], output: str, how: HowToDedup, *, name: str | None = None, against: Sequence[str] = ()
) -> PreparedRows:
    """Finds the files, looks at the footers of those that are Parquet, and plans the steps. `against` names finished runs.

    Raises:
        RecipeError, InputError: what is wrong, before anything has started.
    """
    storage = open_storage(output)
    storage.names("runs")  # so that a ROOT nobody can reach is noticed before the input is looked at
    files = find_source(inputs, name=name)
    _refuse_others(files, storage.location)
    if how.lines and (other := next((part for part in files.parts if part.name.endswith(PARQUET)), None)):
        raise RecipeError(f"--format jsonl: {other.name} holds no lines, and stays Parquet")
    source, footers = divided(files)
    for file, footer in footers.items():
        _check_columns(footer.schema, how, file)
    united_all({file: footer.schema for file, footer in footers.items()})
    if how.minhash:
        how.minhash.check()
    rows = sum(footer.rows for footer in footers.values())
    rows += sum(part.bytes for part in files.parts if part.name not in footers) // BYTES_A_LINE
    earlier = find_releases(against, storage, source.name)
    known = releases_of(earlier, how.minhash, how.survival, how.exact)
    extent, tombstones = Extent(documents=rows, files=len(source.parts)), barred_in(storage)
    listed = save_source(storage, source)
    steps = graph(how, extent, span=_span(source), source=listed, against=known, barring=bool(tombstones))
    return PreparedRows(
        how=how,
        storage=storage,
        files=files,
        source=source,
        steps=plan_steps(steps, source, tombstones),
        releases=records_of(earlier),
    )


def _refuse_others(files: Source, root: str) -> None:
    for part in files.parts:
        if not part.name.endswith(ROW_FILES):
            raise InputError(f"{part.name}: only rows are deduplicated, in files called {', '.join(ROW_FILES)}")
        if "://" not in part.location and Path(part.location).is_relative_to(root):
            raise RecipeError(f"--output {root} holds {part.name}, an input: choose a folder outside of the input's")


def _check_columns(schema: pa.Schema, how: HowToDedup, file: str) -> None:
    """InputError where a file of Parquet lacks a column that is needed, or has it in another type."""
    found = found_columns(schema, how.columns, file)
    if how.survival.score:
        found_score(schema, how.survival.score, file)
    if any(each.by == "url" for each in how.exact):
        column = how.columns.url or "url"
        if "url" not in found:
            raise missing_column(file, "url", column, schema.names)
        kind = type_at(schema, found["url"])
        if not (is_text(kind) or pa.types.is_null(kind)):
            raise InputError(f"{file}: column {'.'.join(found['url'])} is {kind}, not text; name one with --url-column")


def _span(source: Source) -> int:
    """How many files share a part: a power of two, of which more files of the same kind change nothing."""
    mean, span = source.bytes / len(source.parts), 1
    while span < BUNDLE_FILES and 2 * span * mean <= BUNDLE_BYTES:
        span *= 2
    return span


def graph(
    how: HowToDedup,
    extent: Extent,
    *,
    span: int,
    source: str,
    against: tuple[Release, ...] = (),
    barring: bool = False,
) -> tuple[Step, ...]:
    """The steps over an `extent` without the releases, each after its inputs.

    `source` is where ROOT keeps the list of files; `barring`: something was taken down from ROOT.
    """
    extent = replace(extent, earlier=sizes_of(against))
    looked, *united = row_steps(span, lines=how.lines, barring=how.columns if barring else None)
    deduplication = Deduplication(
        minhash=how.minhash,
        survival=how.survival,
        documents=Rows(columns=how.columns, source=source),
        extent=extent,
        shape=how.scale.shape(how.minhash, how.survival, extent, span=span),
        against=against,
        exact=how.exact,
    )
    found = deduplication.steps((looked,), span=span)
    kinds = tuple(each.by for each in in_order(how.exact))
    told = {copies_step(kind, deduplication.found) for kind in kinds}
    copies = tuple(step for step in found if step.name in told)
    pack = Step(
        name="pack",
        stage=PackRows(source=source, lines=how.lines, against=against, exact=kinds, found=deduplication.found),
        inputs=(looked, *united, *copies, found[-1]),
        span=span,
    )
    return (looked, *united, *found, pack)


def run_rows(prepared: PreparedRows, *, workers: int | None = None, ray: str | None = None) -> dict[str, Any]:
    """Runs what is missing, builds the dataset folder, and returns its manifest (with `run_seconds`).

    Raises:
        PartsFailed: some parts failed; all others are done.
        KeyboardInterrupt: after everything in flight was told to stop.
    """
    began = time.monotonic()
    runner = rows_runner(prepared.how, prepared.storage, prepared.source, prepared.steps, workers=workers, ray=ray)
    try:
        refuse_stale(prepared.storage, prepared.steps)
        record = record_run(
            prepared.storage,
            recipe=DEDUP,
            rules=(),
            source=prepared.source,
            steps=prepared.steps,
            releases=prepared.releases,
            memory=prepared.how.scale.memory,
        )
        execute(Execution(prepared.storage, prepared.source, prepared.steps, {"provenance": record.provenance}), runner)
    finally:
        runner.close()
    refuse_stale(prepared.storage, prepared.steps)
    manifest = build_row_dataset(OpenRun(prepared.storage, record))
    return manifest | {"run_seconds": round(time.monotonic() - began, 1)}


def rows_runner(
    how: HowToDedup,
    storage: Storage,
    source: Source,
    steps: Sequence[PlannedStep],
    *,
    workers: int | None,
    ray: str | None,
) -> Runner:
    """Threads of this process, or a Ray cluster where one is named."""
    if ray is None:
        return ThreadRunner(workers or os.cpu_count() or 1)
    from jobs.running import make_runner

    return make_runner(
        storage.location,
        source,
        [step.payload for step in steps],
        modules=(),
        part_bytes=how.scale.memory,
        workers=workers,
        ray=ray,
        local=False,
    )
