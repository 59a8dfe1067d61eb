"""What every gate, measure and transform promises, whatever it is about."""

import dataclasses
import math
import os
import pickle
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from parts import Case, answer, part_cases, signals

from pipeline.errors import RecipeError
from pipeline.identity import canonical
from pipeline.measures import Gate, Measure, Part, Transform, undo
from pipeline.pages import Pages

TEXTS = [
    "",
    "A plain sentence stands here, and another one follows it. Is that all? It is not!",
    "",
    " \n\t\n ",
    "word",
    "\0",
    "a\0b \0 c\0\nd",
    "half a pair \ud83d and the other half \ude00 of it",
    "menu\nhome\nabout\nmenu\nhome\nabout\n\n\nthe end of the menu is here",
    "x" * 100_000,
    "many words on one line " * 5_000,
    "\n" * 2_000,
    "...\n…\n• one\n- two\n#\n{\nlorem ipsum dolor\n[1] [edit]\r\nuse cookies\u2028javascript",
    "日本語の文章。もう一つの文章。\nहिन्दी में एक वाक्य।",
    "write to someone.else@mail.example.net or 8.8.8.8, IS_ALPHA, x:) ) :-))",
    "e\u0301\u200b\ufeff\u202e 😀😀 \U0010ffff",
]
URLS = [f"http://www.example.org/{number}?q=Sex#part" for number in range(len(TEXTS) - 2)] + ["", "not a url \0"]
MIMES = ["text/html", None, "image/png", "application/xhtml+xml; charset=utf-8"] * (len(TEXTS) // 4)
CASES = part_cases()


def having(verb: str) -> list[Case]:
    return [case for case in CASES if case.has(verb)]


def name_of(case: Case) -> str:
    return case.name


def pages() -> Pages:
    return Pages(TEXTS, urls=URLS, mimes=MIMES, htmls=TEXTS)


@pytest.fixture(scope="module", autouse=True)
def _compiled_assets_are_kept_between_runs(request: pytest.FixtureRequest) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRISTMILL_CACHE", str(request.config.cache.mkdir("assets")))
        yield


@pytest.fixture(scope="module", params=CASES, ids=name_of)
def part(request: pytest.FixtureRequest) -> Part:
    try:
        part = request.param.build()
        answer(part, Pages(["a text"], urls=["http://example.org"]))
    except RecipeError as error:
        pytest.skip(f"cannot be built here: {error}")
    return part


@pytest.fixture(scope="module")
def answers(part: Part) -> list[dict[str, Any]]:
    return answer(part, pages())


def test_the_text_quality_parts_are_among_them() -> None:
    assert {"C4Lines", "GopherQuality", "GopherRepetition", "LineQuality"} <= {case.name for case in CASES}


def test_a_part_is_a_frozen_dataclass_with_keywords_only(part: Part) -> None:
    assert dataclasses.is_dataclass(part)
    assert type(part).__dataclass_params__.frozen
    assert all(field.kw_only for field in dataclasses.fields(part))
    assert hash(part) == hash(dataclasses.replace(part))


def test_a_part_is_exactly_one_of_gate_measure_and_transform(part: Part) -> None:
    assert sum(isinstance(part, protocol) for protocol in (Gate, Measure, Transform)) == 1


def test_a_part_has_an_identity_of_its_name_version_and_installed_engines(part: Part) -> None:
    identity = canonical(part)
    named = isinstance(type(part).name, str)  # else its name is a field, and its class is what it is
    assert (identity["is"], identity["version"]) == (part.name if named else type(part).__name__, part.version)
    assert part.version >= 1
    assert identity.get("engines", {}) == {engine: version(engine) for engine in part.engines}


def test_signals_are_as_declared_one_row_per_page(part: Part) -> None:
    batch = signals(part, pages())
    assert batch.schema == part.signals
    assert batch.num_rows == len(TEXTS)


def test_no_signal_is_nan_or_infinite(answers: list[dict[str, Any]]) -> None:
    floats = [value for row in answers for value in row.values() if isinstance(value, float)]
    assert all(map(math.isfinite, floats))


def test_no_signal_is_stored_in_single_precision(part: Part) -> None:
    assert not any(pa.types.is_float32(kind) or pa.types.is_float16(kind) for kind in part.signals.types)


def test_an_empty_batch_gives_an_empty_answer(part: Part) -> None:
    assert answer(part, Pages([])) == []
    assert signals(part, Pages([])).schema == part.signals


def test_a_page_does_not_depend_on_the_others_of_its_batch(part: Part, answers: list[dict[str, Any]]) -> None:
    backwards = range(len(TEXTS) - 1, -1, -1)
    assert [answer(part, pages().take([row]))[0] for row in backwards] == answers[::-1]
    assert answer(part, pages().take(list(backwards))) == answers[::-1]


def test_asking_twice_gives_the_same_and_changes_no_page(part: Part, answers: list[dict[str, Any]]) -> None:
    same = pages()
    before = pickle.dumps((same.texts, same.urls, same.mimes))
    assert answer(part, same) == answer(part, same) == answers
    assert pickle.dumps((same.texts, same.urls, same.mimes)) == before


def test_a_pickled_part_is_the_same_part(part: Part, answers: list[dict[str, Any]]) -> None:
    copy = pickle.loads(pickle.dumps(part))
    assert copy == part
    assert canonical(copy) == canonical(part)
    assert answer(copy, pages()) == answers


@pytest.mark.parametrize("part", having("transform"), ids=name_of, indirect=True)
def test_undoing_the_edits_rebuilds_every_original(part: Part, answers: list[dict[str, Any]]) -> None:
    assert [undo(row["text"], row["edits"]) for row in answers] == pages().texts
    assert {edit.transform for row in answers for edit in row["edits"]} <= {part.name}


@pytest.mark.parametrize("part", having("judge"), ids=name_of, indirect=True)
def test_a_gate_gives_only_reasons_that_it_declares(part: Part, answers: list[dict[str, Any]]) -> None:
    assert isinstance(part, Gate)
    assert part.reasons
    assert {row["reason"] for row in answers} <= {None, *part.reasons}


def test_customary_rules_speak_of_own_signals_and_give_each_reason_once(part: Part) -> None:
    rules = part.rules() if hasattr(part, "rules") else ()
    assert {rule.signal for rule in rules} <= set(part.signals.names)
    assert max(Counter(rule.reason for rule in rules).values(), default=1) == 1


def test_no_two_parts_write_a_signal_or_bear_a_name_of_the_same_name() -> None:
    parts = [case.build() for case in CASES if case.variant is None]
    written = Counter(name for part in parts for name in part.signals.names)
    assert [name for name, times in written.items() if times > 1] == []
    assert max(Counter(part.name for part in parts).values()) == 1


def test_another_process_gives_the_same_answers_and_identities(tmp_path: Path) -> None:
    """With another hash seed, so that an iteration over a set would show."""
    program = (
        "import sys, pickle\n"
        f"sys.path[:0] = {[str(Path(__file__).parent), str(Path(__file__).parents[2])]!r}\n"
        "import test_parts\n"
        "pickle.dump(test_parts.all_answers(), open(sys.argv[1], 'wb'))\n"
    )
    there = tmp_path / "answers"
    environment = {**os.environ, "PYTHONHASHSEED": "4711"}
    subprocess.run([sys.executable, "-c", program, str(there)], env=environment, check=True, timeout=300)
    assert pickle.loads(there.read_bytes()) == all_answers()


def all_answers() -> dict[str, tuple[Any, list[dict[str, Any]]]]:
    found: dict[str, tuple[Any, list[dict[str, Any]]]] = {}
    for case in CASES:
        try:
            part = case.build()
            found[case.name] = (canonical(part), answer(part, pages()))
        except RecipeError:
            continue  # an asset is missing; the other tests skip it by name
    return found
