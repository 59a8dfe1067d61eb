"""KenLM's models: ARPA files, and binaries that the library maps into memory by what their head says."""

import math
import re
import struct
from collections.abc import Iterator, Sequence

from pipeline.model_formats.fields import Fields, RefusedError

MOST_ORDER = 6  # KenLM's own bound, unless it was built with another
_MAGIC = b"mmap lm http://kheafield.com/code format version 5\n"
_SANITY = struct.Struct("<56s3f3IQ")
_KNOWN = (
    _MAGIC.ljust(56, b"\0"),
    0.0,
    1.0,
    -0.5,
    1,
    (1 << 32) - 1,
    0,
    1,
)  # by which KenLM tells another machine's files
_FIXED = "<B3xfiB3xI"  # order, multiplier, kind, whether the words are there, version
_KINDS = 6
_HEAD_LINES, _LINE_BYTES = 100, 1000
_COUNT = re.compile(rb"ngram\s+(\d{1,2})\s*=\s*(\d{1,15})\s*")


def check_kenlm(fields: Fields) -> str:
    """How many n-grams of each length; RefusedError unless the head is KenLM's and the file can hold what it says."""
    if fields.size < _SANITY.size or fields.unpack(_SANITY.format) != _KNOWN:
        raise RefusedError("it is no KenLM binary of this machine's kind")
    order, multiplier, kind, _, _ = fields.unpack(_FIXED)
    if not 2 <= order <= MOST_ORDER or not 0 <= kind < _KINDS:
        raise RefusedError(f"it says that it has n-grams of up to {order} words in a structure of kind {kind}")
    if not (math.isfinite(multiplier) and 1 <= multiplier <= 100):
        raise RefusedError(f"it says that its tables are {multiplier} times as large as what they hold")
    counts = fields.unpack(f"<{order}Q")
    if min(counts) < 1 or sum(counts) > 8 * fields.left:  # quantised tries take some bits, more than one
        raise RefusedError(f"it says that it has {sum(counts):,} n-grams, in {fields.left:,} bytes")
    return _told(counts)


def check_arpa(fields: Fields) -> str:
    r"""The same of an ARPA file: a `\data\` section whose counts fit the file, and the unigrams behind it."""
    lines = _lines(fields)
    if next((line for line in lines if line), b"") != b"\\data\\":
        raise RefusedError(r"it does not begin with \data\, as an ARPA file does")
    counts: list[int] = []
    line = b""
    for line in lines:
        found = _COUNT.fullmatch(line)
        if found is None or int(found[1]) != len(counts) + 1:
            break
        counts.append(int(found[2]))
    if not 1 <= len(counts) <= MOST_ORDER:
        raise RefusedError(f"it has n-grams of up to {len(counts)} words")
    # A line has a number, and a word and what separates it for each of the n-gram.
    least = sum(count * (2 + 2 * length) for length, count in enumerate(counts, 1))
    if min(counts) < 1 or least > fields.size:
        raise RefusedError(f"it says that it has {sum(counts):,} n-grams, in {fields.size:,} bytes")
    if next((each for each in (line, *lines) if each), b"") != b"\\1-grams:":
        raise RefusedError(r"its counts are not followed by \1-grams:")
    return _told(counts)


def _lines(fields: Fields) -> Iterator[bytes]:
    head = fields.take(min(fields.size, _HEAD_LINES * _LINE_BYTES))
    return iter([line.strip() for line in head.split(b"\n")[:_HEAD_LINES]])


def _told(counts: Sequence[int]) -> str:
    return f"{' + '.join(f'{count:,}' for count in counts)} n-grams"
