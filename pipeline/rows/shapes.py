"""What the values of JSON need as columns: how many and how deep. Objects whose keys are data would need one for each key."""

import re
from typing import Any

import pyarrow as pa

from pipeline.errors import InputError

MOST_LEAVES = 4_096  # columns, those in structs counted: each is held for every row of a batch
MOST_NESTED = 100  # lists and objects in each other; what Arrow writes of a type of more than some 120 it cannot read

_ITEM = "[]"  # stands for all items of a list
_HALF = re.compile("[\ud800-\udfff]")

Shape = dict[str, Any]


class Shapes:
    """The columns that the rows of one file need, counted before any is made."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._found: Shape = {}
        self._leaves = 0
        self._row = 0

    def add(self, rows: list[dict[str, Any]]) -> None:
        """Counts what these rows add. InputError for a key that is no UTF-8, too many columns, or too much nesting."""
        for row in rows:
            self._add(self._found, row, 1)
            self._row += 1

    def _add(self, shape: Shape, value: dict[str, Any], depth: int) -> None:
        if not shape.keys() >= value.keys():
            self._grow(shape, value)
        for key, inner in value.items():
            if isinstance(inner, dict | list) and inner:
                self._below(shape[key], inner, depth + 1)

    def _below(self, shape: Shape, value: dict[str, Any] | list[Any], depth: int) -> None:
        if depth > MOST_NESTED + 1:
            raise InputError(f"{self._where}: lists and objects are nested more than {MOST_NESTED} deep; flatten them")
        if isinstance(value, dict):
            self._add(shape, value, depth)
        elif not {dict, list}.isdisjoint(map(type, value)):
            for item in value:
                if isinstance(item, dict | list) and item:
                    self._below(shape.setdefault(_ITEM, {}), item, depth + 1)

    def _grow(self, shape: Shape, value: dict[str, Any]) -> None:
        more = value.keys() - shape.keys()
        for key in more:
            if _HALF.search(key):
                raise InputError(
                    f"{self._where}: the key {key!a} has half a character, which no column's name can; "
                    "rename it, or keep the lines with --format jsonl"
                )
        self._leaves += len(more)
        shape.update((key, {}) for key in more)
        if self._leaves > MOST_LEAVES:
            raise too_many(max(self._found, key=lambda column: _size(self._found[column])), self._where)

    @property
    def _where(self) -> str:
        return f"{self._name}, row {self._row}"


def _size(shape: Shape) -> int:
    return 1 + sum(map(_size, shape.values()))


def too_many(column: str, where: str) -> InputError:
    """The error for a column that would be more of them than a table can have here."""
    return InputError(
        f"{where}: column {column} makes more than {MOST_LEAVES:,} columns, one for each key of its objects; make a list of "
        "keys and values of it, or a text, or keep the lines with --format jsonl"
    )


def held(value: Any, kind: pa.DataType | None) -> Any:
    """The value as Arrow takes it: U+FFFD for half of a surrogate pair; an object without members is null in a text column."""
    if isinstance(value, str):
        return _HALF.sub("\ufffd", value)
    if isinstance(value, list):
        below = kind.value_type if kind is not None and pa.types.is_list(kind) else None
        return [held(item, below) for item in value]
    if not isinstance(value, dict):
        return value
    if not value and kind is not None and pa.types.is_large_string(kind):
        return None
    fields = {} if kind is None or not pa.types.is_struct(kind) else {field.name: field.type for field in kind}
    return {key: held(inner, fields.get(key)) for key, inner in value.items()}
