"""The Croissant description is one: mlcroissant accepts it and reads the records through it."""

from pathlib import Path
from typing import Any

import mlcroissant
import orjson
import pytest
from handmade import CRAWL, KEPT, Page, run_crawl
from mlcroissant._src.core.rdf import make_context
from mlcroissant._src.structure_graph.nodes.metadata import Metadata

from pipeline.dataset import build_dataset
from pipeline.publishing.croissant import CONTEXT
from pipeline.publishing.describe import describe
from pipeline.publishing.release import Release

# mlcroissant 1.1 uses what rdflib 7 and pandas 3 call outdated.
pytestmark = [
    pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:The inplace keyword:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning"),
]
CHOSEN = Release(title="Corn", license="odc-by", version="v1.0", repo="mill/corn")


@pytest.fixture
def dataset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CROISSANT_CACHE", str(tmp_path / "cache"))
    build_dataset(run_crawl(tmp_path, CRAWL))
    return tmp_path / "dataset"


def opened(folder: Path, release: Release) -> mlcroissant.Dataset:
    manifest = orjson.loads((folder / "manifest.json").read_bytes())
    (folder / "croissant.json").write_bytes(describe(manifest, release)["croissant.json"])
    return mlcroissant.Dataset(folder / "croissant.json")


def issues(metadata: Metadata) -> tuple[Any, Any]:
    return metadata.ctx.issues.errors, metadata.ctx.issues.warnings


def test_it_is_valid_and_complete_where_everything_was_said(dataset: Path) -> None:
    found = opened(dataset, CHOSEN)
    errors, warnings = issues(found.metadata)
    assert (set(errors), set(warnings)) == (set(), set())
    assert str(found.metadata.version) == "1.0.0"
    assert found.metadata.license == ["https://opendatacommons.org/licenses/by/1-0/"]


def test_without_a_release_it_is_valid_and_lacks_only_what_nobody_said(dataset: Path) -> None:
    errors, warnings = issues(opened(dataset, Release()).metadata)
    assert not errors
    for warning in warnings:
        assert "license" in str(warning)


def test_the_records_can_be_read_through_it(dataset: Path) -> None:
    records = list(opened(dataset, CHOSEN).records("documents"))
    assert [record["documents/url"].decode() for record in records] == KEPT
    assert {record["documents/minhash_cluster_size"] for record in records} == {3}


def test_every_shard_is_named_with_its_digest(dataset: Path) -> None:
    manifest = orjson.loads((dataset / "manifest.json").read_bytes())
    described = orjson.loads((dataset / "croissant.json").read_bytes())
    files = {each["contentUrl"]: each["sha256"] for each in described["distribution"] if "sha256" in each}
    assert files == {shard["path"]: shard["sha256"] for shard in manifest["shards"]}


def test_an_empty_dataset_is_described_too(tmp_path: Path) -> None:
    build_dataset(run_crawl(tmp_path, {"a.warc": (Page(url="https://a.test/pic", gate="not_html"),)}))
    errors, _ = issues(opened(tmp_path / "dataset", CHOSEN).metadata)
    assert not errors


def test_the_context_is_the_official_one(dataset: Path) -> None:
    assert make_context(opened(dataset, CHOSEN).metadata.ctx) == CONTEXT
