"""A recipe that asks a remote model: the same run as with any other, and the dataset has what was answered."""

from pathlib import Path

import orjson
import pyarrow.parquet as pq
import pytest
from chat_server import Act, ChatServer

from filters.quality.endpoint import EndpointQuality
from jobs.recipe import Recipe
from jobs.running import prepare, run
from jobs.verifying_models import verified_model
from pipeline.asked import Sample
from pipeline.errors import PartsFailed
from pipeline.extraction import Resiliparse
from pipeline.measures import Rule
from pipeline.quality import Ensemble, Quality

TEXTS = [f"{'corn ' * (n + 1)}number {n}" for n in range(30)]


def written(folder: Path) -> Path:
    path = folder / "rows.jsonl"
    path.write_bytes(b"\n".join(orjson.dumps({"id": f"row-{n}", "text": text}) for n, text in enumerate(TEXTS)))
    return path


def recipe_of(server: ChatServer, **fields: object) -> Recipe:
    model = EndpointQuality(model="miller-7b", base_url=server.base_url, column="edu_points", **fields)
    rules = (Rule("edu_points", "<", 3, "few_points"),)
    quality = Quality(models=(model,), ensemble=Ensemble(name="edu", buckets=2), rules=rules)
    return Recipe(name="labelled", ingest=(Resiliparse(),), rules=(), quality=quality)


def dataset(root: Path) -> dict[str, dict[str, object]]:
    rows = [
        row for path in sorted((root / "dataset" / "data").glob("*.parquet")) for row in pq.read_table(path).to_pylist()
    ]
    return {row["id"]: row for row in rows}


def test_rules_judge_what_was_answered_and_pass_what_was_not_asked(tmp_path: Path) -> None:
    with ChatServer() as server:
        recipe, rows = recipe_of(server, sample=Sample(share=0.5)), str(written(tmp_path))
        run(prepare((recipe, ()), [rows], str(tmp_path / "out")), local=True)
        asked = {
            each["body"]["messages"][0]["content"].partition("====\n")[2].partition("\n====")[0]
            for each in server.asked
        }
        again = len(server.asked)
        run(prepare((recipe, ()), [rows], str(tmp_path / "out")), local=True)
        assert len(server.asked) == again, "what was answered is not asked again"
    points = {text: len(text) % 6 if text in asked else None for text in TEXTS}
    kept = {f"row-{n}": points[text] for n, text in enumerate(TEXTS) if points[text] is None or points[text] >= 3}
    found = dataset(tmp_path / "out")
    assert 5 <= len(asked) <= 25
    assert {name: row["edu_points"] for name, row in found.items()} == kept
    assert {row["edu_bucket"] is None for row in found.values() if row["edu_points"] is None} == {True}


def test_an_endpoint_that_fails_leaves_no_dataset_and_the_run_goes_on_later(tmp_path: Path) -> None:
    with ChatServer() as server:
        server.by_word["corn"] = Act(status=400, text="no such template")
        prepared = prepare((recipe_of(server), ()), [str(written(tmp_path))], str(tmp_path / "out"))
        with pytest.raises(PartsFailed, match="no such template"):
            run(prepared, local=True)
        assert not (tmp_path / "out" / "dataset").exists()
        server.by_word.clear()
        run(prepared, local=True)
    assert all(row["edu_points"] == len(str(row["text"])) % 6 for row in dataset(tmp_path / "out").values())


def test_models_verify_says_where_the_key_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MILL_KEY", raising=False)
    model = EndpointQuality(model="m", base_url="https://example.org/v1", key_variable="MILL_KEY")
    found = verified_model(model)
    assert not found["sound"]
    assert "MILL_KEY" in found["problems"][0]
