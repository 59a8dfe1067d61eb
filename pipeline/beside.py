"""Columns that stand row for row beside the documents of a part, whichever step wrote them and however it was cut."""

from collections.abc import Sequence

import pyarrow as pa

from pipeline.errors import RecipeError
from pipeline.steps import PartRun
from pipeline.tables import columns_of, read_table


def documents_of(part: PartRun) -> int:
    """How many documents the part covers."""
    return sum(receipt.rows("documents") for receipt in part.receipts("ingest"))


def beside(part: PartRun, step: str, names: Sequence[str], table: str = "signals") -> pa.Table:
    """The columns `names` that `step` wrote of all documents that the part covers, in order.

    AssertionError where it wrote of more or fewer: then what is wrong is the graph.
    """
    pieces = [read_table(part.storage, receipt, table, names) for receipt in part.receipts(step)]
    found = pa.concat_tables(pieces)
    if found.num_rows != documents_of(part):
        raise AssertionError(f"{step}: {found.num_rows} rows beside {documents_of(part)} documents")
    return found


def signals_among(part: PartRun, steps: Sequence[str], wanted: Sequence[str]) -> pa.Table:
    """The signals `wanted`, each from the step among `steps` that writes it; RecipeError for one that none writes."""
    found: dict[str, pa.ChunkedArray] = {}
    for step in steps:
        here = columns_of(part.storage, part.receipts(step)[0], "signals")
        if names := [name for name in wanted if name in here]:
            found |= dict(zip(names, beside(part, step, names).columns, strict=True))
    if missing := [name for name in wanted if name not in found]:
        raise RecipeError(f"no model of the recipe writes the score {missing[0]} that a rule names")
    return pa.table(found)


def document_signal(part: PartRun, name: str) -> pa.ChunkedArray:
    """A signal that ingest wrote into `records`, of the documents alone."""
    pieces: list[pa.ChunkedArray] = []
    for receipt in part.receipts("ingest"):
        records = read_table(part.storage, receipt, "records", ["document_row", name])
        pieces.append(records.filter(records["document_row"].is_valid())[name])
    chunks = [chunk for piece in pieces for chunk in piece.chunks]
    return pa.chunked_array(chunks, pieces[0].type)
