"""Texts as the token ids that an encoder reads: the beginning, or windows over the whole, and one score of several windows."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from filters.quality.batching import Batch, Ids, Rows, batches
from pipeline.quality import Scores

if TYPE_CHECKING:
    from tokenizers import Encoding, Tokenizer

Pool = Literal["max", "mean"]

_CHARS_A_TOKEN = 6  # of English a token has 4 to 5
# A blank behind a letter or digit: no tokenizer of the families joins what stands before it with what comes after.
_CUT = re.compile(r"(?<=[^\W_])[ \t\n\r]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How a text is read: in at most `most` windows of `max_tokens`, special ones included.

    Each window begins with the last `overlap` tokens of the one before. `budget` is how many tokens a batch has, filled up with
    the id `padding`; None: each window is alone and as wide as it is long.
    """

    max_tokens: int
    most: int = 1
    overlap: int = 0
    pool: Pool = "mean"
    budget: int | None
    padding: int


@dataclass(frozen=True, slots=True)
class Windows:
    """The windows of some texts in batches; `firsts` is where each text's begin, `lengths` their tokens."""

    batches: list[Batch]
    firsts: Rows
    lengths: Rows

    @property
    def tokens(self) -> int:
        """Of all windows, special ones included."""
        return int(self.lengths.sum())

    @property
    def padding(self) -> int:
        """Tokens that are computed and mean nothing."""
        return sum(batch.width * len(batch.rows) for batch in self.batches) - self.tokens

    def pooled(self, scores: Scores, pool: Pool) -> Scores:
        """One score a text: the highest of its windows', or their mean, where each counts as many times as it has tokens."""
        if pool == "max":
            return np.maximum.reduceat(scores, self.firsts)
        sums = np.add.reduceat(scores * self.lengths, self.firsts)
        return sums / np.add.reduceat(self.lengths, self.firsts)


class WindowReader:
    """Reads texts with a tokenizer, which it sets up for itself."""

    def __init__(self, tokenizer: "Tokenizer", reading: Reading) -> None:
        tokenizer.no_padding()
        tokenizer.enable_truncation(reading.max_tokens, stride=reading.overlap)
        self._tokenizer, self.reading = tokenizer, reading

    def read(self, texts: Sequence[str]) -> Windows:
        """The windows of the texts, in order and in batches."""
        found = self.windows(texts)
        counts = np.fromiter(map(len, found), np.int64, len(found))
        flat = [window for each in found for window in each]
        lengths = np.fromiter(map(len, flat), np.int64, len(flat))
        return Windows(self._batches(flat, lengths), np.cumsum(counts) - counts, lengths)

    def _batches(self, flat: list[Ids], lengths: Rows) -> list[Batch]:
        if self.reading.budget is None:
            return [Batch(np.array([row]), ids[None], lengths[row : row + 1]) for row, ids in enumerate(flat)]
        return list(batches(flat, self.reading.budget, self.reading.max_tokens, self.reading.padding))

    def windows(self, texts: Sequence[str]) -> list[list[Ids]]:
        """The token ids of each text's windows, of which it has at least one.

        Only as much of a text is looked at as fills them: its beginning up to a blank, then four times as much.
        """
        found: list[list[Ids]] = [[] for _ in texts]
        open_ = range(len(texts))
        chars = self.reading.max_tokens * self.reading.most * _CHARS_A_TOKEN
        while open_:
            beginnings = [beginning(texts[row], chars) for row in open_]
            rest: list[int] = []
            for row, part, encoding in zip(
                open_, beginnings, self._tokenizer.encode_batch_fast(beginnings), strict=True
            ):
                if len(part) == len(texts[row]) or self._filled(encoding):
                    found[row] = self._ids(encoding)
                else:
                    rest.append(row)
            open_, chars = rest, chars * 4
        return found

    def _filled(self, encoding: "Encoding") -> bool:
        """Whether more text would change nothing."""
        most, full = self.reading.most, self.reading.max_tokens
        if most == 1:
            return len(encoding) == full
        each = [encoding, *encoding.overflowing]
        return len(each) > most or (len(each) == most and len(each[-1]) == full)

    def _ids(self, encoding: "Encoding") -> list[Ids]:
        each = [encoding] if self.reading.most == 1 else [encoding, *encoding.overflowing][: self.reading.most]
        return [np.array(window.ids, np.int32) for window in each]


def beginning(text: str, chars: int) -> str:
    """The text up to a blank at or after so many characters."""
    if len(text) <= chars:
        return text
    cut = _CUT.search(text, chars)
    return text if cut is None else text[: cut.start()]
