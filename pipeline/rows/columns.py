"""Which columns of somebody else's rows say what, and the record that a row becomes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, time
from typing import Any

from pipeline.archives.record import Record, parse_date
from pipeline.errors import InputError, RecordError

CUSTOMARY: dict[str, tuple[str, ...]] = {  # FineWeb has them flat, datatrove's writers keep all but two in `metadata`
    "text": ("text",),
    "id": ("id",),
    "url": ("url", "metadata.url"),
    "date": ("date", "metadata.date"),
    "dump": ("dump", "metadata.dump"),
    "file_path": ("file_path", "metadata.file_path"),
}
ROW = "row"  # the type of such a record, where an archive's is `response`

NOT_UTF8 = object()
"""Stands for a text whose bytes are no UTF-8."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RowColumns:
    """Names of the columns with the text, id, address and date of a row; a dot goes into a struct or JSON object.

    None stands for the customary name, which only `text` must have. A column that is named must be there.
    """

    text: str | None = None
    id: str | None = None
    url: str | None = None
    date: str | None = None

    def candidates(self) -> dict[str, tuple[str, ...]]:
        """For each thing to know of a row, the columns that may say it; the first that is there does."""
        named = {field.name: getattr(self, field.name) for field in fields(self)}
        return {what: (named[what],) if named.get(what) else names for what, names in CUSTOMARY.items()}

    def demanded(self) -> dict[str, str]:
        """The columns that have to be there, by what they say."""
        named = {field.name: getattr(self, field.name) for field in fields(self)}
        return {"text": "text"} | {what: name for what, name in named.items() if name}


def missing_column(name: str, what: str, column: str, there: Sequence[str]) -> InputError:
    """The error for a file without a column that has to be there."""
    listed = ", ".join(there) or "none"
    return InputError(f"{name}: no column {column}; there are {listed}; name the right one with {option_of(what)}")


def option_of(what: str) -> str:
    """The option that names the column of a kind."""
    return "--score" if what == "score" else f"--{what}-column"


def record_of(row: Mapping[str, Any], name: str, *, offset: int, length: int, max_chars: int) -> Record:
    """The record of a row of file `name`, given by what its columns say; what is wrong with its text is said in it."""
    failure = None
    text = row.get("text")
    try:
        _check(text, max_chars)
    except RecordError as error:
        failure, text = error, None
    return Record(
        kind="page",
        type=ROW,
        offset=offset,
        length=length,
        record_id=id_of(row.get("id")) or f"<gristmill:{name}:{offset}>",
        url=_string(row.get("url")) or "",
        date=date_of(row.get("date")),
        text=text,
        dump=_string(row.get("dump")),
        file_path=_string(row.get("file_path")),
        error=failure.detail if failure else None,
        error_reason=failure.reason if failure else None,
        by_limit=failure.by_limit if failure else False,
    )


def _check(text: object, max_chars: int) -> None:
    if text is None:
        raise RecordError("no_text", "the row's text is null or missing")
    if text is NOT_UTF8:
        raise RecordError("not_utf8", "the row's text is no UTF-8")
    if not isinstance(text, str):
        raise RecordError("text_not_string", f"the row's text is of type {type(text).__name__}")
    if len(text) > max_chars:
        raise RecordError("over_size", f"the row's text has {len(text):,} characters", by_limit=True)


def _string(value: object) -> str | None:
    return value if isinstance(value, str) else None


def id_of(value: object) -> str | None:
    """An id as text; the digits of a number."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else _string(value)


def date_of(value: object) -> datetime | None:
    """UTC; a time without a zone is taken for UTC, as those of crawls are, and what is no date for none."""
    if isinstance(value, str):
        return parse_date(value)
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    return datetime.combine(value, time(), UTC) if isinstance(value, date) else None
