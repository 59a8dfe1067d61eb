"""Everything the report shows, gathered before a line of it is written.

What receipts count is exact. What is read from rows comes from a bounded number of input files, and samples are few, so that the
page of a run over a hundred files and that of a whole dump cost about the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from pipeline.funnel import Funnel, funnel
from pipeline.inspection.clusters import Overview, overview
from pipeline.inspection.duplicates import Pair, pairs
from pipeline.inspection.frames import Told, chosen, silent, steps_frame
from pipeline.inspection.reading import Files
from pipeline.inspection.samples import Explain, Sample, nothing_known, samples
from pipeline.inspection.survey import Survey, survey
from pipeline.runs import OpenRun

MOST_FILES = 16  # input files whose rows are read: half a million records of Common Crawl
MOST_PAIRS, MOST_FAILED, MOST_REASONS = 4, 12, 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """The numbers and pages of a report. `samples` by (fate, reason), in the order of the funnel."""

    run: OpenRun
    funnel: Funnel
    steps: pl.DataFrame
    files: int
    of_files: int
    survey: Survey
    clusters: Overview
    pairs: Sequence[Pair]
    samples: dict[tuple[str, str | None], list[Sample]]
    failed: Sequence[Sample]

    @property
    def is_sampled(self) -> bool:
        """Whether rows of only some of the files were read."""
        return self.files < self.of_files


def gather(
    run: OpenRun,
    *,
    explain: Explain = nothing_known,
    most_files: int = MOST_FILES,
    each: int = 3,
    told: Told = silent,
) -> Gathered:
    """Reads what a report needs: `each` is the number of sampled pages a reason, `explain` marks what did it."""
    files = Files(run, most_files)
    picked = chosen(files, max(each, MOST_FAILED), told=told)
    shown = picked.group_by("fate", "reason", maintain_order=True).head(each).select(*picked.columns)
    shown = shown.filter(pl.col("fate") != "failed")
    numbers = funnel(run)
    return Gathered(
        run=run,
        funnel=numbers,
        steps=steps_frame(run),
        files=len(files.numbers),
        of_files=files.ingested,
        survey=survey(files, told),
        clusters=overview(run),
        pairs=pairs(files, MOST_PAIRS),
        samples=_by_reason(numbers, samples(files, shown, explain, told=told)),
        failed=samples(files, picked.filter(pl.col("fate") == "failed").head(MOST_FAILED)),
    )


def _by_reason(numbers: Funnel, found: Sequence[Sample]) -> dict[tuple[str, str | None], list[Sample]]:
    """Kept pages first, then what rules dropped, then what gates stopped, each reason by its number of records."""
    groups: dict[tuple[str, str | None], list[Sample]] = {("kept", None): []}
    groups |= {("rule", reason): [] for reason in numbers.dropped}
    groups |= {("gate", reason): [] for reason in numbers.gated}
    for sample in found:
        groups.setdefault((sample.fate, sample.reason), []).append(sample)
    groups.pop(("near_duplicate", "near_duplicate"), None)  # shown beside their survivors
    return {key: pages for key, pages in list(groups.items())[:MOST_REASONS] if pages}
