"""Token counts of a byte-level BPE tokenizer, remembered piece by piece: the same counts in less than half of the time.

Such a tokenizer cuts a text into pieces by GPT-2's expression and merges bytes within each, so a count is a sum over pieces, most
of which are words that were there before. The expression is repeated here for the characters of Western texts, whose classes are
written out; a text with any other character, or with a special token, is left to the tokenizer.
"""

import re

from tokenizers import Tokenizer

_LETTERS = "A-Za-zªµºÀ-ÖØ-öø-ɏ"
_NUMBERS = "0-9²³¹¼½¾"
_SPACES = r"\t-\r \x85\xa0\u2000-\u200a\u2028\u2029\u202f\u205f"
# Latin, its controls, punctuation, currencies, arrows, mathematics, shapes, pictures: what is none of the above is a mark.
KNOWN = r"\x00-\u024f\u2000-\u206f\u20a0-\u20bf\u2122\u2190-\u22ff\u2500-\u26ff\U0001f300-\U0001f64f"

_UNKNOWN = re.compile(f"[^{KNOWN}]")
PIECES = re.compile(
    rf"'(?:s|t|re|ve|m|ll|d)| ?[{_LETTERS}]+| ?[{_NUMBERS}]+| ?[^{_SPACES}{_LETTERS}{_NUMBERS}]+"
    rf"|[{_SPACES}]+(?![^{_SPACES}])|[{_SPACES}]+"
)

# Longer pieces do not come back. An entry takes some 120 bytes, so both generations take 16 MB.
_REMEMBERED = 1 << 16
_PIECE_CHARS = 24


class PieceCounts:
    """Counts tokens by pieces; what it remembers is bounded by two generations and never changes an answer."""

    def __init__(self, tokenizer: Tokenizer, special_tokens: tuple[str, ...]) -> None:
        self._tokenizer = tokenizer
        self._special = special_tokens
        self._young: dict[str, int] = {}
        self._old: dict[str, int] = {}

    def count(self, text: str) -> int:
        """The number of tokens of a text."""
        if _UNKNOWN.search(text) or any(token in text for token in self._special):
            return self._asked([text])[0]
        pieces = PIECES.findall(text)
        counts = list(map(self._young.get, pieces))
        unknown = [piece for piece, count in zip(pieces, counts, strict=True) if count is None]
        known = self._learned(dict.fromkeys(unknown)) if unknown else {}
        return sum(filter(None, counts)) + sum(map(known.__getitem__, unknown))

    def _learned(self, pieces: dict[str, None]) -> dict[str, int]:
        known = {piece: count for piece in pieces if (count := self._old.get(piece)) is not None}
        new = [piece for piece in pieces if piece not in known]
        known |= zip(new, self._asked(new), strict=True)
        self._young |= {piece: count for piece, count in known.items() if len(piece) <= _PIECE_CHARS}
        if len(self._young) > _REMEMBERED:
            self._young, self._old = {}, self._young
        return known

    def _asked(self, texts: list[str]) -> list[int]:
        # The batch call is 1.3 times faster than `encode` because it does not track where each token stands.
        return [len(encoding) for encoding in self._tokenizer.encode_batch_fast(texts)]
