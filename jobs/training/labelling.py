"""Reads labels back: those of a file joined to the pages that were drawn, so that train-quality can learn from them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from pipeline.annotations.side_files import side_batches, side_columns
from pipeline.errors import InputError
from pipeline.rows.json_rows import json_rows
from pipeline.rows.pieces import piece_of
from pipeline.sources import JSON_LINES, find_source

KEY = "id"


@dataclass(slots=True)
class Joined:
    """How many pages have got a label, how many have none, and how many labels are of pages that were not drawn."""

    labelled: int = 0
    without: int = 0
    strange: int = 0
    rows: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])


def labels_of(location: str, column: str) -> dict[str, float]:
    """The label of each id in a Parquet, JSONL or CSV file; rows without a label are left out.

    Raises:
        InputError: the file has no such column, no numbers in it, or two labels for one page.
    """
    ((_, kind),) = side_columns(location, KEY, [column])
    if kind == "string":
        raise InputError(f"{location}: column {column} is text, and a label is a number, or true and false")
    found: dict[str, float] = {}
    for batch in side_batches(location, KEY, ((column, kind),)):
        for key, label in zip(batch.column(0).to_pylist(), batch.column(1).to_pylist(), strict=True):
            if key is None or label is None:
                continue
            if found.setdefault(_bare(key), float(label)) != float(label):
                raise InputError(f"{location}: {KEY} {key} has two labels, {found[_bare(key)]:g} and {float(label):g}")
    return found


def join_labels(sample: Sequence[str], labels: dict[str, float]) -> Joined:
    """The pages of a sample that have a label, with it.

    Raises:
        InputError: the sample is none, or no label is of any of its pages.
    """
    told, left = Joined(), dict(labels)
    for row in _rows(sample):
        label = left.pop(_bare(str(row[KEY])), None)
        if label is None:
            told.without += 1
            continue
        told.rows.append(row | {"label": label})
        told.labelled += 1
    if not told.labelled:
        raise InputError(f"none of {len(labels):,} labels is of a page in {', '.join(sample)}")
    told.strange = len(left)
    return told


def _rows(sample: Sequence[str]) -> Iterator[dict[str, Any]]:
    for part in find_source(sample, name="sample").parts:
        if not part.name.endswith(JSON_LINES):
            raise InputError(f"{part.location}: a sample is JSON lines, as this command writes them")
        for rows in json_rows(piece_of(part)):
            for row in rows:
                if not row.get(KEY) or not isinstance(row.get("text"), str):
                    raise InputError(f"{part.location}: a row without {KEY} or text; is this a sample that was drawn?")
                yield row


def _bare(key: str) -> str:
    """An id without angle brackets, which some tools take away."""
    return key.removeprefix("<").removesuffix(">")
