"""The words that NLTK's tokenizer finds in a sentence, put together from those of its chunks.

Its expressions look no further than the space beside a chunk, but for two things: a quotation mark that begins the sentence, and
the full stop that ends it, behind which closing brackets and quotation marks may follow, with spaces before them. So the first
chunk, and what stands from the last that is more than such marks, are cut where they stand; any other chunk between two others,
which is remembered. A line break is not the space that some expressions ask for, which makes it another chunk to remember.

Most chunks are a word with a mark at most, and are cut here: the tokenizer takes 27 passes for each text, however short.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nltk.tokenize.destructive import NLTKWordTokenizer

CLOSING = "])}>\"'»”’"  # noqa: RUF001  they are meant
BREAK = "\n"
REMEMBERED = 1 << 15  # chunks with what stands beside them, in 8 MB at most
LONGEST = 64  # characters of what is remembered

_PLAIN = re.compile(r"([A-Za-z0-9]+(?:(?:[-.]|[,:](?=[0-9]))[A-Za-z0-9]+)*+)('[sSmMdD])?([.,:;?!])?")
_JOINED = re.compile("cannot|gimme|gonna|gotta|lemme|wanna", re.IGNORECASE)  # two words each


def words_of_sentence(sentence: str, tokenizer: "NLTKWordTokenizer") -> list[str]:
    """The same as `tokenizer.tokenize(sentence)`."""
    chunks = sentence.split()
    lines = [line.split(" ") for line in sentence.split(BREAK)]
    if [chunk for line in lines for chunk in line] != chunks or _JOINED.search(sentence):
        return tokenizer.tokenize(sentence)  # other space than one between two chunks
    last = _last(chunks)
    if last < 1:
        return list(_ending(sentence, "", tokenizer))
    words, size = list(_beginning(chunks[0], sentence, tokenizer)), len(chunks[0])
    for chunk in chunks[1:last]:
        behind = size + 1 + len(chunk)
        if chunk.isascii() and chunk.isalnum():
            words.append(chunk)
        else:
            words += _plain(chunk, ends=False) or _cut(f"a{sentence[size : behind + 1]}a", tokenizer)[1:-1]
        size = behind
    return [*words, *_ending(sentence[size + 1 :], sentence[size], tokenizer)]


def _last(chunks: list[str]) -> int:
    """The last chunk that is more than marks which may follow a full stop, by its number."""
    last = len(chunks) - 1
    while last > 0 and not chunks[last].strip(CLOSING):
        last -= 1
    return last


def _plain(chunk: str, *, ends: bool) -> list[str]:
    """The words of a chunk that is a word with a mark behind it at most; a full stop is one only where the sentence ends."""
    found = _PLAIN.fullmatch(chunk)
    if found is None:
        return []
    body, short, mark = found.groups()
    if mark == "." and not ends:
        return [] if short else [chunk]
    return [word for word in (body, short, mark) if word]


def _beginning(chunk: str, sentence: str, tokenizer: "NLTKWordTokenizer") -> Sequence[str]:
    return _plain(chunk, ends=False) or _cut(f"{sentence[: len(chunk) + 1]}a", tokenizer)[:-1]


def _ending(end: str, space: str, tokenizer: "NLTKWordTokenizer") -> Sequence[str]:
    """The words of what ends a sentence, and follows `space` where it is not the whole."""
    if words := _plain(end, ends=True):
        return words
    return _cut(f"a{space}{end}", tokenizer)[1:] if space else tokenizer.tokenize(end)


def _cut(text: str, tokenizer: "NLTKWordTokenizer") -> tuple[str, ...]:
    return (_remembered if len(text) <= LONGEST else _remembered.__wrapped__)(text, tokenizer)


@lru_cache(maxsize=REMEMBERED)
def _remembered(text: str, tokenizer: "NLTKWordTokenizer") -> tuple[str, ...]:
    return tuple(tokenizer.tokenize(text))
