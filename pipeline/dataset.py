"""The folder a trainer opens: packed shards under the names the Hub uses, and a manifest of what they are.

It is a view: shards are links to (on an object store, copies of) committed parts. The manifest goes first and comes back last,
so a folder with a manifest is whole.
"""

import dataclasses
from typing import Any

import orjson

from pipeline.errors import StorageError
from pipeline.funnel import funnel
from pipeline.receipts import FileEntry, Receipt
from pipeline.runs import OpenRun
from pipeline.storage import Storage

FOLDER = "dataset"
MANIFEST = f"{FOLDER}/manifest.json"

CARD = """---
configs:
- config_name: default
  data_files:
  - split: train
    path: data/train-*.parquet
---

# {source}, curated with Gristmill's `{recipe}`

{kept:,} documents and {tokens:,} GPT-2 tokens, out of {records:,} records of {files:,} archive files.
`manifest.json` names every shard with its SHA-256, the recipe with every bound, and where each record went.

```python
from datasets import load_dataset

dataset = load_dataset("path/to/this/folder", split="train")
```
"""


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
    manifest = _manifest(run, shards)
    if _is_current(storage, manifest):
        return manifest
    storage.delete(MANIFEST)
    names = [shard_name(number, len(shards)) for number in range(len(shards))]
    for name, receipt in zip(names, shards, strict=True):
        storage.copy(receipt.files["data"].path, name)
    for stale in storage.names(f"{FOLDER}/data"):
        if f"{FOLDER}/data/{stale}" not in names:
            storage.delete(f"{FOLDER}/data/{stale}")
    storage.put(f"{FOLDER}/README.md", _card(run).encode())
    storage.put(MANIFEST, orjson.dumps(manifest, option=orjson.OPT_INDENT_2))
    return manifest


def read_dataset_manifest(storage: Storage) -> dict[str, Any] | None:
    """The manifest of the dataset folder, or None where no finished run has made one."""
    if "manifest.json" not in storage.names(FOLDER):
        return None
    try:
        manifest: dict[str, Any] = orjson.loads(storage.get(MANIFEST))
        _ = manifest["run"], [FileEntry(**shard) for shard in manifest["shards"]]
        return manifest
    except (orjson.JSONDecodeError, KeyError, TypeError) as error:
        raise StorageError(f"{MANIFEST} is damaged: {error}; delete it and run the same command again") from error


def _is_current(storage: Storage, manifest: dict[str, Any]) -> bool:
    there = read_dataset_manifest(storage)
    return there is not None and there["shards"] == manifest["shards"] and there["run"] == manifest["run"]


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
        "provenance": run.record.provenance,
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


def _card(run: OpenRun) -> str:
    numbers = funnel(run)
    return CARD.format(
        source=run.source.name,
        recipe=run.record.recipe,
        kept=numbers.kept,
        tokens=numbers.tokens,
        records=numbers.records,
        files=len(run.source.parts),
    )
