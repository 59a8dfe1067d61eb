"""A dataset goes to the Hub in one commit, whatever happens on the way, and nothing is sent twice."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from handmade import CRAWL, run_crawl
from hub_server import READER, WRITER, HubServer
from huggingface_hub import constants
from obstore.store import MemoryStore

from pipeline.dataset import build_dataset
from pipeline.errors import RecipeError, StorageError
from pipeline.publishing import hub_client
from pipeline.publishing.bundle import Bundle, open_bundle
from pipeline.publishing.hub import Head, HubTarget, Published
from pipeline.publishing.hub_client import parse_address, wait_asked
from pipeline.publishing.release import Release
from pipeline.storage import LocalStorage, ObjectStorage

# huggingface_hub 2.4 sends large files in a way that its HTTP library calls outdated.
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")

NAME = "mill/corn"
PLACE = f"hf://datasets/{NAME}"
COMMIT, UPLOAD, BATCH = f"POST /api/datasets/{NAME}/commit/", "PUT /lfs/upload/", r"POST .*/objects/batch"

Publish = Callable[..., Published]


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[HubServer]:
    """A Hub, to which the client of this process talks with a token that may write."""
    monkeypatch.setattr(hub_client, "FIRST_WAIT_SECONDS", 0.01)
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_PROGRESS_BARS", True)
    with HubServer() as server:
        monkeypatch.setattr(constants, "ENDPOINT", server.endpoint)
        for name, value in server.environment(home=str(tmp_path / "home")).items():
            monkeypatch.setenv(name, value)
        yield server
        assert not server.unknown


@pytest.fixture
def bundle(tmp_path: Path) -> Bundle:
    build_dataset(run_crawl(tmp_path / "root", CRAWL))
    return bundle_of(tmp_path / "root")


def bundle_of(root: Path, **choices: str) -> Bundle:
    return open_bundle(LocalStorage(root), Release(repo=NAME, **choices))


@pytest.fixture
def notices() -> list[str]:
    return []


@pytest.fixture
def publish(hub: HubServer, notices: list[str]) -> Publish:
    def run(bundle: Bundle, to: str = PLACE, *, public: bool = False, tag: str | None = None) -> Published:
        with hub_client.hub_client(notices.append) as api:
            target = HubTarget(api, *parse_address(to), notices.append)
            return target.publish(bundle, target.look(), lambda _: None, public=public, tag=tag)

    return run


def titles(hub: HubServer, branch: str = "main") -> list[str]:
    return [commit.title for commit in hub.repos[NAME].history(branch)]


def check(hub: HubServer, bundle: Bundle, revision: str = "main") -> None:
    """The branch holds the bundle, and of data nothing else."""
    for file in bundle.files:
        expected = bundle.storage.get(file.stored) if file.stored else file.content
        assert hub.read(NAME, file.path, revision) == expected
    commit = hub.repos[NAME].at(revision)
    assert commit is not None
    assert {path for path in commit.files if path.startswith("data/")} == {
        path for path in bundle.paths if path.startswith("data/")
    }


def test_everything_appears_in_one_commit_of_a_private_repository(
    hub: HubServer, bundle: Bundle, publish: Publish
) -> None:
    done = publish(bundle, tag="v1")
    assert titles(hub) == ["3 documents of crawl, recipe tiny", "initial commit"]
    assert (hub.repos[NAME].private, hub.repos[NAME].tags) == (True, {"v1": done.commit})
    assert done.new
    shards = {file.sha256: file.size for file in bundle.files if file.stored}
    assert hub.received == shards
    assert done.sent == sum(shards.values())
    check(hub, bundle)
    assert ".gitattributes" in hub.repos[NAME].history()[0].files


def test_publishing_again_sends_nothing_and_makes_no_commit(hub: HubServer, bundle: Bundle, publish: Publish) -> None:
    first = publish(bundle)
    before = len(hub.requests)
    again = publish(bundle)
    assert again == Published(commit=first.commit, new=False, sent=0)
    assert not [method for method, path, _ in hub.requests[before:] if method == "PUT" or "/commit/" in path]


def test_public_and_another_branch_are_made_as_asked(hub: HubServer, bundle: Bundle, publish: Publish) -> None:
    publish(bundle, f"{PLACE}@next", public=True)
    assert not hub.repos[NAME].private
    assert titles(hub) == ["initial commit"]
    check(hub, bundle, "next")


def test_another_release_keeps_what_is_the_same_and_deletes_stale_shards(
    hub: HubServer, bundle: Bundle, publish: Publish, tmp_path: Path
) -> None:
    publish(bundle)
    hub.write(NAME, {"LICENSE.md": b"by hand"})
    build_dataset(run_crawl(tmp_path / "root", CRAWL, shard=4))
    later = bundle_of(tmp_path / "root", license="odc-by")
    publish(later)
    check(hub, later)
    assert hub.read(NAME, "LICENSE.md") == b"by hand"
    assert len(titles(hub)) == 4


def test_a_run_in_an_object_store_is_sent_from_there(
    hub: HubServer, bundle: Bundle, publish: Publish, tmp_path: Path
) -> None:
    store = ObjectStorage("s3://bucket/run", store=MemoryStore())
    for path in (tmp_path / "root").rglob("*.*"):
        store.put(str(path.relative_to(tmp_path / "root")), path.read_bytes())
    publish(open_bundle(store, Release(repo=NAME)))
    check(hub, bundle)


def test_large_shards_go_in_parts(bundle: Bundle, hub: HubServer, publish: Publish) -> None:
    hub.multipart_bytes, hub.part_bytes = 2000, 1500
    publish(bundle)
    assert hub.asked(f"{UPLOAD}.*/2$", 200)
    check(hub, bundle)


@pytest.mark.parametrize(
    ("token", "says"),
    [
        (None, "no token for the Hub: set HF_TOKEN, or run `hf auth login`"),
        ("hf_nobody", r"does not accept the token \(401\): set HF_TOKEN"),
        (READER, r"this token may not write there \(403\)"),
    ],
)
def test_who_may_not_is_told_what_to_do(
    token: str | None, says: str, hub: HubServer, bundle: Bundle, publish: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HF_TOKEN")
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", "/nowhere")
    if token:
        monkeypatch.setenv("HF_TOKEN", token)
    with pytest.raises(StorageError, match=says) as told:
        publish(bundle)
    assert not hub.repos
    assert token is None or token not in str(told.value)


def test_a_license_that_the_hub_does_not_know_is_told_before_anything_is_sent(
    hub: HubServer, publish: Publish, bundle: Bundle, tmp_path: Path
) -> None:
    with pytest.raises(StorageError, match=r'the card is refused: .*"license"'):
        publish(bundle_of(tmp_path / "root", license="nonsense"))
    assert not hub.repos


def test_the_hub_may_ask_to_wait_at_every_step(
    hub: HubServer, bundle: Bundle, publish: Publish, notices: list[str]
) -> None:
    for route in (
        "POST /api/repos/create",
        "POST /api/validate-yaml",
        BATCH,
        UPLOAD,
        COMMIT,
        "POST .*/tag/",
        "GET .*/tree/",
    ):
        hub.fail(route, 429, {"Retry-After": "0"})
    publish(bundle, tag="v1")
    check(hub, bundle)
    assert len(titles(hub)) == 2
    assert "v1" in hub.repos[NAME].tags
    assert any("answers 429" in notice for notice in notices)
    assert not any("signature" in notice or WRITER in notice for notice in notices)


def test_a_wait_that_is_too_long_ends_the_run_with_its_length(hub: HubServer, bundle: Bundle, publish: Publish) -> None:
    hub.fail(UPLOAD, 429, {"Retry-After": "4000"}, times=9)
    with pytest.raises(StorageError, match=r"asks to wait 4,000 s \(429\); run the same command again then"):
        publish(bundle)
    hub.release()
    publish(bundle)
    check(hub, bundle)


def test_a_hub_that_stays_ill_is_given_up(hub: HubServer, bundle: Bundle, publish: Publish) -> None:
    hub.fail(COMMIT, 503, times=99)
    with pytest.raises(StorageError, match=r"the Hub answers 503 \(after 5 attempts\); run the same command again"):
        publish(bundle)
    assert hub.asked(COMMIT, 503) == 5


def test_a_connection_cut_in_the_middle_of_a_shard_is_taken_up_again(
    hub: HubServer, bundle: Bundle, publish: Publish
) -> None:
    hub.fail(UPLOAD, cut_after=500, times=2)
    publish(bundle)
    check(hub, bundle)
    assert len(titles(hub)) == 2


def test_a_shard_that_failed_for_long_is_sent_whole_when_its_batch_is_sent_again(
    hub: HubServer, bundle: Bundle, publish: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.utils._http.time.sleep", lambda _: None)
    hub.fail(UPLOAD, 500, times=20)
    publish(bundle)
    assert hub.asked(BATCH) > 1
    check(hub, bundle)


def test_a_commit_whose_answer_is_lost_is_not_made_twice(hub: HubServer, bundle: Bundle, publish: Publish) -> None:
    hub.fail(COMMIT, lose_answer=True)
    assert publish(bundle).new
    check(hub, bundle)
    assert len(titles(hub)) == 2


def test_a_commit_of_somebody_else_that_touches_nothing_of_ours_stays_below_ours(
    hub: HubServer, bundle: Bundle, publish: Publish, notices: list[str]
) -> None:
    hub.before(COMMIT, lambda: hub.write(NAME, {"note.txt": b"hello"}))
    publish(bundle)
    assert titles(hub) == ["3 documents of crawl, recipe tiny", "from elsewhere", "initial commit"]
    assert hub.read(NAME, "note.txt") == b"hello"
    assert hub.asked(COMMIT, 412) == 1
    assert hub.asked(UPLOAD) == 3
    assert any("somebody else committed meanwhile, but nothing of ours" in notice for notice in notices)


def test_a_commit_of_somebody_else_that_touches_ours_is_not_overwritten_unseen(
    hub: HubServer, bundle: Bundle, publish: Publish
) -> None:
    hub.before(COMMIT, lambda: hub.write(NAME, {"README.md": b"# Theirs"}))
    with pytest.raises(StorageError, match=r"somebody else committed meanwhile and changed README\.md; look at it"):
        publish(bundle)
    assert hub.read(NAME, "README.md") == b"# Theirs"
    sent = dict(hub.received)
    publish(bundle)
    check(hub, bundle)
    assert hub.received == sent


def test_two_publishers_of_one_release_make_one_commit(hub: HubServer, bundle: Bundle, publish: Publish) -> None:
    contents = {file.path: bundle.storage.get(file.stored) if file.stored else file.content for file in bundle.files}
    hub.before(COMMIT, lambda: hub.write(NAME, contents, "the other publisher"))
    publish(bundle)
    check(hub, bundle)
    assert titles(hub) == ["the other publisher", "initial commit"]


def test_a_damaged_shard_is_named_and_never_committed(
    hub: HubServer, bundle: Bundle, publish: Publish, tmp_path: Path
) -> None:
    shard = tmp_path / "root" / "dataset" / "data" / "train-00002-of-00003.parquet"
    data = shard.read_bytes()
    shard.unlink()
    shard.write_bytes(data[:-1] + b"?")
    with pytest.raises(StorageError, match=r"train-00002-of-00003\.parquet is damaged"):
        publish(bundle)
    assert titles(hub) == ["initial commit"]
    assert not hub.large


def test_a_tag_is_never_moved(hub: HubServer, bundle: Bundle, publish: Publish, tmp_path: Path) -> None:
    publish(bundle, tag="v1")
    publish(bundle, tag="v1")
    later = bundle_of(tmp_path / "root", title="Corn")
    with pytest.raises(RecipeError, match="--tag v1: the tag exists"):
        publish(later, tag="v1")
    publish(later, tag="v2")
    assert list(hub.repos[NAME].tags) == ["v1", "v2"]
    assert len(set(hub.repos[NAME].tags.values())) == 2


def test_a_hub_that_lists_other_files_than_were_sent_is_noticed(
    hub: HubServer, bundle: Bundle, publish: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Head, "holds", lambda *_: False)
    monkeypatch.setattr(Head, "has", lambda self, file: file.path != "README.md" and file.path in self.files)
    with pytest.raises(StorageError, match=r"the Hub lists other files than were sent: \['README\.md'\]"):
        publish(bundle)


def test_nobody_at_the_address_is_told_after_some_attempts(
    hub: HubServer, bundle: Bundle, publish: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(StorageError, match=r"the Hub cannot be reached: .*; run the same command again"):
        publish(bundle)


def test_addresses_name_a_repository_and_perhaps_a_branch() -> None:
    assert parse_address("hf://datasets/a-b/c.d_e") == ("a-b/c.d_e", "main")
    assert parse_address("hf://datasets/a/b@refs/pr/1/") == ("a/b", "refs/pr/1")
    for wrong in (
        "hf://a/b",
        "hf://datasets/a",
        "hf://datasets/a/b/c",
        "hf://models/a/b",
        "hf://datasets/a/b@",
        "hf://",
    ):
        with pytest.raises(RecipeError, match="write hf://datasets/ORG/NAME"):
            parse_address(wrong)


def test_what_an_answer_asks_to_wait_is_understood() -> None:
    assert wait_asked({"retry-after": "7"}) == 7
    assert wait_asked({"ratelimit": '"api";r=0;t=55', "retry-after": "7"}) == 55
    assert wait_asked({"ratelimit": '"api";r=4;t=55'}) is None
    assert wait_asked({"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"}) is None
