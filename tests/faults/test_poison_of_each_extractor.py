"""Pages made to hang or bloat each of the extractors: stopped for their own reason, or survived, and the next page unharmed."""

import sys
from dataclasses import replace
from itertools import pairwise

import pytest

from pipeline.errors import RecordError
from pipeline.extraction import JusText, Resiliparse, Trafilatura
from pipeline.measures import Extractor
from pipeline.page_metadata import PageMetadata
from pipeline.sandbox import Limits, Sandbox
from pipeline.structure import Structure

LIMITS = Limits(
    max_html_chars=5_000_000,
    memory_bytes=300 << 20,
    cpu_seconds=2.0,
    wall_seconds=120,
    structure=Structure.lifted(),
)
LINE = (
    "The miller of Ayr ground {n} sacks of rye before the frost came, and when the wheel stood still for the winter he wrote "
    "down in his book what each of the farmers had brought to him and what they had taken home again, and to whom he owed."
)
HEALTHY = f"<html><body><article>{''.join(f'<p>{LINE.format(n=n)}</p>' for n in range(9))}</article></body></html>"
EXTRACTORS: dict[str, Extractor] = {
    "markdown": Trafilatura(output="markdown", metadata=PageMetadata()),
    "resiliparse": Resiliparse(metadata=PageMetadata()),
    "jusText": JusText(),
}


def page(body: str) -> str:
    return HEALTHY.replace("</article>", body + "</article>")


def entity_bomb() -> str:
    lines = "".join(f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in pairwise("abcdefghijklmnop"))
    return f'<!DOCTYPE html [<!ENTITY a "ha">{lines}]>' + page(f"<p>{'&p;' * 100}</p>")


ATTRIBUTES = page(f"<p {' '.join(f'a{n}=1' for n in range(200_000))}>x</p>")
SPANNED = page(f"<table><tr>{'<td colspan=100 rowspan=100>word</td>' * 300}</tr>{'<tr><td>x</td></tr>' * 300}</table>")
DEEP = page("<div>" * 100_000)
DEADLY = [
    ("markdown", "200,000 attributes", ATTRIBUTES, "over_cpu"),
    ("markdown", "90,000 spanned cells", SPANNED, "over_cpu"),
    ("resiliparse", "200,000 attributes", ATTRIBUTES, "over_cpu"),
    ("resiliparse", "100,000 nested divs", DEEP, "over_cpu"),
    ("jusText", "200,000 attributes", ATTRIBUTES, "over_cpu"),
    ("jusText", "200,000 paragraphs", page("<p>word and the other" * 200_000), "over_cpu"),
    *((name, "5,000,001 characters", "x" * 5_000_001, "over_size") for name in EXTRACTORS),
]
HARMLESS = {
    "entity bomb": entity_bomb(),
    "100,000 nested b": page("<b>" * 100_000),
    "20,000 nested powers": page("<p><math>" + "<msup>" * 20_000 + "x"),
    "colspan of a billion": page('<table><tr><td colspan="999999999">a</td></tr></table>'),
    "deep JSON": HEALTHY.replace("<body>", f'<body><script type="application/ld+json">{"[" * 100_000}</script>'),
}


def healthy(extractor: Extractor) -> str:
    found = extractor.extract(HEALTHY)
    assert found is not None
    return found.text


@pytest.mark.parametrize(
    ("name", "html", "reason"), [(name, html, reason) for name, _, html, reason in DEADLY],
    ids=[f"{name}, {what}" for name, what, _, _ in DEADLY],
)  # fmt: skip
def test_a_page_that_takes_too_much_is_stopped_and_marked(name: str, html: str, reason: str) -> None:
    with Sandbox(EXTRACTORS[name], LIMITS) as sandbox:
        with pytest.raises(RecordError) as caught:
            sandbox.extract(html)
        assert (caught.value.reason, caught.value.by_limit) == (reason, True)
        found = sandbox.extract(HEALTHY)
        assert found is not None
        assert found.text == healthy(EXTRACTORS[name])


@pytest.mark.skipif(sys.platform != "linux", reason="memory is watched through /proc")
@pytest.mark.parametrize("name", EXTRACTORS)
def test_a_page_that_bloats_is_stopped_by_its_memory(name: str) -> None:
    limits = replace(LIMITS, memory_bytes=170 << 20, cpu_seconds=60)
    with Sandbox(EXTRACTORS[name], limits) as sandbox:
        with pytest.raises(RecordError) as caught:
            sandbox.extract(page("<p><a href=x>a</a> " * 220_000))
        assert (caught.value.reason, caught.value.by_limit) == ("over_memory", True)


@pytest.mark.parametrize("name", EXTRACTORS)
def test_a_page_that_looks_deadly_is_survived(name: str) -> None:
    with Sandbox(EXTRACTORS[name], replace(LIMITS, cpu_seconds=20)) as sandbox:
        for html in HARMLESS.values():
            sandbox.extract(html)
            found = sandbox.extract(HEALTHY)
            assert found is not None
            assert found.text == healthy(EXTRACTORS[name])
