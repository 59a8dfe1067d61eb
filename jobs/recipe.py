"""A recipe: everything that decides what a corpus is, as one frozen value.

Who names one on a command line gets it from `jobs.named_recipes`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar

from pyarrow import types

from dedup.exact import Exact
from dedup.line_steps import line_steps, removal_steps
from dedup.lines import RepeatedLines
from dedup.minhash import MinHash
from dedup.releases import Release, sizes_of
from dedup.removal import RemoveRepeatedLines, check_units
from dedup.scale import LEAST_MEMORY, Extent, Scale
from dedup.steps import Deduplication
from dedup.survival import Components, Survival
from filters.tokens import TokenCounter
from pipeline.annotations.annotating import annotate_step
from pipeline.annotations.annotation import Annotation
from pipeline.decide import Decide
from pipeline.errors import RecipeError
from pipeline.identity import IDENTITY_IF_CHANGED, NOT_IDENTITY
from pipeline.ingest import Ingest, Item
from pipeline.measures import Measure, Rule, Transform
from pipeline.measuring import measure_step
from pipeline.pack import Pack
from pipeline.quality import Quality
from pipeline.quality_steps import NO_SCORES, QualitySteps, quality_steps
from pipeline.rehydration import Rehydration
from pipeline.rows.columns import RowColumns
from pipeline.sandbox import Limits
from pipeline.schemas import DOCUMENTS, PAGE_FACTS, RECORDS, with_columns, with_signals
from pipeline.steps import Step
from pipeline.url_index import UrlIndex

# A WARC keeps only some MB of text, so of many files some share a task. Where there are few, each task that has several to do
# alone has the other workers wait: 4.5 of 53 s of a run of 4 files on 2 workers.
BUNDLE, MANY_FILES = 8, 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Gates, measures and transforms in order, the rules that judge them, and what follows.

    `measures` are taken from stored text after ingest: add one there and no HTML is read again; `annotations` are joined there
    from files, and `repeats` say what of a page stands in others too. `quality` scores documents by models, there or at the end.
    `bundle` files share a part of the small steps (None: `BUNDLE` where there are many files, else each has its own),
    `shard_files` files share a shard; the second must be a multiple of the first. `index` has
    `index_partitions`, or as many more as its memory needs. `columns` names those of Parquet and JSONL input. With
    `rehydration` the dataset says how often a page counts by the size of its cluster. `removals` take lines out of what
    stays, before the `transforms` see it.
    """

    version: ClassVar[int] = 1

    name: str
    ingest: tuple[Item, ...]
    rules: tuple[Rule, ...]
    measures: tuple[Measure, ...] = ()
    annotations: tuple[Annotation, ...] = ()
    repeats: tuple[RepeatedLines, ...] = field(default=(), metadata=IDENTITY_IF_CHANGED)
    exact: tuple[Exact, ...] = field(default=(), metadata=IDENTITY_IF_CHANGED)
    quality: Quality | None = field(default=None, metadata=IDENTITY_IF_CHANGED)
    minhash: MinHash | None = None
    survival: Survival = field(default_factory=Components, metadata=IDENTITY_IF_CHANGED)
    scale: Scale = field(default_factory=Scale, metadata=NOT_IDENTITY)
    rehydration: Rehydration | None = field(default=None, metadata=IDENTITY_IF_CHANGED)
    removals: tuple[RemoveRepeatedLines, ...] = field(default=(), metadata=IDENTITY_IF_CHANGED)
    transforms: tuple[Transform, ...] = ()
    tokens: TokenCounter | None = None
    limits: Limits = field(default_factory=Limits)
    columns: RowColumns = field(default_factory=RowColumns)
    sample_rate: float = 0.001
    bundle: int | None = None
    shard_files: int = 64
    index_partitions: int = 1
    tolerance: float = field(default=0.1, metadata=NOT_IDENTITY)
    batch_pages: int = field(default=64, metadata=NOT_IDENTITY)

    def __post_init__(self) -> None:
        if self.rehydration and self.minhash is None:
            raise RecipeError(f"recipe {self.name}: rehydration weighs near-duplicates, and minhash looks for none")
        check_units(self.removals)
        written = with_signals(
            self.ingest_stage().schema(),
            [
                *(each.signals for each in (*self.measures, *self.annotations, *self.repeats)),
                *(self.quality.written() if self.quality else ()),
            ],
        )
        for rule in self.all_rules:
            if rule.signal not in written.names:
                raise RecipeError(
                    f"recipe {self.name}: rule {rule.reason} names the signal {rule.signal}, which nothing writes"
                )
        if self.survival.score:
            self._check_score(self.survival.score)
        if self.quality:
            self._check_quality(self.quality)

    @property
    def all_rules(self) -> tuple[Rule, ...]:
        """Every rule in the order in which a page meets it: those of scores come last."""
        return (*self.rules, *(self.quality.rules if self.quality else ()))

    def _check_quality(self, quality: Quality) -> None:
        if quality.after == "deduplication" and self.minhash is None and not self.exact:
            raise RecipeError(f"recipe {self.name}: it scores after deduplication, and removes no duplicates")
        weight = quality.ensemble and quality.ensemble.weight
        signals = (field for each in (*self.ingest, *self.measures) for field in each.signals)
        if weight and weight not in {each.name for each in signals if types.is_integer(each.type)}:
            raise RecipeError(
                f"recipe {self.name}: its ensemble weighs documents by {weight}, which is no whole number that its ingest or "
                "one of its measures writes"
            )

    def _check_score(self, score: str) -> None:
        """RecipeError where ingest writes no number of that name."""
        stage = self.ingest_stage()
        written = [*list(with_columns(DOCUMENTS, PAGE_FACTS, stage.facts))[1:], *list(stage.schema())[len(RECORDS) :]]
        numbers = [each.name for each in written if types.is_integer(each.type) or types.is_floating(each.type)]
        if score not in numbers:
            wrong = "is no number" if score in {each.name for each in written} else "nothing writes at ingest"
            raise RecipeError(
                f"recipe {self.name}: its order of survival goes by the score {score}, which {wrong}; there are "
                f"{', '.join(numbers) or 'no numbers'}"
            )

    def ingest_stage(self) -> Ingest:
        """The stage that reads the archives."""
        return Ingest(
            items=self.ingest,
            limits=self.limits,
            sample_rate=self.sample_rate,
            columns=self.columns,
            tolerance=self.tolerance,
            batch_pages=self.batch_pages,
        )

    def span(self, extent: Extent) -> int:
        """How many files share a part of the small steps of a source of this `extent`."""
        return self.bundle or (BUNDLE if extent.files >= MANY_FILES else 1)

    def deduplication(self, extent: Extent | None = None, against: tuple[Release, ...] = ()) -> Deduplication | None:
        """How copies and near-duplicates are looked for in a source of this `extent`; None where neither is.

        Both are looked for in earlier releases too.
        """
        if self.minhash is None and not self.exact:
            return None
        known = replace(extent or Extent(), earlier=sizes_of(against))
        shape = self.scale.shape(self.minhash, self.survival, known, span=self.span(known))
        return Deduplication(
            minhash=self.minhash,
            survival=self.survival,
            exact=self.exact,
            extent=known,
            shape=shape,
            against=against,
        )

    @property
    def cut_by(self) -> Scale:
        """What the tasks that hold much at a time are cut by.

        Where nothing is compared that is `index` alone, which then takes no more than a part that reads archives.
        """
        if self.minhash or self.exact or self.repeats or self.removals:
            return self.scale
        return Scale(memory=min(self.scale.memory, max(self.limits.memory_bytes, LEAST_MEMORY)))

    def _measuring(self, ingest: Step, extent: Extent) -> tuple[tuple[Step, ...], tuple[Step, ...]]:
        """The steps that write signals beside the documents, and before them what these must know of all documents."""
        survival, span = self.survival, self.span(extent)
        steps = [
            *((measure_step(measure, ingest),) for measure in self.measures),
            *((annotate_step(annotation, ingest),) for annotation in self.annotations),
            *(line_steps(each, ingest, self.scale, extent, survival=survival, span=span) for each in self.repeats),
        ]
        return tuple(step for each in steps for step in each[:-1]), tuple(each[-1] for each in steps)

    def _scoring(
        self, ingest: Step, measuring: Sequence[Step], span: int, survivors: Step | None = None
    ) -> QualitySteps:
        """The steps of the quality models, over all documents or over what `survivors` says is left."""
        if self.quality is None:
            return NO_SCORES
        weight = self.quality.ensemble and self.quality.ensemble.weight
        writers = (each.name for each in self.measures if weight in each.signals.names)
        step = next((step for name in writers for step in measuring if step.name == f"measure-{name}"), None)
        return quality_steps(self.quality, ingest, survivors, step, span)

    def _removing(self, read: tuple[Step, Step], extent: Extent) -> tuple[Step, ...]:
        """The steps that say what goes of the texts that stay, the last for `pack`; none where nothing is taken out."""
        if not self.removals:
            return ()
        return removal_steps(self.removals, read, self.scale, extent, survival=self.survival, span=self.span(extent))

    def steps(self, extent: Extent | None = None, against: tuple[Release, ...] = ()) -> tuple[Step, ...]:
        """The graph over a source of this `extent`, each step after its inputs; without it, that of a small source.

        What the finished runs `against` kept is looked at too.
        """
        reading, span = self.ingest_stage(), self.span(extent or Extent())
        ingest = Step(name="ingest", stage=reading)
        counted, measuring = self._measuring(ingest, extent or Extent())
        early = self._scoring(ingest, measuring, span) if self.quality and self.quality.after == "ingest" else NO_SCORES
        beside = (*measuring, *early.beside)
        rules = self.all_rules if early.steps else self.rules
        judging = Decide(rules=rules, measures=tuple(step.name for step in beside))
        decide = Step(name="decide", stage=judging, inputs=(ingest, *beside), span=span)
        deduplication = self.deduplication(extent, against)
        dedup = deduplication.steps((ingest, decide), span=span) if deduplication else ()
        late = self._scoring(ingest, measuring, span, dedup[-1]) if dedup and not early.steps else NO_SCORES
        last = late.last or (dedup[-1] if dedup else decide)
        removing = self._removing((ingest, last), extent or Extent())
        scored = early if early.steps else late
        pack = Step(
            name="pack",
            stage=Pack(
                transforms=self.transforms,
                tokens=self.tokens,
                survivors=last.name if dedup else None,
                removed=removing[-1].name if removing else None,
                facts=reading.facts,
                scores=scored.told,
                rehydration=self.rehydration,
            ),
            inputs=(ingest, last, *removing[-1:], *scored.beside),
            span=self.shard_files,
        )
        sorting = UrlIndex(partitions=max(self.index_partitions, self.cut_by.indexed(extent or Extent())))
        index = Step(name="index", stage=sorting, inputs=(ingest,), partitions=sorting.partitions)
        return (ingest, *counted, *measuring, *early.steps, decide, *dedup, *late.steps, *removing, pack, index)
