"""What a card says of a run beyond its funnel: counted once, from receipts and the list of input files, for the manifest."""

from collections import Counter
from typing import Any

import pyarrow as pa

from pipeline.cuts import ONLY_REPEATS
from pipeline.pack import dump_of
from pipeline.runs import OpenRun
from pipeline.schemas import data_schema


def dataset_facts(run: OpenRun) -> dict[str, Any]:
    """Input, languages, dates, near-duplicates and columns of a finished run, as its manifest holds them.

    `languages`, `dates` and `arrow_bytes` are None where the run was packed before receipts told them.
    """
    source = run.source
    return {
        "input_bytes": source.bytes,
        "dumps": dict(Counter(dump_of(part.name, source.name) for part in source.parts)),
        "columns": [{"name": field.name, "type": str(field.type)} for field in _schema(run)],
        "languages": _languages(run),
        "dates": _dates(run),
        "arrow_bytes": run.totals("pack").get("arrow_bytes"),
        "duplicates": _duplicates(run),
        **_removed(run),
    }


def _schema(run: OpenRun) -> pa.Schema:
    """The columns of the shards, as the step that packed them was told."""
    stage = run.record.payload.get("pack", {}).get("stage", {})
    scores = {told["column"]: told["kind"] for told in stage.get("scores", ())}
    return data_schema(stage.get("facts", ()), rehydrated="rehydration" in stage, scores=scores)


def _languages(run: OpenRun) -> dict[str, int] | None:
    """Documents by language, the most frequent first."""
    totals = run.totals("pack")
    found = {key.removeprefix("language."): count for key, count in totals.items() if key.startswith("language.")}
    known = sum(found.values()) == totals.get("rows", 0)
    return dict(sorted(found.items(), key=lambda item: (-item[1], item[0]))) if known else None


def _dates(run: OpenRun) -> list[str] | None:
    """When the first and the last page that stay were fetched."""
    dates = [date for receipt in run.receipts("pack").values() for date in receipt.facts.get("dates", ())]
    return [min(dates), max(dates)] if dates else None


def _duplicates(run: OpenRun) -> dict[str, int] | None:
    if run.step("clusters") is None:
        return None
    signed, joined = run.totals("minhash"), run.totals("clusters")
    return {
        "documents": signed.get("documents", 0),
        "signed": signed.get("signed", 0),
        "edges": run.totals("edges").get("edges", 0),
        "clustered": joined.get("documents", 0),
        "clusters": joined.get("clusters", 0),
        "removed": joined.get("removed", 0),
    }


def _removed(run: OpenRun) -> dict[str, dict[str, int]]:
    """How much was taken out of texts because it repeats; nothing where the run takes nothing out."""
    if run.step("remove-repeats") is None:
        return {}
    told = run.totals("remove-repeats")
    emptied = told.get(f"dropped.{ONLY_REPEATS}", 0)
    counts = {"documents": told.get("changed", 0), "emptied": emptied, "chars": told.get("removed_chars", 0)}
    return {"removed": counts}
