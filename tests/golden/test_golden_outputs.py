"""No part says anything else than it did, unless its version says so."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import record

from dedup.survival import Survival
from pipeline.errors import RecipeError


@pytest.fixture(scope="module", autouse=True)
def _compiled_assets_are_kept_between_runs(request: pytest.FixtureRequest) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRISTMILL_CACHE", str(request.config.cache.mkdir("assets")))
        yield


@pytest.mark.parametrize("case", record.part_cases(), ids=lambda case: case.name)
def test_the_output_of_a_version_never_changes(case: Any) -> None:
    try:
        part = case.build()
        now = record.output(part)
    except RecipeError as error:
        pytest.skip(f"cannot be built here: {error}")
    then = record.recorded()
    key = record.key(case, part)
    assert key in then, "a new part or version: add it with `python tests/golden/record.py`"
    assert now == then[key]


@pytest.mark.parametrize("rule", record.survival.RULES, ids=record.survival.key)
def test_who_survives_by_a_version_of_a_rule_never_changes(rule: Survival) -> None:
    now, then = record.survival.told(rule), record.recorded_survivors()
    assert 0 < sum(row[4] for row in now) < len(now)
    assert now == then[record.survival.key(rule)]


@pytest.mark.parametrize("name", record.SCORED)
def test_the_scores_of_a_version_never_change(name: str, tmp_path: Path) -> None:
    now, then = record.scores(record.MODELS[name].made(tmp_path)), record.recorded_scores()
    assert record.score_key(name) in then, "a new model or version: add it with `python tests/golden/record.py`"
    assert now == then[record.score_key(name)]
    assert len(set(now)) > len(now) / 2


def test_the_recorded_pages_are_the_pages() -> None:
    assert {tuple(sorted(pages)) for pages in record.recorded().values()} == {tuple(sorted(record.PAGES))}
