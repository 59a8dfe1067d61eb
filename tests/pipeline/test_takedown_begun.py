"""Two takedowns at once, and a run beside one: who comes second is refused and has changed nothing."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from test_takedown_killed import CRAWL, LISTING, Again, finished, nothing, shards, take_down

from pipeline.errors import StorageError
from pipeline.runs import OpenRun, open_run, record_run
from pipeline.storage import LocalStorage
from pipeline.takedown.completing import complete
from pipeline.takedown.listing import Entry, Listing
from pipeline.takedown.mending import Removal, mend_parts
from pipeline.takedown.places import place_of
from pipeline.takedown.removal import begin, rows_path
from pipeline.takedown.survey import survey
from pipeline.takedown.tombstones import Takedown, key_of, next_id, read_takedown, write_takedown
from pipeline.verify import verify

__all__ = ["finished"]  # the fixture
OTHER = Listing(name="other.txt", sha256="1" * 64, entries=(Entry("url", "https://a.test/2"),))


@pytest.fixture
def root(finished: Path, tmp_path: Path) -> Path:
    shutil.copytree(finished, tmp_path / "root")
    return tmp_path / "root"


def looked(root: Path, id_: str | None = None) -> Callable[[], Takedown]:
    """What is left to do of a takedown of `OTHER` after it has looked for its pages."""
    storage = LocalStorage(root)
    id_, run = id_ or next_id(storage), open_run(storage)
    found = survey([run], OTHER, "page", nothing)
    return lambda: begin(run, OTHER, "page", found, id_)


def begun(root: Path) -> Takedown:
    storage = LocalStorage(root)
    run = open_run(storage)
    return begin(run, LISTING, "page", survey([run], LISTING, "page", nothing), next_id(storage))


def files(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def faults(run: OpenRun) -> list[str]:
    return [f"{each.where}: {each.what}" for each in verify(run) if each]


@pytest.mark.parametrize("id_", [None, "000002"])
def test_one_that_began_while_the_other_looked_is_completed_and_the_other_has_changed_nothing(
    id_: str | None, root: Path
) -> None:
    second, first = looked(root, id_), begun(root)
    there = files(root)
    with pytest.raises(StorageError, match="somebody else has just begun a takedown here; nothing was changed"):
        second()
    assert files(root) == there
    storage = LocalStorage(root)
    complete(storage, first, Again(), nothing)
    assert faults(open_run(storage)) == []


def test_what_was_found_before_another_takedown_ended_is_not_gone_by(root: Path) -> None:
    second = looked(root)
    take_down(root)
    there = files(root)
    with pytest.raises(StorageError, match="somebody else has just begun a takedown here; nothing was changed"):
        second()
    assert files(root) == there
    looked(root)()
    complete(LocalStorage(root), read_takedown(LocalStorage(root), "000002"), Again(), nothing)
    assert faults(open_run(LocalStorage(root))) == []
    assert b"a.test/2" not in b"".join(shards(root).values())


def test_one_that_looked_before_another_run_began_is_refused(root: Path) -> None:
    second, run = looked(root), open_run(LocalStorage(root))
    record_run(run.storage, recipe="other", rules=(), source=run.source, steps=Again().planned(run, ""))
    with pytest.raises(StorageError, match="another run has begun since; nothing was changed"):
        second()
    assert not (root / "takedowns").exists()


def test_what_another_takedown_that_is_not_finished_has_to_remove_is_kept(root: Path) -> None:
    storage = LocalStorage(root)
    first = begun(root)
    other = Takedown(id="000007", facts={"rows": "of-another"}, stones=())
    storage.put_new(rows_path(other), b"rows")
    write_takedown(storage, other, key_of(storage))
    storage.put_new("takedowns/of-nobody.rows.parquet", b"rows")
    complete(storage, first, Again(), nothing)
    assert storage.get(rows_path(other)) == b"rows"
    assert not storage.exists(rows_path(first))
    assert not storage.exists("takedowns/of-nobody.rows.parquet")


def test_verify_sees_documents_that_are_not_those_their_records_point_at(root: Path) -> None:
    run = open_run(LocalStorage(root))
    assert faults(run) == []
    (key, *_) = run.receipts("ingest")
    assert len(CRAWL["a.warc"]) == 3
    wrong = Removal(records=np.array([0]), documents=np.array([1]))
    mend_parts(run.storage, place_of(run), {key: wrong}, "000001", nothing)
    assert any("not those that the records beside them point at" in fault for fault in faults(run))
