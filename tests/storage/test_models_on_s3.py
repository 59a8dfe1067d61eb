"""A copy of a registry in a bucket is a registry."""

from pathlib import Path

import pytest
from model_makers import model_folder

from pipeline.errors import RecipeError
from pipeline.model_files import REGISTRY, ModelFiles, listing
from pipeline.model_registry import add_model
from pipeline.storage import open_storage

pytestmark = pytest.mark.s3


def test_a_model_is_fetched_from_a_bucket(s3: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRISTMILL_CACHE", str(tmp_path / "cache"))
    registry = tmp_path / "models"
    place, sha256, _ = add_model(model_folder(tmp_path / "m", **{"1_Pooling/config__json": "{}"}), "mill", registry)
    bucket = open_storage(s3)
    for path in registry.rglob("*"):
        if path.is_file():
            bucket.put(path.relative_to(registry).as_posix(), path.read_bytes())
    monkeypatch.setenv(REGISTRY, s3)
    folder = ModelFiles(name="mill", sha256=sha256).folder()
    assert folder.is_relative_to(tmp_path / "cache")
    assert listing(folder) == listing(place)
    with pytest.raises(RecipeError, match="is missing: nothing to read at s3://"):
        ModelFiles(name="mill", sha256="0" * 64).folder()
