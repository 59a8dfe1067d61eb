"""A disk that is full, a limit, a folder of somebody else: the real things, and what a user is told."""

import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pytest

from pipeline.errors import StorageError, TransientError
from pipeline.storage import LocalStorage, Writer
from pipeline.storage_errors import storage_errors
from pipeline.tables import TableWriter


@pytest.fixture
def full_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount, umount = shutil.which("mount"), shutil.which("umount")
    command = [mount or "", "-t", "tmpfs", "-o", "size=64k,mode=777", "tmpfs", str(disk)]
    if not (mount and umount) or subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip("only root can mount a small file system")
    yield disk
    subprocess.run([umount, str(disk)], check=True)


def test_a_full_disk_is_said_to_be_full_and_what_was_there_stays(full_disk: Path) -> None:
    storage = LocalStorage(full_disk)
    storage.put("a", b"1")
    too_much = os.urandom(100_000)
    for put in (storage.put_new, storage.put):
        with pytest.raises(StorageError, match="disk full; free some space and run the same command again"):
            put("b", too_much)
    with pytest.raises(StorageError, match="a: disk full"):
        storage.put("a", too_much)
    assert storage.get("a") == b"1"
    assert [path.name for path in full_disk.iterdir()] == ["a"]
    assert storage.put_new("b", b"2")


def test_a_table_that_does_not_fit_says_so_and_can_be_abandoned(full_disk: Path) -> None:
    storage = LocalStorage(full_disk)
    schema = pa.schema([pa.field("b", pa.binary())])
    table = TableWriter(storage.writer("t.parquet"), "t.parquet", schema, row_group=10)

    def fill() -> None:
        for _ in range(20):
            table.write_columns({"b": [os.urandom(10_000)]})
        table.close()

    with pytest.raises(StorageError, match=r"t\.parquet: disk full"):
        fill()
    table.abandon()
    storage.delete("t.parquet")
    assert list(full_disk.iterdir()) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_disk_that_is_full_only_when_the_file_is_closed_is_noticed_too() -> None:
    writer = Writer(Path("/dev/full").open("wb"), "steps/a.parquet")  # noqa: SIM115  the writer owns it
    writer.write(b"a few bytes that wait in a buffer")
    with pytest.raises(StorageError, match=r"steps/a\.parquet: disk full"):
        writer.close()


def test_a_limit_on_file_sizes_is_a_storage_error_and_leaves_nothing(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from pipeline.errors import StorageError\n"
        "from pipeline.storage import LocalStorage\n"
        "try:\n    LocalStorage(Path(sys.argv[1])).put_new('a', b'x' * 100_000)\n"
        "except StorageError as error:\n    print(error)"
    )
    told = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000)),
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout == f"{tmp_path}/a: File too large\n"
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def not_ours(tmp_path: Path) -> Iterator[Path]:
    """A folder that this process may neither read nor write, whoever runs it."""
    folder = tmp_path / "theirs"
    folder.mkdir()
    (folder / "a").write_bytes(b"1")
    folder.chmod(0)
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)
    yield folder
    os.seteuid(user)
    folder.chmod(0o700)


def test_a_folder_that_is_not_ours_is_permission_denied(not_ours: Path) -> None:
    storage = LocalStorage(not_ours)
    asks: list[Callable[[], object]] = [
        lambda: storage.put_new("b", b""),
        lambda: storage.put("b", b""),
        lambda: storage.writer("b"),
        lambda: storage.get("a"),
        lambda: storage.open("a"),
        lambda: storage.names(""),
        lambda: storage.copy("a", "b"),
        lambda: storage.delete("a"),
    ]
    for ask in asks:
        with pytest.raises(StorageError, match=r"theirs.*: permission denied"):
            ask()


def test_what_an_object_store_stumbles_over_is_worth_a_retry() -> None:
    from obstore.exceptions import GenericError, UnauthenticatedError

    with pytest.raises(TransientError, match=r"^a: the store answered 503 SlowDown$"), storage_errors("a"):
        raise GenericError("non-2xx status code: 503: <Error><Code>SlowDown</Code></Error>\n\nDebug source: …")
    with pytest.raises(StorageError, match="a: permission denied"), storage_errors("a"):
        raise UnauthenticatedError("no")
