"""ARPA files, the text form of n-gram models: their lines, and what their head says."""

import re
from collections.abc import Sequence

from pipeline.model_formats.fields import Fields, RefusedError

MOST_ORDER = 6  # KenLM's own bound, unless it was built with another
MOST_LINE = 10_000  # bytes
_MOST_BLANK = 100  # lines, one behind the other
_COUNT = re.compile(rb"ngram\s+(\d{1,2})\s*=\s*(\d{1,15})")


def check_arpa(fields: Fields) -> str:
    """The same of an ARPA file that KenLM will read."""
    counts = arpa_counts(Lines(fields), MOST_ORDER)
    if min(counts) < 1:
        raise RefusedError(f"it says that it has {told(counts)}")
    return told(counts)


class Lines:
    """The lines of an ARPA file, without their ends, and the error that names one."""

    def __init__(self, fields: Fields) -> None:
        self._line, self.size = fields.line, fields.size
        self._number = 0

    def next(self) -> bytes:
        """The next line that is not blank; RefusedError at the end of the file."""
        blank = 0
        while not (line := self.any()):
            blank += 1
            if blank > _MOST_BLANK:
                raise self.wrong(f"more than {_MOST_BLANK} blank lines")
        return line

    def any(self) -> bytes:
        """The next line, which may be blank; RefusedError at the end of the file."""
        line = self._line(MOST_LINE)
        self._number += 1
        if not line:
            raise self.wrong("the file ends here")
        if len(line) == MOST_LINE and not line.endswith(b"\n"):
            raise self.wrong(f"longer than {MOST_LINE:,} bytes")
        return line.strip(b" \r\n")

    def expect(self, wanted: bytes) -> None:
        """Passes a line that must be there."""
        if (line := self.next()) != wanted:
            raise self.wrong(f"{line[:40]!r} where {wanted.decode()} should be")

    def wrong(self, why: str) -> RefusedError:
        """The error for the line that was read last."""
        return RefusedError(f"it is no whole ARPA file: line {self._number}: {why}")


def arpa_counts(lines: Lines, most: int) -> tuple[int, ...]:
    r"""How many n-grams each order has, `most` orders at most, by the head of the file up to `\1-grams:`.

    RefusedError where it is another one, or the file cannot hold so many.
    """
    lines.expect(b"\\data\\")
    counts: list[int] = []
    while (line := lines.any()).startswith(b"ngram"):
        found = _COUNT.fullmatch(line)
        if not found or int(found[1]) != len(counts) + 1 or len(counts) == most:
            raise lines.wrong(f"{line[:40]!r}, where `ngram {len(counts) + 1}=` and a number should be")
        counts.append(int(found[2]))
    if (line := line or lines.next()) != b"\\1-grams:":
        raise lines.wrong(f"{line[:40]!r} where \\1-grams: should be")
    # A line has a number, and a word and what separates it for each of the n-gram.
    least = sum(count * (2 + 2 * length) for length, count in enumerate(counts, 1))
    if not counts or not counts[0] or least > lines.size:
        raise lines.wrong(f"{sum(counts):,} n-grams are promised, and the file has {lines.size:,} bytes")
    return tuple(counts)


def told(counts: Sequence[int]) -> str:
    """How many n-grams of each length, in words."""
    return f"{' + '.join(f'{count:,}' for count in counts)} n-grams"
