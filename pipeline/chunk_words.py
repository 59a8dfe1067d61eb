"""spaCy's tokenizer of a blank language, remembered chunk by chunk: the same words some 40 times faster.

datatrove runs spaCy over the whole page, several times. spaCy's affix rules act on the runs between whitespace, which we call
chunks, so each chunk is cut once (see `pipeline.affix_rules`). Three things reach beyond a chunk. spaCy's last pass looks for
exceptions such as `:)` among the finished tokens of the whole page and prefers the longest, so that `x:)` is `x`, `:)` but `x:) )`
is `x`, `:`, `)`, `)`: chunks that this pass may change are looked at with their neighbours, each time. Some languages have
exceptions with a space inside (Spanish `EE. UU.`): a line that holds one is looked at whole.

The third is the token `IS_ALPHA`. It has the one number that spaCy's hash table keeps for itself, so that spaCy reads freed
memory and mostly raises from the second time on that a process meets it; datatrove then deletes it from the page. Here it is
always deleted.
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import chain, count, groupby, takewhile
from typing import Any, cast
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

_SHIFTING: Tokens = ()  # the answer for a chunk whose tokens may depend on its neighbours


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
        self._young: dict[str, Tokens] = {}
        self._old: dict[str, Tokens] = {}

    def words(self, text: str) -> list[str]:
        """Tokens without whitespace, as datatrove's `word_tokenize`."""
        if self._has_spaced_exception(text):
            if _UNSPEAKABLE in text:
                return self._words_without_unspeakable(text)
            return [stripped for token in self._tokens(text) if (stripped := token.strip())]
        chunks = text.split()
        answers = self._answers(chunks)
        if not all(answers):
            if _UNSPEAKABLE in text:
                return self._words_without_unspeakable(text)
            self._settle(text, chunks, answers)
        return list(chain.from_iterable(answers))

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
        sentences, stopped, stops = 1, False, self._stops
        for token in self._tokens(text):
            if token in stops:
                stopped = True
            elif stopped and not is_punct(token):
                sentences += 1
                stopped = False
        return sentences

    def _sentences_by_stops(self, text: str, found: Iterable[re.Match[str]]) -> int | None:
        """The same from the chunks in which stops were found; None where the tokens of one may depend on its neighbours."""
        sentences, stopped, done, stops = 1, False, 0, self._stops
        for each in found:
            place = each.start()
            if place < done:
                continue
            start = text.rfind(" ", 0, place) + 1
            if stopped and _is_spoken(text[done:start]):
                sentences += 1
                stopped = False
            done = text.find(" ", start)
            if done < 0:
                done = len(text)
            chunk = text[start:done]
            answer = self._young.get(chunk)
            if answer is None:
                answer = self._answers([chunk])[0]
            if not answer:
                return None
            for token in answer:
                if token in stops:
                    stopped = True
                elif stopped and not is_punct(token):
                    sentences += 1
                    stopped = False
        return sentences + (stopped and _is_spoken(text[done:]))

    def _tokens(self, text: str) -> Iterator[str]:
        """All tokens, whitespace among them, of a text without the unspeakable."""
        if self._has_spaced_exception(text):
            runs = groupby(_chunks_and_spaces(text), str.isspace)
            lines = (chunks if blank else [" ".join(chunks)] for blank, chunks in runs)
            return chain.from_iterable(map(self._tokens_of_line, chain.from_iterable(lines)))
        chunks = _chunks_and_spaces(text)
        answers = self._answers(chunks)
        settled = (answer or self._among_neighbours(chunks, place) for place, answer in enumerate(answers))
        return chain.from_iterable(settled)

    def _tokens_of_line(self, line: str) -> Iterable[str]:
        """The tokens of a run without whitespace tokens inside, which nothing outside of it can change."""
        if not self._has_spaced_exception(line):
            return self._tokens(line)
        return chain.from_iterable(self._last_pass.settled([self._rules.cut(chunk) for chunk in line.split(" ")]))

    def _has_spaced_exception(self, text: str) -> bool:
        return any(exception in text for exception in self._spaced)

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

    def _answers(self, chunks: list[str]) -> list[Tokens]:
        """The tokens of each chunk, `_SHIFTING` where they may depend on its neighbours."""
        found = list(map(self._young.get, chunks))
        place = -1
        known: dict[str, Tokens] = {}
        with suppress(ValueError):  # there is no other None
            while True:
                place = found.index(None, place + 1)
                chunk = chunks[place]
                answer = known.get(chunk)
                if answer is None:
                    known[chunk] = answer = self._learn(chunk)
                found[place] = answer
        if len(self._young) > _CHUNKS:
            self._young, self._old = {}, self._young
        return cast(list[Tokens], found)

    def _learn(self, chunk: str) -> Tokens:
        answer = self._old.get(chunk)
        if answer is None:
            answer = self._cut(chunk)
        if len(chunk) <= _CHUNK_CHARS and len(answer) <= _CHUNK_TOKENS:
            self._young[chunk] = answer
        return answer

    def _cut(self, chunk: str) -> Tokens:
        if chunk.isspace():
            return (chunk,)
        if _UNSPEAKABLE in chunk:
            return _SHIFTING
        plain = self._plain_english(chunk) if self._is_english else None
        if plain is not None:
            return plain
        cut = self._rules.cut(chunk)
        return _SHIFTING if self._last_pass.may_change(cut) else cut

    def _plain_english(self, chunk: str) -> Tokens | None:
        """The tokens of letters that are no exception, and of ASCII letters and a mark."""
        if chunk.isalpha():
            return None if chunk in self._rules.exceptions else (chunk,)
        letters, mark = chunk[:-1], chunk[-1]
        cut = mark in _CUT_AFTER_LETTERS or (mark == "." and letters[-1:].islower())
        if cut and letters.isascii() and letters.isalpha():
            exceptions = self._rules.exceptions
            return None if chunk in exceptions or letters in exceptions else (letters, mark)
        return None

    def _settle(self, text: str, chunks: list[str], answers: list[Tokens]) -> None:
        """Fills in the answers of the chunks of `text` that their neighbours may change, across single spaces."""
        reach = self._last_pass.reach
        end = done = 0
        for place in [place for place, answer in enumerate(answers) if not answer]:
            chunk, start = chunks[place], 0
            for _ in range(chunks[done:place].count(chunk) + 1):
                start = _find_chunk(chunk, text, end)
                end = start + len(chunk)
            done = place + 1
            before = _before(text, start, chunks[max(0, place - reach) : place])
            after = _after(text, end, chunks[done : done + reach])
            answers[place] = self._last_pass.settled(list(map(self._rules.cut, (*before, chunk, *after))))[len(before)]

    def _among_neighbours(self, chunks: list[str], place: int) -> Tokens:
        reach = self._last_pass.reach
        before = _up_to_whitespace(reversed(chunks[max(0, place - reach) : place]))[::-1]
        after = _up_to_whitespace(chunks[place + 1 : place + 1 + reach])
        return self._last_pass.settled(list(map(self._rules.cut, (*before, chunks[place], *after))))[len(before)]


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
