"""A run over texts, as a recipe of a test's own curates them."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from jobs.recipe import Recipe
from jobs.running import prepare, run
from pipeline.runs import OpenRun, open_run
from pipeline.steps import plan_steps
from pipeline.verify import verify


def curated_texts(folder: Path, texts: Sequence[str], recipe: Recipe, files: int = 1) -> OpenRun:
    """A finished run in which nothing is wrong; a text is its own id, and equal ones have one address."""
    given = folder / "in"
    given.mkdir(parents=True)
    for number in range(files):
        rows = [{"text": text, "id": text, "url": f"http://a.org/{texts.index(text)}"} for text in texts[number::files]]
        (given / f"{number}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    prepared = prepare("fineweb", [str(given)], str(folder / "root"))
    run(replace(prepared, recipe=recipe, steps=plan_steps(recipe.steps(), prepared.source)), local=True)
    opened = open_run(prepared.storage)
    assert [finding for finding in verify(opened) if finding] == []
    return opened
