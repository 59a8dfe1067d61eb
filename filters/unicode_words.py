"""The words of Unicode's annex 29 that begin with a letter or digit, remembered for each chunk that stands between spaces.

No word reaches over whitespace and no rule of the annex looks over it, with two exceptions: a narrow space joins words, and marks
behind a space belong to it. A text with such a space, or with a chunk that begins with a mark, is cut as a whole.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import chain
from typing import cast

import regex

from pipeline.evidence import Place

# With this flag \b is a word boundary of Unicode's annex 29, but for an apostrophe before a vowel, for which the library has a
# rule of its own; another character of the apostrophe's class has none.
_BOUNDARY = regex.compile(r"\b", regex.WORD | regex.VERSION1)
_APOSTROPHES = str.maketrans("'\u2019", "\u2024\u2024")
_LAST_BEFORE_MARKS = "\u00ac"
_MARK = regex.compile(r"[\p{WB=Extend}\p{WB=Format}\p{WB=ZWJ}]")
_JOINING_SPACE = "\u202f"

_CHUNKS = 1 << 16  # remembered in each of two generations: some 10 MB
_CHUNK_CHARS = 48

Words = tuple[str, ...]


def word_places(text: str) -> list[Place]:
    """Where the words of Unicode's annex 29 stand that begin with a letter or digit."""
    places: list[Place] = []
    end = 0
    for piece in _BOUNDARY.split(text.translate(_APOSTROPHES)):
        start, end = end, end + len(piece)
        if piece[:1].isalnum():
            places.append((start, end))
    return places


def unicode_words(text: str) -> list[str]:
    """The words at `word_places`."""
    if _JOINING_SPACE not in text:
        found = _memory().words(text.split())
        if found is not None:
            return found
    return _cut(text)


def _cut(text: str) -> list[str]:
    return [text[start:end] for start, end in word_places(text)]


class _Chunks:
    """The words of chunks; what it remembers is bounded by two generations and never changes an answer."""

    def __init__(self) -> None:
        self._young: dict[str, Words] = {}
        self._old: dict[str, Words] = {}

    def words(self, chunks: list[str]) -> list[str] | None:
        """The words of all chunks in order, or None where one begins with a mark."""
        answers = list(map(self._young.get, chunks))
        if None in answers:
            unknown = dict.fromkeys(chunk for chunk, known in zip(chunks, answers, strict=True) if known is None)
            if any(chunk[0] > _LAST_BEFORE_MARKS and _MARK.match(chunk) for chunk in unknown):
                return None
            learned = self._learn(unknown)
            answers = [learned[chunk] if known is None else known for chunk, known in zip(chunks, answers, strict=True)]
        return list(chain.from_iterable(cast(list[Words], answers)))

    def _learn(self, chunks: Iterable[str]) -> dict[str, Words]:
        learned: dict[str, Words] = {}
        strange: list[str] = []
        for chunk in chunks:
            if chunk.isascii() and chunk.isalnum():
                learned[chunk] = (chunk,)
            elif chunk in self._old:
                learned[chunk] = self._old[chunk]
            else:
                strange.append(chunk)
        learned.update(zip(strange, _words_of_each(strange), strict=True))
        self._young |= {chunk: words for chunk, words in learned.items() if len(chunk) <= _CHUNK_CHARS}
        if len(self._young) > _CHUNKS:
            self._young, self._old = {}, self._young
        return learned


def _words_of_each(chunks: Sequence[str]) -> list[Words]:
    text = "\n".join(chunks)
    found: list[list[str]] = [[] for _ in chunks]
    end = row = 0
    for piece in _BOUNDARY.split(text.translate(_APOSTROPHES)):
        start, end = end, end + len(piece)
        if piece == "\n":
            row += 1
        elif piece[:1].isalnum():
            found[row].append(text[start:end])
    return list(map(tuple, found))


@lru_cache(maxsize=1)
def _memory() -> _Chunks:
    return _Chunks()
