"""Looking for what should be gone: in the bytes of every file below a ROOT, and in every value of every table."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.runs import OpenRun, open_run
from pipeline.storage import open_storage
from pipeline.tables import read_table
from pipeline.url_index import key_of


def run_at(root: Path) -> OpenRun:
    return open_run(open_storage(str(root)))


def documents(root: Path) -> list[dict[str, Any]]:
    """Every document of the last run, with its number and what became of it."""
    run = run_at(root)
    found = []
    for number, part in enumerate(run.source.parts):
        rows = read_table(run.storage, run.receipts("ingest")[part.key], "documents").to_pylist()
        found += [row | {"document": number << 24 | place, "part": number} for place, row in enumerate(rows)]
    clustered = {
        row["document"]: row
        for receipt in run.receipts("clusters").values()
        for row in read_table(run.storage, receipt, "clusters").to_pylist()
    }
    alone = {"cluster": None, "cluster_size": 1, "survivor": None, "keep": None}
    return [document | clustered.get(document["document"], alone) for document in found]


def packed(root: Path) -> dict[str, dict[str, Any]]:
    """The rows of the dataset by their id, with the shard they are in."""
    shards = sorted((root / "dataset" / "data").glob("*.parquet"))
    return {row["id"]: row | {"shard": shard.name} for shard in shards for row in pq.read_table(shard).to_pylist()}


def traces(root: Path, words: Iterable[str], numbers: Iterable[int] = ()) -> list[str]:
    """`file: word` wherever one of the words stands in a file or a table's value, or one of the numbers is a value."""
    wanted, keys = [word.encode() for word in words], set(numbers)
    assert all(wanted)
    found = []
    for path in sorted(path for path in root.rglob("*") if path.is_file()):
        data = path.read_bytes()
        values = list(_values(pq.read_table(pa.BufferReader(data)))) if path.suffix == ".parquet" else []
        texts = [data, *(value for value in values if isinstance(value, bytes))]
        found += [f"{path.relative_to(root)}: {word!r}" for word in wanted if any(word in text for text in texts)]
        found += [f"{path.relative_to(root)}: {value}" for value in values if isinstance(value, int) and value in keys]
    return found


def _values(table: pa.Table) -> Iterator[bytes | int]:
    for column in table.columns:
        for value in column.to_pylist():
            yield from _inside(value)


def _inside(value: Any) -> Iterator[bytes | int]:
    if isinstance(value, dict):
        for each in value.values():
            yield from _inside(each)
    elif isinstance(value, list):
        for each in value:
            yield from _inside(each)
    elif isinstance(value, str):
        yield value.encode()
    elif isinstance(value, bytes | int):
        yield value


def words_of(page: dict[str, Any], others: Iterable[dict[str, Any]]) -> list[str]:
    """What would give a page away: address, id, and the lines of its text that no other page has."""
    elsewhere = "\n".join(other["text"] for other in others if other["document"] != page["document"])
    lines = [line for line in page["text"].split("\n") if len(line) > 20 and line not in elsewhere]
    return [page["url"], page["record_id"].strip("<>"), *lines]


def keys_of(page: dict[str, Any]) -> list[int]:
    """The keys by which the index of a run knew the page."""
    return [key_of(page["url"]), key_of(page["record_id"])]
