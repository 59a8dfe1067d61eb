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
from collections.abc import Iterable, Iterator
from itertools import chain, count, groupby
from typing import Any, NamedTuple

import numpy as np
from spacy.lang.lex_attrs import is_punct

from pipeline.affix_rules import AffixRules, Tokens
from pipeline.char_classes import char_classes
from pipeline.chunk_kernels import Chunks, cut_text, guard_of, learn, new_memory
from pipeline.last_pass import LastPass
from pipeline.sentence_kernels import sentences_of
from pipeline.spelled import Spelled

_UNSPEAKABLE = "IS_ALPHA"
_RUNS = re.compile(r"\s+|\S+")

# Remembered are short chunks of few tokens: longer ones are mostly addresses, which do not come back. 262,144 of them in 16 MB.
_PLACES = 1 << 16


class ChunkWords:
    """Words and sentences of a language; what it remembers is bounded and never changes an answer."""

    def __init__(self, language: Any) -> None:
        """`language` is one of spaCy's, or its class, whose tokenizer is spaCy's own (not Chinese, for one)."""
        from spacy.pipeline import Sentencizer

        self._is_english = language.lang == "en"
        self._rules = AffixRules(language.Defaults)
        self._spaced = tuple(each for each in self._rules.exceptions if len(each.split()) > 1)
        self._stops = frozenset(Sentencizer.default_punct_chars)
        self._last_pass = LastPass(self._rules)
        self.classes = char_classes("".join(self._stops))
        exceptions = Spelled.of(list(self._rules.exceptions))
        self._guard = guard_of(exceptions.text, exceptions.ends)
        self._memory = new_memory(_PLACES)

    def words(self, text: str) -> list[str]:
        """Tokens without whitespace, as datatrove's `word_tokenize`."""
        return self.spelled(text).words()

    def spelled(self, text: str) -> Spelled:
        """The same as bytes."""
        if _UNSPEAKABLE in text:
            return Spelled.of(self._words_without_unspeakable(text))
        if self._has_spaced_exception(text):
            return Spelled.of([stripped for token in self._tokens(text) if (stripped := token.strip())])
        return self._cut(text.encode())

    def sentences(self, text: str) -> int:
        """The rule of spaCy's sentencizer: the first token after a stop that is no punctuation begins a new sentence."""
        while _UNSPEAKABLE in text:
            text = self._speakable(text)
        if self._has_spaced_exception(text):
            return self._sentences_of_tokens(self._tokens(text))
        encoded = text.encode()
        return sentences_of(np.frombuffer(encoded, np.uint8), self._cut(encoded).ends, self.classes)

    def _sentences_of_tokens(self, tokens: Iterable[str]) -> int:
        sentences, stopped = 1, False
        for token in tokens:
            if token in self._stops:
                stopped = True
            elif stopped and not is_punct(token):
                sentences += 1
                stopped = False
        return sentences

    def _cut(self, text: bytes) -> Spelled:
        """The words of a text that chunks have by themselves or among their neighbours."""
        codes = np.frombuffer(text, np.uint8)
        tight, lasts, chunks, unknown = cut_text(codes, self.classes, self._guard, self._is_english, self._memory)
        if len(unknown):
            cut = _Cut([], [], [])
            self._cut_chunks(text, chunks, unknown.tolist(), cut)
            sizes, words, lasting = np.array(cut.sizes, np.int64), np.array(cut.words), np.array(cut.lasting)
            learn(codes, chunks, unknown, sizes, words, lasts, lasting, self._memory)
        return Spelled(tight, np.flatnonzero(lasts) + 1, is_whole=True)

    def _cut_chunks(self, text: bytes, chunks: Chunks, unknown: list[int], cut: "_Cut") -> None:
        """What `learn` asks for of each of the `unknown` chunks; those that may depend on their neighbours do not last."""
        own: dict[bytes, Tokens] = {}
        for number in unknown:
            chunk = text[chunks.item(number, 0) : chunks.item(number, 1)]
            tokens = own.get(chunk)
            lasting = tokens is None
            if tokens is None:
                tokens = self._rules.cut(chunk.decode())
                if self._last_pass.may_change(tokens):
                    tokens, lasting = self._settled(text, chunks, number), False
                else:
                    own[chunk] = tokens
            cut.words.append(len(tokens))
            cut.lasting.append(lasting)
            cut.sizes.extend(len(token.encode()) for token in tokens)

    def _settled(self, text: bytes, chunks: Chunks, number: int) -> Tokens:
        """The final tokens of a chunk; neighbours change them across single spaces."""
        first, last = _among(text, chunks, number, self._last_pass.reach)
        near = [text[start:end].decode() for start, end, _ in chunks[first : last + 1].tolist()]
        return self._last_pass.settled(list(map(self._rules.cut, near)))[number - first]

    def _tokens(self, text: str) -> Iterator[str]:
        """All tokens, whitespace among them, of a text with exceptions that have a space, but without the unspeakable."""
        runs = groupby(_chunks_and_spaces(text), str.isspace)
        lines = (chunks if blank else [" ".join(chunks)] for blank, chunks in runs)
        return chain.from_iterable(map(self._tokens_of_line, chain.from_iterable(lines)))

    def _tokens_of_line(self, line: str) -> Iterable[str]:
        """The tokens of a run without whitespace tokens inside, which nothing outside of it can change."""
        if line.isspace():
            return (line,)
        if not self._has_spaced_exception(line):
            return self._cut(line.encode()).words()
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


class _Cut(NamedTuple):
    """How chunks were cut: the bytes of all tokens, how many each chunk has, and whether it always has them."""

    sizes: list[int]
    words: list[int]
    lasting: list[bool]


def _among(text: bytes, chunks: Chunks, number: int, reach: int) -> tuple[int, int]:
    """The first and the last of the chunks around one that stand with single spaces between them, `reach` at most each way."""
    first = last = number
    while first > max(0, number - reach) and text[chunks.item(first - 1, 1) : chunks.item(first, 0)] == b" ":
        first -= 1
    while (
        last + 1 < min(len(chunks), number + reach + 1)
        and text[chunks.item(last, 1) : chunks.item(last + 1, 0)] == b" "
    ):
        last += 1
    return first, last


def _stand_in(text: str) -> str:
    """A word that spaCy's rules cannot tell from the unspeakable, and that `text` does not have."""
    return next(word for letters in count() if (word := _UNSPEAKABLE[:-1] + "B" * (letters + 1)) not in text)


def _chunks_and_spaces(text: str) -> list[str]:
    """The chunks of `text`, and between them the whitespace that spaCy makes tokens of: all but a single space after a chunk."""
    chunks = text.split()
    if " ".join(chunks) == text:
        return chunks
    return [run for place, run in enumerate(_RUNS.findall(text)) if run != " " or place == 0]
