"""The deduplication as steps of the machine.

`minhash` writes each part's band keys, one row group a band; `edges` reads a range of the keys of one band of all parts;
`components` joins the edges; `members` gathers what is known of the clustered documents of each part, and `earlier` of those
of earlier releases; `clusters` elects who survives; `survivors` brings the answer back, row-aligned with documents. All carry
the same `MinHash` and the same rule of survival, so they cannot disagree. How often each is cut is a `Shape`: what is kept
does not depend on it.
"""

from dataclasses import dataclass, field

from dedup.documents import Documents, Judged
from dedup.minhash import MinHash
from dedup.releases import Release, sizes_of
from dedup.scale import Extent, Shape, pieces_of, rounds_of, starts
from dedup.stages.clusters import Clusters
from dedup.stages.components import Joined, Round
from dedup.stages.edges import Edges
from dedup.stages.members import Earlier, Members
from dedup.stages.merging import Merged
from dedup.stages.signatures import Signatures
from dedup.stages.survivors import Survivors
from dedup.survival import Components, Star, Survival
from pipeline.steps import Step


@dataclass(frozen=True, slots=True, kw_only=True)
class Deduplication:
    """What all steps share: how documents are compared, who survives, where they are read, and how the work is cut.

    What the finished runs `against` kept stays, and of the new documents those go that resemble it.
    """

    minhash: MinHash
    survival: Survival = field(default_factory=Components)
    documents: Documents = field(default_factory=Judged)
    extent: Extent = field(default_factory=Extent)
    shape: Shape = field(default_factory=Shape)
    against: tuple[Release, ...] = ()

    def __post_init__(self) -> None:
        if (known := sizes_of(self.against)) != self.extent.earlier:
            raise ValueError(f"an extent of the releases {self.extent.earlier} beside releases of {known}")

    def steps(self, read: tuple[Step, ...], *, span: int) -> tuple[Step, ...]:
        """The steps after those that `documents` are `read` from, in order; the last is named `survivors`."""
        signed = Step(
            name="minhash",
            stage=Signatures(minhash=self.minhash, documents=self.documents, survival=self.survival),
            inputs=read,
            span=span,
        )
        found = self._edges(signed)
        joined = self._components(found[-1])
        members = Step(
            name="members",
            stage=Members(minhash=self.minhash, survival=self.survival, elections=self.shape.elections),
            inputs=(signed, joined[-1]),
            span=span,
        )
        gathered = (members, *self._earlier(joined[-1]))
        elected = self._clusters((joined[-1], *gathered), read)
        last = Step(
            name="survivors",
            stage=Survivors(minhash=self.minhash, documents=self.documents),
            inputs=(*read, elected),
            span=span,
        )
        return signed, *found, *joined, *gathered, elected, last

    def _edges(self, signed: Step) -> tuple[Step, ...]:
        shape, keys = self.shape, signed
        if shape.merged > 1:
            merging = Merged(minhash=self.minhash, ranges=shape.ranges, rows=shape.rows)
            keys = Step(name="sorted", stage=merging, inputs=(signed,), span=signed.span * shape.merged)
        stage = Edges(
            minhash=self.minhash,
            ranges=shape.ranges,
            rows=shape.rows,
            starts=starts(self.extent, shape.joins),
            merged=shape.merged > 1,
            against=self.against,
        )
        found = Step(name="edges", stage=stage, inputs=(keys,), partitions=self.minhash.bands * shape.ranges)
        return (keys, found) if keys is not signed else (found,)

    def _components(self, edges: Step) -> tuple[Step, ...]:
        shape, begins = self.shape, starts(self.extent, self.shape.joins)
        rounds: list[Step] = []
        for number in range(1, rounds_of(shape.joins) + 1):
            before = rounds[-1] if rounds else edges
            stage = Round(minhash=self.minhash, before=before.name, starts=begins, most=shape.most_joined)
            rounds.append(Step(name=f"components-{number}", stage=stage, inputs=(before,), partitions=shape.joins))
        names = tuple(step.name for step in rounds)
        joined = Joined(minhash=self.minhash, starts=begins, rounds=names, most=shape.most_joined)
        inputs = tuple(rounds) or (edges,)
        return *rounds, Step(name="components", stage=joined, inputs=inputs, partitions=shape.joins)

    def _earlier(self, joined: Step) -> tuple[Step, ...]:
        if not self.against:
            return ()
        pieces = pieces_of(self.extent, self.shape.most_elected)
        stage = Earlier(
            minhash=self.minhash,
            against=self.against,
            pieces=pieces,
            survival=self.survival,
            elections=self.shape.elections,
        )
        return (Step(name="earlier", stage=stage, inputs=(joined,), partitions=sum(pieces)),)

    def _clusters(self, inputs: tuple[Step, ...], read: tuple[Step, ...]) -> Step:
        stage = Clusters(
            minhash=self.minhash,
            documents=self.documents,
            survival=self.survival,
            elections=self.shape.elections,
            most=self.shape.most_elected,
            against=self.against,
        )
        reads_text = isinstance(self.survival, Star) and self.survival.read_text
        inputs = (*read, *inputs) if reads_text else inputs
        return Step(name="clusters", stage=stage, inputs=inputs, partitions=self.shape.elections)
