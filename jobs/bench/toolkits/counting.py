"""Counts where toolkits disagree: pages that fail a rule as each defines it, and pages that one drops and another keeps."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

from jobs.bench.toolkits.rules import GOPHER, LINE_RULES, RULES, any_of
from pipeline.errors import GristmillError

Verdict = Mapping[str, bool | None]  # by rule; None where the toolkit cannot say
_Columns = dict[str, list[bool | None]]  # of one rule: each toolkit's verdicts, page by page


def disagreement(
    verdicts: Mapping[str, Sequence[Verdict]], lines: Mapping[str, Sequence[Mapping[str, int]]]
) -> dict[str, Any]:
    """For each rule, and for any rule of each group, what the toolkits that have it say; then the same of lines."""
    pages = {len(each) for each in verdicts.values()} | {len(each) for each in lines.values()}
    if len(pages) > 1:
        raise GristmillError(f"the toolkits judged different numbers of pages: {sorted(pages)}")
    found: dict[str, Any] = {}
    for group, rules in RULES.items():
        found |= {rule: _compared(_columns(verdicts, rule)) for rule in rules}
        found[any_of(group)] = _compared(_any_columns(verdicts, rules))
        if group == GOPHER[-1]:
            found[any_of("gopher")] = _compared(
                _any_columns(verdicts, [rule for each in GOPHER for rule in RULES[each]])
            )
    return {"rules": {rule: said for rule, said in found.items() if said["failed"]}, "lines": _lines(lines)}


def _columns(verdicts: Mapping[str, Sequence[Verdict]], rule: str) -> _Columns:
    return {
        name: [page.get(rule) for page in pages]
        for name, pages in verdicts.items()
        if any(rule in page for page in pages)
    }


def _any_columns(verdicts: Mapping[str, Sequence[Verdict]], rules: Sequence[str]) -> _Columns:
    """Whether some rule fails, of the toolkits that have one at least."""
    columns: _Columns = {}
    for name, pages in verdicts.items():
        if any(rule in page for page in pages for rule in rules):
            columns[name] = [any(page.get(rule) for rule in rules) for page in pages]
    return columns


def _compared(columns: _Columns) -> dict[str, Any]:
    """`failed` and `unknown` by toolkit; `disagree` by pair: pages that only the first drops, and only the second."""
    pairs: dict[str, dict[str, int]] = {}
    for one, other in combinations(columns, 2):
        known = [(a, b) for a, b in zip(columns[one], columns[other], strict=True) if a is not None and b is not None]
        pairs[f"{one}/{other}"] = {"first": known.count((True, False)), "second": known.count((False, True))}
    return {
        "failed": {name: column.count(True) for name, column in columns.items()},
        "unknown": {name: column.count(None) for name, column in columns.items() if None in column},
        "disagree": pairs,
    }


def _lines(lines: Mapping[str, Sequence[Mapping[str, int]]]) -> dict[str, Any]:
    """By line rule and toolkit: how many lines that are not blank it takes, and in how many pages."""
    return {
        rule: {
            name: {"lines": sum(page[rule] for page in pages), "pages": sum(page[rule] > 0 for page in pages)}
            for name, pages in lines.items()
            if pages and rule in pages[0]
        }
        for rule in LINE_RULES
    }
