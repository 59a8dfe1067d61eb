"""Looking at a run from Python: `open_run(ROOT)` gives Polars frames, Altair charts and highlighted pages."""

from jobs.looking.run import Run, open_run

__all__ = ["Run", "open_run"]
