"""Exact copies as steps of the machine: those that find them before anything else, and those that say what became of them.

Where parts and partitions are many, a level of merging stands between those that write and those that read: `dealt-KIND` before
`copies-KIND`, `found-KIND` behind it, and `answers-KIND` behind `settled-KIND`.
"""

from dataclasses import dataclass, replace
from math import ceil

from dedup.copies import Uncopied, settled_ranges
from dedup.documents import Documents
from dedup.exact import Exact
from dedup.releases import Release
from dedup.scale import Extent, Ranges, Shape, groups_of, parts_of, slices_of, starts
from dedup.stages.copies import Copies
from dedup.stages.dealt import Dealt
from dedup.stages.found import FOUND, SETTLED, Found
from dedup.stages.same import Same
from dedup.stages.settled import Settled
from dedup.survival import Survival
from pipeline.schemas import document_number
from pipeline.steps import Step


@dataclass(frozen=True, slots=True, kw_only=True)
class ExactSteps:
    """The steps of the `passes`, which are in their order; a part covers `span` files.

    What has the key of a document of one of the releases `against` is a copy of that.
    """

    passes: tuple[Exact, ...]
    documents: Documents
    survival: Survival
    extent: Extent
    shape: Shape
    span: int
    against: tuple[Release, ...] = ()

    @property
    def kinds(self) -> tuple[str, ...]:
        """By what copies are known, in order."""
        return tuple(each.by for each in self.passes)

    @property
    def found(self) -> Ranges | None:
        """The ranges of the partitions of `found-KIND`; None where there is no such step, nor `answers-KIND`.

        They have the documents of the releases too, for these may be originals.
        """
        extent = self.extent if self.against else replace(self.extent, earlier=())
        count = min(self.shape.found, extent.all_files) if self.passes else 1
        return Ranges(extent=extent, count=count) if count > 1 else None

    @property
    def _groups(self) -> int:
        """How many groups the partitions of keys make; 1 where keys are not dealt to groups first."""
        return groups_of(self.shape.copies, self.shape.dealt)

    def left(self, passes: int | None = None) -> Documents:
        """The documents that the first `passes` leave, or all of them."""
        kinds = self.kinds[:passes]
        return Uncopied(documents=self.documents, passes=kinds, found=self.found) if kinds else self.documents

    def finding(self, read: tuple[Step, ...]) -> tuple[tuple[Step, ...], tuple[Step, ...]]:
        """All steps that find copies, and those of them that say which documents these are."""
        steps: list[Step] = []
        told: list[Step] = []
        for place, each in enumerate(self.passes):
            same = Same(exact=each, documents=self.left(place), score=self.survival.score)
            keys = Step(name=f"exact-{each.by}", stage=same, inputs=(*read, *told), span=self.span)
            dealt = self._dealt(each, keys)
            elects = Copies(
                exact=each,
                order=self.survival.order,
                partitions=self.shape.copies,
                rows=self.shape.most_copies,
                groups=self._groups,
                against=self.against,
            )
            found = Step(name=f"copies-{each.by}", stage=elects, inputs=dealt or (keys,), partitions=self.shape.copies)
            back = self._back(found, f"found-{each.by}", FOUND, self.found)
            steps += [keys, *dealt, found, *back]
            told.append((found, *back)[-1])
        return tuple(steps), tuple(told)

    def _dealt(self, exact: Exact, keys: Step) -> tuple[Step, ...]:
        """The level between keys and the partitions that elect originals."""
        if self._groups == 1:
            return ()
        parts = ceil(self.extent.files / self.span) + sum(ceil(each.files / each.span) for each in self.against)
        stage = Dealt(
            exact=exact,
            partitions=self.shape.copies,
            groups=self._groups,
            slices=slices_of(parts),
            rows=self.shape.most_copies,
            score=bool(self.survival.score),
            against=self.against,
        )
        partitions = stage.groups * stage.slices
        return (Step(name=f"dealt-{exact.by}", stage=stage, inputs=(keys,), partitions=partitions),)

    def _back(
        self, before: Step, name: str, tables: tuple[tuple[str, str], ...], ranges: Ranges | None
    ) -> tuple[Step, ...]:
        """The level between what a step says and the parts of its documents."""
        if not ranges:
            return ()
        stage = Found(
            before=before.name,
            tables=tables,
            starts=ranges.starts(),
            span=self.span,
            slices=slices_of(before.partitions),
            rows=self.shape.most_answers,
        )
        return (Step(name=name, stage=stage, inputs=(before,), partitions=ranges.count * stage.slices),)

    def settling(
        self, told: tuple[Step, ...], clusters: tuple[Step, ...], answers: Ranges | None
    ) -> tuple[tuple[Step, ...], tuple[Step, ...]]:
        """All steps that say what became of the copies, the last pass first, and those of them that are read."""
        begins = self._originals()
        steps: list[Step] = []
        known: list[Step] = []
        for place in reversed(range(len(self.passes))):
            stage = Settled(
                exact=self.passes[place],
                passes=self.kinds,
                settled=self.kinds[place + 1 :],
                clustered=bool(clusters),
                starts=begins,
                answers=answers,
                found=self.found,
                against=self.against,
            )
            kind, inputs = self.kinds[place], (*told, *clusters, *known)
            settled = Step(name=f"settled-{kind}", stage=stage, inputs=inputs, partitions=len(begins))
            back = self._back(settled, f"answers-{kind}", SETTLED, self.found and settled_ranges(self.found))
            steps += [settled, *back]
            known.append((settled, *back)[-1])
        return tuple(steps), tuple(known)

    def _originals(self) -> tuple[int, ...]:
        """Where each partition of `settled-KIND` begins: each release has some, and as many copies as this run may have."""
        own = replace(self.extent, earlier=())
        begins = [*starts(own, min(self.shape.copies, own.files))]
        for source, release in enumerate(self.against, 1):
            documents = min(own.documents, release.documents)
            pieces = min(parts_of(documents, self.shape.most_copies), release.files)
            begins += [document_number(place * release.files // pieces, 0, source) for place in range(pieces)]
        return tuple(begins)
