"""Lines repeated across documents as steps of the machine.

`units-UNIT` writes the hashes of each document's lines, `repeats-UNIT` reads a range of hashes of all documents, and
`measure-repeated-UNIT` writes the signals, row for row beside the documents, which `decide` reads like those of any measure.

To take lines out, `units-kept-UNIT` and `repeats-kept-UNIT` do the same with the documents that stay after everything else has
judged them, and `remove-repeats` writes what goes of each, which `pack` reads.
"""

from dedup.documents import Judged
from dedup.ingested import Ingested
from dedup.lines import RepeatedLines
from dedup.removal import RemoveRepeatedLines, check_units
from dedup.scale import Extent, Scale
from dedup.stages.removing import RemoveRepeats
from dedup.stages.repeats import LineSignals, Repeats
from dedup.stages.units import LineUnits
from dedup.survival import Survival
from dedup.surviving import Surviving
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


def removal_steps(
    removals: tuple[RemoveRepeatedLines, ...],
    read: tuple[Step, Step],
    scale: Scale,
    extent: Extent,
    *,
    survival: Survival,
    span: int,
) -> tuple[Step, ...]:
    """The steps after `ingest` and what judges last (`decide` or `survivors`), in order; the last says what goes.

    A line is first where the order of `survival` says so. RecipeError for two of a unit.
    """
    check_units(removals)
    documents = Surviving() if read[1].name == "survivors" else Judged()
    partitions, rows = scale.units(extent)
    steps: list[Step] = []
    for lines in (each.lines for each in removals):
        stage = LineUnits(lines=lines, documents=documents, score=survival.score)
        hashed = Step(name=f"units-kept-{lines.unit}", stage=stage, inputs=read, span=span)
        counting = Repeats(lines=lines, order=survival.order, partitions=partitions, rows=rows, kept=True)
        counted = Step(name=f"repeats-kept-{lines.unit}", stage=counting, inputs=(hashed,), partitions=partitions)
        steps += hashed, counted
    stage = RemoveRepeats(removals=removals, documents=documents)
    return *steps, Step(name="remove-repeats", stage=stage, inputs=(*read, *steps[1::2]), span=span)
