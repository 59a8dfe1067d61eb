"""A takedown from a run that takes copies and repeated lines away: nothing that was made of a page's lines or keys is left."""

import shutil
from pathlib import Path
from typing import Any

import orjson
import pytest
from leftovers import documents, keys_of, packed, run_at, traces
from test_takedown import faults, is_the_same, take_down
from trial import dataset_digests, typed
from xxhash import xxh64_intdigest

from dedup.exact import Exact
from dedup.lines import RepeatedLines
from jobs.running import prepare, run
from pipeline.funnel import funnel
from pipeline.tables import read_table

RECIPE = """
from dedup.exact import Exact
from dedup.lines import RepeatedLines
from dedup.minhash import MinHash
from dedup.removal import RemoveRepeatedLines
from jobs.recipe import Recipe
from pipeline.extraction import Trafilatura


def sharded() -> Recipe:
    return Recipe(
        name="repeats",
        ingest=(Trafilatura(),),
        rules=(),
        repeats=(RepeatedLines(), RepeatedLines(unit="paragraph")),
        exact=(Exact(by="url"), Exact(by="text", fold=True)),
        minhash=MinHash(bands=4, rows=8, ngram=3),
        removals=(RemoveRepeatedLines(), RemoveRepeatedLines(lines=RepeatedLines(unit="paragraph"))),
        sample_rate=1.0,
        bundle=1,
        shard_files=1,
    )
"""

MENU = "home and about us and the rest of a menu"
SECRET = "what only the listed page and its neighbour say in so many words"
OWN = "a sentence that nobody but the listed page has ever put down in writing"
PAGES = {
    "http://a.org/listed": f"{MENU}\n{SECRET}\n{OWN}\n\nits second paragraph, which is a long one and stands nowhere else at all",
    "http://b.org/neighbour": f"{MENU}\n{SECRET}\nwhat the neighbour says of its own accord",
    "http://c.org/only": SECRET,
    "http://d.org/far": f"{MENU}\nfar from all others is this page about mills and their stones",
    "HTTP://A.org:80/listed#again": "another text that came from the address of the first at another time, in other words",
    "http://e.org/copy": "Some  text that is there again with other letters",
    "http://f.org/copied": "some text that is there AGAIN with other letters",
    "http://g.org/else": "a page of another file that has nothing in common with any\nbut two lines",
}
LISTED = "http://a.org/listed"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run, a file and a shard for each two pages."""
    folder = tmp_path_factory.mktemp("repeats")
    (folder / "mine.py").write_text(RECIPE)
    (folder / "in").mkdir()
    rows = [
        orjson.dumps({"url": url, "text": text, "id": f"id-of-{place}-{url}"})
        for place, (url, text) in enumerate(PAGES.items())
    ]
    for number in range(4):
        (folder / "in" / f"{number}.jsonl").write_bytes(b"".join(row + b"\n" for row in rows[number::4]))
    run(prepare(f"{folder}/mine.py:sharded", [str(folder / "in")], str(folder / "root")), local=True)
    return folder


@pytest.fixture
def root(made: Path, tmp_path: Path) -> Path:
    shutil.copytree(made / "root", tmp_path / "root")
    shutil.copy(made / "mine.py", tmp_path)
    return tmp_path / "root"


def page_of(root: Path, url: str) -> dict[str, Any]:
    return next(page for page in documents(root) if page["url"] == url)


def numbers_of(page: dict[str, Any], others: list[dict[str, Any]]) -> list[int]:
    """The hashes that the tables of a run know the page by, and those of lines and paragraphs that no other page has."""
    found = [*keys_of(page), xxh64_intdigest(page["record_id"].encode())]
    for exact in (Exact(by="url"), Exact(by="text", fold=True)):
        keys = {tuple(key) for key in exact.keys([page[exact.by]])[0].tolist()}
        found += [each for key in keys for each in key if not _has(exact, others, key)]
    for lines in (RepeatedLines(), RepeatedLines(unit="paragraph")):
        own = {*lines.units(page["text"])} - {unit for other in others for unit in lines.units(other["text"])}
        found += lines.hashes(sorted(own)).tolist()
    return found


def _has(exact: Exact, others: list[dict[str, Any]], key: tuple[int, ...]) -> bool:
    return key in {tuple(each) for each in exact.keys([other[exact.by] for other in others])[0].tolist()}


def signal_of(root: Path, url: str) -> float:
    story = orjson.loads(typed("why", str(root), url, "--json").stdout)["records"][0]
    return story["signals"]["repeated_line_ratio"]


def rows_of(root: Path, step: str, table: str) -> list[dict[str, Any]]:
    opened = run_at(root)
    return [
        row
        for receipt in opened.receipts(step).values()
        for row in read_table(opened.storage, receipt, table).to_pylist()
    ]


def test_a_listed_page_leaves_no_line_key_or_count_and_others_have_their_lines_again(root: Path) -> None:
    page = page_of(root, LISTED)
    others = [each for each in documents(root) if each["url"] != LISTED]
    words = [LISTED, page["record_id"], OWN, "its second paragraph"]
    numbers = numbers_of(page, others)
    before = {row["url"]: row["text"] for row in packed(root).values()}
    assert funnel(run_at(root)).emptied == {"only_repeats": 1}
    assert SECRET in before[LISTED]
    assert SECRET not in before["http://b.org/neighbour"]
    assert {hit.partition(": ")[2] for hit in traces(root, words, numbers)} >= {*map(str, numbers)}

    take_down(root, LISTED)
    assert traces(root, words, numbers) == []
    assert faults(root) == []
    after = {row["url"]: row["text"] for row in packed(root).values()}
    assert LISTED not in after
    assert after["http://b.org/neighbour"] == PAGES["http://b.org/neighbour"]
    assert after["HTTP://A.org:80/listed#again"] == PAGES["HTTP://A.org:80/listed#again"]
    numbers_now = funnel(run_at(root))
    assert numbers_now.copies == {"same_text": 1}
    assert numbers_now.conservation() is None


def test_what_stood_in_the_page_and_one_other_is_no_repeat_any_more(root: Path) -> None:
    secret = int(RepeatedLines().hashes([SECRET])[0])
    take_down(root, "http://c.org/only")
    take_down(root, LISTED)
    for step in ("repeats-line", "repeats-kept-line", "repeats-paragraph", "repeats-kept-paragraph"):
        assert secret not in {row["unit"] for row in rows_of(root, step, "repeats")}
    assert secret in {row["unit"] for row in rows_of(root, "units-line", "units")}  # the neighbour's own line now
    assert signal_of(root, "http://b.org/neighbour") == pytest.approx(1 / 3)
    assert traces(root, [OWN, "http://c.org/only"]) == []


def test_with_its_copies_go_those_by_address_and_by_folded_text_though_no_cluster_has_them(root: Path) -> None:
    told = take_down(root, LISTED, scope="cluster")
    assert (told["records"], told["copies"]) == (2, 1)
    told = take_down(root, "http://e.org/copy", scope="cluster")
    assert (told["records"], told["copies"]) == (2, 1)
    words = [OWN, "another text that came from the address", "that is there", "http://e.org", "http://f.org", "A.org"]
    assert traces(root, words) == []
    assert faults(root) == []


def test_a_survivor_goes_with_its_copies_whichever_of_them_is_listed(root: Path) -> None:
    told = take_down(root, "http://f.org/copied", scope="cluster")
    assert (told["records"], told["copies"]) == (2, 1)
    assert traces(root, ["that is there", "http://e.org", "http://f.org"]) == []


def test_a_mended_run_is_what_reading_the_rows_again_gives(root: Path, made: Path) -> None:
    take_down(root, LISTED, "http://e.org/copy")
    fresh = root.parent / "fresh"
    shutil.copytree(root / "takedowns", fresh / "takedowns")
    run(prepare(f"{root.parent}/mine.py:sharded", [str(made / "in")], str(fresh)), local=True)
    assert dataset_digests(fresh) == dataset_digests(root)
    for step in run_at(fresh).record.steps:
        mended, read = (dict(run_at(each).receipts(step.name)) for each in (root, fresh))
        assert mended.keys() == read.keys()
        for key, receipt in read.items():
            assert (mended[key].counts, mended[key].fingerprint) == (receipt.counts, receipt.fingerprint)
            for table, entry in receipt.files.items():
                assert is_the_same(root / mended[key].files[table].path, fresh / entry.path), (step.name, key, table)


def test_a_shard_of_which_no_page_or_line_is_concerned_keeps_its_bytes(root: Path) -> None:
    before = dataset_digests(root)
    told = take_down(root, "http://d.org/far")
    after = dataset_digests(root)
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {name.rpartition("/")[2] for name in told["shards"]["rewritten"]}
    assert len(changed) < len(before)
