"""Runs one toolkit's filters over texts and writes down what they took and said; imports nothing of ours but a module beside it.

`PYTHON loop.py SETTINGS.json` reads `toolkit` (a toolkit's name), `module` and `folder` (where it is), `texts` (a JSON file of
lists by name), `runs`, `batch` and `disagree`, and writes `answer`: the `versions` of what ran, milliseconds a page by work and,
where asked, for each page the rules that it fails and how many lines the line rules take. A toolkit that cannot be imported
answers `missing` and why.
"""

import json
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol


class Toolkit(Protocol):
    """What a module beside this one gives for a name."""

    versions: dict[str, str]

    def works(self, texts: Sequence[str]) -> dict[str, Callable[[], object]]:
        """What is timed, in order, over a batch of texts."""
        ...

    def verdicts(self, texts: Sequence[str]) -> Sequence[Mapping[str, bool | None]]:
        """For each page and rule of the toolkit whether the page fails it; None where the toolkit cannot say."""
        ...

    def lines(self, text: str) -> dict[str, int]:
        """For each line rule how many lines that are not blank it takes out or marks."""
        ...


def timed(toolkit: Toolkit, texts: Sequence[str], runs: int, batch: int) -> dict[str, float]:
    """Milliseconds of CPU a page by work: once to warm up, then the median of `runs` times."""
    once(toolkit, texts, batch)
    spent = [once(toolkit, texts, batch) for _ in range(runs)]
    return {name: round(statistics.median(each[name] for each in spent) / len(texts) * 1000, 4) for name in spent[0]}


def once(toolkit: Toolkit, texts: Sequence[str], batch: int) -> dict[str, float]:
    """Seconds of CPU by work over all texts."""
    spent: dict[str, float] = {}
    for first in range(0, len(texts), batch):
        for name, work in toolkit.works(texts[first : first + batch]).items():
            began = time.process_time()
            work()
            spent[name] = spent.get(name, 0.0) + time.process_time() - began
    return spent


def judged(toolkit: Toolkit, texts: Sequence[str]) -> dict[str, Any]:
    """Of each page whether it fails each rule and how many lines each line rule takes."""
    return {
        "verdicts": list(toolkit.verdicts(texts)),
        "lines": [toolkit.lines(text) for text in texts],
    }


def answer(told: dict[str, Any]) -> dict[str, Any]:
    """Everything that is asked for."""
    try:
        toolkit: Toolkit = import_module(told["module"]).toolkit(told["toolkit"])
    except ImportError as error:
        return {"missing": f"{type(error).__name__}: {error}"}
    groups: dict[str, list[str]] = json.loads(Path(told["texts"]).read_text(encoding="utf-8"))
    # All times first: what the verdicts need may leave the toolkit warmer than it is in a run.
    found = {
        name: {"cpu_ms_a_page": timed(toolkit, texts, told["runs"], told["batch"])} for name, texts in groups.items()
    }
    if told["disagree"]:
        found = {name: found[name] | judged(toolkit, texts) for name, texts in groups.items()}
    return {"versions": toolkit.versions, "groups": found}


def main() -> None:
    """Reads the settings, writes the answer."""
    told = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    sys.path.insert(0, told["folder"])
    Path(told["answer"]).write_text(json.dumps(answer(told)), encoding="utf-8")


if __name__ == "__main__":
    main()
