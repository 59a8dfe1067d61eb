"""What `gristmill duplicates` tells is what the run did, and what can be computed again of it."""

import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq
import pytest
from test_dedup_verb import parquet, text, told
from trial import typed

from dedup.minhash import MinHash
from dedup.scale import Scale, Shape
from dedup.survival import Components, Star, Survival
from jobs import looking
from jobs.clusters.asking import Asked
from jobs.deduplicating import HowToDedup, prepare_rows, run_rows
from jobs.running import prepare, run
from pipeline.inspection.clusters import cluster_of
from pipeline.report.examples import duplicates_section
from pipeline.report.gathering import gather
from pipeline.rows.columns import RowColumns
from pipeline.runs import OpenRun, open_run, write_record
from pipeline.storable import storable
from pipeline.storage import open_storage
from pipeline.why import find, story

SHAPES = {"whole": Shape(), "cut": Shape(ranges=2, joins=2, elections=3)}
RULES: dict[str, Survival] = {"components": Components(), "star": Star(similarity=0.7)}


def asked(*words: str) -> dict[str, Any]:
    done = typed("duplicates", *words, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def versions(seed: int, edits: Sequence[int]) -> list[str]:
    """A text of 120 words, and versions of it that end in so many other words."""
    words = text(seed, 120).split()
    return [" ".join([*words[: 120 - count], *text(seed + 500 + count, count).split()]) for count in edits]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three files over which clusters of 2 to 6 are spread, exact copies among them, and texts that are like no other."""
    folder = tmp_path_factory.mktemp("rows") / "data"
    texts = [each for size in range(2, 7) for each in versions(size, [0, 0, 2, 4, 7, 9][:size])]
    texts += [text(100 + number) for number in range(7)] + ["too short", ""]
    for place, name in enumerate("abc"):
        mine = texts[place::3]
        ids = [f"{name}{row}" for row in range(len(mine))]
        parquet(folder / f"{name}.parquet", text=mine, id=ids)
    return folder


def deduplicated(data: Path, root: Path, survival: Survival, shape: Shape) -> Path:
    how = HowToDedup(minhash=MinHash(family="fast"), survival=survival, columns=RowColumns(), scale=Scale())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("jobs.deduplicating.BUNDLE_BYTES", 1)
        patch.setattr(Scale, "shape", lambda *_, **__: shape)
        run_rows(prepare_rows([str(data)], str(root), how), workers=2)
    return root


@pytest.fixture(scope="module", params=[f"{rule}-{cut}" for rule in RULES for cut in SHAPES])
def rows(request: pytest.FixtureRequest, data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    rule, cut = request.param.split("-")
    return deduplicated(data, tmp_path_factory.mktemp(request.param), RULES[rule], SHAPES[cut])


def test_sizes_and_largest_clusters_are_those_of_the_rows(rows: Path) -> None:
    clusters = (
        told(rows).filter(pl.col("cluster").is_not_null()).group_by("cluster").agg(pl.len(), pl.col("keep").sum())
    )
    sizes = clusters.group_by("len").agg(pl.len().alias("clusters")).sort("len")
    found = asked(str(rows))
    assert [(each["size"], each["clusters"]) for each in found["sizes"]] == sizes.rows()
    assert clusters["keep"].to_list() == [1] * found["clusters"]
    assert found["removed"] == told(rows)["keep"].not_().sum() > 0
    largest = [each["size"] for each in found["largest"]]
    assert largest == sorted(clusters["len"].to_list(), reverse=True)[:10]
    assert asked(str(rows), "--limit", "2")["largest"] == found["largest"][:2]
    twos = asked(str(rows), "--size", "2")["largest"]
    assert {each["size"] for each in twos} == {2}
    assert len(twos) == dict(sizes.rows())[2]
    names = told(rows).filter("keep")
    stay = set((names["file"] + ":" + names["row"].cast(pl.String)).to_list())
    assert {each["survivor"] for each in found["largest"]} <= stay


def test_similarities_are_binned_where_the_rule_knows_them(rows: Path) -> None:
    found = asked(str(rows))
    known = sum(each["removed"] for each in found["similarity"])
    assert known + found["similarity_unknown"] == found["removed"]
    assert known == (found["removed"] if found["rule"] == "star" else 0)
    assert all(each["to"] >= 0.7 for each in found["similarity"])


def test_the_cluster_of_each_row_is_told_as_the_run_has_it(rows: Path) -> None:
    answers = told(rows)
    for row in answers.rows(named=True):
        name = f"{row['file']}:{row['row']}"
        found = asked(str(rows), name)
        if row["cluster"] is None:
            (alone,) = found["alone"]
            assert (alone["name"], found["clusters"]) == (name, [])
            continue
        ((cluster,), members) = found["clusters"], answers.filter(pl.col("cluster") == row["cluster"])
        assert cluster["size"] == len(cluster["members"]) == members.height
        assert {each["name"] for each in cluster["members"]} == {
            f"{each['file']}:{each['row']}" for each in members.rows(named=True)
        }
        assert [each["name"] for each in cluster["members"] if each["asked_for"]] == [name]
        survivor, *removed = cluster["members"]
        assert survivor["fate"] == "survivor"
        assert survivor["name"] == f"{row['survivor_file']}:{row['survivor_row']}"
        assert {each["fate"] for each in removed} <= {"near_duplicate", "exact_copy"}


def test_what_is_computed_of_members_is_so(rows: Path, data: Path) -> None:
    texts = {file.name: pq.read_table(file)["text"].to_pylist() for file in data.glob("*.parquet")}

    def text_of(member: dict[str, Any]) -> str:
        file, row = member["name"].split(":")
        return texts[file][int(row)]

    heads = asked(str(rows), "--limit", "99")["largest"]
    assert heads
    for head in heads:
        (cluster,) = asked(str(rows), "--cluster", str(head["cluster"]), "--full")["clusters"]
        survivor, *removed = cluster["members"]
        assert removed
        for each in removed:
            same = text_of(each) == text_of(survivor)
            assert (each["fate"] == "exact_copy") == same
            compared = each["comparison"]
            assert (compared["exact"] == 1) == same
            assert abs(compared["estimated"] - compared["exact"]) <= 4 * compared["error"] + 1e-9
            if each["recorded"] is not None:
                assert each["recorded"] == compared["estimated"] >= 0.7
                assert compared["bands"]
            sides: dict[str, list[str]] = {"same": [], "lacks": [], "adds": []}
            for change in each["changes"]:
                ((kind, words),) = change.items()
                sides[kind] += words.split()
            assert sorted(sides["same"] + sides["adds"]) == sorted(text_of(each).split())
            assert sorted(sides["same"] + sides["lacks"]) == sorted(text_of(survivor).split())
            longer = len(text_of(survivor)) > len(text_of(each))
            assert each["decided_by"] == ("text_chars" if longer else "record_id")
            if not longer:
                assert survivor["order"]["record_id"] < each["order"]["record_id"]


def test_a_row_is_found_by_its_id_and_a_limit_keeps_the_one_asked_for(rows: Path, data: Path) -> None:
    texts = pl.read_parquet(data / "*.parquet").group_by("text").agg(pl.col("id")).sort(pl.col("id").list.len())
    one, other = sorted(texts["id"].to_list()[-1])[-2:]
    for each in (one, other):
        (cluster,) = asked(str(rows), each, "--limit", "1")["clusters"]
        assert len(cluster["members"]) <= 3 <= cluster["size"] + 1
        assert [member["record_id"] for member in cluster["members"] if member["asked_for"]] == [each]


def test_too_short_and_unlike_rows_say_why_they_have_no_cluster(rows: Path, data: Path) -> None:
    ids = dict(pl.read_parquet(data / "*.parquet").select("text", "id").rows())
    (short,) = asked(str(rows), ids["too short"])["alone"]
    (unlike,) = asked(str(rows), ids[text(103)])["alone"]
    assert (short["too_short"], unlike["too_short"]) == (True, False)
    assert unlike["nearest"] == []
    assert "shorter than 5 words" in typed("duplicates", str(rows), ids["too short"]).stdout
    assert "no document shares one of its 14 bands" in typed("duplicates", str(rows), ids[text(103)]).stdout


def test_only_row_groups_that_may_hold_a_document_are_read(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dedup.stages.clusters.ROW_GROUP", 2)
    root = deduplicated(data, tmp_path / "out", Components(), Shape())
    opened = open_run(open_storage(str(root)))
    read: list[int] = []
    real = pq.ParquetFile.read_row_group

    def counting(file: pq.ParquetFile, group: int, **options: Any) -> Any:
        read.append(group)
        return real(file, group, **options)

    monkeypatch.setattr(pq.ParquetFile, "read_row_group", counting)
    clusters = json.loads(typed("duplicates", str(root), "--json").stdout)["largest"]
    assert clusters
    for each in clusters:
        read.clear()
        assert cluster_of(opened, each["cluster"]) is not None
        assert len(read) == 1


def test_a_star_says_which_documents_came_near(tmp_path: Path) -> None:
    words = text(1, 300).split()
    chain = [" ".join(words[shift : shift + 100]) for shift in range(0, 100, 8)]
    data = parquet(tmp_path / "a.parquet", text=chain)
    root = deduplicated(data, tmp_path / "out", Star(similarity=0.97), Shape())
    near = [asked(str(root), f"a.parquet:{row}")["alone"] for row in range(len(chain))]
    found = [(alone["name"], each) for (alone,) in near for each in alone["nearest"]]
    assert found
    for name, each in found:
        assert each["comparison"]["bands"]
        assert each["comparison"]["exact"] < 1
        assert each["name"] != name
        assert each["stays"]
    assert "The nearest" in typed("duplicates", str(root), found[0][0]).stdout


def test_a_page_that_would_act_on_the_terminal_is_only_shown(tmp_path: Path) -> None:
    same = text(1, 80)
    data = parquet(tmp_path / "a.parquet", text=[same + " [bold]tail\x1b[31m", same + " \x1b]0;x\x07 end ending"])
    root = deduplicated(data, tmp_path / "out", Components(), Shape())
    done = typed("duplicates", str(root), "a.parquet:0")
    assert "\x1b" not in done.stdout
    assert "[bold]tail\\x1b[31m" in done.stdout
    assert "[-" in done.stdout
    assert "{+" in done.stdout


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["nowhere"], "no row of this run has this id"),
        (["a.parquet:9999"], "no row of this run has this id"),
        (["--cluster", "77777777"], "no cluster of this run has the number 77777777"),
        (["a0", "--cluster", "3"], "not both"),
        (["a0", "--size", "3"], "--size lists clusters"),
        (["--full"], "--full shows"),
    ],
)
def test_a_wrong_question_is_one_line(words: list[str], says: str, rows: Path) -> None:
    done = typed("duplicates", str(rows), *words)
    assert done.returncode == 2
    assert says in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_file_that_is_another_now_is_one_line(data: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(data, tmp_path / "data")
    root = deduplicated(copy, tmp_path / "out", Components(), Shape())
    parquet(copy / "a.parquet", text=["another"])
    done = typed("duplicates", str(root), "a.parquet:0")
    assert done.returncode == 2
    assert "the file has changed" in done.stderr


# Runs of curate.


@pytest.fixture(scope="module", params=["components", "star"])
def crawled(request: pytest.FixtureRequest, finished: Path, tmp_path_factory: pytest.TempPathFactory) -> OpenRun:
    if request.param == "components":
        return open_run(open_storage(str(finished)))
    root = tmp_path_factory.mktemp("star") / "root"
    shutil.copytree(finished, root)
    run(prepare("fineweb-star", [], str(root)), local=True)
    return open_run(open_storage(str(root)))


def test_every_kept_page_is_told_as_why_tells_it_and_a_dropped_one_with_its_reason(crawled: OpenRun) -> None:
    root, looked = crawled.storage.location, Asked(crawled)
    fates: dict[str, int] = {}
    receipts = crawled.receipts("ingest")
    for part, source_part in enumerate(crawled.source.parts):
        for row in range(0, receipts[source_part.key].rows("records"), 3):
            known = story(crawled, part, row)
            name = known.record["record_id"]
            if not name or len(find(crawled, name)) > 1:
                continue
            found = [each.as_json() for each in looked.page(name, most=5)]
            fates[known.reason or "kept"] = fates.get(known.reason or "kept", 0) + 1
            assert len(found) == 1
            if known.duplicates is None:
                assert (found[0]["verdict"], found[0]["reason"]) == (known.verdict, known.reason)
            elif known.duplicates["cluster_size"] == 1:
                assert found[0]["nearest"] == []
            else:
                assert found[0]["size"] == known.duplicates["cluster_size"]
                mine = next(each for each in found[0]["members"] if each["asked_for"])
                assert (mine["fate"] == "survivor") == known.duplicates["keep"]
                assert mine["record_id"] == name
    assert fates["kept"] > 5
    assert len(fates) > 5
    assert typed("duplicates", root, "https://nowhere.example/").returncode == 2


def test_a_dropped_page_is_told_with_the_rule_that_fails(crawled: OpenRun) -> None:
    receipts = crawled.receipts("ingest")
    stories = (
        story(crawled, part, row)
        for part, each in enumerate(crawled.source.parts)
        for row in range(receipts[each.key].rows("records"))
    )
    dropped = next(each for each in stories if any(check.fails for check in each.checks))
    done = typed("duplicates", crawled.storage.location, dropped.record["record_id"])
    assert done.returncode == 0
    assert f"drop: {dropped.reason}, before near-duplicates were sought" in done.stdout
    assert f"{dropped.reason}: " in done.stdout


def test_a_cluster_of_pages_has_addresses_and_hosts(crawled: OpenRun) -> None:
    root = crawled.storage.location
    largest = asked(root)["largest"][0]
    (cluster,) = asked(root, largest["survivor"])["clusters"]
    assert cluster["cluster"] == largest["cluster"]
    hosts = {each["url"].split("/")[2] for each in cluster["members"]}
    assert largest["places"] == len(hosts)
    done = typed("duplicates", root, "--cluster", str(largest["cluster"]))
    for each in cluster["members"]:
        assert storable(each["url"]) in done.stdout
    assert "* decides: text_chars, the longer text stays" in done.stdout


def test_a_run_that_looks_for_none_or_is_not_done_says_so(finished: Path, tmp_path: Path) -> None:
    root = shutil.copytree(finished, tmp_path / "root")
    opened = open_run(open_storage(str(root)))
    step = opened.step("survivors")
    assert step
    (root / opened.manifest(step)).unlink()
    done = typed("duplicates", str(root))
    assert (done.returncode, done.stdout) == (2, "")
    assert "step survivors is not finished" in done.stderr
    steps = tuple(each for each in opened.record.steps if each.name in {"ingest", "decide", "index", "pack"})
    write_record(opened.storage, replace(opened.record, id="99991231T000000", steps=steps))
    done = typed("duplicates", str(root))
    assert (done.returncode, done.stdout) == (2, "")
    assert "looks for no near-duplicates" in done.stderr
    steps = tuple(each for each in opened.record.steps if each.name != "members")
    write_record(opened.storage, replace(opened.record, id="99991231T000001", steps=steps))
    assert "an earlier version" in typed("duplicates", str(root)).stderr


def test_the_notebook_and_the_report_tell_the_same(crawled: OpenRun) -> None:
    root = crawled.storage.location
    found = asked(root)
    looked = looking.open_run(root)
    assert looked.largest_clusters().to_dicts() == found["largest"]
    assert looked.clusters().rows() == [(each["size"], each["clusters"]) for each in found["sizes"]]
    page = found["largest"][0]["survivor"]
    assert [each.as_json()["cluster"] for each in looked.duplicates(page)] == [found["largest"][0]["cluster"]]
    section = str(duplicates_section(gather(crawled)))
    assert ("similarity to the page that stays" in section) == (found["rule"] == "star")
    for each in found["similarity"]:
        assert f"{each['from']:.2f}" in section
