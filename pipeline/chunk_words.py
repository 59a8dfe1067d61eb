"""spaCy's tokenizer of a blank language, remembered chunk by chunk: the same words some 40 times faster.

datatrove runs spaCy over the whole page, several times. spaCy's affix rules act on the runs between whitespace, which we call
chunks, so each chunk is cut once (see `pipeline.affix_rules`). Three things reach beyond a chunk. spaCy's last pass looks for
exceptions such as `:)` among the finished tokens of the whole page and prefers the longest, so that `x:)` is `x`, `:)` but
`x:) )` is `x`, `:`, `)`, `)`: chunks that this pass may change are looked at with their neighbours, each time. Some languages
have exceptions with a space inside (Spanish `EE. UU.`): a line that holds one is looked at whole.

The third is the token `IS_ALPHA`. It has the one number that spaCy's hash table keeps for itself, so that spaCy reads freed
memory and mostly raises from the second time on that a process meets it; datatrove then deletes it from the page. Here it is
always deleted.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, count, groupby, takewhile
from typing import Any
from unicodedata import category

from spacy.lang.lex_attrs import is_punct

from pipeline.affix_rules import AffixRules, Tokens
from pipeline.last_pass import LastPass

_UNSPEAKABLE = "IS_ALPHA"
_RUNS = re.compile(r"\s+|\S+")
_CUT_AFTER_LETTERS = frozenset(",;:!?")

# Remembered are short chunks of few tokens: longer ones are mostly addresses, which do not come back. An entry takes about 250
# bytes, 850 at worst, so both generations take some 32 MB, 110 MB at worst.
_CHUNKS = 1 << 16
_CHUNK_CHARS = 48
_CHUNK_TOKENS = 8

# Instead of the tokens of a chunk that may depend on its neighbours: no text has a lone surrogate.
_SHIFTING: Tokens = ("\ud800",)


class ChunkWords:
    """Words and sentences of a language; what it remembers is bounded by two generations and never changes an answer."""

    def __init__(self, language: Any) -> None:
        """`language` is one of spaCy's, or its class, whose tokenizer is spaCy's own (not Chinese, for one)."""
        from spacy.pipeline import Sentencizer

        self._is_english = language.lang == "en"
        self._rules = AffixRules(language.Defaults)
        self._spaced = tuple(each for each in self._rules.exceptions if len(each.split()) > 1)
        self._stops = frozenset(Sentencizer.default_punct_chars)
        self._stop = re.compile(f"[{re.escape(''.join(filter(_is_short, self._stops)))}\\U00010000-\\U0010FFFF]")
        self._ascii_stop = re.compile(f"[{re.escape(''.join(filter(str.isascii, self._stops)))}]")
        self._last_pass = LastPass(self._rules)
        self._old = _Memory(self._cut, {})
        self._young = _Memory(self._cut, self._old)

    def words(self, text: str) -> list[str]:
        """Tokens without whitespace, as datatrove's `word_tokenize`."""
        if self._has_spaced_exception(text):
            if _UNSPEAKABLE in text:
                return self._words_without_unspeakable(text)
            return [stripped for token in self._tokens(text) if (stripped := token.strip())]
        chunks = text.split()
        words = self._tokens_of(chunks)
        if self._young.shifting:
            if _UNSPEAKABLE in text:
                return self._words_without_unspeakable(text)
            words = _filled_in(words, self._settled(text, chunks))
        return words

    def sentences(self, text: str) -> int:
        """The rule of spaCy's sentencizer: the first token after a stop that is no punctuation begins a new sentence."""
        stop = self._ascii_stop if text.isascii() else self._stop
        if stop.search(text) is None:
            return 1
        while _UNSPEAKABLE in text:
            text = self._speakable(text)
        if " ".join(text.split()) == text and not self._has_spaced_exception(text):
            sentences = self._sentences_by_stops(text, stop.finditer(text))
            if sentences is not None:
                return sentences
        return 1 + self._sentences_begun(self._tokens(text), stopped=False)[0]

    def _sentences_begun(self, tokens: Iterable[str], stopped: bool) -> tuple[int, bool]:
        """How many tokens begin a sentence, and whether one was stopped that no token has followed yet."""
        begun = 0
        for token in tokens:
            if token in self._stops:
                stopped = True
            elif stopped and not is_punct(token):
                begun += 1
                stopped = False
        return begun, stopped

    def _sentences_by_stops(self, text: str, found: Iterable[re.Match[str]]) -> int | None:
        """The same from the chunks in which stops were found; None where the tokens of one may depend on its neighbours."""
        self._turn_over()
        sentences, stopped, done, stops = 1, False, 0, self._stops
        for each in found:
            place = each.start()
            if place < done:
                continue
            start = text.rfind(" ", 0, place) + 1
            if stopped and _is_spoken(text[done:start]):
                sentences += 1
                stopped = False
            done = text.find(" ", place)
            if done < 0:
                done = len(text)
            tokens = self._young[text[start:done]]
            if tokens is _SHIFTING:
                return None
            if not stopped and 0 < len(tokens) <= 2 and tokens[-1] in stops:  # most of them: a word and its stop
                stopped = True
            else:
                more, stopped = self._sentences_begun(tokens, stopped)
                sentences += more
        return sentences + (stopped and _is_spoken(text[done:]))

    def _tokens(self, text: str) -> Iterator[str]:
        """All tokens, whitespace among them, of a text without the unspeakable."""
        if self._has_spaced_exception(text):
            runs = groupby(_chunks_and_spaces(text), str.isspace)
            lines = (chunks if blank else [" ".join(chunks)] for blank, chunks in runs)
            return chain.from_iterable(map(self._tokens_of_line, chain.from_iterable(lines)))
        chunks = _chunks_and_spaces(text)
        tokens = self._tokens_of(chunks)
        return iter(_filled_in(tokens, self._settled_among(chunks)) if self._young.shifting else tokens)

    def _tokens_of_line(self, line: str) -> Iterable[str]:
        """The tokens of a run without whitespace tokens inside, which nothing outside of it can change."""
        if not self._has_spaced_exception(line):
            return self._tokens(line)
        return chain.from_iterable(self._last_pass.settled([self._rules.cut(chunk) for chunk in line.split(" ")]))

    def _has_spaced_exception(self, text: str) -> bool:
        return bool(self._spaced) and any(exception in text for exception in self._spaced)

    def _words_without_unspeakable(self, text: str) -> list[str]:
        speakable = self._speakable(text)
        if len(speakable) < len(text):
            return self.words(speakable)
        return [word.replace(_stand_in(text), _UNSPEAKABLE) for word in self.words(speakable)]

    def _speakable(self, text: str) -> str:
        """`text` without the unspeakable where that would be a token of its own, else with a stand-in for it."""
        stand_in = _stand_in(text)
        spoken = text.replace(_UNSPEAKABLE, stand_in)
        return text.replace(_UNSPEAKABLE, "") if stand_in in self.words(spoken) else spoken

    def _tokens_of(self, chunks: Iterable[str]) -> list[str]:
        """The tokens of chunks, with `_SHIFTING` in the place of those that may depend on their neighbours."""
        self._turn_over()
        self._young.shifting.clear()
        return list(chain.from_iterable(map(self._young.__getitem__, chunks)))

    def _turn_over(self) -> None:
        if len(self._young) > _CHUNKS:
            self._young, self._old = _Memory(self._cut, self._young), self._young
            self._old.before = {}

    def _cut(self, chunk: str) -> Tokens:
        exceptions = self._rules.exceptions
        if self._is_english and chunk.isalpha() and chunk not in exceptions:
            return (chunk,)
        if _UNSPEAKABLE in chunk:
            return _SHIFTING
        if self._is_english:  # ASCII letters and a mark
            letters, mark = chunk[:-1], chunk[-1]
            cut = mark in _CUT_AFTER_LETTERS or (mark == "." and letters[-1:].islower())
            if (
                cut
                and letters.isascii()
                and letters.isalpha()
                and chunk not in exceptions
                and letters not in exceptions
            ):
                return letters, mark
        if chunk.isspace():
            return (chunk,)
        tokens = self._rules.cut(chunk)
        return _SHIFTING if self._last_pass.may_change(tokens) else tokens

    def _settled(self, text: str, chunks: list[str]) -> Iterator[Tokens]:
        """The final tokens of each shifting chunk of `text`; neighbours change them across single spaces."""
        reach, shifting = self._last_pass.reach, self._young.shifting
        end = done = 0
        for place in [place for place, chunk in enumerate(chunks) if chunk in shifting]:
            chunk, start = chunks[place], 0
            for _ in range(chunks[done:place].count(chunk) + 1):
                start = _find_chunk(chunk, text, end)
                end = start + len(chunk)
            done = place + 1
            before = _before(text, start, chunks[max(0, place - reach) : place])
            yield self._among(before, chunk, _after(text, end, chunks[done : done + reach]))

    def _settled_among(self, chunks: list[str]) -> Iterator[Tokens]:
        """The final tokens of each shifting one of `_chunks_and_spaces`."""
        reach, shifting = self._last_pass.reach, self._young.shifting
        for place in [place for place, chunk in enumerate(chunks) if chunk in shifting]:
            before = _up_to_whitespace(reversed(chunks[max(0, place - reach) : place]))[::-1]
            yield self._among(before, chunks[place], _up_to_whitespace(chunks[place + 1 : place + 1 + reach]))

    def _among(self, before: list[str], chunk: str, after: list[str]) -> Tokens:
        return self._last_pass.settled(list(map(self._rules.cut, (*before, chunk, *after))))[len(before)]


class _Memory(dict[str, Tokens]):
    """The tokens of chunks; what it does not have it takes from the memory before it, or cuts."""

    __slots__ = ("_cut", "before", "shifting")

    def __init__(self, cut: Callable[[str], Tokens], before: dict[str, Tokens]) -> None:
        super().__init__()
        self._cut = cut
        self.before = before
        self.shifting: set[str] = (
            set()
        )  # chunks that were met, and are not remembered, whose tokens depend on their neighbours

    def __missing__(self, chunk: str) -> Tokens:
        tokens = self.before.get(chunk)
        if tokens is None:
            tokens = self._cut(chunk)
        if tokens is _SHIFTING:
            self.shifting.add(chunk)
        elif len(chunk) <= _CHUNK_CHARS and len(tokens) <= _CHUNK_TOKENS:
            self[chunk] = tokens
        return tokens


def _filled_in(tokens: list[str], settled: Iterable[Tokens]) -> list[str]:
    """`tokens` with those of the next shifting chunk at each place that was left for one."""
    filled: list[str] = []
    done = 0
    for each in settled:
        place = tokens.index(_SHIFTING[0], done)
        filled += tokens[done:place]
        filled += each
        done = place + 1
    return filled + tokens[done:]


def _stand_in(text: str) -> str:
    """A word that spaCy's rules cannot tell from the unspeakable, and that `text` does not have."""
    return next(word for letters in count() if (word := _UNSPEAKABLE[:-1] + "B" * (letters + 1)) not in text)


def _chunks_and_spaces(text: str) -> list[str]:
    """The chunks of `text`, and between them the whitespace that spaCy makes tokens of: all but a single space after a chunk."""
    chunks = text.split()
    if " ".join(chunks) == text:
        return chunks
    return [run for place, run in enumerate(_RUNS.findall(text)) if run != " " or place == 0]


def _find_chunk(chunk: str, text: str, start: int) -> int:
    """Where `chunk` stands between whitespace for the first time from `start` on."""
    while True:
        start = text.find(chunk, start)
        end = start + len(chunk)
        if not (text[start - 1 : start].strip() or text[end : end + 1].strip()):
            return start
        start += 1


def _before(text: str, end: int, chunks: list[str]) -> list[str]:
    """The last of `chunks`, as far as they stand before `end` with a single space after each."""
    near: list[str] = []
    for chunk in reversed(chunks):
        if text[end - 1] != " " or not text.endswith(chunk, 0, end - 1):
            break
        near.append(chunk)
        end -= len(chunk) + 1
    return near[::-1]


def _after(text: str, start: int, chunks: list[str]) -> list[str]:
    """The first of `chunks`, as far as they stand after `start` with a single space before each."""
    near: list[str] = []
    for chunk in chunks:
        if text[start] != " " or not text.startswith(chunk, start + 1):
            break
        near.append(chunk)
        start += len(chunk) + 1
    return near


def _up_to_whitespace(chunks: Iterable[str]) -> list[str]:
    return list(takewhile(lambda chunk: not chunk.isspace(), chunks))


def _is_short(char: str) -> bool:
    """Whether it is one of the first 65,536: a character class that tells others apart is slow."""
    return char <= "\uffff"


def _is_spoken(text: str) -> bool:
    """Whether any token of `text` is no punctuation; single spaces stand between them."""
    return text[1:2].isalnum() or any(category(char)[0] != "P" for char in text if char != " ")
