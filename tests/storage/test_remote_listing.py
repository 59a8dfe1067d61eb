"""A bucket's files are found by listing, in few requests, with the names, sizes and tags that asking for each would give."""

import gzip

import pytest
from fault_proxy import Fault, FaultProxy
from hypothesis import given
from hypothesis import strategies as st
from seaweed import BUCKET

from pipeline.errors import InputError, RecipeError, StorageError
from pipeline.remote import remote_files
from pipeline.remote.remote_files import anchor_of, matches
from pipeline.sources import ROW_FILES, find_source, save_source
from pipeline.storage import LocalStorage, open_storage
from pipeline.storage_errors import shown


def fill(s3: str, *names: str) -> None:
    storage = open_storage(s3)
    for name in names:
        storage.put(name, name.encode())


@pytest.mark.s3
def test_a_prefix_is_its_archives_at_any_depth_in_one_request(s3: str, proxy: FaultProxy) -> None:
    fill(s3, "c/b.warc.gz", "c/a.warc", "c/deep/er/d.warc.wet.gz", "c/readme.txt", "c/pages.jsonl", "cc/other.warc")
    proxy.forget()
    source = find_source([f"{s3}/c/"])
    assert [part.name for part in source.parts] == ["a.warc", "b.warc.gz", "deep/er/d.warc.wet.gz"]
    assert [part.location for part in source.parts] == [f"{s3}/c/{part.name}" for part in source.parts]
    assert source.name == "c"
    assert len(proxy.asked) == 1


@pytest.mark.s3
def test_listing_and_asking_give_the_same_keys(s3: str) -> None:
    names = [f"w/{n:02d}.warc.gz" for n in range(12)]
    fill(s3, *names)
    listed = find_source([f"{s3}/w/"]).parts
    asked = [find_source([f"{s3}/{name}"]).parts[0] for name in names]
    assert [part.key for part in listed] == [part.key for part in asked]


@pytest.mark.s3
def test_patterns_work_as_on_a_disk(s3: str) -> None:
    fill(s3, "a/x.parquet", "a/y.parquet", "a/b/x.parquet", "a/b/c/z.parquet", "a/x.txt")

    def found(pattern: str) -> list[str]:
        return [part.name for part in find_source([f"{s3}/{pattern}"]).parts]

    assert found("a/*.parquet") == ["x.parquet", "y.parquet"]
    assert found("a/?.*") == ["x.parquet", "x.txt", "y.parquet"]
    assert found("a/[xz].parquet") == ["x.parquet"]
    assert found("a/*/x.parquet") == ["b/x.parquet"]
    assert found("a/**/*.parquet") == ["b/c/z.parquet", "b/x.parquet", "x.parquet", "y.parquet"]


@pytest.mark.s3
@pytest.mark.parametrize("ending", ROW_FILES)
def test_a_prefix_without_archives_is_its_rows(s3: str, ending: str) -> None:
    fill(s3, f"rows/1{ending}", "rows/_SUCCESS")
    assert [part.name for part in find_source([f"{s3}/rows/"]).parts] == [f"1{ending}"]


@pytest.mark.s3
def test_a_dumps_list_is_described_by_listing_its_segments(s3: str, proxy: FaultProxy) -> None:
    dump = "crawl-data/CC-MAIN-2024-10"
    names = [f"{dump}/segments/{segment}.1/warc/{n:05d}.warc.gz" for segment in (10, 11) for n in range(20)]
    fill(s3, *names, f"{dump}/segments/12.1/warc/alone.warc.gz", f"{dump}/segments/10.1/warc/zz-not-listed")
    listed = [*names, f"{dump}/segments/12.1/warc/alone.warc.gz"]
    open_storage(s3).put(f"{dump}/warc.paths.gz", gzip.compress("\n".join(listed).encode()))
    proxy.forget()
    source = find_source([f"{s3}/{dump}/warc.paths.gz"])
    assert (source.name, len(source.parts)) == ("CC-MAIN-2024-10", 41)
    assert source.bytes == sum(map(len, listed))
    assert proxy.count("GET .*list-type") == 2
    assert proxy.count("HEAD") == 1
    assert find_source([f"{s3}/{dump}/warc.paths.gz"], limit=2).parts == source.parts[:2]


@pytest.mark.s3
def test_a_listed_file_that_is_not_there_is_named(s3: str) -> None:
    fill(s3, *(f"w/{n}.warc" for n in range(9)))
    open_storage(s3).put("w/x.paths", "\n".join([*(f"{n}.warc" for n in range(9)), "gone.warc"]).encode())
    with pytest.raises(InputError, match=r"w/gone\.warc: no such file"):
        find_source([f"{s3}/w/x.paths"])


@pytest.mark.s3
def test_a_folder_too_full_of_others_is_not_read_to_its_end(
    s3: str, proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.remote.listing.PAGE", 10)
    monkeypatch.setattr(remote_files, "PAGE", 10)
    monkeypatch.setattr(remote_files, "LIST_MOST", 1)
    wanted = ["w/a.warc", *(f"w/z{n}.warc" for n in range(8))]
    fill(s3, *wanted, *(f"w/m{n:03d}" for n in range(60)))
    open_storage(s3).put("all.paths", "\n".join(wanted).encode())
    proxy.forget()
    assert find_source([f"{s3}/all.paths"]).bytes == sum(map(len, wanted))
    assert proxy.count("HEAD") == 8, "one was seen before listing was given up"


@pytest.mark.s3
def test_listing_goes_on_after_a_failed_page(s3: str, proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.remote.listing.PAGE", 10)
    fill(s3, *(f"w/{n:02d}.warc" for n in range(25)))
    proxy.faults += [Fault("list-type", status=503), Fault("list-type.*start-after", after=100)]
    assert len(find_source([f"{s3}/w/"]).parts) == 25


def test_an_input_without_credentials_in_it_is_what_a_run_keeps(tmp_path) -> None:
    for entry in ("s3://key:secret@bucket/x.warc", "https://user:word@host/x.warc", "https://host/x.warc?sig=1"):
        with pytest.raises(RecipeError, match="an address with credentials or a query") as told:
            find_source([entry])
        assert "secret" not in str(told.value)
        assert "word" not in str(told.value).replace("password", "")
        assert "sig=1" not in str(told.value)
    (tmp_path / "x.paths").write_text("https://host/x.warc?sig=1\n")
    with pytest.raises(RecipeError, match="an address with credentials or a query"):
        find_source([str(tmp_path / "x.paths")])


def test_what_is_shown_has_no_secrets() -> None:
    assert shown("GET https://me:word@host/a?X-Amz-Signature=1&b=2 failed") == "GET https://host/a?… failed"
    assert shown("s3://bucket/what?") == "s3://bucket/what?"


def test_a_server_that_cannot_be_listed_says_so() -> None:
    for entry in ("https://data.commoncrawl.org/crawl-data/", "https://host/a/*.warc.gz"):
        with pytest.raises(InputError, match="a web server cannot be asked what it has"):
            find_source([entry])


@pytest.mark.parametrize(
    ("pattern", "anchor"),
    [("a/b/*.x", "a/b/"), ("a/b*/c", "a/"), ("**", ""), ("a/b/", "a/b/"), ("a/b", "a/"), ("a/[b]/c", "a/")],
)
def test_the_folder_to_list_is_what_stands_before_the_first_sign(pattern: str, anchor: str) -> None:
    assert anchor_of(pattern) == anchor


@given(st.lists(st.sampled_from(["a", "b", "ab"]), min_size=1, max_size=4), st.data())
def test_two_stars_stand_for_any_folders(path: list[str], data: st.DataObject) -> None:
    first = data.draw(st.integers(0, len(path)))
    last = data.draw(st.integers(first, len(path)))
    assert matches(path, [*path[:first], "**", *path[last:]])
    assert matches(path, ["*"] * len(path))
    assert not matches(path, ["*"] * (len(path) + 1))


@pytest.mark.s3
def test_a_run_keeps_where_its_files_are_and_no_key(s3: str, tmp_path) -> None:
    fill(s3, "w/a.warc")
    path = save_source(LocalStorage(tmp_path), find_source([f"{s3}/w/"]))
    kept = (tmp_path / path).read_bytes()
    assert BUCKET.encode() in kept
    assert b"allsecret" not in kept


@pytest.mark.s3
def test_a_bucket_that_is_not_there_or_closed_is_said_in_one_line(s3: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(StorageError, match="there is no such bucket"):
        find_source(["s3://no-such-bucket/"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    with pytest.raises(StorageError, match="permission denied: the secret does not fit"):
        find_source([f"{s3}/"])
