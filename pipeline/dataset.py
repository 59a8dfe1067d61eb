"""The folder a trainer opens: packed shards under the names the Hub uses, and what describes them.

It is a view: shards are links to (on an object store, copies of) committed parts. The manifest goes first and comes back last,
so a folder with a manifest is whole. Card, Croissant description and checksums stand beside the shards, so the folder can be
published as it is.
"""

import dataclasses
import re
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

import orjson

from pipeline.errors import StorageError
from pipeline.funnel import funnel
from pipeline.publishing.describe import describe
from pipeline.publishing.facts import dataset_facts
from pipeline.publishing.release import Release
from pipeline.receipts import FileEntry, Receipt
from pipeline.runs import OpenRun
from pipeline.storage import Storage

_PLACE = re.compile(r"\A(-\w=?|--[\w-]+=)?([/~].*)\Z", re.DOTALL)  # an absolute path, perhaps joined to its option

FOLDER = "dataset"
MANIFEST = f"{FOLDER}/manifest.json"


def shard_name(number: int, total: int) -> str:
    """The path of a shard below ROOT, `dataset/data/train-00000-of-00012.parquet`."""
    return f"{FOLDER}/data/train-{number:05d}-of-{total:05d}.parquet"


def build_dataset(run: OpenRun) -> dict[str, Any]:
    """Makes `dataset/` what the run packed and returns its manifest.

    Raises:
        StorageError: a step is not finished, or its records do not add up.
    """
    storage, shards = run.storage, list(run.receipts("pack").values())
    pack = run.step("pack")
    if pack is None or not run.is_sealed(pack):
        raise StorageError(f"{storage.location}: not every shard is packed; run the same command again")
    if wrong := funnel(run).conservation():
        raise StorageError(f"{storage.location}: records are not conserved: {wrong}")
    described = describe(_manifest(run, shards), Release())
    manifest: dict[str, Any] = orjson.loads(described["manifest.json"])
    if _is_current(storage, manifest, described):
        return manifest
    storage.delete(MANIFEST)
    names = [shard_name(number, len(shards)) for number in range(len(shards))]
    for name, receipt in zip(names, shards, strict=True):
        storage.copy(receipt.files["data"].path, name)
    for stale in storage.names(f"{FOLDER}/data"):
        if f"{FOLDER}/data/{stale}" not in names:
            storage.delete(f"{FOLDER}/data/{stale}")
    for name, text in described.items():
        storage.put(f"{FOLDER}/{name}", text)
    return manifest


def read_dataset_manifest(storage: Storage) -> dict[str, Any] | None:
    """The manifest of the dataset folder, or None where no finished run has made one."""
    if not storage.exists(MANIFEST):
        return None
    try:
        manifest: dict[str, Any] = orjson.loads(storage.get(MANIFEST))
        _ = manifest["run"], [FileEntry(**shard) for shard in manifest["shards"]]
        return manifest
    except (orjson.JSONDecodeError, KeyError, TypeError) as error:
        raise StorageError(f"{MANIFEST} is damaged: {error}; delete it and run the same command again") from error


def _is_current(storage: Storage, manifest: dict[str, Any], described: Mapping[str, bytes]) -> bool:
    there = read_dataset_manifest(storage)
    return there == manifest and described.keys() <= set(storage.names(FOLDER))


def _manifest(run: OpenRun, shards: list[Receipt]) -> dict[str, Any]:
    return {
        "run": run.record.id,
        "recipe": run.record.recipe,
        "source": run.source.name,
        "files": len(run.source.parts),
        "funnel": funnel(run).as_json(),
        "rules": [dataclasses.asdict(rule) for rule in run.record.rules],
        "steps": {
            step.name: {"fingerprint": step.fingerprint, "manifest": run.manifest(step)} for step in run.record.steps
        },
        "payload": run.record.payload,
        "provenance": public(run.record.provenance),
        **dataset_facts(run),
        "shards": [
            {
                "path": shard_name(number, len(shards)).removeprefix(f"{FOLDER}/"),
                "sha256": receipt.files["data"].sha256,
                "bytes": receipt.files["data"].bytes,
                "rows": receipt.files["data"].rows,
            }
            for number, receipt in enumerate(shards)
        ],
    }


def public(provenance: dict[str, Any]) -> dict[str, Any]:
    """Provenance as strangers may see it: of a path on the machine of the run only its last name, for the rest names people."""
    words = [
        _PLACE.sub(lambda found: f"{found[1] or ''}…/{PurePath(found[2]).name}", word) for word in provenance["argv"]
    ]
    return provenance | {"argv": words}
