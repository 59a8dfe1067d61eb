"""Runs all toolkits over the same texts and puts their answers together."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from jobs.bench.machine import machine_facts
from jobs.bench.settings import Settings
from jobs.bench.texts import english, texts_of
from jobs.bench.toolkits.counting import disagreement
from jobs.bench.toolkits.systems import Toolkit, run
from jobs.bench.toolkits.systems import toolkits as all_toolkits


def toolkits(settings: Settings, among: Sequence[Toolkit] | None = None) -> dict[str, Any]:
    """Measures and returns what the result file holds (its shape is in `docs/bench.md`)."""
    facts = machine_facts()
    source, texts = texts_of(settings)
    texts = [
        text for text in texts if text.strip()
    ]  # what a run may have left of a page: nobody's rules are for nothing
    passed = english(texts)
    groups = {"english": passed} if passed else {"all": texts}  # all toolkits tell the language first
    told = settings.output / "texts.json"
    told.write_bytes(orjson.dumps(groups))
    asked = all_toolkits(settings) if among is None else among
    answers = {toolkit.name: run(toolkit, told, settings) for toolkit in asked}
    return {
        "what": "toolkits",
        "machine": facts,
        "made_from": source.name,
        "runs": settings.runs,
        "groups": {name: _sizes(group) for name, group in groups.items()},
        "toolkits": {name: _figures(answer) for name, answer in answers.items()},
        "disagree": {name: _disagreement(answers, name) for name in groups} if settings.disagree else None,
    }


def _sizes(texts: Sequence[str]) -> dict[str, int]:
    """Pages, their mean size, and the lines that are not blank."""
    return {
        "pages": len(texts),
        "chars_a_page": round(sum(map(len, texts)) / len(texts)),
        "lines": sum(bool(line.strip()) for text in texts for line in text.splitlines()),
    }


def _figures(answer: Mapping[str, Any]) -> dict[str, Any]:
    if "missing" in answer:
        return {"missing": answer["missing"]}
    return {
        "versions": answer["versions"],
        "cpu_ms_a_page": {name: group["cpu_ms_a_page"] for name, group in answer["groups"].items()},
    }


def _disagreement(answers: Mapping[str, Mapping[str, Any]], group: str) -> dict[str, Any]:
    present = {name: answer["groups"][group] for name, answer in answers.items() if "missing" not in answer}
    return disagreement(
        {name: each["verdicts"] for name, each in present.items()},
        {name: each["lines"] for name, each in present.items()},
    )
