"""What a page shows between its tags, compiled: one look at each character, read where Python holds it."""

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from pipeline.kernels import inlined, kernel

if TYPE_CHECKING:

    def code_at(text: str, place: int) -> int:
        """The code point of the character at `place`, which must lie in the text."""
        ...
else:
    from numba.cpython.unicode import _get_code_point as code_at  # `ord(text[place])` makes a string for each character

Spans = npt.NDArray[np.int32]

_NOT_SHOWN = np.frombuffer(b"script style noscript svg template title ", np.uint8)
_SPACE, _BANG, _DASH, _SLASH, _LESS, _GREATER = 32, 33, 45, 47, 60, 62


@inlined
def _is_space(code: int) -> bool:
    """As `str.isspace`."""
    if code < 0x80:
        return code == _SPACE or 9 <= code <= 13 or 28 <= code <= 31
    if code < 0x2000:
        return code in (0x85, 0xA0, 0x1680)
    return code <= 0x200A or code in (0x2028, 0x2029, 0x202F, 0x205F, 0x3000)


@inlined
def _is_letter(code: int) -> bool:
    return ord("a") <= code | 32 <= ord("z")


@inlined
def _after(html: str, what: int, place: int, end: int) -> int:
    """The place behind the next character `what`, or `end`."""
    while place < end:
        place += 1
        if code_at(html, place - 1) == what:
            return place
    return end


@inlined
def _after_comment(html: str, tag: int, end: int) -> int:
    for place in range(tag + 4, end):  # <!--> is one: its dashes count at both ends
        if code_at(html, place) == _GREATER and code_at(html, place - 1) == code_at(html, place - 2) == _DASH:
            return place + 1
    return end


@inlined
def _hides(html: str, name: int, length: int) -> bool:
    """Whether the name, of letters alone, is one of `_NOT_SHOWN`."""
    word = 0
    while word < len(_NOT_SHOWN):
        same = 0
        while same < length and _NOT_SHOWN[word + same] == code_at(html, name + same) | 32:
            same += 1
        if same == length and _NOT_SHOWN[word + same] == _SPACE:
            return True
        while _NOT_SHOWN[word] != _SPACE:
            word += 1
        word += 1
    return False


@inlined
def _after_end_tag(html: str, name: int, length: int, place: int, end: int) -> int:
    """The place behind the next end tag of this name, spelled as it is at `name`."""
    for start in range(place, end - length - 1):
        if code_at(html, start) == _LESS and code_at(html, start + 1) == _SLASH:
            same = 0
            while same < length and code_at(html, start + 2 + same) == code_at(html, name + same):
                same += 1
            if same == length:
                return _after(html, _GREATER, start + 2 + length, end)
    return end


@inlined
def _behind(html: str, tag: int, end: int) -> int:
    """Where a tag ends, or the comment or the hidden element that it begins."""
    name = length = tag + 1
    if tag + 3 < end and code_at(html, name) == _BANG and code_at(html, tag + 2) == code_at(html, tag + 3) == _DASH:
        return _after_comment(html, tag, end)
    while length < end and _is_letter(code_at(html, length)):
        length += 1
    # What Python's expressions take for one of a to z where case is ignored; no hidden name has one.
    longer = length < end and code_at(html, length) in (0x130, 0x131, 0x17F, 0x212A)
    length -= name
    behind = _after(html, _GREATER, tag, end)
    if length and not longer and _hides(html, name, length):
        return _after_end_tag(html, name, length, behind, end)
    return behind


@kernel("int64(unicode_type, int64, int64, int64, int32[:, ::1])")
def find_shown(html: str, place: int, end: int, chars: int, spans: Spans) -> int:
    """Sets from where to where each piece of shown text lies, without space around it, until they hold `chars`; how many.

    There is room for `chars` pieces: none is empty.
    """
    count = held = 0
    while place < end and held < chars:
        first, last = end, place
        while place < end:
            code = code_at(html, place)
            if code == _LESS:
                break
            place += 1
            if not _is_space(code):
                first, last = min(first, place - 1), place
        if first < last:
            spans[0, count], spans[1, count] = first, last
            count, held = count + 1, held + last - first
        if place < end:
            place = _behind(html, place, end)
    return count
