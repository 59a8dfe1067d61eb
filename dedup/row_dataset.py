"""The folder that a deduplication of rows leaves: the rows that stay, what became of each row, and what describes both.

As `pipeline.dataset` does for crawls, it is a view of committed parts: the manifest goes first and comes back last.
"""

import hashlib
from collections.abc import Callable
from pathlib import PurePosixPath
from typing import Any

import orjson
import yaml

from pipeline.dataset import FOLDER, MANIFEST, packed, place, public, read_dataset_manifest, shard_name
from pipeline.funnel import funnel
from pipeline.inspection.answers import passes
from pipeline.inspection.clusters import Overview, overview
from pipeline.publishing.checksums import NAME as CHECKSUMS
from pipeline.publishing.checksums import checksums
from pipeline.publishing.front_matter import DATA_FILES, size_category
from pipeline.publishing.markdown import fenced, plain, table
from pipeline.receipts import Receipt
from pipeline.rows.pieces import piece_of
from pipeline.runs import OpenRun
from pipeline.sources import MOST_PARTS

CARD = "README.md"
_SAME = {"same_url": "copies taken out by their address", "same_text": "copies taken out by their text"}
_ALONE = {True: "near-duplicates", False: "copies"}
_COLUMNS = """All columns are those of the input; `minhash_cluster_size` says how many rows each of these stands for.
`duplicates/` has a row for each row of the input, in its order: the cluster that it is of, and the row that stays for it."""
_COPIES = """
Its `reason` says why a row goes, and `copy_of_file` and `copy_of_row` name the row that an exact copy is one of."""
LARGEST = 5  # clusters that a summary names


def duplicates_name(number: int, total: int) -> str:
    """The path of what became of some rows below ROOT, `dataset/duplicates/rows-00000-of-00012.parquet`."""
    return f"{FOLDER}/duplicates/rows-{number:05d}-of-{total:05d}.parquet"


def build_row_dataset(run: OpenRun) -> dict[str, Any]:
    """Makes `dataset/` what the run packed and returns its manifest.

    Raises:
        StorageError: a step is not finished, or its rows do not add up.
    """
    storage, parts = run.storage, packed(run)
    manifest, described = _described(_manifest(run, parts))
    if read_dataset_manifest(storage) == manifest and described.keys() <= set(storage.names(FOLDER)):
        return manifest
    kept = {
        f"{FOLDER}/{name}": receipt.files[each].path
        for each, listed in (("data", manifest["shards"]), ("duplicates", manifest["beside"]))
        for name, receipt in zip((entry["path"] for entry in listed), parts, strict=True)
    }
    place(storage, kept, described)
    return manifest


def _manifest(run: OpenRun, parts: list[Receipt]) -> dict[str, Any]:
    signed, found = run.totals("minhash"), overview(run, most=LARGEST)
    return {
        "run": run.record.id,
        "recipe": run.record.recipe,
        "source": run.source.name,
        "funnel": funnel(run).as_json(),
        "duplicates": {
            "documents": signed.get("documents", 0),
            "signed": signed.get("signed", 0),
            "edges": run.totals("edges").get("edges", 0),
            **_clusters(run, found),
            "largest": [_told(run, head.size, head.survivor) for head in found.largest],
        },
        "input_bytes": run.source.bytes,
        "steps": {
            step.name: {"fingerprint": step.fingerprint, "manifest": run.manifest(step)} for step in run.record.steps
        },
        "payload": run.record.payload,
        "provenance": public(run.record.provenance),
        "shards": _listed(parts, "data", shard_name),
        "beside": _listed(parts, "duplicates", duplicates_name),
    }


def _listed(parts: list[Receipt], table_: str, name: Callable[[int, int], str]) -> list[dict[str, Any]]:
    """A table's files as the folder has them."""
    return [
        {
            "path": _path(name(number, len(parts)), receipt.files[table_].path),
            "sha256": receipt.files[table_].sha256,
            "bytes": receipt.files[table_].bytes,
            "rows": receipt.files[table_].rows,
        }
        for number, receipt in enumerate(parts)
    ]


def _path(name: str, stored: str) -> str:
    """A file's path in the folder, with the ending that it has in storage."""
    return name.removeprefix(f"{FOLDER}/").removesuffix(".parquet") + PurePosixPath(stored).suffix


def _clusters(run: OpenRun, found: Overview) -> dict[str, Any]:
    """How many clusters there are of how many rows; copies count where they were taken away.

    `exact` says of each pass how many rows it looked at, and how many of them have a key.
    """
    near = run.step("clusters") is not None
    if not (kinds := passes(run)):
        told = run.totals("clusters")
        counts = {
            "clustered": told.get("documents", 0),
            "clusters": told.get("clusters", 0),
            "removed": told.get("removed", 0),
        }
        return {"near": near, "exact": {}} | counts
    keyed = {f"same_{kind}": run.totals(f"exact-{kind}") for kind in kinds}
    told = run.totals("survivors")
    removed = sum(count for name, count in told.items() if name.startswith("dropped."))
    return {
        "near": near,
        "exact": {reason: {"rows": each["documents"], "keys": each["keys"]} for reason, each in keyed.items()},
        "clustered": removed + found.clusters,
        "clusters": found.clusters,
        "removed": removed,
    }


def _told(run: OpenRun, size: int, survivor: int) -> dict[str, Any]:
    """How many rows a cluster has, and file and row of the one that stays."""
    piece = piece_of(run.source.parts[(survivor >> 24) & MOST_PARTS - 1])
    return {"rows": size, "survivor_file": piece.name, "survivor_row": piece.first + survivor % (1 << 24)}


def _described(manifest: dict[str, Any]) -> tuple[dict[str, Any], dict[str, bytes]]:
    """The manifest with what is said of the files beside it, and these files by name, itself the last."""
    card = _card(manifest)
    manifest |= {
        "metadata_files": [{"path": CARD, "sha256": hashlib.sha256(card).hexdigest(), "bytes": len(card)}],
    }
    data = orjson.dumps(manifest, option=orjson.OPT_INDENT_2)
    told: dict[str, Any] = orjson.loads(data)
    return told, {CARD: card, CHECKSUMS: checksums(told, data), MANIFEST.removeprefix(f"{FOLDER}/"): data}


def _card_rows(numbers: dict[str, Any], found: dict[str, Any]) -> list[tuple[str, str]]:
    """What was taken out, and what was found."""
    counts = {"rows read": numbers["records"]}
    if barred := sum(numbers["gated"].values()):
        counts["rows taken down"] = barred
    counts |= {_SAME[reason]: numbers["copies"].get(reason, 0) for reason in found["exact"]}
    if found["near"]:
        counts["near-duplicates taken out"] = numbers["near_duplicates"]
    counts["rows that stay"] = numbers["kept"]
    of = "copies and near-duplicates" if found["exact"] and found["near"] else _ALONE[found["near"]]
    counts[f"clusters of {of}"] = found["clusters"]
    if found["near"]:
        counts["rows too short to be compared, which stay"] = found["documents"] - found["signed"]
    return [(what, f"{count:,}") for what, count in counts.items()]


def _card(manifest: dict[str, Any]) -> bytes:
    """README.md: how to load the rows, and what was taken out."""
    numbers, found = manifest["funnel"], manifest["duplicates"]
    lines = any(shard["path"].endswith(".jsonl") for shard in manifest["shards"])
    pattern = DATA_FILES.replace(".parquet", ".jsonl") if lines else DATA_FILES
    head = {
        "size_categories": [size_category(numbers["kept"])],
        "tags": ["gristmill", "deduplicated"],
        "configs": [{"config_name": "default", "data_files": [{"split": "train", "path": pattern}]}],
    }
    load = 'from datasets import load_dataset\n\ndataset = load_dataset("path/to/this/folder", split="train")'
    text = "\n\n".join(
        [
            f"---\n{yaml.safe_dump(head, sort_keys=False)}---",
            f"# {plain(manifest['source'])}, deduplicated",
            table(("", "rows"), _card_rows(numbers, found), "lr"),
            fenced("python", load),
            _COLUMNS + (_COPIES if found["exact"] else ""),
        ]
    )
    return (text + "\n").encode()
