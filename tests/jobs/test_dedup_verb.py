"""`gristmill dedup` over rows of others: what stays, what comes beside it, what happens when something is wrong."""

import errno
import hashlib
import json
import os
import random
from pathlib import Path

import orjson
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from trial import receipt_times, typed

from dedup.minhash import MinHash
from dedup.scale import Scale
from dedup.shingles import jaccard
from dedup.survival import Components
from jobs.deduplicating import HowToDedup, prepare_rows, run_rows
from pipeline.errors import InputError, PartsFailed, RecipeError
from pipeline.rows import pieces
from pipeline.rows.columns import RowColumns
from pipeline.storage_errors import storage_errors
from pipeline.writer import Writer

WORDS = [f"{a}{b}{c}" for a in "bdfgklmnprst" for b in "aeiou" for c in ("", "n", "s", "r", "l")]


def text(seed: int, words: int = 60) -> str:
    return " ".join(random.Random(seed).choices(WORDS, k=words))


def how(family: str = "fast", **columns: str) -> HowToDedup:
    return HowToDedup(
        minhash=MinHash(family=family),
        survival=Components(),
        columns=RowColumns(**columns),
        scale=Scale(memory=2 << 30),
    )


def deduplicated(*inputs: Path, root: Path, workers: int = 2, **options: str) -> dict:
    return run_rows(prepare_rows([str(each) for each in inputs], str(root), how(**options)), workers=workers)


def parquet(file: Path, **columns: object) -> Path:
    file.parent.mkdir(exist_ok=True, parents=True)
    pq.write_table(pa.table(columns), file)
    return file


def kept(root: Path) -> pa.Table:
    return pa.concat_tables(pq.read_table(file) for file in sorted((root / "dataset" / "data").glob("*.parquet")))


def told(root: Path) -> pl.DataFrame:
    return pl.read_parquet(root / "dataset" / "duplicates" / "*.parquet")


def digests(root: Path) -> dict[str, str]:
    files = sorted((root / "dataset").rglob("*.parquet"))
    assert files
    return {str(file.relative_to(root)): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two files with copies within and across them: near copies of text 1 in both, and one of text 3."""
    data = tmp_path / "data"
    texts = [text(1), text(2), text(1) + " more", text(3)]
    parquet(data / "a.parquet", text=texts, n=[1, 2, 3, 4])
    parquet(data / "b.parquet", text=[text(4), text(1) + " other words", text(3)], n=[5, 6, 7])
    return data


def test_one_of_each_cluster_stays_with_all_its_columns(folder: Path, tmp_path: Path) -> None:
    manifest = deduplicated(folder, root=tmp_path / "out")
    rows = kept(tmp_path / "out")
    assert rows.schema == pa.schema([("text", pa.string()), ("n", pa.int64()), ("minhash_cluster_size", pa.int32())])
    assert rows["n"].to_pylist() == [2, 4, 5, 6]
    assert rows["minhash_cluster_size"].to_pylist() == [1, 2, 1, 3]
    assert manifest["funnel"]["records"] == 7
    assert manifest["funnel"]["near_duplicates"] == 3
    assert manifest["duplicates"]["largest"][0] == {"rows": 3, "survivor_file": "b.parquet", "survivor_row": 1}


def test_what_became_of_each_row_joins_back_by_file_and_row(folder: Path, tmp_path: Path) -> None:
    deduplicated(folder, root=tmp_path / "out")
    found = told(tmp_path / "out")
    assert found.select("file", "row", "keep", "cluster_size", "survivor_file", "survivor_row").rows() == [
        ("a.parquet", 0, False, 3, "b.parquet", 1),
        ("a.parquet", 1, True, 1, None, None),
        ("a.parquet", 2, False, 3, "b.parquet", 1),
        ("a.parquet", 3, True, 2, "a.parquet", 3),
        ("b.parquet", 0, True, 1, None, None),
        ("b.parquet", 1, True, 3, "b.parquet", 1),
        ("b.parquet", 2, False, 2, "a.parquet", 3),
    ]
    clusters = found.drop_nulls("cluster").group_by("cluster").len()["len"].sort().to_list()
    assert clusters == [2, 3]


def test_any_number_of_threads_and_cuts_gives_the_same_bytes(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    many = [text(n % 40) + f" {n % 3}" for n in range(300)]
    with pq.ParquetWriter(folder / "c.parquet", pa.schema([("text", pa.string()), ("n", pa.int64())])) as writer:
        for start in range(0, 300, 50):
            writer.write_table(pa.table({"text": many[start : start + 50], "n": range(start, start + 50)}))
    monkeypatch.setattr(pieces, "PIECE_ROWS", 60)
    monkeypatch.setattr("jobs.deduplicating.BUNDLE_BYTES", 1)
    one = deduplicated(folder, root=tmp_path / "one", workers=1)
    deduplicated(folder, root=tmp_path / "four", workers=4)
    assert len(one["shards"]) > 6
    assert digests(tmp_path / "one") == digests(tmp_path / "four")
    monkeypatch.setattr(pieces, "PIECE_ROWS", 1 << 19)
    deduplicated(folder, root=tmp_path / "whole")
    assert kept(tmp_path / "whole") == kept(tmp_path / "one")
    assert told(tmp_path / "whole").drop("cluster").equals(told(tmp_path / "one").drop("cluster"))


def test_a_second_run_does_only_what_is_missing(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jobs.deduplicating.BUNDLE_BYTES", 1)
    root = tmp_path / "out"
    deduplicated(folder, root=root)
    before, written = receipt_times(root), digests(root)
    deduplicated(folder, root=root)
    assert receipt_times(root) == before
    parquet(folder / "c.parquet", text=[text(2), text(5)], n=[8, 9])
    deduplicated(folder, root=root)
    signed = receipt_times(root, "minhash")
    assert len(signed) == 3
    assert {path: time for path, time in signed.items() if path in before} == {
        path: time for path, time in before.items() if "/minhash/" in path
    }
    assert kept(root)["n"].to_pylist() == [2, 4, 5, 6, 9]
    (folder / "c.parquet").unlink()
    deduplicated(folder, root=root)
    assert digests(root) == written


def test_datatrove_s_signatures_are_the_other_family(folder: Path, tmp_path: Path) -> None:
    deduplicated(folder, root=tmp_path / "out", family="datatrove")
    assert kept(tmp_path / "out")["n"].to_pylist() == [2, 4, 5, 6]


def test_lines_of_json_become_parquet_with_all_their_columns(tmp_path: Path) -> None:
    rows = [
        {"text": text(1), "m": {"a": 1}},
        {"text": text(1), "tags": ["x"]},
        {"text": text(2), "m": {"b": "c"}},
        {"text": None},
    ]
    (tmp_path / "a.jsonl").write_bytes(b"\n\n".join(map(orjson.dumps, rows)))
    deduplicated(tmp_path / "a.jsonl", root=tmp_path / "out")
    assert kept(tmp_path / "out").to_pylist() == [
        {"text": text(1), "m": {"a": 1, "b": None}, "tags": None, "minhash_cluster_size": 2},
        {"text": text(2), "m": {"a": None, "b": "c"}, "tags": None, "minhash_cluster_size": 1},
        {"text": None, "m": None, "tags": None, "minhash_cluster_size": 1},
    ]


# Odd input.


def test_rows_without_words_stay_and_are_counted(tmp_path: Path) -> None:
    data = parquet(tmp_path / "a.parquet", text=["", "", None, None, "word", "word", text(1), text(1)])
    manifest = deduplicated(data, root=tmp_path / "out")
    assert kept(tmp_path / "out")["text"].to_pylist() == ["", "", None, None, "word", "word", text(1)]
    assert manifest["duplicates"]["documents"] - manifest["duplicates"]["signed"] == 6


def test_identical_rows_leave_the_first(tmp_path: Path) -> None:
    data = parquet(tmp_path / "a.parquet", text=[text(1)] * 20_000, n=range(20_000))
    manifest = deduplicated(data, root=tmp_path / "out")
    assert kept(tmp_path / "out")["n"].to_pylist() == [0]
    assert manifest["duplicates"]["edges"] == 14 * 19_999


def test_files_of_other_types_and_columns_become_one_table(tmp_path: Path) -> None:
    data = tmp_path / "data"
    parquet(data / "a.parquet", text=pa.array([text(1)], pa.string()), n=pa.array([1], pa.int32()))
    parquet(data / "b.parquet", text=pa.array([text(1)], pa.large_string()), n=pa.array([1.5]))
    parquet(data / "c.parquet", text=pa.array([text(2)]).dictionary_encode(), more=["x"])
    deduplicated(data, root=tmp_path / "out")
    rows = kept(tmp_path / "out")
    assert rows.schema.field("text").type == pa.large_string()
    assert rows.drop_columns(["minhash_cluster_size"]).to_pylist() == [
        {"text": text(1), "n": 1.0, "more": None},
        {"text": text(2), "n": None, "more": "x"},
    ]


def test_files_that_do_not_go_together_are_an_error_before_anything_runs(tmp_path: Path) -> None:
    parquet(tmp_path / "data" / "a.parquet", text=["a"], n=[1])
    parquet(tmp_path / "data" / "b.parquet", text=["a"], n=["one"])
    with pytest.raises(InputError, match=r"column n is int64 in the files before and string in b\.parquet"):
        prepare_rows([str(tmp_path / "data")], str(tmp_path / "out"), how())
    assert not (tmp_path / "out").exists()


def test_sizes_of_clusters_from_an_earlier_run_are_replaced(folder: Path, tmp_path: Path) -> None:
    deduplicated(folder, root=tmp_path / "out")
    deduplicated(tmp_path / "out" / "dataset" / "data", root=tmp_path / "again")
    assert kept(tmp_path / "again").schema == kept(tmp_path / "out").schema
    assert kept(tmp_path / "again")["minhash_cluster_size"].to_pylist() == [1] * 4


def test_an_id_of_integers_and_a_date_order_equal_texts(tmp_path: Path) -> None:
    data = parquet(
        tmp_path / "a.parquet", text=[text(1)] * 3, key=[2, 1, 3], when=["2020-01-02T00:00:00Z"] * 2 + ["2020-01-01"]
    )
    deduplicated(data, root=tmp_path / "ids", id="key")
    assert kept(tmp_path / "ids")["key"].to_pylist() == [1]
    deduplicated(data, root=tmp_path / "dates", id="key", date="when")
    assert kept(tmp_path / "dates")["key"].to_pylist() == [3]


def test_input_that_changes_under_way_is_an_error(folder: Path, tmp_path: Path) -> None:
    prepared = prepare_rows([str(folder)], str(tmp_path / "out"), how())
    os.utime(folder / "b.parquet", ns=(1, 1))
    with pytest.raises(PartsFailed, match=r"b\.parquet: the file has changed since this run was planned"):
        run_rows(prepared, workers=2)
    assert not (tmp_path / "out" / "dataset").exists()


def test_a_root_inside_the_input_is_an_error(folder: Path) -> None:
    deduplicated(folder, root=folder / "out")
    with pytest.raises(RecipeError, match=r"--output .* holds out/dataset/"):
        deduplicated(folder, root=folder / "out")


def test_a_root_that_may_not_be_written_is_one_line(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "mkdir", refuse)
    done = typed("dedup", str(folder), "--output", str(tmp_path / "out"))
    assert done.returncode == 1
    assert "permission denied" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_an_input_that_may_not_be_read_is_one_line(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.sources.os.access", lambda *_: False)
    done = typed("dedup", str(folder), "--output", str(tmp_path / "out"))
    assert done.returncode == 2
    assert "permission denied" in done.stderr


def test_a_full_disk_stops_the_run_which_goes_on_where_it_was(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = Writer.write

    def full(writer: Writer, data: bytes) -> int:
        if ".data." in writer.path and writer.bytes:
            with storage_errors(writer.path):
                raise OSError(errno.ENOSPC, "No space left on device")
        return write(writer, data)

    with monkeypatch.context() as patch:
        patch.setattr(Writer, "write", full)
        done = typed("dedup", str(folder), "--output", str(tmp_path / "out"))
    assert done.returncode == 1
    assert "disk full; free some space and run the same command again" in done.stderr
    assert not (tmp_path / "out" / "dataset").exists()
    signed = receipt_times(tmp_path / "out", "minhash")
    assert typed("dedup", str(folder), "--output", str(tmp_path / "out")).returncode == 0
    assert receipt_times(tmp_path / "out", "minhash") == signed
    assert kept(tmp_path / "out").num_rows == 4


# What a person types and sees.


def test_the_summary_tells_rows_clusters_and_the_largest(folder: Path, tmp_path: Path) -> None:
    done = typed("dedup", str(folder / "*.parquet"), "--output", str(tmp_path / "out"), "--workers", "2")
    assert done.returncode == 0
    for line in (
        "rows read",
        "near_duplicate",
        "-3",
        "42.9%",
        "2 clusters of near-duplicates",
        "b.parquet",
        "out/dataset/data",
    ):
        assert line in done.stdout
    again = typed("dedup", str(folder), "--output", str(tmp_path / "out"), "--json")
    assert json.loads(again.stdout)["funnel"]["kept"] == 4


def test_such_a_root_can_be_verified_and_asked_for_its_status(folder: Path, tmp_path: Path) -> None:
    root = tmp_path / "out"
    deduplicated(folder, root=root)
    assert typed("verify", str(root)).returncode == 0
    shown = typed("status", str(root))
    assert shown.returncode == 0
    assert "rows read" in shown.stdout
    (file,) = (root / "dataset" / "duplicates").iterdir()
    file.write_bytes(file.read_bytes()[:-1] + b"?")
    assert typed("verify", str(root)).returncode == 1


def test_the_folder_loads_as_a_dataset_of_the_rows_alone(folder: Path, tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    deduplicated(folder, root=tmp_path / "out")
    loaded = datasets.load_dataset(str(tmp_path / "out" / "dataset"), split="train", cache_dir=str(tmp_path / "cache"))
    assert loaded["n"][:] == [2, 4, 5, 6]


@pytest.mark.parametrize(
    ("words", "told_"),
    [
        (["nowhere"], "no such file or folder"),
        (["empty"], "no file ending in"),
        (["data", "--text-column", "body"], "no column body; there are text, n; name the right one with --text-column"),
        (["data", "--text-column", "n"], "column n is int64, not text"),
        (["data", "--family", "slow"], "family 'slow' is none of"),
        (["data", "--memory", "much"], "--memory much: give a size such as 2GB"),
        (["data", "--memory", "1MB"], "a task needs at least"),
        (["crawl.warc.gz"], "only rows are deduplicated"),
    ],
)
def test_a_wrong_command_is_one_line_and_leaves_nothing(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], told_: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "crawl.warc.gz").touch()
    done = typed("dedup", *words, "--output", "out")
    assert done.returncode == 2
    assert told_ in done.stderr
    assert not (tmp_path / "out").exists()


# Lines that stay lines.


def test_lines_stay_as_they_were_written_with_the_size_of_their_cluster(tmp_path: Path) -> None:
    lines = [
        f'{{ "text" : "{text(1)}", "n": 1.50, "big": 123456789012345678901234567890 }}',
        f'{{"text": "{text(1)}", "n": "one"}}',
        "{}",
        f'{{"text": "{text(2)}", "minhash_cluster_size": 9}}',
        f'{{"text": "{text(3)} minhash_cluster_size"}}',
    ]
    (tmp_path / "a.jsonl").write_text("\n".join([lines[0], "", *lines[1:]]))
    done = typed("dedup", str(tmp_path / "a.jsonl"), "--output", str(tmp_path / "out"), "--format", "jsonl")
    assert done.returncode == 0, done.stderr
    (file,) = (tmp_path / "out" / "dataset" / "data").iterdir()
    assert file.name == "train-00000-of-00001.jsonl"
    assert file.read_text().splitlines() == [
        lines[0][:-2] + ',"minhash_cluster_size":2}',
        '{"minhash_cluster_size":1}',
        f'{{"text": "{text(2)}","minhash_cluster_size":1}}',
        lines[4][:-1] + ',"minhash_cluster_size":1}',
    ]
    assert told(tmp_path / "out")["row"].to_list() == [0, 1, 2, 3, 4]
    assert typed("verify", str(tmp_path / "out")).returncode == 0
    file.write_bytes(file.read_bytes() + b"{}\n")
    assert typed("verify", str(tmp_path / "out")).returncode == 1


def test_parquet_does_not_become_lines(folder: Path, tmp_path: Path) -> None:
    done = typed("dedup", str(folder), "--output", str(tmp_path / "out"), "--format", "jsonl")
    assert done.returncode == 2
    assert "holds no lines, and stays Parquet" in done.stderr


def test_a_chain_leaves_one_and_stars_leave_what_is_like_none_that_stays(tmp_path: Path) -> None:
    words = text(1, 300).split()
    chain = [" ".join(words[shift : shift + 100]) for shift in range(0, 100, 8)]
    data = parquet(tmp_path / "a.parquet", text=chain)
    sizes = {}
    for rule in ("components", "star"):
        done = typed(
            "dedup", str(data), "--output", str(tmp_path / rule), "--rule", rule, "--similarity", "0.7", "--json"
        )
        assert done.returncode == 0, done.stderr
        sizes[rule] = json.loads(done.stdout)["funnel"]["kept"]
    done = typed("dedup", str(data), "--output", str(tmp_path / "read"), "--read-text", "--json")
    assert done.returncode == 0, done.stderr
    gone = told(tmp_path / "read").filter(~pl.col("keep"))
    minhash = MinHash(family="fast")
    exact = [
        jaccard(minhash.shingles(chain[row]), minhash.shingles(chain[survivor]))
        for row, survivor in gone.select("row", "survivor_row").rows()
    ]
    assert exact
    assert min(exact) >= 0.7
    assert 1 <= sizes["components"] < sizes["star"] < len(chain)
