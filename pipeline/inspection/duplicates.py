"""Some removed near-duplicates, each beside the page of its cluster that stayed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from pipeline.earlier import is_earlier
from pipeline.inspection.frames import chosen
from pipeline.inspection.reading import Files

_PART, _ROW = 24, (1 << 24) - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A page that was removed, and the one of its cluster that stayed."""

    removed: dict[str, Any]
    stayed: dict[str, Any]
    cluster_size: int


def pairs(files: Files, each: int, columns: Sequence[str] = ("url", "date", "text")) -> list[Pair]:
    """Up to `each` removed pages of different clusters, chosen by the hash of their id, with their survivors.

    Those whose survivor is of an earlier release are left out.
    """
    removed = chosen(files, each * 4, where=pl.col("fate") == "near_duplicate")
    found: list[Pair] = []
    seen: set[int] = set()
    for page in removed.iter_rows(named=True):
        part, row = int(page["part"]), int(page["document_row"])
        rows = files.file(part).records(["cluster", "cluster_size", "survivor"])
        answer = rows.row(int(page["row"]), named=True)
        if answer["cluster"] in seen or len(found) == each:
            continue
        seen.add(answer["cluster"])
        stayed = int(answer["survivor"])
        if is_earlier(stayed):
            continue
        found.append(
            Pair(
                removed=_document(files, part, row, columns),
                stayed=_document(files, stayed >> _PART, stayed & _ROW, columns),
                cluster_size=int(answer["cluster_size"]),
            )
        )
    return found


def _document(files: Files, part: int, row: int, columns: Sequence[str]) -> dict[str, Any]:
    return files.file(part).documents(columns, [row]).row(0, named=True)
