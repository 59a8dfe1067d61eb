"""A step is inert, and known by what it does and what it reads."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny import Numbers, Sums

from pipeline.errors import RecipeError
from pipeline.sources import Source, SourcePart
from pipeline.steps import (
    Step,
    parts_of,
    plan_steps,
)


def source_of(*names: str, tag: str = "v1") -> Source:
    return Source("s", tuple(SourcePart(name, f"/files/{name}", 1, tag) for name in names))


def numbers(folder: str = "", **fields: Any) -> Step:
    return Step(name="numbers", stage=Numbers(folder=folder, **fields))


def sums(of: Step, *, name: str = "sums", plus: int = 0, **shape: int) -> Step:
    return Step(name=name, stage=Sums(of=of.name, plus=plus, folder=""), inputs=(of,), **shape)


def fingerprints(*graph: Step, source: Source | None = None) -> dict[str, str]:
    return {planned.step.name: planned.fingerprint for planned in plan_steps(graph, source or source_of("a", "b"))}


@given(st.integers(0, 30), st.integers(1, 10))
def test_bundles_cover_every_file_once_and_the_last_may_be_short(files: int, span: int) -> None:
    source = source_of(*map(str, range(files)))
    parts = parts_of(source, span=span, partitions=0)
    assert [number for part in parts for number in range(part.first, part.first + part.count)] == list(range(files))
    assert all(part.count == span for part in parts[:-1])
    assert len({part.key for part in parts}) == len(parts)


def test_a_part_of_one_file_has_the_files_key_and_name() -> None:
    source = source_of("a", "b")
    assert [(part.key, part.name) for part in parts_of(source, span=1, partitions=0)] == [
        (file.key, file.name) for file in source.parts
    ]


def test_a_bundle_is_keyed_by_its_members_and_named_after_the_first() -> None:
    whole, short = parts_of(source_of("a", "b", "c"), span=2, partitions=0)
    assert (whole.name, short.name) == ("a and 1 more", "c")
    again, grown = parts_of(source_of("a", "b", "c", "d"), span=2, partitions=0)
    assert again == whole
    assert grown.key != short.key
    assert short.key != source_of("c").parts[0].key  # a short bundle is no single file: another span, another key
    assert len(whole.key) == 16


def test_a_barrier_has_its_partitions_and_each_sees_all() -> None:
    parts = parts_of(source_of("a", "b", "c"), span=1, partitions=2)
    assert [(part.key, part.first, part.count) for part in parts] == [("p00000", 0, 3), ("p00001", 0, 3)]


@pytest.mark.parametrize(("upstream", "span"), [(2, 3), (4, 2), (3, 8)])
def test_bundles_that_do_not_divide_are_refused(upstream: int, span: int) -> None:
    first = Step(name="first", stage=Numbers(folder=""), span=upstream)
    with pytest.raises(
        RecipeError, match=f"step sums covers {span} files a part, which first's {upstream} do not divide"
    ):
        sums(first, span=span)
    sums(first, partitions=1)
    sums(first, span=upstream * 3)


@pytest.mark.parametrize("shape", [{"span": 0}, {"span": -1}, {"partitions": -1}])
def test_a_shape_that_cannot_be_is_refused(shape: dict[str, int]) -> None:
    with pytest.raises(RecipeError, match=r"step numbers: .* cannot be"):
        Step(name="numbers", stage=Numbers(folder=""), **shape)


def test_what_a_stage_is_and_what_it_reads_make_a_fingerprint() -> None:
    first = numbers()
    before = fingerprints(first, sums(first))
    changed = numbers(times=2)
    assert fingerprints(changed, sums(changed))["numbers"] != before["numbers"]
    assert fingerprints(changed, sums(changed))["sums"] != before["sums"]
    later = fingerprints(first, sums(first, plus=1))
    assert later["numbers"] == before["numbers"]
    assert later["sums"] != before["sums"]


def test_neither_the_files_nor_the_bundle_nor_the_folder_make_a_map_steps_fingerprint() -> None:
    first = numbers()
    before = fingerprints(first, sums(first))
    assert fingerprints(first, sums(first), source=source_of("x", "y", "z")) == before
    assert fingerprints(first, sums(first, span=2)) == before
    elsewhere = numbers("/elsewhere")
    assert fingerprints(elsewhere, sums(elsewhere)) == before


def test_a_barriers_fingerprint_is_also_that_of_all_its_files_in_order() -> None:
    first = numbers()
    barrier = sums(first, partitions=2)
    last = sums(barrier, name="last")

    def of(source: Source, *graph: Step) -> tuple[str, str]:
        found = fingerprints(*graph, source=source)
        return found["sums"], found["last"]

    before = of(source_of("a", "b"), first, barrier, last)
    assert of(source_of("a", "b"), first, barrier, last) == before
    three = sums(first, partitions=3)
    for other in (
        of(source_of("a", "b", "c"), first, barrier, last),
        of(source_of("b", "a"), first, barrier, last),
        of(source_of("a", "b", tag="v2"), first, barrier, last),
        of(source_of("a", "b"), first, three, sums(three, name="last")),
    ):
        assert other[0] != before[0]
        assert other[1] != before[1]  # and what follows a barrier depends on all files too


def test_the_unicode_tables_make_a_fingerprint(monkeypatch: pytest.MonkeyPatch) -> None:
    before = fingerprints(numbers())
    monkeypatch.setattr("unicodedata.unidata_version", "99.0.0")
    assert fingerprints(numbers()) != before


def test_a_stage_without_identity_is_refused_by_the_steps_name() -> None:
    step = Step(name="numbers", stage=Numbers(times={1}, folder=""))  # type: ignore[arg-type]
    with pytest.raises(RecipeError, match=r"numbers\.times: a set has no stable identity"):
        plan_steps([step], source_of("a"))
