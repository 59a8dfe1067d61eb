"""How spaCy's tokenizer cuts a chunk by a language's rules: its own expressions, asked only where they can find something.

The walk is that of spaCy 3.8: affixes come off both ends until none is left or an exception is; what stays is one token if it
is an exception or an address, else it is cut at infixes. Of 61,822 different chunks of real pages that are no plain words, each
has spaCy's own tokens, and takes a fifth of spaCy's time.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from pipeline.affix_pieces import Piece, charset_of, joined

Tokens = tuple[str, ...]

_Search = Callable[[str], re.Match[str] | None]
_Affix = int | tuple[re.Pattern[str] | None, _Search]  # so many characters; or what is needed, and what finds it

_MOST_CHARS = 1 << 12  # of which is remembered what can begin or end with them
_MOST_MARKS = 1 << 8
_ADDRESS_HAS = "."
_ASCII = "".join(map(chr, range(128)))


class AffixRules:
    """The rules of one of spaCy's languages, given by its `Defaults`."""

    def __init__(self, defaults: Any) -> None:
        """`defaults` are those of a language whose tokenizer is spaCy's own."""
        from spacy.lang.tokenizer_exceptions import URL_MATCH
        from spacy.symbols import ORTH

        rules: Mapping[str, Any] = defaults.tokenizer_exceptions
        self.exceptions = {chunk: tuple(token[ORTH] for token in tokens) for chunk, tokens in rules.items()}
        self._prefixes = _Ends(["^" + piece for piece in _pieces(defaults.prefixes)], 0)
        self._suffixes = _Ends([piece + "$" for piece in _pieces(defaults.suffixes)], -1)
        self._infixes = _Infixes([*_pieces(defaults.infixes)])
        self._token_match = defaults.token_match
        self._url_match = defaults.url_match
        self._address_has = _ADDRESS_HAS if defaults.url_match == URL_MATCH else ""

    def cut(self, chunk: str) -> Tokens:
        """The tokens of a chunk, before spaCy looks for exceptions among them."""
        return self.exceptions.get(chunk) or self._cut(chunk, self.exceptions)

    def cut_anew(self, chunk: str) -> Tokens:
        """The same as if there were no exceptions."""
        return self._cut(chunk, {})

    def finds_affixes(self, text: str) -> bool:
        """Whether an affix rule finds anything in `text`."""
        return bool(self._prefixes.size(text) or self._suffixes.size(text) or any(self._infixes.found(text)))

    def _cut(self, chunk: str, exceptions: Mapping[str, Tokens]) -> Tokens:
        before: list[str] = []
        after: list[str] = []
        prefix, suffix, whole = self._prefixes.size, self._suffixes.size, self._token_match
        while chunk:
            if (whole and whole(chunk)) or chunk in exceptions:
                break
            head = prefix(chunk)
            tail = suffix(chunk[head:]) if head else suffix(chunk)
            if not head and not tail:
                break
            if head and chunk[head:] in exceptions:
                tail = 0
            elif tail and chunk[:-tail] in exceptions:
                head = 0
            if head:
                before.append(chunk[:head])
            if tail:
                after.append(chunk[-tail:])
            chunk = chunk[head : len(chunk) - tail]
        if not chunk:
            return (*before, *after[::-1])
        return (*before, *(exceptions.get(chunk) or self._inner(chunk)), *after[::-1])

    def _inner(self, chunk: str) -> Iterable[str]:
        places = list(self._infixes.found(chunk))
        if not places or self._is_whole(chunk):
            return (chunk,)
        tokens: list[str] = []
        done = 0
        for found in places:
            start, end = found.span()
            if start:
                tokens += (chunk[done:start], chunk[start:end])
                done = end
        return filter(None, [*tokens, chunk[done:]])

    def _is_whole(self, chunk: str) -> bool:
        if self._token_match and self._token_match(chunk):
            return True
        return bool(self._url_match and self._address_has in chunk and self._url_match(chunk))


class _Ends:
    """Prefixes or suffixes: which pieces can match is remembered for each first or last character."""

    def __init__(self, texts: list[str], place: int) -> None:
        self._place = place
        self._pieces = [Piece(text) for text in texts]
        self._known: dict[str, _Affix] = {}

    def size(self, text: str) -> int:
        """How many characters the affix has that spaCy's whole expression finds first."""
        if not text:
            return 0
        char = text[self._place]
        known = self._known.get(char)
        if known is None:
            known = self._learn(char)
        if isinstance(known, int):
            return known
        need, search = known
        if need is not None and need.search(text) is None:
            return 0
        found = search(text)
        return found.end() - found.start() if found else 0

    def _learn(self, char: str) -> _Affix:
        if len(self._known) >= _MOST_CHARS:
            self._known.clear()
        able = [piece for piece in self._pieces if _has(piece.last if self._place else piece.first, char)]
        known: _Affix
        if all(piece.is_one for piece in able):
            known = min(len(able), 1)
        else:
            needs = [piece.need for piece in able]
            need = None if None in needs else charset_of(need for need in needs if need)
            known = need, joined(able).search
        self._known[char] = known
        return known


class _Infixes:
    """Which pieces can match is remembered for each mark that they need; a text of several kinds of marks is asked all."""

    def __init__(self, texts: list[str]) -> None:
        self._pieces = [Piece(text) for text in texts]
        self._marks = charset_of(piece.need for piece in self._pieces if piece.need)
        # What is beyond 16 bits makes a character class slow, for all others too.
        self._plain_marks = charset_of(re.escape(char) for char in _ASCII if self._marks and self._marks.match(char))
        self._whole = joined(self._pieces).finditer if texts else _nowhere
        self._known: dict[str, Callable[[str], Iterator[re.Match[str]]]] = {}

    def found(self, text: str) -> Iterator[re.Match[str]]:
        """What spaCy's whole expression finds in `text`."""
        marks = self._plain_marks if text.isascii() else self._marks
        seen = marks.search(text) if marks else None
        mark = seen[0] if seen else ""
        known = self._known.get(mark) or self._learn(mark)
        if seen and marks and marks.search(text.replace(mark, ""), seen.start()):
            return self._whole(text)
        return known(text)

    def _learn(self, mark: str) -> Callable[[str], Iterator[re.Match[str]]]:
        if len(self._known) >= _MOST_MARKS:
            return self._whole
        able = [piece for piece in self._pieces if not piece.need or (mark and _has(piece.need, mark))]
        self._known[mark] = found = joined(able).finditer if able else _nowhere
        return found


def _nowhere(_: str) -> Iterator[re.Match[str]]:
    return iter(())


def _has(chars: str | None, char: str) -> bool:
    return chars is None or re.match(f"[{chars}]", char) is not None


def _pieces(entries: Iterable[str] | None) -> Iterator[str]:
    return (entry for entry in entries or () if entry.strip())
