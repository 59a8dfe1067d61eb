"""A folder or a bucket's prefix as the place where a dataset is published."""

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson

from pipeline.errors import GristmillError, RecipeError, StorageError
from pipeline.publishing.bundle import CHUNK, Bundle, Progress, PublishedFile, damaged, is_shard
from pipeline.storage import Storage, digest_of
from pipeline.storage_errors import storage_errors

PARTIAL = ".partial"


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderPlan:
    """What publishing would do to a folder: files that are there as they should be, files to write, files to remove."""

    same: tuple[PublishedFile, ...]
    write: tuple[PublishedFile, ...]
    remove: tuple[str, ...]
    others: tuple[str, ...]


def plan_folder(bundle: Bundle, target: Storage, progress: Progress) -> FolderPlan:
    """Looks at the target and reads what it has of the bundle; changes nothing.

    Raises:
        RecipeError: the target lies in the run itself.
    """
    _refuse_the_run_itself(bundle.storage.location, target.location)
    present = _present(target)
    same: list[PublishedFile] = []
    for file in bundle.files:
        if file.path in present and digest_of(target, file.path) == file.sha256:
            same.append(file)
            progress(file.size)
    earlier = _earlier_paths(target, present)
    remove = [path for path in present if path not in bundle.paths and (path in earlier or is_shard(path))]
    remove += [path for path in present if path.endswith(PARTIAL)]
    others = [path for path in present if path not in bundle.paths | earlier and not path.endswith(PARTIAL)]
    return FolderPlan(
        same=tuple(same),
        write=tuple(file for file in bundle.files if file not in same),
        remove=tuple(sorted(set(remove))),
        others=tuple(others),
    )


def _refuse_the_run_itself(root: str, target: str) -> None:
    if target == root or target.startswith(f"{root}/") or root.startswith(f"{target}/"):
        raise RecipeError(f"--to {target}: this is (in) the run's own folder {root}; publish to a place of its own")


def _present(target: Storage) -> list[str]:
    """Paths of the files of the target, and of what else a local folder holds at its top."""
    found = [*target.names(""), *(f"data/{name}" for name in target.names("data"))]
    if "://" not in target.location and (folder := Path(target.location)).exists():
        with storage_errors(target.location):
            found += [f"{entry.name}/" for entry in os.scandir(folder) if entry.is_dir() and entry.name != "data"]
    return sorted(found)


def _earlier_paths(target: Storage, present: list[str]) -> frozenset[str]:
    """What an earlier release put there, by its manifest."""
    if "manifest.json" not in present:
        return frozenset()
    with suppress(orjson.JSONDecodeError, KeyError, TypeError):
        manifest: dict[str, Any] = orjson.loads(target.get("manifest.json"))
        listed = (*manifest["shards"], *manifest["metadata_files"])
        return frozenset([entry["path"] for entry in listed] + ["SHA256SUMS", "manifest.json"])
    return frozenset()


def publish_to_folder(bundle: Bundle, target: Storage, plan: FolderPlan, progress: Progress, *, force: bool) -> None:
    """Makes the target what the plan says; the manifest goes first and comes back last, so a folder with a manifest is whole.

    Raises:
        StorageError: the target holds something else (unless `force`), a shard is damaged, or the target cannot be written.
    """
    if plan.others and not force:
        shown = ", ".join(plan.others[:3]) + (f" and {len(plan.others) - 3} more" if len(plan.others) > 3 else "")
        raise StorageError(
            f"{target.location} holds something else ({shown}); choose an empty place, or --force to publish beside it"
        )
    if not plan.write and not plan.remove:
        return
    if "manifest.json" in target.names(""):
        target.delete("manifest.json")
    for path in plan.remove:
        target.delete(path)
    for file in bundle.files:
        if file.path == "manifest.json" or file not in plan.same:
            _put(bundle, target, file)
            progress(file.size if file not in plan.same else 0)


def _put(bundle: Bundle, target: Storage, file: PublishedFile) -> None:
    if file.stored is None:
        target.put(file.path, file.content)
        return
    partial = f"{file.path}.{uuid4().hex[:12]}{PARTIAL}"
    try:
        if _copy(bundle.storage, file.stored, target, partial) != file.sha256:
            raise damaged(bundle, file)
        target.copy(partial, file.path)
    finally:
        with suppress(GristmillError):
            target.delete(partial)


def _copy(source: Storage, stored: str, target: Storage, path: str) -> str:
    """Copies in chunks; returns the digest of what was read."""
    writer = target.writer(path)
    try:
        with source.open(stored) as file:
            while chunk := file.read(CHUNK):
                writer.write(chunk)
    finally:
        writer.close()
    return writer.sha256
