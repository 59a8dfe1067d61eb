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
    storage, shards = run.storage, packed(run)
    described = describe(_manifest(run, shards), Release())
    manifest: dict[str, Any] = orjson.loads(described["manifest.json"])
    if _is_current(storage, manifest, described):
        return manifest
    names = (shard_name(number, len(shards)) for number in range(len(shards)))
    place(storage, {name: shard.files["data"].path for name, shard in zip(names, shards, strict=True)}, described)
    return manifest


def packed(run: OpenRun) -> list[Receipt]:
    """The parts of `pack`, in order; StorageError where a step is not finished, or what it read does not add up."""
    where, pack = run.storage.location, run.step("pack")
    if pack is None or not run.is_sealed(pack):
        raise StorageError(f"{where}: not every shard is packed; run the same command again")
    if wrong := funnel(run).conservation():
        raise StorageError(f"{where}: records are not conserved: {wrong}")
    return list(run.receipts("pack").values())


def place(storage: Storage, files: Mapping[str, str], described: Mapping[str, bytes]) -> None:
    """Makes the dataset's folder of `files` (names and where parts keep them) and texts; other files beside them go.

    The old manifest goes first, so that a folder that is only half made is taken for none.
    """
    storage.delete(MANIFEST)
    for name, path in files.items():
        storage.copy(path, name)
    for folder in sorted({name.rpartition("/")[0] for name in files}):
        for stale in storage.names(folder):
            if f"{folder}/{stale}" not in files:
                storage.delete(f"{folder}/{stale}")
    for name, text in described.items():
        storage.put(f"{FOLDER}/{name}", text)


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
