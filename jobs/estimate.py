"""What a run will take, from what runs have taken: figures of docs/decisions.md, for planning and never for deciding."""

import os
from dataclasses import dataclass
from pathlib import Path

from dedup.scale import Extent
from filters.language import Language
from jobs.recipe import Recipe
from pipeline.assets import Asset
from pipeline.model_files import ModelFiles
from pipeline.sources import ROW_FILES, Source

# Measured on the 1,743 pages of a development crawl and on Common Crawl's published sizes; see docs/decisions.md.
BYTES_A_PAGE = 31_000  # compressed bytes of archive per page
SECONDS_A_PAGE = 0.036  # one core, ingest, recipe fineweb
LATER_SECONDS_A_PAGE = 0.002  # all later steps together
DISK_SHARE = 0.09  # bytes under ROOT per byte of archive
BYTES_A_ROW = 2_000  # of FineWeb's own Parquet
SECONDS_A_ROW = 0.005  # ingest without extraction; reading the row is a hundredth of it
ROW_DISK_SHARE = 2.0  # the text is kept as documents, and most of it as shards
WORKER_BYTES = 700_000_000
LIBRARY_BYTES = 800_000_000  # PyTorch or ONNX Runtime, and a batch's activations on a CPU


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """Pages, worker seconds and bytes that a source will take, to about a factor of two."""

    pages: int
    core_hours: float
    seconds: float
    memory_bytes: int
    disk_bytes: int


def pages_of(source: Source) -> int:
    """About how many pages a source has."""
    rows = sum(part.bytes for part in source.parts if part.name.endswith(ROW_FILES))
    return (source.bytes - rows) // BYTES_A_PAGE + rows // BYTES_A_ROW


def extent_of(source: Source) -> Extent:
    """What the deduplication is planned for: at most all pages are kept."""
    return Extent(documents=pages_of(source), files=len(source.parts))


def workers_of(workers: int | None) -> int:
    """How many parts will run at a time."""
    return workers or os.cpu_count() or 1


def memory_ceiling(recipe: Recipe, workers: int | None) -> int:
    """Bytes that all workers and their extractor processes may take together."""
    reading = WORKER_BYTES + recipe.limits.memory_bytes + _model_bytes(recipe) + _quality_bytes(recipe)
    return workers_of(workers) * max(reading, recipe.cut_by.memory)


def _model_bytes(recipe: Recipe) -> int:
    """Of language models, each worker holding its own. The packaged lid.176 (1 MB) is in WORKER_BYTES."""
    files = [Path(item.model.location).expanduser() for item in recipe.ingest if isinstance(item, Language)]
    return sum(file.stat().st_size for file in files if file.is_file())


def _quality_bytes(recipe: Recipe) -> int:
    """Of quality models, of which a worker may hold each, and of the libraries that run those that are folders."""
    models = [getattr(model, "model", None) for model in (recipe.quality.models if recipe.quality else ())]
    folders = [model.folder() for model in models if isinstance(model, ModelFiles)]
    files = [Path(model.location).expanduser() for model in models if isinstance(model, Asset)]
    files += [file for folder in folders for file in folder.rglob("*")]
    return sum(file.stat().st_size for file in files if file.is_file()) + (LIBRARY_BYTES if folders else 0)


def estimate(recipe: Recipe, source: Source, missing_bytes: int, workers: int | None) -> Estimate:
    """The estimate for a source of which `missing_bytes` must still be read."""
    rows = sum(part.bytes for part in source.parts if part.name.endswith(ROW_FILES))
    archives = source.bytes - rows
    missing = missing_bytes / source.bytes if source.bytes else 0.0
    pages = pages_of(source)
    reading = archives / BYTES_A_PAGE * SECONDS_A_PAGE + rows / BYTES_A_ROW * SECONDS_A_ROW
    seconds = missing * reading + pages * LATER_SECONDS_A_PAGE
    return Estimate(
        pages=pages,
        core_hours=seconds / 3600,
        seconds=seconds / workers_of(workers),
        memory_bytes=memory_ceiling(recipe, workers),
        disk_bytes=int(archives * DISK_SHARE + rows * ROW_DISK_SHARE),
    )
