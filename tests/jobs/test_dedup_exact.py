"""`gristmill dedup --exact`: copies by text and address of anyone's rows, with near-duplicates or without."""

import json
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_dedup_verb import digests, kept, parquet, told
from trial import receipt_times, typed

from dedup.addresses import canonical_url
from dedup.exact import Exact
from dedup.minhash import MinHash
from dedup.scale import Scale
from dedup.survival import Components, Star
from jobs.deduplicating import HowToDedup, prepare_rows, run_rows
from pipeline.errors import RecipeError
from pipeline.rows import pieces
from pipeline.rows.columns import RowColumns

Row = dict[str, Any]

FOX = "the quick brown fox jumps over the lazy dog and runs away again"
PAGE = "something else entirely stands on this page of the web today"
A = [
    {"text": FOX, "url": "http://a.org/1", "id": "a"},
    {"text": FOX, "url": "http://a.org/2", "id": "b"},
    {"text": PAGE, "url": "http://b.org/?utm_source=x", "id": "c"},
    {"text": None, "url": None, "id": "d"},
    {"text": "", "url": "", "id": "e"},
    {"text": "short", "url": None, "id": "f"},
]
B = [
    {"text": f"{FOX} now", "url": "http://c.org/", "id": "g"},
    {"text": f"{PAGE} too", "url": "HTTP://B.org/#top", "id": "h"},
    {"text": FOX, "url": None, "id": "i"},
    {"text": None, "url": None, "id": "j"},
    {"text": "short", "url": "http://a.org/9", "id": "k"},
    {"text": "", "url": "", "id": "l"},
]
STRINGS = pa.schema([("text", pa.string()), ("url", pa.string()), ("id", pa.string())])


def written(folder: Path, files: dict[str, list[Row]]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in files.items():
        pq.write_table(pa.Table.from_pylist(rows, STRINGS), folder / f"{name}.parquet")
    return folder


def deduplicated(folder: Path, root: Path, *kinds: str, near: bool = False, star: bool = False) -> dict[str, Any]:
    how = HowToDedup(
        minhash=MinHash(family="fast") if near else None,
        survival=Star(similarity=0.7) if star else Components(),
        columns=RowColumns(),
        scale=Scale(),
        exact=tuple(Exact(by=kind) for kind in kinds),
    )
    return run_rows(prepare_rows([str(folder)], str(root), how), workers=2)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("given") / "data", {"a": A, "b": B})


@pytest.fixture(scope="module", params=["near", "alone"])
def root(request: pytest.FixtureRequest, folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp(request.param) / "out"
    more = ["--no-near"] if request.param == "alone" else []
    done = typed("dedup", str(folder), "--output", str(out), "--exact", "text,url", *more)
    assert done.returncode == 0, done.stderr
    return out


def looked_for(root: Path) -> bool:
    """Whether near-duplicates were."""
    return (root / "steps" / "minhash").exists()


def by_dictionary(files: list[list[Row]], *kinds: str) -> dict[tuple[int, int], tuple[str, tuple[int, int]]]:
    """Of each copy its reason and original: the first of the order of those with an equal value, in one dictionary a pass."""
    rows = {(file, row): each for file, some in enumerate(files) for row, each in enumerate(some)}
    found: dict[tuple[int, int], tuple[str, tuple[int, int]]] = {}

    def place(at: tuple[int, int]) -> tuple[int, str, tuple[int, int]]:
        return -len(rows[at]["text"] or ""), rows[at]["id"] or "", at

    for kind in [kind for kind in ("url", "text") if kind in kinds]:
        groups: dict[str, list[tuple[int, int]]] = {}
        for at in [at for at in rows if at not in found]:
            value = rows[at][kind] or ""
            if value := canonical_url(value) if kind == "url" else value:
                groups.setdefault(value, []).append(at)
        for group in groups.values():
            first = min(group, key=place)
            found |= {at: (f"same_{kind}", first) for at in group if at != first}
    return found


def last(copies: dict[tuple[int, int], tuple[str, tuple[int, int]]], at: tuple[int, int]) -> tuple[int, int]:
    while at in copies:
        at = copies[at][1]
    return at


ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "text": st.sampled_from([None, "", " ", "a", "a b", "b a", "long text"]),
            "url": st.sampled_from([None, "", "http://a/", "HTTP://A/#x", "http://a/?utm_source=y", "http://b/c"]),
            "id": st.sampled_from([None, "1", "2"]),
        }
    ),
    max_size=9,
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    files=st.lists(ROWS, min_size=1, max_size=3).filter(any),
    kinds=st.sampled_from([("text",), ("url",), ("text", "url")]),
    small=st.booleans(),
)
def test_each_copy_and_its_original_are_those_of_a_plain_dictionary(
    files: list[list[Row]], kinds: tuple[str, ...], small: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    base = tmp_path_factory.mktemp("property")
    written(base / "data", {f"{number}": rows for number, rows in enumerate(files)})
    with pytest.MonkeyPatch.context() as patch:
        if small:
            patch.setattr(pieces, "PIECE_ROWS", 2)
            patch.setattr("jobs.deduplicating.BUNDLE_BYTES", 1)
        manifest = deduplicated(base / "data", base / "out", *kinds)
    copies = by_dictionary(files, *kinds)
    found = told(base / "out").rows(named=True)
    assert len(found) == sum(map(len, files)) == manifest["funnel"]["records"]
    for each in found:
        at = int(each["file"].split(".")[0]), each["row"]
        reason, original = copies.get(at, (None, None))
        assert (each["reason"], each["keep"]) == (reason, reason is None)
        assert each["copy_of_row"] == (original[1] if original else None)
        assert each["copy_of_file"] == (f"{original[0]}.parquet" if original else None)
        group = [other for other in copies if last(copies, other) == last(copies, at)]
        assert each["cluster_size"] == len(group) + 1
        stays = (f"{last(copies, at)[0]}.parquet", last(copies, at)[1]) if group else (None, None)
        assert (each["survivor_file"], each["survivor_row"]) == stays
    assert manifest["duplicates"]["removed"] == len(copies)
    assert manifest["duplicates"]["clusters"] == len({last(copies, at) for at in copies})


def test_rows_without_a_text_or_an_address_are_nobody_s_copies(root: Path) -> None:
    found = told(root).filter(pl.col("row").is_in([3, 4]) & (pl.col("file") == "a.parquet"))
    assert found["keep"].all()
    assert found["cluster"].null_count() == 2
    stays = {row["id"] for row in kept(root).to_pylist()}
    assert {"d", "e", "j", "l"} <= stays


def test_what_became_of_each_row_names_why_and_what_it_is_a_copy_of(root: Path) -> None:
    near = looked_for(root)
    found = told(root).filter(~pl.col("keep"))
    rows = found.select("file", "row", "reason", "copy_of_file", "copy_of_row", "survivor_file", "survivor_row").rows()
    fox = ("b.parquet", 0) if near else ("a.parquet", 0)
    copies = [
        ("a.parquet", 1, "same_text", "a.parquet", 0, *fox),
        ("a.parquet", 2, "same_url", "b.parquet", 1, "b.parquet", 1),
        ("b.parquet", 2, "same_text", "a.parquet", 0, *fox),
        ("b.parquet", 4, "same_text", "a.parquet", 5, "a.parquet", 5),
    ]
    assert rows == ([("a.parquet", 0, "near_duplicate", None, None, *fox)] if near else []) + copies


def test_table_card_and_manifest_count_copies(root: Path, folder: Path) -> None:
    near = looked_for(root)
    more = [] if near else ["--no-near"]
    done = typed("dedup", str(folder), "--output", str(root), "--exact", "text,url", *more)
    lines = " ".join(done.stdout.split())
    for line in ("same_url │ -1", "same_text │ -3", "6 rows without an address", "4 rows without a text"):
        assert line in lines
    assert ("near_duplicate │ -1" in lines) == ("too short to be compared" in lines) == near
    assert ("clusters of copies and near-duplicates" in lines) == near
    manifest = json.loads((root / "dataset" / "manifest.json").read_bytes())
    found = manifest["duplicates"]
    assert found["largest"][0] | {"survivor_row": 0} == {
        "rows": 4 if near else 3,
        "survivor_file": "b.parquet" if near else "a.parquet",
        "survivor_row": 0,
    }
    assert (found["clusters"], found["removed"]) == ((3, 5) if near else (3, 4))
    card = (root / "dataset" / "README.md").read_text()
    assert "| copies taken out by their text | 3 |" in card
    assert "| copies taken out by their address | 1 |" in card
    assert ("near-duplicates taken out" in card) == near
    assert "same_text" in typed("status", str(root)).stdout
    assert typed("verify", str(root)).returncode == 0


def test_duplicates_tells_copies_with_what_they_are_copies_of(root: Path) -> None:
    near = looked_for(root)
    everything = json.loads(typed("duplicates", str(root), "--json").stdout)
    sizes = {each["size"]: each["clusters"] for each in everything["sizes"]}
    assert sizes == ({2: 2, 4: 1} if near else {2: 2, 3: 1})
    assert everything["removed"] == (5 if near else 4)
    answers = told(root)
    for name in ("b", "c", "i", "k", "b.parquet:2"):
        (cluster,) = json.loads(typed("duplicates", str(root), name, "--json").stdout)["clusters"]
        survivor, *removed = cluster["members"]
        (asked,) = [each for each in removed if each["asked_for"]]
        assert (name in {asked["record_id"], asked["name"]}, asked["fate"]) == (True, "exact_copy")
        file, row = asked["name"].split(":")
        (answer,) = answers.filter((pl.col("file") == file) & (pl.col("row") == int(row))).rows(named=True)
        assert asked["same"] == answer["reason"]
        assert asked["copy_of"] == f"{answer['copy_of_file']}:{answer['copy_of_row']}"
        assert survivor["name"] == f"{answer['survivor_file']}:{answer['survivor_row']}"
        assert cluster["size"] == answer["cluster_size"] == len(cluster["members"])
        members = answers.filter(pl.col("cluster") == answer["cluster"])
        assert {each["name"] for each in cluster["members"]} == set(
            (members["file"] + ":" + members["row"].cast(pl.String)).to_list()
        )
        assert asked["decided_by"] in {"text_chars", "record_id"}
    shown = typed("duplicates", str(root), "b").stdout
    assert "exact_copy     a.parquet:1, same_text of a.parquet:0 (asked for)" in shown
    assert ("it went as a copy" in shown) == near
    assert "joined by others" not in shown


def test_a_row_without_copies_is_found_by_its_id_and_stays(root: Path) -> None:
    for name in ("d", "a.parquet:3"):  # of neither a text nor an address, so in no table of copies
        (alone,) = json.loads(typed("duplicates", str(root), name, "--json").stdout)["alone"]
        assert alone["name"] == "a.parquet:3"
    shown = typed("duplicates", str(root), "d").stdout
    assert ("no near-duplicate" if looked_for(root) else "no copy: it stays") in shown
    missing = typed("duplicates", str(root), "nobody")
    assert (missing.returncode, "no row of this run has this id" in missing.stderr) == (2, True)


@pytest.mark.parametrize("near", [False, True], ids=["alone", "near"])
def test_the_order_of_files_decides_nothing(tmp_path: Path, near: bool) -> None:
    one, other = ({"a": A, "b": B}, {"a": B, "b": A})
    stays: list[list[Row]] = []
    for number, files in enumerate((one, other)):
        data = written(tmp_path / f"{number}" / "data", files)
        deduplicated(data, tmp_path / f"{number}" / "out", "url", "text", near=near, star=True)
        stays.append(sorted(kept(tmp_path / f"{number}" / "out").to_pylist(), key=lambda row: row["id"]))
    assert stays[0] == stays[1]


def test_any_number_of_threads_and_pieces_keeps_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    many = [{"text": f"text {n % 7}", "url": f"http://a/{n % 50}", "id": f"{n}"} for n in range(300)]
    data = written(tmp_path / "data", {"a": many[:200], "b": many[200:]})
    deduplicated(data, tmp_path / "whole", "url", "text")
    monkeypatch.setattr("jobs.deduplicating.BUNDLE_BYTES", 1)
    deduplicated(data, tmp_path / "small", "url", "text")
    columns = ["file", "row", "keep", "reason", "cluster_size", "copy_of_file", "copy_of_row"]
    assert told(tmp_path / "small").select(columns).equals(told(tmp_path / "whole").select(columns))
    assert kept(tmp_path / "small") == kept(tmp_path / "whole")


def test_a_second_run_does_only_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jobs.deduplicating.BUNDLE_BYTES", 1)
    data, root = written(tmp_path / "data", {"a": A}), tmp_path / "out"
    deduplicated(data, root, "url", "text")
    before, first = receipt_times(root), digests(root)
    deduplicated(data, root, "url", "text")
    assert receipt_times(root) == before
    written(data, {"b": B})
    deduplicated(data, root, "url", "text")
    keyed = receipt_times(root, "exact-url")
    assert len(keyed) == 2
    assert {path: time for path, time in keyed.items() if path in before} == {
        path: time for path, time in before.items() if "/exact-url/" in path
    }
    assert told(root)["reason"].drop_nulls().sort().to_list() == ["same_text"] * 3 + ["same_url"]
    (data / "b.parquet").unlink()
    deduplicated(data, root, "url", "text")
    assert digests(root) == first


def test_lines_of_json_stay_lines_without_their_copies(tmp_path: Path) -> None:
    lines = [json.dumps(row) for row in [*A, *B]]
    (tmp_path / "rows.jsonl").write_text("\n".join(lines) + "\n")
    words = ["dedup", str(tmp_path / "rows.jsonl"), "-o", str(tmp_path / "out"), "--exact", "text", "--no-near"]
    assert typed(*words, "--format", "jsonl").returncode == 0
    (file,) = (tmp_path / "out/dataset/data").iterdir()
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    assert [row["id"] for row in rows] == list("acdefghjl")
    assert {row["id"]: row["minhash_cluster_size"] for row in rows}["a"] == 3


def test_near_duplicates_are_those_of_the_rows_without_copies(folder: Path, tmp_path: Path) -> None:
    deduplicated(folder, tmp_path / "exact", "text", near=True)
    deduplicated(folder, tmp_path / "plain", near=True)
    exact, plain = (told(tmp_path / name) for name in ("exact", "plain"))
    short = exact.filter(pl.col("file") == "b.parquet", pl.col("row") == 4)
    assert short["reason"].to_list() == ["same_text"], "too short for MinHash, and a copy all the same"
    columns = ["file", "row", "keep", "cluster_size", "survivor_file", "survivor_row"]
    others = pl.concat([short, exact.filter(pl.col("copy_of_row") == 5)]).select("file", "row")
    others = pl.concat([others, pl.DataFrame({"file": ["a.parquet"], "row": [5]})])
    one, other = (each.select(columns).join(others, on=["file", "row"], how="anti") for each in (exact, plain))
    assert one.equals(other)


def test_a_page_copied_often_costs_its_rows_and_no_more(tmp_path: Path) -> None:
    count = 100_000
    parquet(
        tmp_path / "data/a.parquet", text=["the same text of some words in every row"] * count, n=list(range(count))
    )
    manifest = deduplicated(tmp_path / "data", tmp_path / "out", "text", near=True)
    assert manifest["duplicates"]["signed"] == 1
    assert manifest["duplicates"]["edges"] == 0
    assert kept(tmp_path / "out").select(["n", "minhash_cluster_size"]).to_pylist() == [
        {"n": 0, "minhash_cluster_size": count}
    ]


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--exact", "date"], "copies are known by url or text, not by 'date'"),
        (["--exact", "text,text"], "name each kind once"),
        (["--exact", ""], "copies are known by url or text, not by ''"),
        (["--no-near"], "nothing to look for"),
        (["--exact", "url", "--url-column", "link"], "no column link"),
        (["--exact", "url", "--url-column", "n"], "column n is int64, not text; name one with --url-column"),
        (["--exact", "text", "--no-near", "--against", "elsewhere"], "no run here"),
    ],
)
def test_what_cannot_be_looked_for_is_an_error_of_one_line(tmp_path: Path, words: list[str], why: str) -> None:
    parquet(tmp_path / "a.parquet", text=["a"], url=["http://a"], n=[1])
    done = typed("dedup", str(tmp_path / "a.parquet"), "--output", str(tmp_path / "out"), *words)
    assert done.returncode == 2
    assert why in done.stderr
    assert not (tmp_path / "out" / "steps").exists()


def test_rows_without_any_address_are_an_error_before_anything_starts(tmp_path: Path) -> None:
    parquet(tmp_path / "a.parquet", text=["a"])
    done = typed("dedup", str(tmp_path / "a.parquet"), "--output", str(tmp_path / "out"), "--exact", "url")
    assert (done.returncode, "name the right one with --url-column" in done.stderr) == (2, True)


def test_nothing_to_look_for_is_refused() -> None:
    with pytest.raises(RecipeError, match="nothing to look for"):
        HowToDedup(minhash=None, survival=Components(), columns=RowColumns(), scale=Scale())


def test_a_copy_of_a_row_like_one_of_an_earlier_release_goes_for_that(folder: Path, tmp_path: Path) -> None:
    before = written(tmp_path / "before", {"old": [{"text": f"{FOX} once more", "url": None, "id": "z"}]})
    first, second = tmp_path / "first", tmp_path / "second"
    assert typed("dedup", str(before), "-o", str(first), "--exact", "text").returncode == 0
    done = typed("dedup", str(folder), "-o", str(second), "--exact", "text", "--against", str(first))
    assert done.returncode == 0, done.stderr
    found = told(second).filter(pl.col("survivor_source").is_not_null())
    columns = ["file", "row", "reason", "copy_of_file", "copy_of_row", "survivor_file", "survivor_row"]
    assert found.select(columns).rows() == [
        ("a.parquet", 0, "near_duplicate", None, None, "old.parquet", 0),
        ("a.parquet", 1, "same_text", "a.parquet", 0, "old.parquet", 0),
        ("b.parquet", 0, "near_duplicate", None, None, "old.parquet", 0),
        ("b.parquet", 2, "same_text", "a.parquet", 0, "old.parquet", 0),
    ]
    (cluster,) = json.loads(typed("duplicates", str(second), "b", "--json").stdout)["clusters"]
    survivor, *removed = cluster["members"]
    assert (survivor["document"] >> 48, cluster["size"], len(removed)) == (1, 4, 4)
    fates = {each["record_id"]: (each["fate"], each["decided_by"]) for each in removed}
    assert fates == {
        "a": ("near_duplicate", "release"),
        "b": ("exact_copy", "release"),
        "g": ("near_duplicate", "release"),
        "i": ("exact_copy", "release"),
    }


def test_an_empty_name_of_a_score_is_refused(folder: Path, tmp_path: Path) -> None:
    done = typed("dedup", str(folder), "--output", str(tmp_path / "out"), "--score", "")
    assert (done.returncode, "names a score; name its column" in done.stderr) == (2, True)
