"""A run opened for looking: frames, highlighted pages, charts, and what other rules would keep."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import cached_property
from typing import TYPE_CHECKING, Any

import polars as pl

from jobs.clusters.asking import Asked, Told
from jobs.looking import charts
from jobs.looking.parts import explaining, last_steps, what_did_it
from jobs.looking.what_if import Replay, WhatIf, moved
from jobs.named_recipes import load_recipe
from jobs.recipe import Recipe
from pipeline.errors import RecipeError
from pipeline.evidence import Span
from pipeline.funnel import funnel
from pipeline.inspection import duplicates, frames
from pipeline.inspection.clusters import overview
from pipeline.inspection.reading import Files
from pipeline.inspection.samples import samples
from pipeline.measures import Rule
from pipeline.report import quoting
from pipeline.report.excerpt import Excerpt
from pipeline.runs import open_run as open_record
from pipeline.storage import open_storage
from pipeline.why import Story, find, story

if TYPE_CHECKING:
    import altair as alt

MOST_FILES = 32  # input files looked at unless more are asked for: a million records of Common Crawl
SAMPLE = 1_000


class Run:
    """A finished or unfinished run.

    Numbers of `funnel`, `steps` and `rules` come from receipts and are exact. Everything else is read from the input files that
    are looked at: all of them or, where there are more than `most_files`, those whose keys have the smallest hash; `files` and
    `of_files` say how many. Where a sample of rows is taken, it is the rows whose ids have the smallest hash, so it is the same
    every time.
    """

    def __init__(self, root: str, *, recipe: str | None = None, most_files: int = MOST_FILES) -> None:
        self._run = open_record(open_storage(root))
        self._files = Files(self._run, most_files)
        self._recipe: Recipe | None = load_recipe(recipe)[0] if recipe else None

    @property
    def files(self) -> int:
        """Input files that are looked at."""
        return len(self._files.numbers)

    @property
    def of_files(self) -> int:
        """Input files that the run has read so far."""
        return self._files.ingested

    @property
    def signals(self) -> list[str]:
        """The names of all signals."""
        return next(iter(self._files)).signals if self.files else []

    def __repr__(self) -> str:
        record = self._run.record
        looked = f"{self.files} of {self.of_files} files looked at"
        return f"<run {record.id}: {record.recipe} over {self._run.source.name}, {looked}>"

    # From receipts.

    def funnel(self) -> pl.DataFrame:
        """Where the records went: `fate`, `reason`, `records`, `share` (0 to 1).

        A fate is failed, gate, rule, copy, near_duplicate, emptied or kept.
        """
        return frames.funnel_frame(self._run)

    def steps(self) -> pl.DataFrame:
        """The steps: `parts`, `done`, `sealed`, worker `seconds`, `peak_bytes` of a worker, `bytes` and `rows` written."""
        return frames.steps_frame(self._run)

    def rules(self) -> pl.DataFrame:
        """The rules in order: `signal` `op` `bound` is what fails, `dropped` counts records for which it was the first to."""
        return frames.rules_frame(self._run.record.rules, funnel(self._run).dropped)

    # Rows.

    def records(self, *columns: str, sample: int | None = None) -> pl.DataFrame:
        """A row for each record: `part`, `row`, and `columns` (all, if none is named) of docs/schemas.md's `records`.

        There are also `verdict`, `reason` (of copies too) and `violations`, `cluster`, `cluster_size` and `survivor`.
        Memory is that of the named columns of all files looked at; `sample` rows are chosen by the hash of their ids.
        """
        return frames.records_frame(self._files, columns or None, sample=sample)

    def documents(self, *columns: str, sample: int | None = SAMPLE) -> pl.DataFrame:
        """Documents past all gates: `part`, `row` (of the record), `document_row`, `fate`, `reason`, `hash`, and `columns`.

        The columns are `record_id`, `url`, `date`, `text`, `edits`, `language` and `language_score`; `url` and `text` if none is
        named. `sample=None` reads all, texts too.
        """
        return self._documents(pl.col("document_row").is_not_null(), columns, sample)

    def dropped(self, reason: str, *columns: str, sample: int | None = 100) -> pl.DataFrame:
        """The same for documents that went for `reason`; the records, where it is a gate's or a failure: no text was kept.

        Raises:
            RecipeError: nothing went for this reason; says what things went for.
        """
        self._check(reason)
        picked = self._picked(pl.col("reason") == reason, sample)
        if picked["document_row"].null_count():
            names = columns or ("record_id", "url", "date", "mime", "error")
            return picked.join(frames.records_frame(self._files, names), on=["part", "row"], how="left")
        return frames.documents_frame(self._files, picked, columns or ("url", "text"))

    def signal(self, name: str, sample: int | None = None) -> pl.DataFrame:
        """One signal of every page that was judged: `part`, `row`, `name`, `fate`, `reason`."""
        where = pl.col("document_row").is_not_null()
        known = [name, "verdict", "reason", "gate", "error"]
        table = frames.records_frame(self._files, known, sample=sample, where=where)
        return table.select("part", "row", name, frames.fate_of(), "reason")

    def raw_samples(self) -> pl.DataFrame:
        """The HTML of the few pages stopped by a gate that were kept for looking: `part`, `record_row`, `url`, `gate`, `html`."""
        found = [rows.raw_samples() for rows in self._files]
        return pl.concat(found) if found else pl.DataFrame()

    def clusters(self) -> pl.DataFrame:
        """Near-duplicates: how many `clusters` have how many documents (`size`), over the whole run."""
        return overview(self._run).sizes

    def largest_clusters(self, most: int = 10) -> pl.DataFrame:
        """The largest clusters: `cluster`, `size`, the `survivor`'s URL, from how many hosts (`places`) its first `of` are."""
        found = Asked(self._run).all(most=most).largest
        kinds = {"cluster": pl.UInt64, "size": pl.Int64, "survivor": pl.String, "places": pl.Int64, "of": pl.Int64}
        return pl.DataFrame([asdict(each) for each in found], schema=kinds)

    def duplicates(self, page: str, most: int = 10) -> list[Told]:
        """The cluster of each page with this URL or id, with up to `most` members, as `gristmill duplicates` tells it."""
        return Asked(self._run).page(page, most=most)

    def why(self, page: str) -> list[Story]:
        """Everything known of each record with this URL or id, as `gristmill why` tells it."""
        return [story(self._run, part, row) for part, row in find(self._run, page)]

    # Pages, highlighted.

    def show_dropped(self, reason: str, sample: int = 3) -> Excerpt:
        """Pages that went for `reason`, for a notebook: what did it is marked, what a transform removed is struck through."""
        self._check(reason)
        found = samples(self._files, self._picked(pl.col("reason") == reason, sample), self.explain)
        return Excerpt([quoting.sample(page) for page in found])

    def show_kept(self, sample: int = 3) -> Excerpt:
        """Pages that were kept."""
        found = samples(self._files, self._picked(pl.col("fate") == "kept", sample), self.explain)
        return Excerpt([quoting.sample(page) for page in found])

    def show_duplicates(self, sample: int = 3) -> Excerpt:
        """Removed near-duplicates beside the page that stayed, with the words that differ marked."""
        return Excerpt([quoting.pair(each) for each in duplicates.pairs(self._files, sample)])

    def explain(self, reason: str | None, page: dict[str, Any]) -> list[Span]:
        """What did it: places in the page's `text`, or in its `url` where a gate stopped it."""
        return what_did_it(self._explains, self._run.record.rules, reason, page)

    # Other rules.

    def what_if(self, rules: Sequence[Rule] | None = None, **bounds: Any) -> WhatIf:
        """What would be kept by other `rules`, or by this run's with other `bounds`, by reason: `what_if(few_words=80)`.

        None takes a rule out: `what_if(few_words=None)`. The numbers are those of a rerun, `gristmill curate` without
        `--input`; nothing is written. Where not all files are looked at, they are of those alone.

        Raises:
            RecipeError: an unknown reason or signal, or a last step that cannot be done again here (see `open_run`).
        """
        return self._replay.what_if(moved(self._run.record.rules if rules is None else rules, bounds))

    def sweep(self, reason: str, bounds: Sequence[float]) -> pl.DataFrame:
        """One row for each bound of a rule: `bound`, `passed`, `near_duplicates`, `documents`, `chars`, `tokens`."""
        outcomes = [self._replay.outcome(moved(self._run.record.rules, {reason: bound}))[0] for bound in bounds]
        names = ("passed", "near_duplicates", "documents", "chars", "tokens")
        columns: Mapping[str, Any] = {name: [getattr(each, name) for each in outcomes] for name in names}
        return pl.DataFrame({"bound": list(bounds), **columns}, schema_overrides=dict.fromkeys(names, pl.Int64))

    # Charts.

    def chart_funnel(self) -> "alt.Chart":
        """Where the records went, as bars."""
        return charts.funnel_chart(self.funnel())

    def chart_signal(self, name: str) -> "alt.LayerChart":
        """A signal's distribution over a sample of the judged pages, with the bounds that judge it drawn in."""
        rules = [rule for rule in self._run.record.rules if rule.signal == name]
        return charts.signal_chart(self.signal(name, charts.MOST_ROWS), name, rules)

    def chart_sweep(self, reason: str, bounds: Sequence[float]) -> "alt.LayerChart":
        """What other bounds of one rule would keep, with the run's own drawn in."""
        now = next(rule.value for rule in self._run.record.rules if rule.reason == reason)
        return charts.sweep_chart(self.sweep(reason, bounds), reason, now if isinstance(now, int | float) else None)

    @cached_property
    def _replay(self) -> Replay:
        return Replay(self._files, last_steps(self._run, self._recipe))

    @cached_property
    def _explains(self) -> dict[str, Any]:
        return explaining(self._run, self._recipe)

    def _check(self, reason: str) -> None:
        known = self.funnel()["reason"].drop_nulls().to_list()
        if reason not in known:
            raise RecipeError(f"nothing went for {reason!r}; reasons of this run are {', '.join(known)}")

    def _picked(self, where: pl.Expr, sample: int | None) -> pl.DataFrame:
        return frames.chosen(self._files, sample or 1 << 62, by_reason=False, where=where)

    def _documents(self, where: pl.Expr, columns: Sequence[str], sample: int | None) -> pl.DataFrame:
        return frames.documents_frame(self._files, self._picked(where, sample), columns or ("url", "text"))


def open_run(root: str, *, recipe: str | None = None, most_files: int = MOST_FILES) -> Run:
    """The last run of ROOT, a local path or `s3://bucket/prefix`; finished or not.

    `recipe` (`file.py:function`) is only needed where the run's recipe has parts of your own: to mark what they saw, and to
    replay a last step. At most `most_files` input files are looked at.

    Raises:
        InputError: there is no run.
        StorageError: what a receipt lists cannot be read.
    """
    return Run(root, recipe=recipe, most_files=most_files)
