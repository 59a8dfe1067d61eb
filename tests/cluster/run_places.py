"""Where a run is kept, in a folder or in a bucket, and the digests of the dataset there."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import pytest

from pipeline.storage import open_storage


def digests(root: Path) -> dict[str, str]:
    """SHA-256 of every Parquet file of the dataset in `root`."""
    files = sorted((root / "dataset" / "data").glob("*.parquet"))
    assert files, f"no dataset in {root}"
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


@dataclass(frozen=True)
class Bucket:
    """A place in a real object store, and what a process needs to be let in."""

    url: str
    settings: dict[str, str]

    def digests(self) -> dict[str, str]:
        """As `digests`, of the run kept here."""
        with pytest.MonkeyPatch.context() as patch:
            for name, value in self.settings.items():
                patch.setenv(name, value)
            storage = open_storage(self.url)
            names = storage.names("dataset/data")
            return {name: hashlib.sha256(storage.get(f"dataset/data/{name}")).hexdigest() for name in names}
