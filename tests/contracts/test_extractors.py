"""What every extractor promises, whatever library it asks."""

import dataclasses
import os
import pickle
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from extractor_cases import EXTRACTORS, PAGES, STORY, page
from hostile_markup import anything, soup
from hypothesis import HealthCheck, given, settings

from pipeline.errors import RecipeError, RecordError
from pipeline.extraction import JusText, Resiliparse, Trafilatura
from pipeline.identity import canonical, digest
from pipeline.measures import Extracted, Extractor
from pipeline.page_metadata import PageMetadata
from pipeline.sandbox import Limits, Sandbox

Found = dict[str, dict[str, Extracted | None]]


@pytest.fixture(scope="module", params=EXTRACTORS)
def extractor(request: pytest.FixtureRequest) -> Extractor:
    return EXTRACTORS[request.param]


@pytest.fixture(scope="module")
def sandbox(extractor: Extractor) -> Iterator[Sandbox]:
    with Sandbox(extractor, Limits()) as sandbox:
        yield sandbox


def all_answers(*, backwards: bool = False) -> Found:
    """What each extractor says of each page, all in this process."""
    names = list(PAGES)[:: -1 if backwards else 1]
    return {case: {name: extractor.extract(PAGES[name]) for name in names} for case, extractor in EXTRACTORS.items()}


@pytest.fixture(scope="module")
def answers() -> Found:
    return all_answers()


def test_an_extractor_is_a_frozen_dataclass_with_keywords_only(extractor: Extractor) -> None:
    assert isinstance(extractor, Extractor)
    described: Any = type(extractor)
    assert described.__dataclass_params__.frozen
    fields = dataclasses.fields(described)
    assert all(field.kw_only for field in fields)
    assert pickle.loads(pickle.dumps(extractor)) == extractor == dataclasses.replace(extractor)
    assert hash(extractor) == hash(dataclasses.replace(extractor))


def test_an_extractor_has_an_identity_of_its_name_version_and_installed_engines(extractor: Extractor) -> None:
    identity = canonical(extractor)
    assert (identity["is"], identity["version"]) == (extractor.name, extractor.version)
    assert identity["engines"] == {engine: version(engine) for engine in extractor.engines}


def test_every_setting_has_an_identity_of_its_own() -> None:
    assert len({digest(extractor) for extractor in EXTRACTORS.values()}) == len(EXTRACTORS)
    assert canonical(Trafilatura(metadata=PageMetadata()))["metadata"]["engines"].keys() == set(PageMetadata.engines)


def test_what_came_later_leaves_the_identity_of_what_was_there_before() -> None:
    assert canonical(Trafilatura()).keys() - {"is", "version", "engines"} == {
        "favor_precision",
        "include_comments",
        "deduplicate",
        "fast",
    }


def test_the_story_is_found_and_stands_on_lines(answers: Found) -> None:
    for case, found in answers.items():
        story = found["story"]
        assert story is not None, case
        lines = [line for line in story.text.splitlines() if "ground" in line]
        assert [next(place for place in ("Ayr", "Bern", "Cork", "Dover") if place in line) for line in lines] == [
            "Ayr",
            "Bern",
            "Cork",
            "Dover",
        ], case


def test_all_but_the_whole_page_leave_the_menu_behind(answers: Found) -> None:
    with_menu = {case for case, found in answers.items() if found["story"] and "Item 17" in found["story"].text}
    assert with_menu == {"resiliparse whole page"}


def test_a_page_without_text_is_none(answers: Found) -> None:
    for case, found in answers.items():
        assert [name for name in ("nothing", "a NUL", "frames") if found[name] is not None] == [], case


def test_facts_are_told_where_they_were_asked_for_and_nowhere_else(answers: Found) -> None:
    for case, found in answers.items():
        story = found["story"]
        assert story is not None
        asked = getattr(EXTRACTORS[case], "metadata", None) is not None
        facts = ("The mill of Ayr", "Jane Miller", "2019-03-04") if asked else (None, None, None)
        assert (story.title, story.author, story.published) == facts, case


def test_asking_for_facts_does_not_change_the_text(answers: Found) -> None:
    for with_facts, without in (
        ("trafilatura with metadata", "trafilatura precision"),
        ("resiliparse with metadata", "resiliparse"),
    ):
        texts = [{name: each and each.text for name, each in answers[case].items()} for case in (with_facts, without)]
        assert texts[0] == texts[1]


def test_a_page_has_the_same_text_whatever_came_before_it(answers: Found) -> None:
    assert all_answers(backwards=True) == answers
    assert all_answers() == answers
    for found in answers.values():
        assert found["story"] == found["the story once more"]


def test_a_page_has_the_same_text_in_another_process(answers: Found, tmp_path: Path) -> None:
    """With another hash seed, so that an iteration over a set would show."""
    program = (
        "import sys, pickle\n"
        f"sys.path[:0] = {list(map(str, (TESTS / 'contracts', TESTS, TESTS.parent)))!r}\n"
        "import test_extractors\n"
        "pickle.dump(test_extractors.all_answers(backwards=True), open(sys.argv[1], 'wb'))\n"
    )
    there = tmp_path / "answers"
    environment = {**os.environ, "PYTHONHASHSEED": "4711"}
    subprocess.run([sys.executable, "-c", program, str(there)], env=environment, check=True, timeout=300)
    assert pickle.loads(there.read_bytes()) == answers


def test_the_sandbox_says_what_the_extractor_says(extractor: Extractor, sandbox: Sandbox) -> None:
    for name, html in PAGES.items():
        travelled = html.encode("utf-8", "surrogatepass").decode("utf-8", "replace")
        assert sandbox.extract(html) == extractor.extract(travelled), name
    assert sandbox.starts == 1


def test_naming_an_extractor_does_not_load_its_library() -> None:
    code = (
        "import sys, pipeline.extraction as e; e.Trafilatura(); e.Resiliparse(); e.JusText(stop_list='English')\n"
        "assert not {'trafilatura', 'lxml', 'justext', 'resiliparse'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])


def test_the_process_that_extracts_does_without_arrow() -> None:
    code = (
        "import sys, pipeline.sandbox_child, pipeline.extraction as e\n"
        "from pipeline.page_metadata import PageMetadata\n"
        "for each in e.Trafilatura(metadata=PageMetadata()), e.Resiliparse(), e.JusText():\n"
        "    each.extract('<html><body><p>The mill grinds.</p></body></html>')\n"
        "assert not {'pyarrow', 'numpy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])


def test_an_unknown_setting_is_a_clear_error() -> None:
    with pytest.raises(RecipeError, match=r"no stop list 'Klingon': there are all, Afrikaans, "):
        JusText(stop_list="Klingon")
    with pytest.raises(RecipeError, match="output 'html' is neither text nor markdown"):
        Trafilatura(output="html")  # pyright: ignore[reportArgumentType]


def test_selectors_take_elements_out_of_what_resiliparse_reads() -> None:
    html = page(STORY + '<div class="ad"><p>Buy flour of the mill, cheap and fresh.</p></div>')
    kept, skipped = (Resiliparse(skip_elements=skip).extract(html) for skip in ((), (".ad",)))
    assert kept is not None
    assert skipped is not None
    assert "Buy flour" in kept.text
    assert "Buy flour" not in skipped.text


TESTS = Path(__file__).parents[1]
ODDITIES = ('<meta name="author" content="', '<script type="math/tex">', '<script type="application/ld+json">{"@type":')
SOUP = soup(tags=("math", "msup", "time"), oddities=ODDITIES)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(anything(SOUP, page))
def test_any_input_gives_text_or_a_record_error(sandbox: Sandbox, html: str) -> None:
    try:
        found = sandbox.extract(html)
    except RecordError as error:
        assert error.reason in {"extractor_error", "extractor_crashed"}  # noqa: PT017
    else:
        assert found is None or (found.text.strip() and found.text.encode())
        assert sandbox.extract(html) == found
