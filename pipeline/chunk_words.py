"""spaCy's tokenizer of a blank language, remembered chunk by chunk: the same words some 40 times faster.

datatrove runs spaCy over the whole page, several times. spaCy's affix rules act on the runs between whitespace, which we call
chunks, so it is asked once for each chunk. Three things reach beyond a chunk. spaCy's last pass looks for exceptions such as `:)`
among the finished tokens of the whole page and prefers the longest, so that `x:)` is `x`, `:)` but `x:) )` is `x`, `:`, `)`,
`)`: chunks that this pass may change are looked at with their neighbours, each time. Some languages have exceptions with a space
inside (Spanish `EE. UU.`): a line that holds one is given to spaCy whole.

The third is the token `IS_ALPHA`. It has the one number that spaCy's hash table keeps for itself, so that spaCy reads freed
memory and mostly raises from the second time on that a process meets it; datatrove then deletes it from the page. Here it is
never shown to spaCy and always deleted.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import chain, count, groupby, takewhile
from typing import Any, cast

from spacy.lang.lex_attrs import is_punct
from spacy.tokenizer import Tokenizer
from spacy.tokens import Token

from pipeline.chunk_forms import ChunkForms
from pipeline.last_pass import LastPass, Tokens, texts_of, without_last_pass

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

    def __init__(self, nlp: Any) -> None:
        """`nlp` is a blank language of spaCy with a sentencizer, whose tokenizer is spaCy's own (not Chinese, for one)."""
        self._nlp = nlp
        self._is_english = nlp.lang == "en"
        self._spacy: Tokenizer = nlp.tokenizer
        self._affixes = without_last_pass(self._spacy)
        self._exceptions = frozenset(self._spacy.rules)
        self._spaced = tuple(each for each in self._spacy.rules if len(each.split()) > 1)
        self._forms = ChunkForms(self._cut, self._exceptions) if self._is_english else None
        self._stops = frozenset(nlp.get_pipe("sentencizer").punct_chars)
        self._last_pass = LastPass(self._spacy)
        self._young: dict[str, Tokens] = {}
        self._old: dict[str, Tokens] = {}
        self._by_themselves: dict[str, Tokens] = {}

    def words(self, text: str) -> list[str]:
        """Tokens without whitespace, as datatrove's `word_tokenize`."""
        if self._has_spaced_exception(text):
            if _UNSPEAKABLE in text:
                return self._words_without_unspeakable(text)
            return [stripped for token in self._tokens(text) if (stripped := token.strip())]
        chunks = text.split()
        answers = self._answers(chunks)
        if not all(answers) and not self._settle_alone(chunks, answers):
            if _UNSPEAKABLE in text:
                return self._words_without_unspeakable(text)
            answers = [answer for answer in self._settled(_chunks_and_spaces(text)) if not answer[0].isspace()]
        return list(chain.from_iterable(answers))

    def sentences(self, text: str) -> int:
        """The rule of spaCy's sentencizer: the first token after a stop that is no punctuation begins a new sentence."""
        if not self._stops.intersection(text):
            return 1
        while _UNSPEAKABLE in text:
            text = self._speakable(text)
        sentences, stopped, stops = 1, False, self._stops
        for token in self._tokens(text):
            if token in stops:
                stopped = True
            elif stopped and not is_punct(token):
                sentences += 1
                stopped = False
        return sentences

    def _tokens(self, text: str) -> Iterator[str]:
        """All tokens, whitespace among them, of a text without the unspeakable."""
        if self._has_spaced_exception(text):
            runs = groupby(_chunks_and_spaces(text), str.isspace)
            lines = (chunks if blank else [" ".join(chunks)] for blank, chunks in runs)
            return chain.from_iterable(map(self._tokens_of_line, chain.from_iterable(lines)))
        chunks = _chunks_and_spaces(text)
        answers = self._answers(chunks)
        if not all(answers) and not self._settle_alone(chunks, answers):
            answers = self._settled(chunks)
        return chain.from_iterable(answers)

    def _tokens_of_line(self, line: str) -> Iterable[str]:
        """The tokens of a run without whitespace tokens inside, which nothing outside of it can change."""
        if not self._has_spaced_exception(line):
            return self._tokens(line)
        with self._nlp.memory_zone():
            return texts_of(self._spacy(line))

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
        if None in found:
            unknown = [place for place, answer in enumerate(found) if answer is None]
            known = self._learn(dict.fromkeys(chunks[place] for place in unknown))
            for place in unknown:
                found[place] = known[chunks[place]]
        return cast(list[Tokens], found)

    def _learn(self, chunks: Iterable[str]) -> dict[str, Tokens]:
        known: dict[str, Tokens] = {}
        strange: list[str] = []
        for chunk in chunks:
            answer = self._old.get(chunk)
            if answer is None:
                answer = self._plain(chunk)
            if answer is None:
                answer = self._by_form(chunk)
            if answer is None:
                strange.append(chunk)
            else:
                known[chunk] = answer
        if strange:
            known |= self._ask(strange)
        self._remember(known)
        return known

    def _remember(self, known: dict[str, Tokens]) -> None:
        for chunk, tokens in known.items():
            if len(chunk) <= _CHUNK_CHARS and len(tokens) <= _CHUNK_TOKENS:
                self._young[chunk] = tokens
        if len(self._young) > _CHUNKS:
            self._young, self._old, self._by_themselves = {}, self._young, {}

    def _ask(self, chunks: list[str]) -> dict[str, Tokens]:
        """The tokens of chunks by spaCy's affix rules, which look at one chunk at a time."""
        answers: dict[str, Tokens] = {}
        with self._affixes.vocab.memory_zone():  # without it spaCy keeps every string it ever saw
            tokens = iter(self._affixes(" ".join(chunks)))
            for chunk in chunks:
                cut = _up_to_space(tokens)
                answers[chunk] = _SHIFTING if self._last_pass.may_change(cut) else cut
        return answers

    def _plain(self, chunk: str) -> Tokens | None:
        """The tokens of a chunk that needs no asking: whitespace and, in English, letters or ASCII letters and a mark."""
        if chunk.isspace():
            return (chunk,)
        if chunk in self._exceptions:
            return None
        if _UNSPEAKABLE in chunk:
            return _SHIFTING
        return self._plain_english(chunk) if self._is_english else None

    def _plain_english(self, chunk: str) -> Tokens | None:
        if chunk.isalpha():
            return (chunk,)
        letters, mark = chunk[:-1], chunk[-1]
        cut = mark in _CUT_AFTER_LETTERS or (mark == "." and letters[-1:].islower())
        if cut and letters.isascii() and letters.isalpha() and letters not in self._exceptions:
            return letters, mark
        return None

    def _by_form(self, chunk: str) -> Tokens | None:
        cut = self._forms.tokens(chunk) if self._forms else None
        return _SHIFTING if cut is not None and self._last_pass.may_change(cut) else cut

    def _cut(self, chunk: str) -> Tokens:
        with self._affixes.vocab.memory_zone():
            return texts_of(self._affixes(chunk))

    def _settle_alone(self, chunks: list[str], answers: list[Tokens]) -> bool:
        """Fills in the answers of shifting chunks; False, and nothing filled in, where one does depend on its neighbours."""
        shifting = [place for place, answer in enumerate(answers) if not answer]
        for place in shifting:
            before = answers[place - 1] if place else (" ",)
            after = answers[place + 1] if place + 1 < len(answers) else (" ",)
            if _UNSPEAKABLE in chunks[place] or not self._last_pass.stays_within(before, after):
                return False
        for place in shifting:
            answers[place] = self._by_itself(chunks[place])
        return True

    def _settled(self, chunks: list[str]) -> list[Tokens]:
        """The final tokens of each of `_chunks_and_spaces`."""
        answers = self._answers(chunks)
        return [answer or self._among_neighbours(chunks, place) for place, answer in enumerate(answers)]

    def _by_itself(self, chunk: str) -> Tokens:
        known = self._by_themselves.get(chunk)
        if known is None:
            known = self._among_neighbours([chunk], 0)
            if chunk in self._young:
                self._by_themselves[chunk] = known
        return known

    def _among_neighbours(self, chunks: list[str], place: int) -> Tokens:
        reach = self._last_pass.reach
        before = _up_to_whitespace(reversed(chunks[max(0, place - reach) : place]))[::-1]
        after = _up_to_whitespace(chunks[place + 1 : place + 1 + reach])
        start = sum(map(len, before)) + len(before)
        span = range(start, start + len(chunks[place]))
        with self._nlp.memory_zone():
            tokens = self._spacy(" ".join([*before, chunks[place], *after]))
            return tuple(token.text for token in tokens if token.idx in span)


def _stand_in(text: str) -> str:
    """A word that spaCy's rules cannot tell from the unspeakable, and that `text` does not have."""
    return next(word for letters in count() if (word := _UNSPEAKABLE[:-1] + "B" * (letters + 1)) not in text)


def _chunks_and_spaces(text: str) -> list[str]:
    """The chunks of `text`, and between them the whitespace that spaCy makes tokens of: all but a single space after a chunk."""
    chunks = text.split()
    if " ".join(chunks) == text:
        return chunks
    return [run for place, run in enumerate(_RUNS.findall(text)) if run != " " or place == 0]


def _up_to_whitespace(chunks: Iterable[str]) -> list[str]:
    return list(takewhile(lambda chunk: not chunk.isspace(), chunks))


def _up_to_space(tokens: Iterator[Token]) -> Tokens:
    texts: list[str] = []
    for token in tokens:
        texts.append(token.text)
        if token.whitespace_:
            break
    return tuple(texts)
