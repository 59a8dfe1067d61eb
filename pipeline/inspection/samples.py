"""A few pages of each fate, chosen by the hash of their id, with the numbers and the places that decided."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from pipeline.evidence import Span
from pipeline.inspection.annotation import MOST_CHARS, Piece, annotated
from pipeline.inspection.frames import CHOSEN, Told, bound_text, documents_frame, silent
from pipeline.inspection.reading import Files
from pipeline.measures import Rule

Explain = Callable[[str | None, dict[str, Any]], list[Span]]
"""What did it: from a reason and a page (`url`, `text`) to places in its text or, for a gate, in its address."""

MOST_URL, MOST_ERROR = 300, 400  # characters shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A page for a person: `url` and `pieces` of its text with what did it marked, and `facts` as (what, value).

    `pieces` is empty where no text was kept. `chars` counts the whole text.
    """

    part: int
    row: int
    file: str
    record_id: str
    date: str
    fate: str
    reason: str | None
    url: list[Piece]
    pieces: list[Piece]
    chars: int | None
    facts: list[tuple[str, str]]


def nothing_known(_reason: str | None, _page: dict[str, Any]) -> list[Span]:
    """Explains nothing."""
    return []


def samples(
    files: Files, picked: pl.DataFrame, explain: Explain = nothing_known, most: int = MOST_CHARS, told: Told = silent
) -> list[Sample]:
    """The records `picked` (as `frames.chosen` gives them) as samples, in their order."""
    texts = documents_frame(files, picked, ["text", "edits"])
    known = {(row["part"], row["row"]): row for row in texts.iter_rows(named=True)} if "text" in texts.columns else {}
    found: dict[tuple[int, int], Sample] = {}
    parts = picked["part"].unique().sort().to_list()
    for done, part in enumerate(parts):
        rows = files.file(part)
        signals = [rule.signal for rule in files.run.record.rules if rule.signal in rows.signals]
        wanted = ["record_id", "url", "date", "error", "violations", *signals, *_languages(rows.signals)]
        here = picked.filter(pl.col("part") == part)
        records = rows.records(list(dict.fromkeys(wanted))).join(here.select(*CHOSEN), on=["part", "row"], how="inner")
        for record in records.iter_rows(named=True):
            place = part, int(record["row"])
            found[place] = _sample(files, record, known.get(place, {}), explain, most)
        told("reading samples", done + 1, len(parts))
    return [found[place] for place in picked.select("part", "row").iter_rows()]


def _languages(signals: Sequence[str]) -> list[str]:
    return [name for name in ("language", "language_score") if name in signals]


def _sample(files: Files, record: dict[str, Any], document: dict[str, Any], explain: Explain, most: int) -> Sample:
    url, reason, text = record["url"] or "", record["reason"], document.get("text")
    spans = explain(reason, {"url": url, "text": text})
    in_text = text is not None
    return Sample(
        part=record["part"],
        row=record["row"],
        file=files.run.source.parts[record["part"]].name,
        record_id=record["record_id"] or "",
        date=f"{record['date']:%Y-%m-%d %H:%M}" if record["date"] else "",
        fate=record["fate"],
        reason=reason,
        url=annotated(url[:MOST_URL], [] if in_text else spans),
        pieces=annotated(text, spans, document.get("edits") or (), most) if in_text else [],
        chars=len(text) if in_text else None,
        facts=_facts(files.run.record.rules, record),
    )


def _facts(rules: Sequence[Rule], record: dict[str, Any]) -> list[tuple[str, str]]:
    """The error, or each rule that failed with the value it saw, the decisive one first; for others the language."""
    if record["error"]:
        return [("error", record["error"][:MOST_ERROR])]
    failed = [rules[number] for number in record["violations"] or ()]
    facts = [(rule.signal, f"{value_text(record.get(rule.signal))} {rule.op} {bound_text(rule)}") for rule in failed]
    if facts or record.get("language") is None:
        return facts
    return [("language", f"{record['language']}, {value_text(record.get('language_score'))}")]


def value_text(value: Any) -> str:
    """A signal's value as a person reads it."""
    return "null" if value is None else f"{value:.4g}" if isinstance(value, float) else str(value)
