"""Labelled text from Parquet and JSON lines: texts, labels, and on which side of the split each row is said to be."""

import math
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.annotations.side_files import sha256_of
from pipeline.errors import InputError
from pipeline.inputs import open_seekable
from pipeline.rows.columns import RowColumns, option_of
from pipeline.rows.json_rows import json_rows
from pipeline.rows.jsonl import look_up, names_in
from pipeline.rows.parquet import READ_BYTES, column_at, found_columns, found_score, unreadable
from pipeline.rows.pieces import piece_of
from pipeline.sources import ROW_FILES, SourcePart, find_source

Labels = npt.NDArray[np.float64]

TRAIN = ("train", "training")
HELD_OUT = ("test", "dev", "valid", "validation", "held_out", "held-out", "eval")
"""What a column `split` may say."""
_NAMED = 3  # rows in an error
_BATCH = 1_024


@dataclass(frozen=True, slots=True)
class LabelledFile:
    """A file that was read, by its digest."""

    name: str
    sha256: str
    rows: int


@dataclass(slots=True)
class Labelled:
    """Rows with a label, in the order of the files; `held_out` is None where no column says it. `unlabelled` rows had null."""

    texts: list[str] = field(default_factory=list[str])
    labels: list[float] = field(default_factory=list[float])
    held_out: list[bool | None] = field(default_factory=list["bool | None"])
    files: list[LabelledFile] = field(default_factory=list[LabelledFile])
    unlabelled: int = 0

    @property
    def numbers(self) -> Labels:
        """The labels as an array."""
        return np.array(self.labels, np.float64)

    @property
    def is_binary(self) -> bool:
        """Whether all labels are 0 or 1."""
        return set(self.labels) <= {0.0, 1.0}


def read_labelled(inputs: Sequence[str], text: str, label: str, split: str) -> Labelled:
    """All rows of the files that have a label; null stands for a row that nobody has labelled yet.

    Raises:
        InputError: a file or column is missing, a text is empty, or a label is no number.
    """
    found = Labelled()
    for part in find_source(inputs, name="labelled").parts:
        if not part.name.endswith(ROW_FILES):
            raise InputError(f"{part.location}: labelled text is Parquet or JSON lines (.jsonl, .jsonl.gz …)")
        rows = _parquet(part, text, label, split) if part.name.endswith(".parquet") else _json(part, text, label, split)
        count = 0
        wrong: list[str] = []
        for count, row in enumerate(rows, 1):
            if why := _add(found, *row):
                wrong.append(f"row {count - 1}: {why}")
        if wrong:
            more = f" (+{len(wrong) - _NAMED} more)" if len(wrong) > _NAMED else ""
            raise InputError(f"{part.location}: {'; '.join(wrong[:_NAMED])}{more}")
        found.files.append(LabelledFile(part.name, sha256_of(part.location), count))
    return found


def _add(found: Labelled, text: Any, label: Any, split: Any) -> str | None:
    """Takes a row in, or says what is wrong with it."""
    if label is None:
        found.unlabelled += 1
        return None
    if not isinstance(text, str) or not text.strip():
        return f"the text is {'empty' if isinstance(text, str) or text is None else f'of type {type(text).__name__}'}"
    if not isinstance(label, bool | int | float) or not math.isfinite(label):
        return f"the label is {str(label)[:20]!r}, not a number"
    if split is not None and split not in (*TRAIN, *HELD_OUT):
        return f"split is {str(split)[:20]!r}, and can be {', '.join((*TRAIN, *HELD_OUT))}"
    found.texts.append(text)
    found.labels.append(float(label))
    found.held_out.append(None if split is None else split in HELD_OUT)
    return None


def _parquet(part: SourcePart, text: str, label: str, split: str) -> Iterator[tuple[Any, Any, Any]]:
    with closing(open_seekable(part.location)) as source, unreadable(part.location):
        file = pq.ParquetFile(source, buffer_size=READ_BYTES, pre_buffer=False)
        schema = file.schema_arrow
        paths = [found_columns(schema, RowColumns(text=text), part.location)["text"], _label_path(part, schema, label)]
        paths += [(split,)] if split in schema.names else []
        for batch in file.iter_batches(_BATCH, columns=[".".join(path) for path in paths], use_threads=False):
            columns = [column_at(batch, path).to_pylist() for path in paths]
            columns += [[None] * batch.num_rows] * (3 - len(columns))
            yield from zip(*columns, strict=True)


def _label_path(part: SourcePart, schema: pa.Schema, label: str) -> tuple[str, ...]:
    if label in schema.names and pa.types.is_boolean(schema.field(label).type):
        return (label,)
    try:
        return found_score(schema, label, part.location)
    except InputError as error:
        raise InputError(str(error).replace(option_of("score"), option_of("label"))) from error


def _json(part: SourcePart, text: str, label: str, split: str) -> Iterator[tuple[Any, Any, Any]]:
    seen: set[str] = set()
    there: list[str] = []
    for rows in json_rows(piece_of(part)):
        there = there or names_in(rows[0])
        for row in rows:
            found = {name: look_up(row, name) for name in (text, label, split)}
            seen |= {name for name, (known, _) in found.items() if known}
            yield tuple(value for _, value in (found[text], found[label], found[split]))  # pyright: ignore[reportReturnType]
    for what, name in (("text", text), ("label", label)):
        if name not in seen:
            listed = ", ".join(there) or "none"
            raise InputError(
                f"{part.location}: no column {name}; there are {listed}; name the right one with {option_of(what)}"
            )
