"""Lines repeated across documents as steps of the machine.

`units-UNIT` writes the hashes of each document's lines, `repeats-UNIT` reads a range of hashes of all documents, and
`measure-repeated-UNIT` writes the signals, row for row beside the documents, which `decide` reads like those of any measure.
"""

from dedup.ingested import Ingested
from dedup.lines import RepeatedLines
from dedup.scale import Extent, Scale
from dedup.stages.repeats import LineSignals, Repeats
from dedup.stages.units import LineUnits
from dedup.survival import Survival
from pipeline.steps import Step


def line_steps(
    lines: RepeatedLines, ingest: Step, scale: Scale, extent: Extent, *, survival: Survival, span: int
) -> tuple[Step, ...]:
    """The steps after `ingest`, in order; the last writes the signals. A line is first where the order of `survival` says so."""
    partitions, rows = scale.units(extent)
    unit = lines.unit
    hashing = LineUnits(lines=lines, documents=Ingested(), score=survival.score)
    hashed = Step(name=f"units-{unit}", stage=hashing, inputs=(ingest,), span=span)
    counting = Repeats(lines=lines, order=survival.order, partitions=partitions, rows=rows)
    counted = Step(name=f"repeats-{unit}", stage=counting, inputs=(hashed,), partitions=partitions)
    told = Step(name=f"measure-repeated-{unit}", stage=LineSignals(measure=lines), inputs=(ingest, counted))
    return hashed, counted, told
