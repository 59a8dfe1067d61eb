"""Markdown keeps what text loses: headings, lists, tables, code, and formulas in each of the ways that pages write them."""

import pytest
from lxml.html import fromstring

from pipeline.extraction import Trafilatura
from pipeline.main_content.formulas import tex, with_formulas

LINE = "The miller of Ayr ground three sacks of rye before the frost came, and the wheel stood still for the winter"
STORY = "".join(f"<p>{LINE}, as he wrote on day {day} of the month.</p>" for day in range(4))
PARTS = (
    "<h2>Prices</h2><ul><li>rye<ul><li>coarse</li></ul></li><li>oats</li></ul><ol><li>sift</li></ol>"
    "<table><tr><th>grain</th><th>price</th></tr><tr><td>rye</td><td>2</td></tr></table>"
    "<pre><code>def grind(rye):\n    return rye / 2</code></pre><p>It was <b>very</b> fine, said <code>grind</code> at once.</p>"
)


def markdown(body: str) -> str:
    found = Trafilatura(output="markdown").extract(
        f"<html><body><article><h1>The mill</h1>{STORY}{body}</article></body></html>"
    )
    assert found is not None
    return found.text


def test_headings_lists_tables_and_code_are_kept_as_markdown() -> None:
    text = markdown(PARTS)
    for kept in (
        "# The mill\n",
        "## Prices\n",
        "- rye\n  - coarse\n- oats\n",
        "1. sift\n",
        "| grain | price |",
        "|---|---|",
        "| rye | 2 |",
        "```\ndef grind(rye):\n    return rye / 2\n```",
        "**very**",
        "`grind`",
    ):
        assert kept in text


MATHML = "<math><mi>E</mi><mo>=</mo><msup><mi>c</mi><mn>2</mn></msup></math>"
KATEX = (
    '<span class="katex"><span class="katex-mathml"><math><semantics><mi>E</mi>'
    '<annotation encoding="application/x-tex">E_0</annotation></semantics></math></span>'
    '<span class="katex-html">E0 drawn</span></span>'
)
IMAGE = '<img class="mwe-math-fallback-image-inline" alt="{x^3}" src="x.png">'


@pytest.mark.parametrize(
    ("written", "found"),
    [
        (r"\(a^2\)", "$a^2$"),
        ('<script type="math/tex">a_1</script>', "$a_1$"),
        ('<span class="MathJax">a drawn</span><script type="math/tex">a_2</script>', "$a_2$"),
        ('<script type="math/tex; mode=display">\\int f</script>', "$$\n\\int f\n$$"),
        (KATEX, "$E_0$"),
        (MATHML, "$E = c^{2}$"),
        (MATHML.replace("<math>", '<math alttext="E=c^2">'), "$E=c^2$"),
        (IMAGE, "${x^3}$"),
        (f"<span><math alttext='x^3'><mi>x</mi></math></span>{IMAGE}", "$x^3$"),
        (f"{MATHML} and {IMAGE}", "$E = c^{2}$ and ${x^3}$"),
    ],
)
def test_a_formula_is_kept_once_in_whatever_way_it_is_written(written: str, found: str) -> None:
    text = markdown(f"<p>{LINE}: {written} was what he found.</p>")
    assert found in text
    assert "drawn" not in text
    assert text.count("x^3") == found.count("x^3")
    assert "was what he found." in text


@pytest.mark.parametrize(
    ("mathml", "written"),
    [
        ("<mfrac><mi>a</mi><mn>2</mn></mfrac>", r"\frac{a}{2}"),
        ("<msqrt><mi>a</mi><mo>+</mo><mn>1</mn></msqrt>", r"\sqrt{a + 1}"),
        ("<mroot><mi>a</mi><mn>3</mn></mroot>", r"\sqrt[3]{a}"),
        ("<msubsup><mi>x</mi><mi>i</mi><mn>2</mn></msubsup>", "x_{i}^{2}"),
        ("<munderover><mo>∑</mo><mi>i</mi><mi>n</mi></munderover><mi>i</mi>", "∑_{i}^{n} i"),
        ("<mrow><msup><mi>x</mi></msup></mrow>", "x"),
        ("", ""),
    ],
)
def test_mathml_without_its_source_is_written_as_tex(mathml: str, written: str) -> None:
    assert tex(fromstring(f"<div><math>{mathml}</math></div>")[0]) == written


def test_mathml_however_deep_is_only_text_below_some_level() -> None:
    deep = fromstring(f"<div><math>{'<msup><mrow>' * 100}x</math></div>")
    assert "x" in with_formulas(deep).text_content()


def test_the_text_output_is_what_it_was_without_any_of_this() -> None:
    html = f"<html><body><article>{STORY}<p>{LINE}: {MATHML} was what he found.</p></article></body></html>"
    found = Trafilatura().extract(html)
    assert found is not None
    assert "c^{2}" not in found.text
