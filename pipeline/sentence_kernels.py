"""The kernel that counts sentences of words cut by spaCy's rules: the rule of its sentencizer, on the text's own bytes."""

import numpy as np
import numpy.typing as npt

from pipeline.char_classes import CHOSEN, PUNCTUATION, SPACE
from pipeline.chunk_kernels import READ, Bytes, char_at
from pipeline.kernels import kernel

Ends = npt.NDArray[np.int64]


@kernel()
def _after_space(text: Bytes, at: int, end: int, classes: Bytes) -> int:
    while at < end:
        code, size = char_at(text, at)
        if not classes[code] & SPACE:
            break
        at += size
    return at


@kernel()
def _word(text: Bytes, at: int, end: int, classes: Bytes) -> tuple[bool, bool]:
    """Whether the word is a stop, and whether it is nothing but punctuation."""
    code, size = char_at(text, at)
    is_stop = at + size == end and classes[code] & CHOSEN != 0
    while at < end:
        code, size = char_at(text, at)
        if not classes[code] & PUNCTUATION:
            return is_stop, False
        at += size
    return is_stop, True


@kernel()
def sentences_between(text: Bytes, at: int, end: int, ends: Ends, word: int, classes: Bytes) -> tuple[int, int]:
    """The sentences of `text[at:end]`, whose first word is number `word`, and the number of the word behind it.

    Whitespace is a token but for a single space behind a word. The first token after a stop (`CHOSEN`) that is no
    punctuation begins a new sentence.
    """
    start, sentences, stopped = at, 1, False
    while at < end:
        behind = _after_space(text, at, end, classes)
        if behind > at:
            spoken, is_stop = at == start or behind > at + 1 or text[at] != ord(" "), False
            at = behind
        else:
            behind += ends[word] - (ends[word - 1] if word else 0)
            is_stop, silent = _word(text, at, behind, classes)
            spoken = not silent
            at = behind
            word += 1
        if is_stop:
            stopped = True
        elif stopped and spoken:
            sentences += 1
            stopped = False
    return sentences, word


@kernel(f"({READ}, int64[::1], uint8[::1])")
def sentences_of(text: Bytes, ends: Ends, classes: Bytes) -> int:
    """The sentences of a text whose words end there, in the text without its whitespace."""
    return sentences_between(text, 0, len(text), ends, 0, classes)[0]
