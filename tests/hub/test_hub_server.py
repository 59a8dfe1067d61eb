"""The Hub of these tests answers the real clients as huggingface.co does."""

import os
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hub_server import READER, WRITER, HubServer
from huggingface_hub import CommitOperationAdd, HfApi, constants, snapshot_download
from huggingface_hub.errors import HfHubHTTPError, RepositoryNotFoundError, RevisionNotFoundError

NAME = "mill/corn"

# huggingface_hub 2.4 sends large files in a way that its HTTP library calls outdated.
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")


@pytest.fixture(autouse=True)
def plain_storage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_PROGRESS_BARS", True)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "up" / "data").mkdir(parents=True)
    for number in range(2):
        table = pa.table({"text": [f"grain {number} {row}" for row in range(1000)]})
        pq.write_table(table, tmp_path / "up" / "data" / f"train-0000{number}-of-00002.parquet")
    (tmp_path / "up" / "README.md").write_text("---\npretty_name: Corn\n---\n# Corn\n")
    return tmp_path / "up"


def api(hub: HubServer, token: str = WRITER) -> HfApi:
    return HfApi(endpoint=hub.endpoint, token=token)


def test_a_folder_goes_up_and_comes_down_the_same(hub: HubServer, folder: Path, tmp_path: Path) -> None:
    client = api(hub)
    client.create_repo(NAME, repo_type="dataset", private=True)
    client.upload_folder(repo_id=NAME, folder_path=folder, repo_type="dataset")
    assert [commit.title for commit in hub.repos[NAME].history()][1:] == ["initial commit"]
    listed = {entry.path: entry for entry in client.list_repo_tree(NAME, repo_type="dataset", recursive=True)}
    assert listed["data/train-00000-of-00002.parquet"].lfs.sha256 in hub.large
    assert listed["README.md"].lfs is None
    down = snapshot_download(
        NAME, repo_type="dataset", endpoint=hub.endpoint, token=WRITER, cache_dir=tmp_path / "cache"
    )
    for path in folder.rglob("*.*"):
        assert (Path(down) / path.relative_to(folder)).read_bytes() == path.read_bytes()
    assert not hub.unknown


def test_a_large_file_goes_in_parts(tmp_path: Path) -> None:
    data = os.urandom(2_500_000)
    with HubServer(multipart_bytes=1_000_000) as hub:
        hub.create(NAME)
        operation = CommitOperationAdd("a.bin", data)
        api(hub).create_commit(NAME, [operation], commit_message="a", repo_type="dataset")
        assert hub.read(NAME, "a.bin") == data
        assert hub.asked("PUT /lfs/upload/.*/[123]$", 200) == 3


def test_who_may_not_is_told_so(hub: HubServer) -> None:
    hub.create(NAME, private=True)
    with pytest.raises(HfHubHTTPError) as told:
        api(hub, "hf_nobody").repo_info(NAME, repo_type="dataset")
    assert told.value.response.status_code == 401
    with pytest.raises(HfHubHTTPError) as told:
        api(hub, READER).create_tag(NAME, tag="v1", repo_type="dataset")
    assert told.value.response.status_code == 403
    with pytest.raises(RepositoryNotFoundError):
        api(hub).repo_info("mill/none", repo_type="dataset")
    with pytest.raises(RevisionNotFoundError):
        api(hub).repo_info(NAME, repo_type="dataset", revision="v9")


def test_a_commit_on_a_parent_that_is_no_longer_the_head_is_refused(hub: HubServer) -> None:
    first = hub.create(NAME).branches["main"]
    hub.write(NAME, {"note.txt": b"somebody was here"})
    with pytest.raises(HfHubHTTPError) as told:
        api(hub).create_commit(
            NAME, [CommitOperationAdd("a.txt", b"1")], commit_message="a", repo_type="dataset", parent_commit=first
        )
    assert told.value.response.status_code == 412
    assert len(hub.repos[NAME].history()) == 2


def test_a_long_tree_comes_in_pages(tmp_path: Path) -> None:
    with HubServer(page=3) as hub:
        hub.create(NAME)
        hub.write(NAME, {f"data/{number}.txt": b"%d" % number for number in range(7)})
        listed = list(api(hub).list_repo_tree(NAME, repo_type="dataset", recursive=True))
        assert [entry.path for entry in listed] == [".gitattributes", "data", *(f"data/{n}.txt" for n in range(7))]


LOAD = """
import sys
from datasets import load_dataset
whole = load_dataset(sys.argv[1], split="train")
streamed = sum(1 for _ in load_dataset(sys.argv[1], split="train", streaming=True))
print(whole.num_rows, streamed)
"""


def test_datasets_loads_and_streams_from_it(hub: HubServer, folder: Path, tmp_path: Path) -> None:
    hub.create(NAME, private=True)
    hub.write(NAME, {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*.*")})
    told = subprocess.run(
        [sys.executable, "-c", LOAD, NAME],
        env=os.environ | hub.environment(home=str(tmp_path / "home")),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert told.stdout == "2000 2000\n", told.stderr
    assert not hub.unknown, hub.unknown
