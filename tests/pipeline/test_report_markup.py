"""Text can only ever be text: whatever it holds, it comes out of the page as it went in, and nothing of it acts."""

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.inspection.annotation import Piece, annotated
from pipeline.inspection.samples import Sample
from pipeline.report.markup import Markup, breakable, joined, tag, visible
from pipeline.report.quoting import sample

ANYTHING = st.text(alphabet=st.characters(codec=None), max_size=60) | st.sampled_from(
    [
        "<script>",
        "</style>",
        "\"'><x y=z>",
        "&lt;b&gt;&#60;",
        "<!--",
        "]]>",
        "\0",
        "\u202e\u2066",
        "javascript:1",
        "\ud83d",
    ]
)


class Reader(HTMLParser):
    """What a browser would make of a page."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_comment(self, data: str) -> None:  # noqa: ARG002
        self.elements.append(("!--", {}))


@given(text=ANYTHING, value=ANYTHING)
def test_text_and_attributes_come_out_as_they_went_in(text: str, value: str) -> None:
    seen = Reader(tag("p", text, title=value))
    assert seen.elements == [("p", {"title": visible(value)})]
    assert seen.text == visible(text)


@given(text=ANYTHING)
def test_what_would_act_instead_of_being_read_is_written_out(text: str) -> None:
    shown = visible(text)
    assert not [
        char for char in shown if char in "\0\u202a\u202e\u2066\u2069\u200f\ufeff\u2028" or "\ud800" <= char <= "\udfff"
    ]
    shown.encode()  # and UTF-8 can hold it


@given(url=ANYTHING, text=ANYTHING, fact=ANYTHING, reason=ANYTHING)
def test_a_quoted_page_has_only_our_elements(url: str, text: str, fact: str, reason: str) -> None:
    page = Sample(
        part=0,
        row=1,
        file=url,
        record_id=text,
        date="",
        fate="rule",
        reason=reason,
        url=annotated(url, []),
        pieces=[*annotated(text, []), Piece("mark", text, fact), Piece("removed", url, fact), Piece("gap", "", fact)],
        chars=len(text),
        facts=[(fact, text), (text, url)],
    )
    seen = Reader(sample(page))
    assert {name for name, _ in seen.elements} <= {"article", "p", "span", "b", "mark", "del", "blockquote"}
    assert {name for _, attributes in seen.elements for name in attributes} <= {"class", "title", "dir"}


def test_markup_is_not_escaped_twice_and_nothing_is_left_out() -> None:
    assert joined("<", tag("b", 1, None, ["x", 2.5]), Markup("&amp;")) == "&lt;<b>1x2.5</b>&amp;"
    assert (
        tag("a", "x", class_="c", aria_label="l", hidden=True, title=None, open=False)
        == '<a class="c" aria-label="l" hidden>x</a>'
    )
    assert tag("br") == "<br>"
    assert breakable("many_short_lines") == "many_<wbr>short_<wbr>lines<wbr>"


@pytest.mark.parametrize("name", ["on click", "x>", "a\nb", 'a"'])
def test_an_attributes_name_that_could_end_the_tag_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="is no name"):
        tag("p", **{name: "x"})
