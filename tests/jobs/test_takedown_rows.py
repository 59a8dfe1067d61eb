"""`takedown` of rows that `dedup` left: what goes of its results, and that the input of others is not touched."""

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import polars as pl
import pytest
from leftovers import run_at, traces
from test_dedup_verb import kept, parquet, text, told
from trial import receipt_times, typed

from jobs import deduplicating
from pipeline.errors import StorageError
from pipeline.rows.columns import RowColumns
from pipeline.storage import LocalStorage
from pipeline.verify import verify

NEAR = text(1) + " more"
TEXTS = {
    "a.parquet": [text(1), text(2), text(3), "so brief"],
    "b.parquet": [NEAR, text(5), text(1), "so brief"],
    "c.parquet": [text(6), text(7)],
}


@pytest.fixture(autouse=True)
def part_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deduplicating, "BUNDLE_BYTES", 1)


def address(file: str, row: int) -> str:
    return f"https://{file[0]}.example.org/{row}"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    for file, texts in TEXTS.items():
        rows = range(len(texts))
        urls = [address(file, row) for row in rows]
        parquet(tmp_path / "data" / file, text=texts, id=[f"urn:{file[0]}{row}" for row in rows], url=urls, n=[*rows])
    return tmp_path / "data"


@pytest.fixture
def root(data: Path, tmp_path: Path) -> Path:
    deduplicated(data, tmp_path / "out")
    return tmp_path / "out"


def deduplicated(data: Path, root: Path, *words: str) -> None:
    told = typed("dedup", str(data), "--output", str(root), *words)
    assert told.returncode == 0, told.stderr


def take_down(root: Path, *lines: str, scope: str = "page", code: int = 0) -> Any:
    (root.parent / "list.txt").write_text("\n".join(lines))
    done = typed("takedown", str(root), "--urls", str(root.parent / "list.txt"), "--scope", scope, "--json")
    assert done.returncode == code, done.stderr
    return orjson.loads(done.stdout) if done.stdout else done.stderr


def faults(root: Path) -> list[str]:
    return [f"{each.where}: {each.what}" for each in verify(run_at(root)) if each]


def ids(root: Path) -> list[str]:
    return kept(root)["id"].to_pylist()


def digests(folder: Path) -> dict[str, str]:
    files = sorted(file for file in folder.rglob("*.parquet"))
    return {str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def test_a_row_goes_and_another_of_its_cluster_stays_instead(data: Path, root: Path) -> None:
    before, given = digests(root / "dataset"), digests(data)
    assert [each for each in ids(root) if each in {"urn:a0", "urn:b0", "urn:b2"}] == ["urn:b0"]
    said = take_down(root, "urn:b0")
    assert (said["records"], said["copies"]) == (1, 0)
    assert faults(root) == []
    now = told(root)
    assert now.height == sum(map(len, TEXTS.values()))
    assert now.filter((pl.col("file") == "b.parquet") & (pl.col("row") == 0)).rows() == [
        ("b.parquet", 0, None, 1, None, None, False)
    ]
    assert [each for each in ids(root) if each in {"urn:a0", "urn:b0", "urn:b2"}] == ["urn:a0"]
    assert traces(root, ["urn:b0", address("b.parquet", 0), NEAR]) == []
    assert digests(data) == given
    after = digests(root / "dataset")
    same = {name for name in before if before[name] == after[name]}
    assert same == {name for name in before if "00002-of" in name}, "nothing of the third file changed"
    assert said["shards"] == {"rewritten": [f"dataset/data/train-0000{n}-of-00003.parquet" for n in (0, 1)], "same": 1}
    assert "b.parquet:0 was taken down" in typed("duplicates", str(root), "b.parquet:0").stderr
    assert "no row of this run has this id" in typed("duplicates", str(root), "urn:b0").stderr.replace("\n", " ")
    assert "taken_down" in typed("status", str(root)).stdout
    assert "rows taken down" in (root / "dataset" / "README.md").read_text()
    status = orjson.loads(typed("status", str(root), "--json").stdout)["funnel"]
    assert status["gated"] == {"taken_down": 1}


@pytest.mark.parametrize(
    ("line", "gone"),
    [
        (address("a.parquet", 1), ["urn:a1"]),
        ("id:urn:a1", ["urn:a1"]),
        ("row:a.parquet#1", ["urn:a1"]),
        ("row:a.parquet:1", ["urn:a1"]),
        ("domain:c.example.org", ["urn:c0", "urn:c1"]),
    ],
)
def test_a_row_is_named_by_address_id_place_or_host(line: str, gone: list[str], root: Path) -> None:
    there = ids(root)
    assert take_down(root, line)["records"] == len(gone)
    assert ids(root) == [each for each in there if each not in gone]
    assert traces(root, gone) == []
    assert faults(root) == []


def test_with_its_cluster_copies_go_and_texts_too_short_to_be_compared_by_their_characters(root: Path) -> None:
    there = ids(root)
    said = take_down(root, "row:b.parquet#2", "urn:a3", scope="cluster")
    assert (said["records"], said["copies"]) == (5, 3)
    assert ids(root) == [each for each in there if each not in {"urn:a3", "urn:b3", "urn:b0"}]
    assert traces(root, ["urn:a0", "urn:b0", "urn:b2", "urn:a3", "urn:b3", text(1), "so brief"]) == []
    assert faults(root) == []


def test_what_is_left_is_what_a_deduplication_with_these_tombstones_gives(data: Path, root: Path) -> None:
    take_down(root, "urn:b0", "row:c.parquet#0")
    take_down(root, "urn:a2", scope="cluster")
    fresh = root.parent / "fresh"
    shutil.copytree(root / "takedowns", fresh / "takedowns")
    deduplicated(data, fresh)
    assert digests(fresh / "dataset") == digests(root / "dataset")
    for step in ("rows", "minhash", "clusters", "survivors", "pack"):
        mended, made = (dict(run_at(each).receipts(step)) for each in (root, fresh))
        assert mended.keys() == made.keys()
        for key, receipt in made.items():
            assert (mended[key].counts, mended[key].fingerprint) == (receipt.counts, receipt.fingerprint)
            assert {name: entry.sha256 for name, entry in mended[key].files.items()} == {
                name: entry.sha256 for name, entry in receipt.files.items()
            }
    times = receipt_times(root)
    deduplicated(data, root)
    assert receipt_times(root) == times, "the same command again does nothing more"


def test_a_later_deduplication_here_does_not_bring_it_back(data: Path, root: Path) -> None:
    take_down(root, "urn:c1", "row:c.parquet#0")
    parquet(
        data / "d.parquet",
        text=[text(8), text(9)],
        id=["urn:c1", "urn:d1"],
        url=["https://d.test/0", "https://d.test/1"],
    )
    deduplicated(data, root)
    assert [each for each in ids(root) if each.startswith(("urn:c", "urn:d"))] == ["urn:d1"]
    assert traces(root, ["urn:c1", "urn:c0"]) == []
    assert faults(root) == []


def test_what_is_barred_by_address_host_or_text_does_not_come_with_another_name(data: Path, root: Path) -> None:
    take_down(root, address("c.parquet", 0), "domain:b.example.org")
    take_down(root, "urn:a2", scope="cluster")
    more = [text(6), text(8), text(3), text(9)]
    urls = [
        address("c.parquet", 0),
        "http://WWW.b.example\N{IDEOGRAPHIC FULL STOP}org:80/x",
        "https://d.test/2",
        "d.test/3",
    ]
    parquet(data / "d.parquet", text=more, id=[f"urn:d{row}" for row in range(4)], url=urls)
    deduplicated(data, root)
    assert [each for each in ids(root) if each[4] in "bcd"] == ["urn:c1", "urn:d3"]
    assert "urn:a2" not in ids(root)
    assert faults(root) == []


def test_a_deduplication_that_was_planned_before_a_takedown_began_leaves_the_dataset_as_it_is(
    data: Path, root: Path
) -> None:
    how = deduplicating.HowToDedup(
        minhash=deduplicating.comparison("fineweb", None),
        survival=deduplicating.rule_of_survival("components", 0.5),
        columns=RowColumns(),
        scale=deduplicating.scale_of(None, str(root)),
    )
    planned = deduplicating.prepare_rows([str(data)], str(root), how)
    take_down(root, "urn:a1")
    before = digests(root / "dataset")
    with pytest.raises(StorageError, match="not those that this run began with"):
        deduplicating.run_rows(planned)
    assert digests(root / "dataset") == before
    assert faults(root) == []


def test_parts_without_such_a_row_are_not_signed_again(root: Path) -> None:
    before = dict(run_at(root).receipts("minhash"))
    take_down(root, "urn:c0")
    now = dict(run_at(root).receipts("minhash"))
    assert [receipt.name for key, receipt in now.items() if receipt.files != before[key].files] == ["c.parquet"]


def test_what_is_nowhere_is_said_by_exit_code_1_and_barred_all_the_same(data: Path, root: Path) -> None:
    assert take_down(root, "row:a.parquet#99", code=1)["unknown_entries"] == ["row:a.parquet#99"]
    assert faults(root) == []


def test_input_that_changed_or_is_gone_is_an_error_before_anything_is_done(data: Path, root: Path) -> None:
    parquet(data / "a.parquet", text=[text(1)], id=["x"], url=["https://x.test/"], n=[0])
    assert "a.parquet: the file has changed since" in take_down(root, "urn:b0", code=2)
    (data / "a.parquet").unlink()
    assert "a.parquet" in take_down(root, "urn:b0", code=2)
    assert not (root / "takedowns").exists()


@pytest.mark.parametrize("line", ["row:a.parquet", "row:#1", "row:a.parquet#one"])
def test_a_place_that_is_none_is_refused(line: str, root: Path) -> None:
    assert "give file and number of the row" in take_down(root, line, code=2)


def test_a_later_deduplication_that_is_compared_with_an_earlier_one_here_elects_again(data: Path, root: Path) -> None:
    later = parquet(
        root.parent / "more" / "e.parquet",
        text=[text(2) + " and more", text(3), text(9)],
        id=["urn:e0", "urn:e1", "urn:e2"],
        url=[address("e.parquet", row) for row in range(3)],
    )
    deduplicated(later.parent, root, "--against", str(root), "--source", "more")
    assert ids(root) == ["urn:e2"]
    take_down(root, "urn:a1")
    assert ids(root) == ["urn:e0", "urn:e2"], "the page it went for is gone"
    take_down(root, "urn:a2", scope="cluster")
    assert ids(root) == ["urn:e0", "urn:e2"], "a copy of its text went with it"
    assert traces(root, ["urn:a1", "urn:a2", "urn:e1", text(3)]) == []
    assert faults(root) == []


class Killed(BaseException):
    """Stands for a process that ends where it is."""


def killing(monkeypatch: pytest.MonkeyPatch, after: int) -> Callable[[], int]:
    """Lets `after` changes of storage be, and none from then on; how many there were."""
    count = 0

    def counted(name: str) -> None:
        change = getattr(LocalStorage, name)

        def guarded(self: LocalStorage, *given: Any) -> Any:
            nonlocal count
            count += 1
            if count > after:
                raise Killed
            return change(self, *given)

        monkeypatch.setattr(LocalStorage, name, guarded)

    for name in ("put", "put_new", "delete", "writer", "copy"):
        counted(name)
    return lambda: count


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # files that are open when it ends
def test_killed_at_any_change_it_is_completed_to_the_same(root: Path) -> None:
    (root.parent / "list.txt").write_text("urn:b0\nurn:c0")
    words = ("--urls", str(root.parent / "list.txt"), "--workers", "1", "--json")
    whole = root.parent / "whole"
    shutil.copytree(root, whole)
    with pytest.MonkeyPatch.context() as patch:
        changes = killing(patch, 10**9)
        assert typed("takedown", str(whole), *words).returncode == 0
        total = changes()
    assert total > 20
    for after in range(2, total, total // 5):
        trial = root.parent / f"trial-{after}"
        shutil.copytree(root, trial)
        with pytest.MonkeyPatch.context() as patch:
            killing(patch, after)
            with pytest.raises(Killed):
                typed("takedown", str(trial), *words)
        done = typed("takedown", str(trial), *words)
        assert done.returncode == 0, (after, done.stderr)
        assert digests(trial / "dataset") == digests(whole / "dataset"), after
        assert faults(trial) == [], after
        assert traces(trial, ["urn:b0", "urn:c0", NEAR]) == [], after
        shutil.rmtree(trial)


@pytest.mark.parametrize("words", [("--exact", "text"), ("--exact", "text,url"), ("--exact", "text", "--no-near")])
@pytest.mark.parametrize("scope", ["page", "cluster"])
def test_copies_that_were_taken_out_first_are_taken_down_as_others_whatever_columns_are_called(
    tmp_path: Path, words: tuple[str, ...], scope: str
) -> None:
    data, root = tmp_path / "data", tmp_path / "out"
    for file, texts in TEXTS.items():
        rows = range(len(texts))
        named = {"body": texts, "key": [f"urn:{file[0]}{row}" for row in rows]}
        parquet(data / file, **named, link=[address(file, row) for row in rows])
    columns = ("--text-column", "body", "--id-column", "key", "--url-column", "link")
    deduplicated(data, root, *words, *columns)
    before = kept(root)["key"].to_pylist()
    (first,) = {"urn:a0", "urn:b2", "urn:b0"} & {*before} if "--no-near" not in words else {"urn:a0"}
    said = take_down(root, first, scope=scope)
    assert faults(root) == []
    after = kept(root)["key"].to_pylist()
    assert first not in after
    others = {"urn:a0", "urn:b2", "urn:b0"} - {first}
    if scope == "page":
        assert (said["records"], said["copies"]) == (1, 0)
        assert {*after} - {*before} <= others
        assert others & {*after}
    else:
        copies = {"urn:b2"} if "--no-near" in words else others
        assert said["copies"] == len(copies)
        assert not copies & {*after}
    deduplicated(data, root, *words, *columns)
    assert kept(root)["key"].to_pylist() == after
