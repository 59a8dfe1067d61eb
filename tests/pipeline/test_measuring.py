"""A measure that comes later reads the stored text and writes beside it."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pyarrow as pa
from handmade import CRAWL, Page, crawl_of, crawl_steps
from tiny import execute

from pipeline.measures import schema, signals_of
from pipeline.measuring import BATCH, Measuring
from pipeline.pages import Pages
from pipeline.steps import Step
from pipeline.storage import LocalStorage
from pipeline.tables import read_table


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    name: ClassVar[str] = "sizes"
    version: ClassVar[int] = 1
    engines: ClassVar[tuple[str, ...]] = ()
    signals: ClassVar[pa.Schema] = schema(text_chars="int32", url_chars="int32")

    def measure(self, pages: Pages) -> pa.RecordBatch:
        columns = {"text_chars": list(map(len, pages.texts)), "url_chars": list(map(len, pages.urls))}
        return signals_of(self.signals, columns, len(pages))


def test_signals_stand_beside_the_documents_of_their_file(tmp_path: Path) -> None:
    pages = CRAWL | {"z.warc": tuple(Page(url=f"z/{n}", text="z" * n) for n in range(2 * BATCH + 1))}
    ingest = crawl_steps(pages)[0]
    step = Step(name="measure-sizes", stage=Measuring(measure=Sizes()), inputs=(ingest,))
    execution = execute(tmp_path, crawl_of(pages), ingest, step)
    state = execution.states["measure-sizes"]
    for part, of in zip(state.planned.parts, pages.values(), strict=True):
        receipt = state.receipts[part.key]
        documents = [page for page in of if page.gate is None]
        table = read_table(LocalStorage(tmp_path), receipt, "signals")
        assert table.schema.equals(Sizes.signals)
        assert table["text_chars"].to_pylist() == [len(page.text) for page in documents]
        assert table["url_chars"].to_pylist() == [len(page.url) for page in documents]
        assert receipt.counts == {"rows": len(documents)}
