"""One contract for every place a run can be kept, and what the local one promises besides."""

import errno
import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from obstore.store import LocalStore, MemoryStore

from pipeline.errors import StorageError
from pipeline.storage import LocalStorage, ObjectStorage, Storage, open_storage
from pipeline.tables import TableWriter

NUMBERS = pa.schema([pa.field("n", pa.int64())])
MAKERS: dict[str, Callable[[Path], Storage]] = {
    "local": LocalStorage,
    "memory": lambda _: ObjectStorage("s3://bucket/run/", store=MemoryStore()),
    "objects on disk": lambda folder: ObjectStorage("s3://bucket/run", store=LocalStore(str(folder))),
}


@pytest.fixture(params=[*MAKERS, pytest.param("SeaweedFS", marks=pytest.mark.s3)])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    if request.param == "SeaweedFS":
        return open_storage(request.getfixturevalue("s3"))
    return MAKERS[request.param](tmp_path)


# The contract.


def test_what_is_created_can_be_read_and_is_never_created_again(storage: Storage) -> None:
    assert storage.put_new("steps/a/1.json", b"first")
    assert not storage.put_new("steps/a/1.json", b"second")
    assert storage.get("steps/a/1.json") == b"first"
    assert storage.names("steps/a") == ["1.json"]
    assert storage.exists("steps/a/1.json")
    assert not storage.exists("steps/a/2.json")
    assert not storage.exists("steps/a")


def test_exactly_one_of_many_threads_creates_a_file(storage: Storage) -> None:
    start = Barrier(8)

    def create(number: int) -> bool:
        start.wait()
        return storage.put_new("one", b"%d" % number)

    for _ in range(5):
        with ThreadPoolExecutor(8) as pool:
            won = list(pool.map(create, range(8)))
        assert sum(won) == 1
        assert storage.get("one") == b"%d" % won.index(True)
        storage.delete("one")


def test_put_replaces_what_is_there(storage: Storage) -> None:
    storage.put("a/b", b"old and long")
    storage.put("a/b", b"new")
    assert storage.get("a/b") == b"new"
    assert storage.names("a") == ["b"]


def test_empty_files_are_files(storage: Storage) -> None:
    assert storage.put_new("empty", b"")
    storage.writer("written").close()
    assert storage.get("empty") == storage.get("written") == b""
    assert storage.names("") == ["empty", "written"]


def test_a_missing_file_is_named_in_a_storage_error(storage: Storage) -> None:
    for ask in (storage.get, storage.open, lambda path: storage.copy(path, "copy")):
        with pytest.raises(StorageError, match=r"gone\.json.*: not there"):
            ask("steps/gone.json")


def test_names_are_sorted_and_are_those_of_files_directly_in_the_folder(storage: Storage) -> None:
    for path in ("f/b", "f/a", "f/deeper/c", "g/d", "fa"):
        storage.put(path, b"")
    assert storage.names("f") == ["a", "b"]
    assert storage.names("nowhere") == []
    assert storage.names("f/a") == []


def test_deleting_is_no_error_where_nothing_is_there(storage: Storage) -> None:
    storage.put("a", b"1")
    storage.delete("a")
    storage.delete("a")
    storage.delete("never/was")
    assert storage.names("") == []


def test_a_copy_replaces_its_target_and_leaves_its_source(storage: Storage) -> None:
    storage.put("source", b"new")
    storage.put("d/target", b"old")
    for _ in range(2):  # the second time both names may be one file already
        storage.copy("source", "d/target")
        assert storage.get("d/target") == storage.get("source") == b"new"
    storage.put("source", b"newer")
    assert storage.get("d/target") == b"new"
    assert storage.names("d") == ["target"]


def test_a_copy_onto_itself_changes_nothing(storage: Storage) -> None:
    storage.put("a", b"1")
    storage.copy("a", "a")
    assert storage.get("a") == b"1"
    assert storage.names("") == ["a"]


def test_a_writer_counts_and_digests_what_it_writes(storage: Storage) -> None:
    writer = storage.writer("t/x")
    assert [writer.write(b"abc"), writer.tell(), writer.write(b"de"), writer.bytes] == [3, 3, 2, 5]
    writer.close()
    writer.close()
    assert storage.get("t/x") == b"abcde"
    assert writer.sha256 == "36bbe50ed96841d10443bcb670d6554f0a34b761be67ec9c4a8ad2c0c44ca42c"


def test_parquet_is_written_and_read_in_pieces(storage: Storage) -> None:
    table = TableWriter(storage.writer("t.parquet"), "t.parquet", NUMBERS, row_group=10)
    table.write_columns({"n": range(35)})
    entry = table.close()
    assert len(storage.get("t.parquet")) == entry.bytes
    file = pq.ParquetFile(storage.open("t.parquet"))
    assert file.num_row_groups == 4
    assert file.read_row_group(2)["n"].to_pylist() == list(range(20, 30))


def test_a_reader_can_seek(storage: Storage) -> None:
    storage.put("a", b"0123456789")
    with storage.open("a") as file:
        assert file.size() == 10
        file.seek(6)
        assert [file.read(2), file.tell(), file.read()] == [b"67", 8, b"89"]
        file.seek(1)
        assert file.read(1) == b"1"


def test_a_storage_can_be_opened_again_from_its_location(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    storage = open_storage("out")
    storage.put("a", b"1")
    monkeypatch.chdir("/")
    assert open_storage(storage.location).get("a") == b"1"


def test_an_object_store_is_chosen_by_its_scheme(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    storage = open_storage("s3://bucket/run/")
    assert isinstance(storage, ObjectStorage)
    assert storage.location == "s3://bucket/run"


@pytest.mark.parametrize("location", ["https://example.org/run", "ftp://example.org", "hf://datasets/a/b"])
def test_places_that_cannot_create_only_if_absent_are_refused(location: str) -> None:
    with pytest.raises(StorageError, match=r"not a place a run can be kept; use a local path or s3://"):
        open_storage(location)


# The local one.


def test_exactly_one_of_many_processes_creates_a_file(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from pipeline.storage import LocalStorage\n"
        "storage = LocalStorage(Path(sys.argv[1])); sys.stdin.readline()\n"
        "print(sum(storage.put_new(f'f{n}', sys.argv[2].encode() * 50_000) for n in range(50)))"
    )
    children = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(tmp_path), letter],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for letter in "abcd"
    ]
    for child in children:
        assert child.stdin
        child.stdin.write("\n")
        child.stdin.flush()
    won = [int(child.communicate(timeout=60)[0]) for child in children]
    assert sum(won) == 50
    written = [(tmp_path / f"f{n}").read_bytes() for n in range(50)]
    assert [sum(data == letter * 50_000 for data in written) for letter in (b"a", b"b", b"c", b"d")] == won
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(f"f{n}" for n in range(50))


@pytest.mark.parametrize("verb", ["put_new", "put"])
def test_a_process_that_dies_in_mid_write_leaves_nothing_under_the_name(tmp_path: Path, verb: str) -> None:
    program = (
        "import os, signal, sys; from pathlib import Path; from pipeline.storage import LocalStorage\n"
        "os.fsync = lambda _: os.kill(os.getpid(), signal.SIGKILL)\n"
        f"LocalStorage(Path(sys.argv[1])).{verb}('receipt.json', b'x' * 100_000)"
    )
    died = subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=False)
    assert died.returncode == -9
    storage = LocalStorage(tmp_path)
    assert storage.names("") == []
    assert len(list(tmp_path.iterdir())) == 1  # what it had staged, under a name that nobody reads
    assert storage.put_new("receipt.json", b"whole")


def test_hidden_files_and_folders_have_no_names(tmp_path: Path) -> None:
    (tmp_path / ".staged.123").touch()
    (tmp_path / "folder").mkdir()
    assert LocalStorage(tmp_path).names("") == []


def test_a_copy_leaves_nothing_else_behind(tmp_path: Path) -> None:
    storage = LocalStorage(tmp_path)
    storage.put("a", b"1")
    for target in ("a", "b", "b"):
        storage.copy("a", target)
    with pytest.raises(StorageError):
        storage.copy("gone", "c")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]


def test_a_writer_never_takes_a_file_that_is_there(tmp_path: Path) -> None:
    storage = LocalStorage(tmp_path)
    storage.put("a", b"1")
    with pytest.raises(StorageError, match="File exists"):
        storage.writer("a")
    assert storage.get("a") == b"1"


def test_a_copy_is_a_link_where_the_file_system_has_links_and_else_a_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage = LocalStorage(tmp_path)
    storage.put("a", b"1")
    storage.copy("a", "linked")
    assert (tmp_path / "linked").samefile(tmp_path / "a")

    def no_links(*_: object) -> None:
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", no_links)
    storage.copy("a", "copied")
    assert storage.get("copied") == b"1"
    assert not (tmp_path / "copied").samefile(tmp_path / "a")


def test_a_root_that_is_a_file_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "root").touch()
    storage = LocalStorage(tmp_path / "root")
    for put in (storage.put, storage.put_new):
        with pytest.raises(StorageError, match="root"):
            put("a", b"")
