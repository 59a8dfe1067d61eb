"""A run is extended by a step without its recipe: the old steps are known by their fingerprints."""

from pathlib import Path

import pytest
from handmade import CRAWL, crawl_steps, run_crawl
from test_measuring import Sizes
from tiny import execute

from pipeline.errors import InputError, RecipeError
from pipeline.execution import Execution
from pipeline.extension import Recorded, check_signals, extend_run, plan_beside, recorded_step
from pipeline.local_runner import LocalRunner
from pipeline.measuring import measure_step
from pipeline.runs import open_run
from pipeline.steps import Step, plan_steps
from pipeline.storage import LocalStorage


class Silent:
    def begin(self, steps: object) -> None: ...

    def ended(self, state: object, outcome: object) -> None: ...


def test_a_step_beside_a_run_has_the_fingerprint_it_has_in_a_recipe(tmp_path: Path) -> None:
    run = run_crawl(tmp_path, CRAWL)
    planned = plan_beside(run, measure_step(Sizes(), recorded_step(run, "ingest").step))
    ingest = crawl_steps(CRAWL)[0]
    in_recipe = plan_steps([ingest, measure_step(Sizes(), ingest)], run.source)
    assert [step.fingerprint for step in planned] == [step.fingerprint for step in in_recipe]
    assert isinstance(planned[0].step.stage, Recorded)


def test_an_extended_run_is_the_old_one_and_one_step_more(tmp_path: Path) -> None:
    run = run_crawl(tmp_path, CRAWL)
    planned = plan_beside(run, measure_step(Sizes(), recorded_step(run, "ingest").step))
    record = extend_run(run, planned[-1])
    assert open_run(run.storage).record == record
    names = [step.name for step in record.steps]
    assert names == ["ingest", "measure-sizes", "decide", "survivors", "pack", "index"]
    assert [step for step in record.steps if step.name != "measure-sizes"] == list(run.record.steps)
    assert (record.rules, record.source, record.recipe) == (run.record.rules, run.record.source, run.record.recipe)
    assert record.payload.items() >= run.record.payload.items()
    Execution(run.storage, run.source, planned, {}).run(LocalRunner(), Silent())
    assert open_run(run.storage).totals("measure-sizes") == {"rows": run.totals("ingest")["documents"]}


def test_a_recorded_step_is_read_and_never_run(tmp_path: Path) -> None:
    run = run_crawl(tmp_path, CRAWL)
    folder = tmp_path / "steps" / "ingest"
    for file in folder.rglob("manifest*"):
        file.unlink()
    min(folder.rglob("*.json")).unlink()
    run = open_run(LocalStorage(tmp_path))
    with pytest.raises(InputError, match="step ingest has 4 of 5 parts; finish the run"):
        recorded_step(run, "ingest")
    with pytest.raises(InputError, match="step nonsense has 0 of 0 parts"):
        recorded_step(run, "nonsense")
    source = run.source
    with pytest.raises(Exception, match="run `gristmill curate` again"):
        execute(tmp_path, source, Step(name="lost", stage=Recorded()))


def test_a_signal_that_is_written_already_is_refused(tmp_path: Path) -> None:
    run = run_crawl(tmp_path, CRAWL)
    with pytest.raises(RecipeError, match="signal words_count is written by ingest already"):
        check_signals(run, "measure-x", ["fresh", "words_count"])
    check_signals(run, "measure-x", ["fresh"])
