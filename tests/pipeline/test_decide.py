"""The only judge: the first rule that fails is the reason, all that fail are kept, and every record is counted once."""

import math
import operator
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa
import pytest
from handmade import CRAWL, RULES, Page, crawl_of, crawl_steps
from hypothesis import given
from hypothesis import strategies as st
from tiny import execute

from pipeline.decide import Decide, judge, tally
from pipeline.errors import PartsFailed
from pipeline.measures import OPERATORS, Rule, schema, signals_of
from pipeline.measuring import Measuring
from pipeline.pages import Pages
from pipeline.schemas import VERDICTS
from pipeline.steps import Step
from pipeline.storage import LocalStorage
from pipeline.tables import read_table

BASE = {"gate": pa.large_string(), "error": pa.large_string()}
TYPES = {"ratio": pa.float64(), "count": pa.int32(), "language": pa.large_string(), "flag": pa.bool_()}


def signals(rows: list[dict[str, Any]]) -> pa.Table:
    columns = BASE | TYPES
    return pa.table([pa.array([row.get(name) for row in rows], columns[name]) for name in columns], list(columns))


def verdicts(rows: list[dict[str, Any]], *rules: Rule) -> list[tuple[str, str | None, list[int]]]:
    table = judge(signals(rows), rules)
    assert table.schema == VERDICTS
    return [(row["verdict"], row["reason"], row["violations"]) for row in table.to_pylist()]


def test_the_first_failing_rule_is_the_reason_and_all_are_kept_by_number() -> None:
    rules = (Rule("count", "<", 5, "few"), Rule("ratio", ">", 0.5, "high"), Rule("count", "<", 3, "very_few"))
    rows = [{"count": 9, "ratio": 0.1}, {"count": 9, "ratio": 0.9}, {"count": 2, "ratio": 0.9}, {"count": 4}]
    assert verdicts(rows, *rules) == [
        ("keep", None, []),
        ("drop", "high", [1]),
        ("drop", "few", [0, 1, 2]),
        ("drop", "few", [0]),
    ]


def test_the_order_of_rules_decides_the_reason() -> None:
    few, high = Rule("count", "<", 5, "few"), Rule("ratio", ">", 0.5, "high")
    row = {"count": 1, "ratio": 0.9}
    assert verdicts([row], few, high) == [("drop", "few", [0, 1])]
    assert verdicts([row], high, few) == [("drop", "high", [0, 1])]


@pytest.mark.parametrize(
    ("op", "fails"),
    [
        ("<", [True, False, False]),
        ("<=", [True, True, False]),
        (">", [False, False, True]),
        (">=", [False, True, True]),
        ("==", [False, True, False]),
    ],
)
def test_an_operator_names_what_fails(op: str, fails: list[bool]) -> None:
    for signal, values in (("count", [2, 3, 4]), ("ratio", [math.nextafter(3.0, 0), 3.0, math.nextafter(3.0, 4)])):
        found = verdicts([{signal: value} for value in values], Rule(signal, op, 3, "r"))
        assert [verdict == "drop" for verdict, _, _ in found] == fails


def test_a_bound_is_exact() -> None:
    """3 of 25 lines end in punctuation: 0.12 as float64 passes `< 0.12`, as float32 it would not."""
    rule = Rule("ratio", "<", 0.12, "little_punctuation")
    single = pa.scalar(3 / 25, pa.float32()).as_py()
    rows = [{"ratio": 3 / 25}, {"ratio": math.nextafter(0.12, 0)}, {"ratio": single}]
    assert [verdict for verdict, _, _ in verdicts(rows, rule)] == ["keep", "drop", "drop"]


def test_a_value_among_others_fails() -> None:
    rule = Rule("language", "in", ("de", "fr"), "other_language")
    found = verdicts([{"language": "de"}, {"language": "en"}, {}], rule)
    assert [reason for _, reason, _ in found] == ["other_language", None, None]


def test_yes_and_no_can_be_judged() -> None:
    found = verdicts([{"flag": True}, {"flag": False}, {}], Rule("flag", "==", True, "flagged"))
    assert [reason for _, reason, _ in found] == ["flagged", None, None]


@pytest.mark.parametrize(
    "rule", [("ratio", "<", 1.0), ("count", ">=", 0), ("language", "in", ("de",)), ("flag", "==", True)]
)
def test_null_passes_unless_the_rule_says_otherwise(rule: tuple[str, str, Any]) -> None:
    assert verdicts([{}], Rule(*rule, "r")) == [("keep", None, [])]
    assert verdicts([{}], Rule(*rule, "r", null_fails=True)) == [("drop", "r", [0])]


def test_a_measure_that_writes_nan_fails_its_part() -> None:
    with pytest.raises(ValueError, match="signal ratio is NaN for some page"):
        verdicts([{"ratio": 1.0}, {"ratio": math.nan}], Rule("ratio", "<", 1.0, "r"))
    assert verdicts([{"ratio": math.nan}], Rule("count", "<", 1, "r")) == [("keep", None, [])]


def test_a_stopped_record_keeps_its_gate_and_breaks_no_rule() -> None:
    rule = Rule("count", "<", 5, "few", null_fails=True)
    rows = [{"gate": "not_html", "count": 1}, {"gate": "corrupt_record", "error": "torn"}, {"count": 1}]
    assert verdicts(rows, rule) == [("drop", "not_html", []), ("fail", "corrupt_record", []), ("drop", "few", [0])]


def test_nothing_is_judged_where_there_is_nothing() -> None:
    assert verdicts([], Rule("count", "<", 5, "few")) == []
    assert verdicts([{"count": 1}]) == [("keep", None, [])]


def test_the_counts_say_where_the_records_went() -> None:
    rows = [
        {"gate": "not_html"},
        {"gate": "torn", "error": "torn"},
        {"count": 1},
        {"count": 1},
        {"count": 7},
        {"count": 9},
    ]
    rules = (Rule("count", "<", 5, "few"), Rule("count", "==", 7, "seven"))
    table = signals(rows)
    counts = tally(judge(table, rules), table["gate"])
    assert counts == {"rows": 6, "kept": 1, "failed": 1, "gated": 1, "dropped.few": 2, "dropped.seven": 1}


# Against the definition, row by row.

COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "in": lambda value, among: value in among,
}
NUMBERS = st.sampled_from([-1, 0, 1, 2**31 - 1, 0.12, math.nextafter(0.12, 0), 0.5, 1e300, -0.0])
RULE = st.one_of(
    st.builds(Rule, st.just("ratio"), st.sampled_from(OPERATORS[:5]), NUMBERS, st.just("r"), null_fails=st.booleans()),
    st.builds(Rule, st.just("count"), st.sampled_from(OPERATORS[:5]), NUMBERS, st.just("c"), null_fails=st.booleans()),
    st.builds(
        Rule,
        st.just("language"),
        st.just("in"),
        st.lists(st.sampled_from(["en", "de", "fr"]), max_size=2).map(tuple),
        st.just("l"),
        null_fails=st.booleans(),
    ),
    st.builds(Rule, st.just("language"), st.just("=="), st.just("en"), st.just("e"), null_fails=st.booleans()),
    st.builds(Rule, st.just("flag"), st.just("=="), st.booleans(), st.just("f"), null_fails=st.booleans()),
)
ROW = st.fixed_dictionaries(
    {
        "ratio": st.none() | NUMBERS.map(float),
        "count": st.none() | st.sampled_from([-1, 0, 1, 2, 2**31 - 1]),
        "language": st.none() | st.sampled_from(["en", "de", ""]),
        "flag": st.none() | st.booleans(),
        "gate": st.sampled_from([None, None, "not_html"]),
    }
).flatmap(lambda row: st.sampled_from([row, row | {"error": "torn"} if row["gate"] else row]))


def by_hand(row: dict[str, Any], rules: list[Rule]) -> tuple[str, str | None, list[int]]:
    if row["gate"] is not None:
        return ("fail" if row.get("error") else "drop"), row["gate"], []
    failing = [
        number
        for number, rule in enumerate(rules)
        if (rule.null_fails if row[rule.signal] is None else COMPARE[rule.op](row[rule.signal], rule.value))
    ]
    return ("drop", rules[failing[0]].reason, failing) if failing else ("keep", None, [])


@given(st.lists(ROW, max_size=8), st.lists(RULE, max_size=5))
def test_verdicts_are_those_of_the_definition(rows: list[dict[str, Any]], rules: list[Rule]) -> None:
    assert verdicts(rows, *rules) == [by_hand(row, rules) for row in rows]


@given(st.lists(ROW, max_size=8), st.lists(RULE, max_size=5))
def test_the_counts_add_up(rows: list[dict[str, Any]], rules: list[Rule]) -> None:
    table = signals(rows)
    counts = tally(judge(table, rules), table["gate"])
    assert counts.pop("rows") == sum(counts.values()) == len(rows)


# As a step.


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """Two signals, so that their order can be mistaken; `lost` rows are forgotten."""

    name: ClassVar[str] = "counted"
    version: ClassVar[int] = 1
    engines: ClassVar[tuple[str, ...]] = ()
    signals: ClassVar[pa.Schema] = schema(chars_count="int64", spaces_count="int64")

    lost: int = 0

    def measure(self, pages: Pages) -> pa.RecordBatch:
        columns = {"chars_count": list(map(len, pages.texts)), "spaces_count": [t.count(" ") for t in pages.texts]}
        return signals_of(self.signals, columns, len(pages)).slice(self.lost)


def run_decide(root: Path, rules: tuple[Rule, ...], *, span: int = 2, lost: int = 0) -> list[dict[str, Any]]:
    """The verdicts of the crawl written down by hand, judged also by signals that were measured later."""
    ingest = crawl_steps(CRAWL)[0]
    measured = Step(name="measure-counted", stage=Measuring(measure=Counted(lost=lost)), inputs=(ingest,))
    stage = Decide(rules=rules, measures=("measure-counted",))
    decide = Step(name="decide", stage=stage, inputs=(ingest, measured), span=span)
    state = execute(root, crawl_of(CRAWL), ingest, measured, decide).states["decide"]
    receipts = [state.receipts[part.key] for part in state.planned.parts]
    return [row for each in receipts for row in read_table(LocalStorage(root), each, "verdicts").to_pylist()]


PAGES = [page for pages in CRAWL.values() for page in pages]


@pytest.mark.parametrize("span", [1, 2, 4, 8])
def test_verdicts_stand_beside_records_in_any_bundles(tmp_path: Path, span: int) -> None:
    rows = run_decide(tmp_path, RULES, span=span)
    assert [row["verdict"] for row in rows] == [expected(page) for page in PAGES]


def expected(page: Page) -> str:
    if page.gate:
        return "fail" if page.error else "drop"
    return "drop" if (page.words or 9) < 3 or (page.punct or 0) < 0.12 else "keep"


def test_signals_measured_later_are_found_beside_their_documents(tmp_path: Path) -> None:
    """The rules name the second signal first: columns are matched by name, not by place."""
    rules = (
        Rule("spaces_count", ">", 3, "many_spaces"),
        Rule("words_count", "<", 3, "few"),
        Rule("chars_count", ">", 22, "long"),
    )
    rows = run_decide(tmp_path, rules)
    for page, row in zip(PAGES, rows, strict=True):
        broken = [page.text.count(" ") > 3, (page.words or 9) < 3, len(page.text) > 22]
        assert row["violations"] == ([] if page.gate else [n for n, breaks in enumerate(broken) if breaks])


def test_columns_of_the_record_itself_can_be_judged(tmp_path: Path) -> None:
    rules = (Rule("url", "==", "https://a.test/1", "unwanted"), Rule("document_row", ">", 0, "not_first"))
    reasons = [row["reason"] for row in run_decide(tmp_path, rules)]
    assert reasons[:6] == ["unwanted", "not_first", "not_html", "corrupt_record", None, "not_first"]


def test_a_rule_about_a_signal_that_nothing_writes_fails(tmp_path: Path) -> None:
    with pytest.raises(PartsFailed, match="no measure of the recipe writes the signal lines_count"):
        run_decide(tmp_path, (Rule("lines_count", "<", 1, "r"),))


def test_signals_with_more_or_fewer_rows_than_documents_fail(tmp_path: Path) -> None:
    with pytest.raises(PartsFailed, match=r"measure-counted: 1 rows beside 2 documents"):
        run_decide(tmp_path, (Rule("chars_count", "<", 1, "r"),), lost=1)
