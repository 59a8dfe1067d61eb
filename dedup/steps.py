"""The deduplication as steps of the machine.

Where exact copies are taken away first, `exact-KIND` writes keys of documents, `copies-KIND` elects the originals, what follows
sees these alone, and `settled-KIND` gives each copy what became of its original.

`minhash` writes each part's band keys, one row group a band; `edges` reads a range of the keys of one band of all parts;
`components` joins the edges; `members` gathers what is known of the clustered documents of each part, and `earlier` of those
of earlier releases; `clusters` elects who survives; `survivors` brings the answer back, row-aligned with documents. All carry
the same `MinHash` and the same rule of survival, so they cannot disagree. How often each is cut is a `Shape`: what is kept
does not depend on it.

Where parts and partitions are many, a level of merging stands between those that write and those that read: `sorted` before
`edges`, and `ranged` where these are still many; `routed-…` before each step that joins edges, `gathered` before `clusters`,
`answers` before `survivors`; those of exact copies are in `dedup.exact_steps`.
"""

from dataclasses import dataclass, field, replace
from math import ceil

from dedup.documents import Documents, Judged
from dedup.exact import Exact, in_order
from dedup.exact_steps import ExactSteps
from dedup.minhash import MinHash
from dedup.releases import Release, sizes_of
from dedup.scale import Extent, Ranges, Shape, groups_of, pieces_of, rounds_of, slices_of, starts
from dedup.stages.answers import Answers
from dedup.stages.clusters import Clusters
from dedup.stages.components import Joined, Round, grouped
from dedup.stages.edges import Edges
from dedup.stages.gathered import Gathered
from dedup.stages.members import Earlier, Members
from dedup.stages.merging import Merged
from dedup.stages.ranged import Ranged
from dedup.stages.routed import Routed
from dedup.stages.signatures import Signatures
from dedup.stages.survivors import Survivors
from dedup.survival import Components, Star, Survival
from pipeline.steps import Step


@dataclass(frozen=True, slots=True, kw_only=True)
class Deduplication:
    """What all steps share: how documents are compared, who survives, where they are read, and how the work is cut.

    What the finished runs `against` kept stays, and of the new documents those go that resemble it, or are copies of what they
    looked at.
    """

    minhash: MinHash | None
    survival: Survival = field(default_factory=Components)
    documents: Documents = field(default_factory=Judged)
    exact: tuple[Exact, ...] = ()
    extent: Extent = field(default_factory=Extent)
    shape: Shape = field(default_factory=Shape)
    against: tuple[Release, ...] = ()

    def __post_init__(self) -> None:
        if (known := sizes_of(self.against)) != self.extent.earlier:
            raise ValueError(f"an extent of the releases {self.extent.earlier} beside releases of {known}")
        for kind in (each.by for each in in_order(self.exact)):
            if any(kind not in dict(release.exact) for release in self.against):
                raise ValueError(f"copies by {kind} are looked for in releases without their keys")

    def steps(self, read: tuple[Step, ...], *, span: int) -> tuple[Step, ...]:
        """The steps after those that `documents` are `read` from, in order; the last is named `survivors`."""
        exact = self._exact(span)
        same, copies = exact.finding(read)
        near = self._near(self.minhash, (*read, *copies), exact.left(), span) if self.minhash else ()
        settled, answered = exact.settling(copies, near[-1:], self._answers)
        stage = Survivors(
            minhash=self.minhash,
            documents=self.documents,
            exact=exact.passes,
            answers=self._answers,
            found=exact.found,
        )
        last = Step(name="survivors", stage=stage, inputs=(*read, *copies, *near[-1:], *answered), span=span)
        return *same, *near, *settled, last

    def _exact(self, span: int) -> ExactSteps:
        return ExactSteps(
            passes=in_order(self.exact),
            documents=self.documents,
            survival=self.survival,
            extent=self.extent,
            shape=self.shape,
            span=span,
            against=self.against,
        )

    @property
    def found(self) -> Ranges | None:
        """The ranges of documents by which exact copies are told; None where there are no such steps."""
        return self._exact(1).found

    @property
    def _answers(self) -> Ranges | None:
        """The ranges of the partitions of `answers`, which are all of this run; None where there is no such step."""
        count = min(self.shape.answers, self.extent.files) if self.minhash else 1
        return Ranges(extent=replace(self.extent, earlier=()), count=count) if count > 1 else None

    @property
    def _routed(self) -> int:
        """How many groups the partitions of `components` make; 1 where edges are not dealt to groups first."""
        return groups_of(self.shape.joins, self.shape.routed)

    @property
    def _elected(self) -> int:
        """The same for elections."""
        return groups_of(self.shape.elections, self.shape.gathered)

    def _near(self, minhash: MinHash, read: tuple[Step, ...], left: Documents, span: int) -> tuple[Step, ...]:
        """The steps that find near-duplicates among what is `left`; the last elects who survives of each cluster."""
        signing = Signatures(minhash=minhash, documents=left, survival=self.survival)
        signed = Step(name="minhash", stage=signing, inputs=read, span=span)
        found = self._edges(minhash, signed)
        joined = self._components(minhash, found[-1])
        members = self._members(minhash, signed, joined[-1])
        elected = self._clusters(minhash, (joined[-1], *members), read, span)
        return signed, *found, *joined, *members, *elected

    def _edges(self, minhash: MinHash, signed: Step) -> tuple[Step, ...]:
        shape = self.shape
        groups = groups_of(shape.ranges, shape.ranged) if shape.merged > 1 else 1
        keys = self._sorted(minhash, signed, groups) if shape.merged > 1 else ()
        stage = Edges(
            minhash=minhash,
            ranges=shape.ranges,
            rows=shape.rows,
            starts=grouped(starts(self.extent, shape.joins), self._routed),
            merged=shape.merged > 1,
            against=self.against,
            groups=groups,
        )
        inputs = keys[-1:] or (signed,)
        return *keys, Step(name="edges", stage=stage, inputs=inputs, partitions=minhash.bands * shape.ranges)

    def _sorted(self, minhash: MinHash, signed: Step, groups: int) -> tuple[Step, ...]:
        """Keys merged to few parts and, in several `groups` of ranges, dealt to these."""
        shape = self.shape
        merging = Merged(minhash=minhash, ranges=shape.ranges, rows=shape.rows, groups=groups)
        merged = Step(name="sorted", stage=merging, inputs=(signed,), span=signed.span * shape.merged)
        if groups == 1:
            return (merged,)
        slices = slices_of(ceil(self.extent.files / merged.span))
        dealing = Ranged(minhash=minhash, ranges=shape.ranges, groups=groups, slices=slices, rows=shape.rows)
        partitions = minhash.bands * groups * slices
        return merged, Step(name="ranged", stage=dealing, inputs=(merged,), partitions=partitions)

    def _components(self, minhash: MinHash, edges: Step) -> tuple[Step, ...]:
        shape, begins, groups = self.shape, starts(self.extent, self.shape.joins), self._routed
        steps: list[Step] = [*self._dealt(edges)]
        rounds: list[Step] = []
        for number in range(1, rounds_of(shape.joins) + 1):
            before = rounds[-1] if rounds else edges
            stage = Round(minhash=minhash, before=before.name, starts=begins, most=shape.most_joined, groups=groups)
            inputs = (before, *steps[-1:]) if groups > 1 else (before,)
            rounds.append(Step(name=f"components-{number}", stage=stage, inputs=inputs, partitions=shape.joins))
            steps += [rounds[-1], *self._dealt(rounds[-1])]
        names = tuple(step.name for step in rounds)
        joined = Joined(minhash=minhash, starts=begins, rounds=names, most=shape.most_joined, groups=groups)
        inputs = tuple(steps) or (edges,)
        return *steps, Step(name="components", stage=joined, inputs=inputs, partitions=shape.joins)

    def _dealt(self, edges: Step) -> tuple[Step, ...]:
        """The level between a step that writes edges and those that join them."""
        if self._routed == 1:
            return ()
        stage = Routed(
            before=edges.name,
            starts=starts(self.extent, self.shape.joins),
            groups=self._routed,
            slices=slices_of(edges.partitions),
            rows=self.shape.most_routed,
        )
        partitions = stage.groups * stage.slices
        return (Step(name=f"routed-{edges.name}", stage=stage, inputs=(edges,), partitions=partitions),)

    def _members(self, minhash: MinHash, signed: Step, joined: Step) -> tuple[Step, ...]:
        """The steps that gather what elections must know of clustered documents."""
        stage = Members(
            minhash=minhash,
            survival=self.survival,
            elections=self.shape.elections,
            groups=self._elected,
            copies=bool(self.exact),
            components=Ranges(extent=self.extent, count=self.shape.joins),
        )
        members = Step(name="members", stage=stage, inputs=(signed, joined), span=signed.span)
        written = (members, *self._earlier(minhash, joined))
        if self._elected == 1:
            return written
        gathering = Gathered(
            minhash=minhash,
            survival=self.survival,
            elections=self.shape.elections,
            groups=self._elected,
            slices=slices_of(sum(step.partitions or ceil(self.extent.files / step.span) for step in written)),
            rows=self.shape.most_gathered,
            written=tuple(step.name for step in written),
            copies=bool(self.exact),
        )
        partitions = gathering.groups * gathering.slices
        return *written, Step(name="gathered", stage=gathering, inputs=written, partitions=partitions)

    def _earlier(self, minhash: MinHash, joined: Step) -> tuple[Step, ...]:
        if not self.against:
            return ()
        pieces = pieces_of(self.extent, self.shape.most_elected)
        stage = Earlier(
            minhash=minhash,
            against=self.against,
            pieces=pieces,
            survival=self.survival,
            elections=self.shape.elections,
            groups=self._elected,
            copies=bool(self.exact),
            components=Ranges(extent=self.extent, count=self.shape.joins),
        )
        return (Step(name="earlier", stage=stage, inputs=(joined,), partitions=sum(pieces)),)

    def _clusters(
        self, minhash: MinHash, inputs: tuple[Step, ...], read: tuple[Step, ...], span: int
    ) -> tuple[Step, ...]:
        begins = self._answers.starts() if self._answers else ()
        stage = Clusters(
            minhash=minhash,
            documents=self.documents,
            survival=self.survival,
            elections=self.shape.elections,
            most=self.shape.most_elected,
            copies=bool(self.exact),
            against=self.against,
            groups=self._elected,
            answers=begins,
        )
        reads_text = isinstance(self.survival, Star) and self.survival.read_text
        inputs = (inputs[0], inputs[-1]) if self._elected > 1 else inputs
        inputs = (*read, *inputs) if reads_text else inputs
        clusters = Step(name="clusters", stage=stage, inputs=inputs, partitions=self.shape.elections)
        if not begins:
            return (clusters,)
        slices = slices_of(self.shape.elections)
        back = Answers(starts=begins, span=span, slices=slices, rows=self.shape.most_answers)
        return clusters, Step(name="answers", stage=back, inputs=(clusters,), partitions=len(begins) * slices)
