"""`gristmill bench toolkits`: the counting is right about verdicts that are known, and the real toolkits run where they are."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from toolkit_examples import EXAMPLES

from jobs.bench.settings import CHECKOUT, PEERS, TOOLKITS, Settings
from jobs.bench.toolkits import tables
from jobs.bench.toolkits.benchmark import toolkits
from jobs.bench.toolkits.counting import disagreement
from jobs.bench.toolkits.rules import GOPHER, LINE_RULES, RULES, any_of
from jobs.bench.toolkits.systems import Toolkit, run
from jobs.bench.toolkits.systems import toolkits as all_toolkits
from jobs.synthetic.crawl import make_crawl
from pipeline.errors import GristmillError

PROSE = "The miller has to be at the mill by six, and the stones that grind the rye turn with the river. "
TEXTS = [PROSE * 6, "rye", f"• {PROSE}\n" * 12, "\n".join(f"{number} { {'a': number} }" for number in range(60))]

FAKE = '''
"""A toolkit that drops pages of fewer than `size` characters, and every second line."""

class Fake:
    def __init__(self, size):
        self.versions = {"fake": "1"}
        self.size = size

    def works(self, texts):
        return {"gopher_quality": lambda: [len(text) for text in texts]}

    def verdicts(self, texts):
        return [{"few_words": len(text) < self.size, "short_words": None} for text in texts]

    def lines(self, text):
        return {"no_end_mark": len(text.splitlines()) // 2}

def toolkit(name):
    return Fake(int(name.partition("-")[2]))
'''


def fake(folder: Path, size: int) -> Toolkit:
    (folder / "of_fake.py").write_text(FAKE)
    return Toolkit(name=f"fake-{size}", module="of_fake", python=Path(sys.executable), folder=folder)


def settings(folder: Path, **options: Any) -> Settings:
    kept = {"input": None, "pages": 20, "files": None, "workers": 1, "peers": None, "runs": 1, "output": folder}
    return Settings(**kept | options)


def test_a_pair_disagrees_where_one_drops_and_the_other_keeps() -> None:
    one = [{"few_words": said} for said in (True, True, False, False, None, True)]
    other = [{"few_words": said} for said in (True, False, True, False, True, None)]
    found = disagreement({"one": one, "other": other}, {})["rules"]["few_words"]
    assert found == {
        "failed": {"one": 3, "other": 3},
        "unknown": {"one": 1, "other": 1},
        "disagree": {"one/other": {"first": 1, "second": 1}},
    }


def test_a_toolkit_without_a_rule_is_in_no_pair_of_it() -> None:
    found = disagreement({"one": [{"few_words": True}], "other": [{"many_words": True}]}, {})["rules"]
    assert found["few_words"] == {"failed": {"one": 1}, "unknown": {}, "disagree": {}}
    assert "short_words" not in found
    assert found[any_of("gopher_quality")]["disagree"] == {"one/other": {"first": 0, "second": 0}}


def test_toolkits_that_drop_a_page_for_different_rules_agree_about_the_page() -> None:
    one = [{"few_words": True, "repeated_lines": False}]
    other = [{"few_words": False, "repeated_lines": True}]
    found = disagreement({"one": one, "other": other}, {})["rules"]
    assert found["few_words"]["disagree"]["one/other"] == {"first": 1, "second": 0}
    assert found[any_of("gopher")]["disagree"]["one/other"] == {"first": 0, "second": 0}


def test_lines_are_added_up_by_toolkit() -> None:
    lines = {"one": [{"no_end_mark": 2}, {"no_end_mark": 0}, {"no_end_mark": 5}], "other": [{}, {}, {}]}
    found = disagreement({"one": [{}, {}, {}]}, lines)["lines"]
    assert found["no_end_mark"] == {"one": {"lines": 7, "pages": 2}}
    assert found["policy_in_line"] == {}


def test_different_numbers_of_pages_compare_with_nothing() -> None:
    with pytest.raises(GristmillError, match=r"different numbers of pages: \[1, 2\]"):
        disagreement({"one": [{}], "other": [{}, {}]}, {})


SAID = st.lists(st.tuples(st.sampled_from([True, False, None]), st.sampled_from([True, False, None])), max_size=30)


@given(SAID)
def test_what_two_fail_and_where_they_disagree_add_up(said: list[tuple[bool | None, bool | None]]) -> None:
    known = [(one, other) for one, other in said if one is not None and other is not None]
    pages = [[{"few_words": pair[at]} for pair in known] for at in (0, 1)]
    found = disagreement({"one": pages[0], "other": pages[1]}, {})["rules"].get("few_words")
    if not known:
        assert found is None
        return
    pair = found["disagree"]["one/other"]
    assert found["failed"]["one"] - pair["first"] == found["failed"]["other"] - pair["second"]
    swapped = disagreement({"one": pages[1], "other": pages[0]}, {})["rules"]["few_words"]["disagree"]["one/other"]
    assert swapped == {"first": pair["second"], "second": pair["first"]}


def test_fake_toolkits_run_in_processes_of_their_own_and_are_counted(tmp_path: Path) -> None:
    result = toolkits(settings(tmp_path, disagree=True), [fake(tmp_path, 0), fake(tmp_path, 10**9)])
    (group,) = result["groups"]
    pages = result["groups"][group]["pages"]
    assert 0 < pages <= 20
    rules = result["disagree"][group]["rules"]
    assert rules["few_words"]["failed"] == {"fake-0": 0, f"fake-{10**9}": pages}
    assert rules["short_words"]["unknown"] == {"fake-0": pages, f"fake-{10**9}": pages}
    assert rules["few_words"]["disagree"] == {f"fake-0/fake-{10**9}": {"first": 0, "second": pages}}
    assert result["toolkits"]["fake-0"]["versions"] == {"fake": "1"}
    assert result["toolkits"]["fake-0"]["cpu_ms_a_page"][group]["gopher_quality"] >= 0
    table = tables.markdown(result)
    assert f"| few_words | 0 | {pages:,} |" in table
    assert f"| few_words | 0 + {pages:,} |" in table


def test_without_disagree_nothing_is_judged(tmp_path: Path) -> None:
    result = toolkits(settings(tmp_path), [fake(tmp_path, 5)])
    assert result["disagree"] is None
    assert "| fake-5: gopher_quality |" in tables.markdown(result)


def test_a_toolkit_that_is_not_there_is_named_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "of_broken.py").write_text("import a_module_that_nobody_has")
    texts = tmp_path / "texts.json"
    texts.write_text(json.dumps({"all": TEXTS}))
    asked = settings(tmp_path)
    absent = Toolkit(name="absent", module="of_fake", python=tmp_path / "python", made_by="make toolkits")
    broken = Toolkit(name="broken", module="of_broken", python=Path(sys.executable), folder=tmp_path)
    left_out = Toolkit(name="left out", module="of_fake", python=None)
    assert run(absent, texts, asked) == {"missing": f"no python at {tmp_path}: make toolkits"}
    assert "a_module_that_nobody_has" in run(broken, texts, asked)["missing"]
    assert run(left_out, texts, asked) == {"missing": "left out by --ours-only"}
    result = toolkits(asked, [fake(tmp_path, 5), broken])
    assert "broken was not run (ModuleNotFoundError: No module named 'a_module_that_nobody_has')" in tables.markdown(
        result
    )


def answered(toolkit: Toolkit, folder: Path, texts: list[str]) -> dict[str, Any]:
    told = folder / "texts.json"
    told.write_bytes(orjson.dumps({"all": texts}))
    answer = run(toolkit, told, settings(folder, disagree=True))
    assert "missing" not in answer, answer
    return answer["groups"]["all"]


def of(name: str) -> Toolkit:
    asked = settings(Path(), peers=PEERS, toolkits=TOOLKITS)
    (found,) = (toolkit for toolkit in all_toolkits(asked) if toolkit.name == name)
    if found.python is None or not found.python.is_file():
        pytest.skip(f"no {found.python}: run `{found.made_by}`")
    return found


@pytest.mark.parametrize(
    ("name", "groups", "lines"),
    [
        ("gristmill", (*GOPHER, "c4_pages"), LINE_RULES),
        pytest.param("datatrove", (*GOPHER, "c4_pages"), LINE_RULES, marks=pytest.mark.peers),
        pytest.param("dolma", (*GOPHER, "c4_pages"), LINE_RULES[:2], marks=pytest.mark.peers),
        pytest.param("nemo-curator", (*GOPHER, "c4_pages"), (), marks=pytest.mark.peers),
        ("dclm", GOPHER, ()),
        ("c4", ("c4_pages",), LINE_RULES),
    ],
)
def test_each_toolkit_says_something_of_every_page_by_names_that_are_compared(
    name: str, groups: tuple[str, ...], lines: tuple[str, ...], tmp_path: Path
) -> None:
    answer = answered(of(name), tmp_path, TEXTS)
    assert len(answer["verdicts"]) == len(answer["lines"]) == len(TEXTS)
    compared = {rule for group in groups for rule in RULES[group]}
    for said in answer["verdicts"]:
        assert set(said) <= compared
        assert all(isinstance(verdict, bool) for verdict in said.values())
    assert all(set(counted) == set(lines) for counted in answer["lines"])
    assert all(spent >= 0 for spent in answer["cpu_ms_a_page"].values())
    failing = [{rule for rule, fails in said.items() if fails} for said in answer["verdicts"]]
    assert failing[1]  # a page of one word: everybody drops it for something


@pytest.mark.peers
def test_ours_says_what_datatrove_says_of_every_rule_and_line(tmp_path: Path) -> None:
    (tmp_path / "theirs").mkdir()
    theirs = answered(of("datatrove"), tmp_path / "theirs", TEXTS)
    ours = answered(of("gristmill"), tmp_path, TEXTS)
    assert ours["verdicts"] == theirs["verdicts"]
    assert ours["lines"] == theirs["lines"]


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("datatrove", marks=pytest.mark.peers),
        pytest.param("dolma", marks=pytest.mark.peers),
        pytest.param("nemo-curator", marks=pytest.mark.peers),
        "dclm",
    ],
)
def test_each_toolkit_drops_the_examples_that_the_document_says(name: str, tmp_path: Path) -> None:
    said = answered(of(name), tmp_path, [example.text() for example in EXAMPLES])["verdicts"]
    dropped = [example.piece for example, verdicts in zip(EXAMPLES, said, strict=True) if verdicts.get(example.rule)]
    assert dropped == [example.piece for example in EXAMPLES if name in example.drop]


def test_every_example_stands_in_the_document() -> None:
    page = (CHECKOUT / "docs" / "gopher-disagrees.md").read_text(encoding="utf-8")
    for example in EXAMPLES:
        assert example.row() in page


@pytest.fixture(scope="module")
def crawl(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("crawl")
    make_crawl(folder, pages=60, files=2)
    return folder


@pytest.mark.slow
def test_the_verb_runs_what_is_there_and_writes_what_it_prints(crawl: Path, tmp_path: Path) -> None:
    words = ["toolkits", "-i", str(crawl), "-o", str(tmp_path), "--pages", "12", "--disagree", "--ours-only", "--json"]
    told = subprocess.run(
        [sys.executable, "-m", "jobs.bench", *words],
        cwd=CHECKOUT, env=os.environ, capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip
    assert told.returncode == 0, told.stderr
    result = orjson.loads(told.stdout)
    assert result == orjson.loads((tmp_path / "toolkits.json").read_bytes())
    assert result["toolkits"]["dolma"] == {"missing": "left out by --ours-only"}
    assert "few_words" in result["disagree"]["english"]["rules"]
    assert (tmp_path / "toolkits.md").read_text() == tables.markdown(result)
