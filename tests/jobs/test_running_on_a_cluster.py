"""What is wrong with the places of a run on a cluster is said before anything starts."""

from pathlib import Path

import pytest
from trial import CHECKOUT, Crawl

from jobs.running import INSIDE_JOB, make_runner, prepare
from pipeline.errors import RecipeError
from pipeline.execution import Runner


def runner_for(crawl: Crawl, root: str, ray: str | None) -> Runner:
    prepared = prepare("fineweb", [str(crawl.folder)], root)
    return make_runner(
        prepared.storage.location,
        prepared.source,
        [step.payload for step in prepared.steps],
        modules=prepared.modules,
        part_bytes=1,
        workers=None,
        ray=ray,
        local=False,
    )


def test_a_root_inside_what_a_job_uploaded_is_refused(crawl: Crawl, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ray removes a job's working directory when it likes, and the dataset with it."""
    monkeypatch.chdir(CHECKOUT)
    monkeypatch.setenv(INSIDE_JOB, "{}")
    with pytest.raises(RecipeError, match="inside the working directory that was uploaded with this job"):
        runner_for(crawl, "some-folder", "auto")
    assert not Path("some-folder").exists()


def test_a_job_that_would_use_one_node_only_and_local_paths_are_pointed_out(
    crawl: Crawl, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    started: list[dict[str, object]] = []
    monkeypatch.setattr("pipeline.ray_runner.RayRunner", lambda **options: started.append(options))
    runner_for(crawl, str(tmp_path / "out"), "auto")
    assert "the input and ROOT are on a local path: every node must see it" in capsys.readouterr().err
    monkeypatch.setenv(INSIDE_JOB, "{}")
    runner_for(crawl, str(tmp_path / "out"), None)
    assert "this job runs on one node of the cluster; give --ray auto to use all of them" in capsys.readouterr().err
    assert [options["address"] for options in started] == ["auto", None]
    assert "trafilatura" in str(started[0]["engines"])
