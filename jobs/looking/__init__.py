"""Looking at a run from Python: `open_run(ROOT)` gives Polars frames, Altair charts and highlighted pages."""

import warnings

with warnings.catch_warnings():  # in a notebook tqdm, which datatrove imports, misses widgets that nothing here needs
    warnings.filterwarnings("ignore", message="IProgress not found")
    from jobs.looking.run import Run, open_run

__all__ = ["Run", "open_run"]
