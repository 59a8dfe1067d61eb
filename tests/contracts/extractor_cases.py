"""Every extractor, in the settings that take different ways through its library, for the contracts that all of them keep."""

from pipeline.extraction import JusText, Resiliparse, Trafilatura
from pipeline.measures import Extractor
from pipeline.page_metadata import PageMetadata

EXTRACTORS: dict[str, Extractor] = {
    "trafilatura precision": Trafilatura(),
    "trafilatura default": Trafilatura(favor_precision=False),
    "trafilatura fast": Trafilatura(favor_precision=False, fast=True),
    "trafilatura markdown": Trafilatura(output="markdown"),
    "trafilatura with metadata": Trafilatura(metadata=PageMetadata()),
    "resiliparse": Resiliparse(),
    "resiliparse whole page": Resiliparse(main_content=False, links=True, form_fields=True, noscript=True),
    "resiliparse with metadata": Resiliparse(metadata=PageMetadata()),
    "jusText": JusText(),
    "jusText English": JusText(stop_list="English", no_headings=True, metadata=PageMetadata()),
}

SENTENCE = (
    "The miller of {place} ground {n} sacks of rye before the frost came, and when the wheel stood still for the winter he "
    "wrote down in his book what each of the farmers had brought to him and what they had taken home again. "
)
PLACES = ("Ayr", "Bern", "Cork", "Dover")
STORY = "".join(f"<p>{SENTENCE.format(place=place, n=n) * 2}</p>" for n, place in enumerate(PLACES, 2))
MENU = "<nav><ul>" + "".join(f'<li><a href="/{n}">Item {n}</a></li>' for n in range(30)) + "</ul></nav>"
REFRAIN = "<p>" + "Grind slowly, grind exceeding fine, and let no sack be counted twice by anyone at all. " * 2 + "</p>"
HEAD = (
    "<head><title>The mill of Ayr</title>"
    '<meta name="author" content="Jane Miller"><meta property="article:published_time" content="2019-03-04T10:00:00Z"></head>'
)


def page(body: str) -> str:
    return f"<html>{HEAD}<body>{MENU}<article><h1>The mill of Ayr</h1>{body}</article></body></html>"


PAGES: dict[str, str] = {  # read in this order, they would fill any memory that a library kept of earlier pages
    "story": page(STORY),
    "refrain": page(REFRAIN * 9 + STORY),
    "refrain again": page(REFRAIN + STORY),
    "list and table": page(
        STORY
        + "<h2>Prices</h2><ul><li>rye<ul><li>coarse</li></ul></li><li>oats</li></ul>"
        + "<table><tr><th>grain</th><th>price</th></tr><tr><td>rye</td><td>2</td></tr></table>"
        + "<pre><code>def grind(rye):\n    return rye / 2</code></pre>"
        + "<p>The stones turn at <math><mfrac><mi>v</mi><mi>r</mi></mfrac></math> turns, as was found long ago by the miller.</p>"
    ),
    "other letters": page(STORY + "<p>Ünïcödé 漢字 — “quoted” 😀 text, 水車小屋の粉屋は冬の前に麦を挽いた。</p>"),
    "no article": f"<html><body>{MENU}</body></html>",
    "nothing": "",
    "a NUL": "\0",
    "half a tag": "<",
    "no markup": "Just a line, and not a long one.",
    "half a pair": page(STORY) + "<p>half \ud83d a pair</p>",
    "declared as XML": '<?xml version="1.0" encoding="latin-1"?>' + page(STORY),
    "frames": "<html><frameset><frame src=a></frameset></html>",
    "the story once more": page(STORY),
}
