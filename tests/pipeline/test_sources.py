"""A source is the same list of files, with the same keys, however it is named and wherever it lies."""

import gzip
import os
import shutil
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import InputError, RecipeError, StorageError
from pipeline.sources import ARCHIVES, Source, SourcePart, find_source, load_source, logical_name, save_source
from pipeline.storage import LocalStorage

DUMP = "crawl-data/CC-MAIN-2024-10"


def write(path: Path, data: bytes = b"WARC/1.0", seconds: int = 1_700_000_000) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    os.utime(path, (seconds, seconds))
    return path


def names(source: Source) -> list[str]:
    return [part.name for part in source.parts]


@pytest.fixture
def crawl(tmp_path: Path) -> Path:
    for name in ("b.warc.gz", "a.warc", "deep/er/c.warc.wet.gz", "readme.txt", "pages.jsonl"):
        write(tmp_path / "crawl" / name)
    return tmp_path / "crawl"


def test_a_folder_is_its_archives_at_any_depth_sorted_by_name(crawl: Path) -> None:
    source = find_source([str(crawl)])
    assert source.name == "crawl"
    assert names(source) == ["a.warc", "b.warc.gz", "deep/er/c.warc.wet.gz"]
    assert [Path(part.location) for part in source.parts] == [crawl / name for name in names(source)]
    assert source.bytes == 24


@pytest.mark.parametrize("ending", ARCHIVES)
def test_every_kind_of_archive_is_found_in_a_folder(tmp_path: Path, ending: str) -> None:
    write(tmp_path / f"x{ending}")
    assert names(find_source([str(tmp_path)])) == [f"x{ending}"]


def test_a_file_is_taken_whatever_its_name(crawl: Path) -> None:
    assert names(find_source([str(crawl / "readme.txt")])) == ["readme.txt"]


def test_a_glob_is_the_files_it_matches(crawl: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert names(find_source([str(crawl / "*.warc*")])) == ["a.warc", "b.warc.gz"]
    assert names(find_source([str(crawl / "**" / "*.gz")])) == ["b.warc.gz", "deep/er/c.warc.wet.gz"]
    monkeypatch.chdir(crawl.parent)
    relative = find_source(["crawl/?.warc"])
    assert [part.location for part in relative.parts] == [str(crawl / "a.warc")]


def test_a_file_whose_name_looks_like_a_glob_is_that_file(tmp_path: Path) -> None:
    write(tmp_path / "a[1].warc")
    write(tmp_path / "a1.warc")
    assert names(find_source([str(tmp_path / "a[1].warc")])) == ["a[1].warc"]


def test_locations_stay_right_when_the_working_directory_changes(crawl: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (crawl / "x.paths").write_text("a.warc\ndeep/er/c.warc.wet.gz\n")
    monkeypatch.chdir(crawl)
    for inputs in (["."], ["a.warc", "./b.warc.gz"], ["*.warc"], ["x.paths"]):
        assert all(Path(part.location).is_absolute() for part in find_source(inputs).parts)
        assert all(part.location.startswith(str(crawl)) for part in find_source(inputs).parts)


@pytest.mark.parametrize("packed", [False, True])
def test_a_list_of_paths_names_files_beside_it_and_anywhere(tmp_path: Path, packed: bool) -> None:
    far = write(tmp_path / "far" / "z.warc")
    write(tmp_path / "lists" / "with space.warc")
    lines = f"with space.warc\r\n\n{far}\n".encode()
    paths = write(
        tmp_path / "lists" / ("x.paths.gz" if packed else "x.paths"), gzip.compress(lines) if packed else lines
    )
    assert names(find_source([str(paths)])) == ["with space.warc", "z.warc"]


def test_a_dumps_list_stands_at_the_root_of_crawl_data_and_names_the_source(tmp_path: Path) -> None:
    inside = [f"{DUMP}/segments/1.2/warc/{n}.warc.gz" for n in "ba"]
    for path in inside:
        write(tmp_path / path)
    paths = write(tmp_path / DUMP / "warc.paths.gz", gzip.compress("\n".join(inside).encode()))
    source = find_source([str(paths)])
    assert source.name == "CC-MAIN-2024-10"
    assert names(source) == sorted(inside)


def test_a_dumps_file_has_its_crawl_data_path_as_name_wherever_it_lies() -> None:
    path = f"{DUMP}/segments/1.2/warc/x.warc.gz"
    for root in ("s3://commoncrawl/", "https://data.commoncrawl.org/", "/mnt/mirror/", ""):
        assert logical_name(root + path) == path
    assert logical_name(f"/mnt/{path}", "/mnt/crawl-data") == path
    assert logical_name("/data/a/b.warc", "/data") == "a/b.warc"
    assert logical_name("s3://bucket/a/b.warc") == "b.warc"


def test_a_limit_takes_the_first_by_name_and_looks_at_no_other(crawl: Path) -> None:
    (crawl / "all.paths").write_text("b.warc.gz\na.warc\nnot/there.warc\n")
    assert names(find_source([str(crawl / "all.paths")], limit=2)) == ["a.warc", "b.warc.gz"]
    with pytest.raises(InputError, match=r"not/there\.warc: No such file"):
        find_source([str(crawl / "all.paths")])


def test_a_file_named_twice_is_taken_once(crawl: Path) -> None:
    again = find_source([str(crawl), str(crawl / "*.warc"), str(crawl / "deep" / "er" / "c.warc.wet.gz"), str(crawl)])
    assert again.parts == find_source([str(crawl)]).parts


def test_two_files_of_one_name_are_refused(tmp_path: Path) -> None:
    one, two = write(tmp_path / "one" / "x.warc"), write(tmp_path / "two" / "x.warc")
    with pytest.raises(InputError, match=f"^{one} and {two} have the same logical name x.warc$"):
        find_source([str(one), str(two)])


def test_links_are_called_what_the_folder_calls_them(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / "crawl" / name).mkdir(parents=True)
        (tmp_path / "crawl" / name / "x.warc").symlink_to(write(tmp_path / "store" / f"sha-{name}"))
    assert names(find_source([str(tmp_path / "crawl")])) == ["a/x.warc", "b/x.warc"]


def test_the_order_of_inputs_is_no_matter(crawl: Path) -> None:
    files = [str(crawl / name) for name in ("a.warc", "b.warc.gz")]
    assert find_source(files).parts == find_source(files[::-1]).parts


@pytest.mark.parametrize(
    ("inputs", "name"),
    [(["{}"], "crawl"), (["{}/"], "crawl"), (["{}/a.warc"], "a"), (["{}/*.warc"], "source"), (["{}/deep"], "deep")],
)
def test_a_source_is_named_by_its_first_input(crawl: Path, inputs: list[str], name: str) -> None:
    assert find_source([entry.format(crawl) for entry in inputs]).name == name
    assert find_source([entry.format(crawl) for entry in inputs], name="v1.0_a-b").name == "v1.0_a-b"


@pytest.mark.parametrize("name", ["", "..", "a/b", "../x", ".hidden", "a b", "ü"])
def test_a_source_name_that_is_no_folder_name_is_refused(crawl: Path, name: str) -> None:
    with pytest.raises(RecipeError, match=r"--source .*: a source is a folder's name"):
        find_source([str(crawl)], name=name)


def refused(path: Path) -> list[tuple[str, str]]:
    (path / "empty").mkdir()
    write(path / "nothing.paths", b" \n\n")
    write(path / "torn.paths.gz", gzip.compress(b"a.warc\n" * 1000)[:20])
    write(path / "wrong.paths.gz", gzip.compress(b"a.warc")[:10] + b"\xff" * 20)
    write(path / "crc.paths.gz", gzip.compress(b"a.warc")[:-8] + b"\0" * 8)
    write(path / "binary.paths", b"\xff\xfe\x00")
    write(path / "gone.paths", b"gone.warc\n")
    return [
        ("missing.warc", r"missing\.warc: no such file or folder"),
        ("missing/*.warc", r"\*\.warc: matches no file"),
        ("missing.paths", r"missing\.paths: No such file"),
        ("empty", r"empty: no file ending in \.warc, .* in this folder"),
        ("nothing.paths", r"nothing\.paths: lists no files"),
        ("torn.paths.gz", r"torn\.paths\.gz: not a readable list of paths"),
        ("wrong.paths.gz", r"wrong\.paths\.gz: not a readable list of paths"),
        ("crc.paths.gz", r"crc\.paths\.gz: not a readable list of paths"),
        ("binary.paths", r"binary\.paths: not a readable list of paths"),
        ("gone.paths", r"gone\.warc: No such file"),
    ]


@pytest.mark.parametrize("number", range(10))
def test_an_input_that_cannot_be_read_is_named(tmp_path: Path, number: int) -> None:
    entry, told = refused(tmp_path)[number]
    with pytest.raises(InputError, match=told):
        find_source([str(tmp_path / entry)])


@pytest.mark.parametrize("name", ["x.jsonl", "x.warc.gz", "x.paths"])
def test_what_would_wait_for_a_writer_for_ever_is_an_error_that_names_it(tmp_path: Path, name: str) -> None:
    fifo = tmp_path / name
    os.mkfifo(fifo)
    (tmp_path / f"link-{name}").symlink_to(fifo)
    (tmp_path / "files.paths").write_text(name)
    folder = [] if name.endswith(".paths") else [tmp_path, tmp_path / "files.paths"]
    for entry in [fifo, tmp_path / f"link-{name}", *folder]:
        with pytest.raises(InputError, match=rf"{name}: a FIFO, socket or device, where a regular file is read"):
            find_source([str(entry)])


def test_a_folder_in_a_list_of_paths_is_an_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "inner.warc").mkdir()
    (tmp_path / "files.paths").write_text("inner.warc")
    with pytest.raises(InputError, match=r"inner\.warc: a folder, where a regular file is read"):
        find_source([str(tmp_path / "files.paths")])


def test_no_input_at_all_is_refused() -> None:
    with pytest.raises(InputError, match="no file in"):
        find_source([])


@pytest.mark.parametrize("entry", ["ftp://host/a.warc", "http://example.org/a.warc"])
def test_an_address_that_cannot_be_read_is_an_error_of_the_command(entry: str) -> None:
    with pytest.raises(RecipeError, match=f"--input {entry}: only local paths, s3://"):
        find_source([entry])


def test_a_folder_that_may_not_be_looked_into_is_no_empty_folder(crawl: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scan = os.scandir

    def guarded(path: Any) -> Any:
        if str(path).endswith("deep"):
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", guarded)
    with pytest.raises(InputError, match="crawl/deep: Permission denied"):
        find_source([str(crawl)])


def test_a_file_that_may_not_be_read_is_refused_before_anything_starts(
    crawl: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(InputError, match=r"a\.warc: permission denied"):
        find_source([str(crawl)])


# Keys.


def test_a_key_is_the_same_wherever_the_file_is_and_whatever_stands_beside_it(tmp_path: Path) -> None:
    write(tmp_path / "one" / "m.warc")
    shutil.copytree(tmp_path / "one", tmp_path / "two")
    write(tmp_path / "two" / "a.warc", b"before")
    keys = {part.name: part.key for part in find_source([str(tmp_path / "two")]).parts}
    assert keys["m.warc"] == find_source([str(tmp_path / "one")]).parts[0].key
    assert len(set(keys.values())) == 2


def test_a_file_that_changes_gets_another_key(tmp_path: Path) -> None:
    keys = set()
    for data, seconds in ((b"one", 1_700_000_000), (b"four", 1_700_000_000), (b"two", 1_700_000_001)):
        write(tmp_path / "a.warc", data, seconds)
        keys.add(find_source([str(tmp_path)]).parts[0].key)
    assert len(keys) == 3


TEXTS = st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"]), max_size=5)
PARTS = st.builds(SourcePart, TEXTS, TEXTS, st.integers(0, 2), TEXTS)


@given(PARTS, PARTS)
def test_a_key_depends_on_name_size_and_tag_alone(one: SourcePart, other: SourcePart) -> None:
    same = (one.name, one.bytes, one.tag) == (other.name, other.bytes, other.tag)
    assert (one.key == other.key) == same


def test_a_key_never_changes() -> None:
    """Every part of every run is stored under one: a change here makes all of them be done again."""
    assert SourcePart("a.warc", "anywhere", 10, "v1").key == "31fcc9a5917d3e78"


# What a run keeps of its source.


@given(st.lists(PARTS, max_size=5))
def test_a_saved_source_is_loaded_as_it_was(parts: list[SourcePart]) -> None:
    from obstore.store import MemoryStore

    from pipeline.storage import ObjectStorage

    storage = ObjectStorage("s3://bucket", store=MemoryStore())
    source = Source("dump-1.0", tuple(parts))
    assert load_source(storage, save_source(storage, source)) == source


def test_a_saved_source_with_other_columns_is_damaged(tmp_path: Path) -> None:
    storage = LocalStorage(tmp_path)
    path = save_source(storage, Source("mine", (SourcePart("n", "/n", 1, "t"),)))
    table = pq.read_table(tmp_path / path)
    pq.write_table(table.rename_columns(["name", "location", "bytes", "\0ag"]), tmp_path / path)
    with pytest.raises(StorageError, match=r"is damaged: its columns are 'name', 'location', 'bytes', '\\x00ag'"):
        load_source(storage, path)


def test_a_source_is_saved_once_and_again_when_its_files_have_moved(tmp_path: Path) -> None:
    storage = LocalStorage(tmp_path)
    here = Source("s", (SourcePart("a.warc", "/here/a.warc", 1, "v1"),))
    there = Source("s", (SourcePart("a.warc", "/there/a.warc", 1, "v1"),))
    assert here.digest == there.digest
    paths = [save_source(storage, source) for source in (here, here, there)]
    assert paths[0] == paths[1]
    assert [load_source(storage, path) for path in paths] == [here, here, there]
