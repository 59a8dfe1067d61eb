"""`takedown` as a person types it: what goes, what stays to the byte, and what never comes back."""

import shutil
from pathlib import Path
from typing import Any

import orjson
import pyarrow.parquet as pq
import pytest
from leftovers import documents, keys_of, packed, run_at, traces, words_of
from trial import Crawl, dataset_digests, receipt_times, typed

from jobs import running
from jobs.running import prepare, run
from pipeline.errors import PartsFailed, StorageError
from pipeline.funnel import funnel
from pipeline.verify import verify

RECIPE = '''
from dataclasses import replace

from jobs.recipe import Recipe
from jobs.recipes.fineweb import fineweb


def sharded() -> Recipe:
    """FineWeb, a shard a file."""
    return replace(fineweb(), bundle=1, shard_files=1)


def long_only() -> Recipe:
    """The same, for longer pages."""
    base = sharded()
    return replace(base, name="long_only", sample_rate=1.0)
'''


@pytest.fixture
def root(sharded: Path, tmp_path: Path) -> Path:
    """A finished run with a shard a file, of which an earlier run with one shard is there too."""
    shutil.copytree(sharded, tmp_path / "root")
    (tmp_path / "mine.py").write_text(RECIPE)
    return tmp_path / "root"


def take_down(root: Path, *lines: str, scope: str = "page", code: int = 0, words: tuple[str, ...] = ()) -> Any:
    (root.parent / "list.txt").write_text("\n".join(lines))
    recipe = f"{root.parent}/mine.py:sharded"
    given = ("--urls", str(root.parent / "list.txt"), "--scope", scope, "--recipe", recipe, "--local", "--json")
    told = typed("takedown", str(root), *given, *words)
    assert told.returncode == code, told.stderr
    return orjson.loads(told.stdout) if told.stdout else told.stderr


def faults(root: Path) -> list[str]:
    return [f"{each.where}: {each.what}" for each in verify(run_at(root)) if each]


def survivor_of_two(pages: list[dict[str, Any]]) -> tuple[dict[str, Any], dict[str, Any]]:
    """A page that stays and the one that was removed for it, in another file."""
    stays = next(page for page in pages if page["keep"] and page["cluster_size"] == 2 and "/near-" in page["url"])
    other = next(page for page in pages if page["cluster"] == stays["cluster"] and not page["keep"])
    assert stays["part"] != other["part"]
    return stays, other


def largest_cluster(pages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    cluster = max(pages, key=lambda page: page["cluster_size"])["cluster"]
    members = [page for page in pages if page["cluster"] == cluster]
    assert len(members) == 5
    return members


def test_a_page_and_every_trace_of_it_go_and_another_of_its_cluster_stays_instead(root: Path) -> None:
    pages = documents(root)
    gone, elected = survivor_of_two(pages)
    words, before = words_of(gone, pages), dataset_digests(root)
    assert len(words) >= 2
    assert traces(root, words, keys_of(gone))
    assert gone["record_id"] in packed(root)
    shard = next((root / "dataset" / "data").iterdir())
    killed = [
        shard.with_name(f".{shard.name}.0123456789ab"),
        next(root.glob("steps/ingest/*/*")) / "k-a.documents.parquet",
    ]
    for left in killed:
        shutil.copy(shard, left)

    told = take_down(root, gone["url"])
    assert not any(left.exists() for left in killed)
    assert (told["records"], told["documents"], told["copies"]) == (1, 1, 0)
    assert traces(root, words, keys_of(gone)) == []
    assert faults(root) == []
    now = packed(root)
    assert elected["record_id"] in now
    assert now[elected["record_id"]]["minhash_cluster_size"] == 1
    touched = {f"dataset/data/train-{part:05d}-of-00004.parquet" for part in (gone["part"], elected["part"])}
    assert set(told["shards"]["rewritten"]) == touched
    after = dataset_digests(root)
    assert {name for name in before if before[name] != after[name]} == {name.rpartition("/")[2] for name in touched}
    numbers = funnel(run_at(root))
    assert numbers.gated["taken_down"] == 1
    assert numbers.conservation() is None


def test_with_its_cluster_all_copies_go_wherever_they_were_kept(root: Path) -> None:
    pages = documents(root)
    members = largest_cluster(pages)
    listed = next(page for page in members if not page["keep"])
    others = [page for page in pages if page not in members]
    words = [word for member in members for word in words_of(member, others)]
    told = take_down(root, listed["url"], scope="cluster")
    assert (told["records"], told["copies"]) == (5, 4)
    assert traces(root, words, [key for member in members for key in keys_of(member)]) == []
    assert faults(root) == []
    assert not {member["record_id"] for member in members} & packed(root).keys()
    for member in members:
        said = orjson.loads(typed("why", str(root), member["url"], "--json").stdout)
        assert said["records"] == []
        assert [each["listed"] for each in said["taken_down"]] == [member is listed]


def test_exact_copies_go_with_their_page_where_no_cluster_knows_them(root: Path, crawl: Crawl) -> None:
    dropped = next(
        page for page in documents(root) if page["cluster"] is None and page["record_id"] not in packed(root)
    )
    rows = root.parent / "rows.jsonl"
    rows.write_bytes(b"".join(orjson.dumps({"text": dropped["text"], "id": name}) + b"\n" for name in ("one", "two")))
    run(prepare(f"{root.parent}/mine.py:sharded", [str(rows)], str(root)), local=True)
    told = take_down(root, dropped["url"], scope="cluster")
    assert (told["records"], told["copies"]) == (3, 2)
    assert {part["source"] for part in told["parts"]} == {"rows", run_at(root).source.name} | {"DEMO-2026-47"}
    assert traces(root, words_of(dropped, [])) == []
    assert faults(root) == []


def test_a_mended_run_is_what_reading_the_archives_again_gives(root: Path, crawl: Crawl) -> None:
    pages = documents(root)
    listed = [survivor_of_two(pages)[0]["url"], *(page["url"] for page in pages[::9])]
    take_down(root, *listed, scope="cluster")
    fresh = root.parent / "fresh"
    shutil.copytree(root / "takedowns", fresh / "takedowns")
    run(prepare(f"{root.parent}/mine.py:sharded", [str(crawl.folder)], str(fresh)), local=True)
    assert dataset_digests(fresh) == dataset_digests(root)
    for step in ("ingest", "decide", "minhash", "edges", "clusters", "survivors", "pack", "index"):
        mended, made = (dict(run_at(each).receipts(step)) for each in (root, fresh))
        assert mended.keys() == made.keys()
        for key, receipt in made.items():
            assert (mended[key].counts, mended[key].fingerprint) == (receipt.counts, receipt.fingerprint)
            assert mended[key].files.keys() == receipt.files.keys()
            for table, entry in receipt.files.items():
                assert is_the_same(root / mended[key].files[table].path, fresh / entry.path), (step, key, table)


def is_the_same(one: Path, other: Path) -> bool:
    """Whether two tables are the same bytes, or but for how much memory a page took that was stopped for it."""
    if one.read_bytes() == other.read_bytes():
        return True
    tables = [pq.read_table(path) for path in (one, other)]
    return "error" in tables[0].schema.names and tables[0].drop(["error"]).equals(tables[1].drop(["error"]))


def test_what_did_not_change_is_neither_run_nor_written_again(root: Path) -> None:
    page = next(page for page in documents(root) if page["cluster"] is None and page["record_id"] in packed(root))
    before = {step: dict(run_at(root).receipts(step)) for step in ("ingest", "minhash", "pack")}
    take_down(root, page["url"])
    key = run_at(root).source.parts[page["part"]].key
    for step, receipts in before.items():
        now = run_at(root).receipts(step)
        same = {each for each in receipts if now[each].files == receipts[each].files}
        assert same == receipts.keys() - {key}, step


def test_a_domain_goes_with_all_its_hosts_and_an_id_alone(root: Path) -> None:
    pages = documents(root)
    by_id = pages[0]
    host = next(page["url"].split("/")[2] for page in reversed(pages) if page["url"].split("/")[2] not in by_id["url"])
    domain = host.removeprefix("www.")
    told = take_down(root, f"domain:{domain}", by_id["record_id"])
    of_domain = [page for page in pages if domain in page["url"]]
    assert told["records"] >= len(of_domain) + 1
    assert sorted(each["kind"] for each in told["listed"]) == ["domain", "id"]
    assert traces(root, [domain, by_id["record_id"].strip("<>")]) == []
    assert faults(root) == []


def test_what_is_nowhere_is_said_by_exit_code_1_and_barred_all_the_same(root: Path) -> None:
    before = dataset_digests(root)
    told = take_down(root, "https://never.test/seen", code=1)
    assert told["unknown_entries"] == ["https://never.test/seen"]
    assert dataset_digests(root) == before
    assert faults(root) == []
    assert "barred (it was not in this run)" in typed("why", str(root), "https://never.test/seen").stdout


def test_a_dry_run_says_what_would_go_and_changes_nothing(root: Path) -> None:
    page = documents(root)[0]
    files = {path: path.stat().st_mtime_ns for path in root.rglob("*")}
    told = take_down(root, page["url"], "https://never.test/seen", code=1, words=("--dry-run",))
    assert (told["records"], told["unknown"]) == (1, 1)
    assert told["shards"]["touched"] == ["dataset/data/train-00000-of-00004.parquet"]
    assert {path: path.stat().st_mtime_ns for path in root.rglob("*")} == files


def test_later_runs_with_another_recipe_more_files_or_none_do_not_bring_it_back(crawl: Crawl, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(RECIPE)
    archives, root = sorted(str(path) for path in crawl.folder.rglob("*.warc.gz")), tmp_path / "root"
    run(prepare(f"{tmp_path}/mine.py:sharded", archives[:1], str(root)), local=True)
    pages = documents(root)
    gone = next(page for page in pages if page["record_id"] in packed(root))
    later = "https://www.small-print.example.net/near-duplicate/tilda-bellamy-on-pollinator-counting.html"
    take_down(root, gone["url"], later, code=1)
    words = [gone["url"], gone["record_id"].strip("<>"), later]

    first = receipt_times(root, "ingest")
    run(prepare(f"{tmp_path}/mine.py:sharded", archives, str(root)), local=True)
    assert first.items() <= receipt_times(root, "ingest").items()
    assert traces(root, words, keys_of(gone)) == []
    assert funnel(run_at(root)).gated["taken_down"] == 2
    digests = dataset_digests(root)
    run(prepare(f"{tmp_path}/mine.py:sharded", [], str(root)), local=True)
    assert dataset_digests(root) == digests
    run(prepare(f"{tmp_path}/mine.py:long_only", archives[:1], str(root)), local=True)
    assert traces(root, words, keys_of(gone)) == []
    assert funnel(run_at(root)).gated["taken_down"] == 1
    assert faults(root) == []


def test_a_run_that_was_planned_before_a_takedown_began_brings_nothing_in(
    crawl: Crawl, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mine.py").write_text(RECIPE)
    archives, root = sorted(str(path) for path in crawl.folder.rglob("*.warc.gz")), tmp_path / "root"
    recipe = f"{tmp_path}/mine.py:sharded"
    run(prepare(recipe, archives[:1], str(root)), local=True)
    later = "https://www.small-print.example.net/near-duplicate/tilda-bellamy-on-pollinator-counting.html"
    planned = prepare(recipe, archives, str(root))
    take_down(root, later, code=1)
    before = dataset_digests(root), run_at(root).record.id
    with pytest.raises(StorageError, match="not those that this run began with; run the same command again"):
        run(planned, local=True)
    assert (dataset_digests(root), run_at(root).record.id) == before
    monkeypatch.setattr(running, "refuse_stale", lambda *_: None)  # as one that had begun before the takedown
    with pytest.raises(PartsFailed, match="not those that this run began with"):
        run(planned, local=True)
    assert dataset_digests(root) == before[0]
    assert traces(root, [later]) == []
    run(prepare(recipe, archives, str(root)), local=True)
    assert traces(root, [later]) == []
    assert faults(root) == []


def test_a_second_takedown_stands_on_the_first_and_the_same_again_is_nothing(root: Path) -> None:
    pages = documents(root)
    one, other = survivor_of_two(pages)
    take_down(root, one["url"])
    told = take_down(root, other["url"], one["url"])
    assert told["taken_down_before"] == [one["url"]]
    assert traces(root, [one["url"], other["url"]], [*keys_of(one), *keys_of(other)]) == []
    assert faults(root) == []
    records = sorted((root / "takedowns").glob("*.json"))
    assert len(records) == 2
    again = take_down(root, one["url"], other["url"])
    assert (again["records"], again["unknown"]) == (0, 0)
    assert sorted((root / "takedowns").glob("*.json")) == records


def test_the_record_says_what_went_by_digests_alone(root: Path) -> None:
    page = documents(root)[0]
    take_down(root, page["url"])
    (path,) = (root / "takedowns").glob("*.json")
    record = orjson.loads(path.read_bytes())
    assert record["list"]["name"] == "list.txt"
    assert record["listed"][0]["records"] == 1
    assert "keyed" in record["hash"]
    assert [part["records"] for part in record["parts"]] == [1]
    assert sorted(file.suffix for file in (root / "takedowns").iterdir()) == ["", ".json", ".parquet"]


def test_signals_that_were_added_to_the_run_stay_beside_their_documents(root: Path) -> None:
    (root.parent / "size.py").write_text(
        "from filters.text_length import TextLength\n\n\ndef Size():\n    return TextLength()\n"
    )
    told = typed("measure", str(root), "--filter", f"{root.parent}/size.py:Size", "--local")
    assert told.returncode == 0, told.stderr
    take_down(root, documents(root)[3]["url"])
    assert faults(root) == []
    run_now = run_at(root)
    assert any(step.name.startswith("measure-") for step in run_now.record.steps)
    for page in documents(root)[::20]:
        story = orjson.loads(typed("why", str(root), page["url"], "--json").stdout)["records"][0]
        assert len(page["text"]) in story["signals"].values()


def test_the_page_of_a_report_goes_too(root: Path) -> None:
    page = documents(root)[0]
    assert typed("report", str(root)).returncode == 0
    take_down(root, page["url"])
    assert not (root / "report.html").exists()
    assert typed("report", str(root)).returncode == 0
    assert "taken_down" in (root / "report.html").read_text()


def test_a_run_that_is_not_finished_is_refused(root: Path, crawl: Crawl) -> None:
    page = documents(root)[0]
    (root / "dataset" / "manifest.json").unlink()
    assert "run its `gristmill curate` command again" in take_down(root, page["url"], code=1)
    last = run_at(root)
    step = last.step("pack")
    assert step is not None
    (root / last.manifest(step)).unlink()
    assert "in progress or was interrupted (step pack" in take_down(root, page["url"], code=1)
    assert not (root / "takedowns").exists()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--scope", "all"), "--scope all"),
        (("--dry-run",), "name a list with --urls"),
        (("--urls", "NOWHERE"), "No such file"),
    ],
)
def test_a_wrong_command_changes_nothing(words: tuple[str, ...], says: str, root: Path) -> None:
    told = typed("takedown", str(root), *words)
    assert told.returncode == 2
    assert says in told.stderr
    assert not (root / "takedowns").exists()


def test_another_recipe_than_the_runs_is_refused_before_anything_is_done(root: Path) -> None:
    (root.parent / "list.txt").write_text(documents(root)[0]["url"])
    told = typed("takedown", str(root), "--urls", str(root.parent / "list.txt"), "--local")
    assert told.returncode == 2
    assert "--recipe file.py:function" in told.stderr
    assert not (root / "takedowns").exists()
