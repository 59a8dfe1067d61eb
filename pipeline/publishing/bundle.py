"""What is published of a run: the shards and what describes them, each with its digest."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson

from pipeline.dataset import FOLDER, MANIFEST, read_dataset_manifest
from pipeline.errors import StorageError
from pipeline.publishing.describe import describe
from pipeline.publishing.release import Release
from pipeline.runs import open_run
from pipeline.storage import Storage
from pipeline.takedown.tombstones import refuse_unfinished

CHUNK = 1 << 20

Progress = Callable[[int], None]
"""Hears how many more bytes are done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedFile:
    """A file of `size` bytes by its path in what is published. It is stored in ROOT as `stored`, or is `content`."""

    path: str
    size: int
    sha256: str
    stored: str | None = None
    content: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """Everything that is published, in the order in which a folder gets it: the manifest is the last."""

    storage: Storage
    manifest: dict[str, Any]
    files: tuple[PublishedFile, ...]

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files)

    @property
    def paths(self) -> frozenset[str]:
        """The paths of all files."""
        return frozenset(file.path for file in self.files)


def open_bundle(storage: Storage, release: Release) -> Bundle:
    """What the last run of ROOT made, described as `release` says.

    Raises:
        InputError: there is no run.
        StorageError: the run or a takedown is not finished, or its dataset folder is not that of the last run.
    """
    refuse_unfinished(storage)
    run = open_run(storage)
    manifest = read_dataset_manifest(storage)
    if manifest is None:
        raise StorageError(
            f"{storage.location}: the run is not finished; run the same `gristmill curate` command again"
        )
    if manifest["run"] != run.record.id:
        raise StorageError(
            f"{storage.location}: the dataset is of run {manifest['run']}, but a later run ({run.record.id}) is not finished; "
            "run its `gristmill curate` command again"
        )
    if "metadata_files" not in manifest:
        raise StorageError(
            f"{storage.location}/{MANIFEST} was made by an earlier version; run the same `gristmill curate` command again"
        )
    described = describe(manifest, release)
    shards = [
        PublishedFile(
            path=shard["path"], size=shard["bytes"], sha256=shard["sha256"], stored=f"{FOLDER}/{shard['path']}"
        )
        for shard in manifest["shards"]
    ]
    texts = [
        PublishedFile(path=name, size=len(text), sha256=hashlib.sha256(text).hexdigest(), content=text)
        for name, text in described.items()
    ]
    return Bundle(storage=storage, manifest=orjson.loads(described["manifest.json"]), files=(*shards, *texts))


def damaged(bundle: Bundle, file: PublishedFile) -> StorageError:
    """What is said of a shard whose bytes are not those of the manifest."""
    where = f"{bundle.storage.location}/{file.stored}"
    return StorageError(
        f"{where} is damaged: its bytes are not those that the manifest names; see `gristmill verify`, and run "
        "`gristmill curate` again to mend it"
    )


def is_shard(path: str) -> bool:
    """Whether the path is that of a shard of some release: what `data_files` of a card finds."""
    folder, _, name = path.rpartition("/")
    return folder == "data" and name.startswith("train-") and name.endswith(".parquet")
