"""What is counted of words, against their plain definition."""

from hypothesis import given
from hypothesis import strategies as st

from filters.word_counts import WordCounts, word_counts
from pipeline.char_classes import char_classes
from pipeline.spelled import Spelled

STOPS = ["and", "the", "é", "日本"]
words = st.lists(
    st.text(st.sampled_from("ab#.é日1a"), max_size=4)
    | st.sampled_from(STOPS)
    | st.text(st.characters(exclude_categories=["Cs"]))
)


def plain(words: list[str], symbols: str) -> WordCounts:
    of_symbols = [word for word in words if not word.isalpha() and not word.strip(symbols)]
    return WordCounts(
        chars=sum(map(len, words)),
        symbol_words=len(of_symbols),
        symbol_chars=sum(map(len, of_symbols)),
        letterless=sum(not any(map(str.isalpha, word)) for word in words),
        stops=sum(word in STOPS for word in words),
        different_stops=len(set(STOPS) & set(words)),
    )


@given(words=words, symbols=st.sampled_from(["", "#.", "#a", ".é日"]))
def test_words_are_counted_as_python_counts_them(words: list[str], symbols: str) -> None:
    assert word_counts(Spelled.of(words), char_classes(symbols), Spelled.of(STOPS)) == plain(words, symbols)
