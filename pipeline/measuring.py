"""A measure added later: reads stored text, writes signals beside the documents, touches no HTML."""

from dataclasses import dataclass
from typing import ClassVar

from pipeline.measures import Measure
from pipeline.pages import Pages
from pipeline.steps import PartRun, Step
from pipeline.tables import read_batches

BATCH = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Measuring:
    """Runs one measure over the documents of a part."""

    name: ClassVar[str] = "measuring"
    version: ClassVar[int] = 1

    measure: Measure

    def run(self, part: PartRun) -> dict[str, int]:
        """Writes `signals`, row-aligned with the documents of the covered ingest part."""
        writer = part.writer("signals", self.measure.signals)
        for receipt in part.receipts("ingest"):
            for batch in read_batches(part.storage, receipt, "documents", ["text", "url"], BATCH):
                pages = Pages(batch["text"].to_pylist(), urls=batch["url"].to_pylist())
                writer.write(self.measure.measure(pages))
        return {"rows": writer.rows}


def measure_step(measure: Measure, ingest: Step) -> Step:
    """The step of a measure: the same in a recipe and added to a run, so what one did the other finds done."""
    return Step(name=f"measure-{measure.name}", stage=Measuring(measure=measure), inputs=(ingest,))
