"""What is counted of lines, against their plain definition."""

from itertools import accumulate

from hypothesis import given
from hypothesis import strategies as st

from filters.line_counts import Line, counted_lines
from pipeline.words import count_sentences, sentence_classes, spelled_words

pieces = st.sampled_from(
    ["One. ", "two", "?!", " ", "\t", "\n", "\r\n", "\u2028", "\x1f", "”", "é.", "日本。", "x:) )", " a.  b", "\u3000"]
)
texts = st.lists(pieces, max_size=25).map("".join) | st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


def plain(text: str) -> list[Line]:
    lines: list[Line] = []
    start = 0
    for raw in text.splitlines(keepends=True):
        line = raw.strip()
        first = start + len(raw) - len(raw.lstrip())
        words = line.split()
        longest = max(map(len, words), default=0)
        lines.append(Line(first, first + len(line), len(words), longest, count_sentences(line)))
        start += len(raw)
    return lines


@given(text=texts)
def test_lines_are_counted_as_each_by_itself(text: str) -> None:
    ends = list(accumulate(map(len, text.splitlines(keepends=True))))
    classes, words = sentence_classes(), spelled_words(text)
    assert classes is not None
    if words.is_whole:
        assert list(counted_lines(text, ends, classes, words.ends)) == plain(text)
    uncounted = [line._replace(sentences=-1) for line in plain(text)]
    assert list(counted_lines(text, ends, classes, None)) == uncounted
