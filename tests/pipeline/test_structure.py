"""Bounds on markup stop a page for what it has, wherever a block of bytes ends, in time that grows as the page does."""

import re
import time
from dataclasses import fields, replace
from pathlib import Path

import pytest
from hostile_markup import soup
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline import markup_counts
from pipeline.archives.decode import decode
from pipeline.archives.warc import read_records
from pipeline.errors import RecordError
from pipeline.identity import canonical
from pipeline.inputs import InputStream
from pipeline.markup_counts import attributes, brackets, gaps, nesting, spanned_cells
from pipeline.nesting_bound import most_nesting
from pipeline.sandbox import Limits
from pipeline.structure import REASONS, Structure

SMALL = Structure(max_tags=20, max_depth=4, max_attributes=3, max_spanned_cells=10_000)
CELL = '<td colspan="{}" rowspan={}>x</td>'


def reason(html: str | bytes, structure: Structure = SMALL) -> str | None:
    try:
        structure.check(html if isinstance(html, bytes) else html.encode())
    except RecordError as error:
        return error.reason if error.by_limit else "not marked"
    return None


@pytest.mark.parametrize(
    ("html", "why"),
    [
        ("", None),
        ("no markup at all", None),
        ("<", None),
        ("<p>" * 20, None),
        ("<p>" * 21, "over_tags"),
        ("<div>" * 4, None),
        ("<div>" * 5, "over_depth"),
        ("<DIV><b><i><u><A>", "over_depth"),
        ("<div></div>" * 10, None),
        ("<div><span></div>" * 6, None),
        ("</div>" * 8 + "<div>" * 5, "over_depth"),
        ("<br><p><li><img>" * 5, None),
        ('<script type="application/ld+json">[{[{', None),
        ('<script type="application/ld+json">[{[{[', "over_depth"),
        ('<script type="application/ld+json">[[]][[]]{}{}{}', None),
        ("<script>[{[{[", None),
        ("<p a=1 b='>' c=\"x y\">", None),
        ("<p a b c d>", "over_attributes"),
        ("<p a=1 b=2 c = 3 d=4 />", "over_attributes"),
        ('<p a=" d e f g h i ">some more words of text', None),
        ("<p a b c>and some text = of more words", None),
        (CELL.format(50, 50), None),
        (CELL.format(100, 100), None),
        (CELL.format(100, 100) + CELL.format(1, 2), "over_spans"),
        (CELL.format(10**8, 10**8), None),
        (CELL.format(60, 100).upper() * 2, "over_spans"),
        ("<td>x</td>" * 4, None),
    ],
)  # fmt: skip
def test_a_page_is_stopped_for_what_it_has(html: str, why: str | None) -> None:
    assert reason(html) == why


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    soup(oddities=('<td rowspan=9 colspan="30">', "<script type=ld+json>[{", "]", "x" * 30, " a=b c", "é")),
    st.integers(1, 40),
)
def test_where_a_block_ends_makes_no_difference(monkeypatch: pytest.MonkeyPatch, html: str, block: int) -> None:
    page = html.encode("utf-8", "surrogatepass")
    whole = _all_counts(page)
    monkeypatch.setattr(markup_counts, "BLOCK", block)
    assert _all_counts(page) == whole
    monkeypatch.undo()
    assert whole[0] == page.count(b"<")
    assert whole[1] == len(re.findall(rb"<[tT]", page))
    assert whole[2] == len(re.findall(rb"<(?=[^/])", page, re.DOTALL))
    assert whole[3] == len(re.findall(rb"<[tT][dDhH](?=[^>])", page, re.DOTALL))
    assert whole[4] == _depth_of_brackets(page)


def _all_counts(page: bytes) -> tuple[int, ...]:
    tags, cells = markup_counts.tags_and_cells(page)
    more = markup_counts.opening_tags(page), markup_counts.cells_with_attributes(page)
    return tags, cells, *more, brackets(page, 0, len(page))


def _depth_of_brackets(page: bytes) -> int:
    level = deepest = 0
    for char in page:
        level = level + 1 if char in b"[{" else max(0, level - 1) if char in b"]}" else level
        deepest = max(deepest, level)
    return deepest


@given(st.binary(max_size=300) | st.lists(st.sampled_from([b"<", b"xx", b"x" * 9])).map(b"".join), st.integers(2, 30))
def test_a_gap_is_every_long_stretch_from_one_tag_to_the_next(page: bytes, least: int) -> None:
    ends = [at for at, char in enumerate(page) if char == ord("<")] + [len(page)]
    starts = [0, *ends[:-1]]
    found = [(start, end) for start, end in zip(starts, ends, strict=True) if end - start >= least]
    assert list(gaps(page, least)) == found


def test_depth_is_that_of_elements_that_are_still_open() -> None:
    assert nesting(b"<div><p><b></div><div><p><i>", 99) == 2
    assert nesting(b"<table><tr><td><table><tr><td>", 99) == 2
    assert nesting(b"<div>" * 50, 9) == 10


@pytest.mark.parametrize(
    "piece",
    [b"<", b"<div>", b"</div>", b"<div><b></b>", b"<p a", b" a=", b' a="', b"<td rowspan=", b"<td rowspan " + b" " * 50,
     b"<script ld+json>[", b"<td colspan='  ", b"<td a=1 colspan=9"],
)  # fmt: skip
@pytest.mark.parametrize("lead", [b"", b"<p a"])
def test_counting_takes_time_that_grows_as_the_page(lead: bytes, piece: bytes) -> None:
    wide = Structure(max_tags=10**9, max_depth=10**9, max_attributes=10**9, max_spanned_cells=10**12)
    low = replace(wide, max_spanned_cells=1)

    def seconds(size: int) -> float:
        page = lead + piece * (size // len(piece))
        start = time.process_time()
        wide.check(page)
        reason(page, low)
        nesting(page, 10**9)
        most_nesting(page)
        attributes(page, 0, len(page))
        spanned_cells(page)
        return time.process_time() - start

    seconds(1_000)
    short, long = min(seconds(30_000) for _ in range(3)), seconds(480_000)
    assert long < 16 * 6 * max(short, 0.001)


@given(st.binary(max_size=500))
def test_any_bytes_pass_or_are_stopped_for_a_known_reason(page: bytes) -> None:
    assert reason(page) in {None, *REASONS}


def test_bounds_bear_identity_only_where_a_recipe_has_its_own() -> None:
    assert "structure" not in canonical(Limits())
    assert canonical(Limits(structure=SMALL))["structure"]["max_depth"] == 4


@pytest.mark.parametrize("name", [field.name for field in fields(Structure)])
@pytest.mark.parametrize("bound", [0, -1, 1 << 64])
def test_bounds_that_stop_everything_are_refused(name: str, bound: int) -> None:
    with pytest.raises(ValueError, match="are positive"):
        Structure(**{name: bound})


@pytest.mark.corpus
def test_no_real_page_comes_near_a_bound(corpus: Path) -> None:
    half = Structure(**{field.name: getattr(Structure(), field.name) // 2 for field in fields(Structure)})
    seen = 0
    for path in sorted(corpus.glob("crawl*/*.warc.gz")):
        with path.open("rb") as file:
            for record in read_records(InputStream(file), path.name):
                if record.body:
                    page = decode(record.body, record.http_charset).text.encode()
                    assert reason(page, half) is None, record.url
                    assert most_nesting(page) <= half.max_depth, record.url
                    seen += 1
    assert seen > 2_100
