"""Compiles all kernels, so that no run has to: `python -m jobs.compile_kernels`, once after a checkout was installed or changed.

Where all are compiled already, for this processor, they are only loaded.
"""

import time
from importlib import import_module

from jobs.terminal import notice

MODULES = (  # all that have kernels, which are compiled when they are imported
    "dedup.band_kernels",
    "dedup.fast_minima",
    "dedup.fast_words",
    "dedup.forest",
    "dedup.minima",
    "dedup.star_kernel",
    "dedup.xxhash_kernel",
    "filters.language_kernel",
    "filters.line_counts",
    "filters.quality.hashed_kernel",
    "filters.quality.kenlm_kernel",
    "filters.quality.phrase_kernel",
    "filters.quality.static_kernel",
    "filters.quality.wordpiece_kernel",
    "filters.word_counts",
    "filters.word_runs",
    "pipeline.chunk_kernels",
    "pipeline.sentence_kernels",
)


def compile_kernels() -> None:
    """Imports each of `MODULES`, and says how long it took."""
    start = time.perf_counter()
    for name in MODULES:
        import_module(name)
    notice(f"kernels ready after {time.perf_counter() - start:.1f} s")


if __name__ == "__main__":
    compile_kernels()
