"""What is joined to a run's documents: which columns of which file, known by its digest, on which key."""

import re
from dataclasses import dataclass, field

import pyarrow as pa

from pipeline.errors import RecipeError
from pipeline.identity import NOT_IDENTITY
from pipeline.measures import schema

KEYS = {"id": "record_id", "url": "url"}
"""The column of `documents` that each key is compared with; in the file it has the key's own name."""
TYPES = ("float64", "int64", "bool", "string")

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotation:
    """Columns of a Parquet, JSONL or CSV file, each with its type, for the documents whose `on` the file has.

    `sha256` is the file's identity and is verified; where it lies is not, and nobody looks there once it has been read.
    """

    name: str
    on: str
    columns: tuple[tuple[str, str], ...]
    sha256: str
    path: str = field(metadata=NOT_IDENTITY)

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise RecipeError(
                f"annotation {self.name!r}: the name becomes a folder's; use letters, digits, '_' and '-'"
            )
        if self.on not in KEYS:
            raise RecipeError(f"annotation {self.name}: on is {self.on!r}, and can be {' or '.join(KEYS)}")
        if not _SHA256.fullmatch(self.sha256):
            raise RecipeError(f"annotation {self.name}: sha256 is not 64 hexadecimal digits")
        if not self.columns:
            raise RecipeError(f"annotation {self.name}: name at least one column")
        for column, kind in self.columns:
            if kind not in TYPES:
                raise RecipeError(f"annotation {self.name}: column {column} is {kind}, and can be {', '.join(TYPES)}")

    @property
    def signals(self) -> pa.Schema:
        """The columns as signals, under the names they have in the file."""
        return schema(**dict(self.columns))
