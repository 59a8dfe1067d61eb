"""A page's text cut into pieces for a person: what did it is marked, what a transform took out stands where it was."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pipeline.evidence import Span
from pipeline.inspection.word_diff import MOST_WORDS, stretches

MOST_CHARS = 1_600  # of a page are shown; some 20 lines
MOST_REMOVED = 240  # characters shown of one removed passage
MOST_EDITS = 400
MOST_MARKS = 400
FAR, LEAD = 480, 160  # a mark after more than FAR characters is shown with LEAD characters before it

MOST_COMPARED = 200_000  # characters of a text
CONTEXT = 12  # words shown before and after what differs

Kind = Literal["plain", "mark", "removed", "gap"]


@dataclass(frozen=True, slots=True)
class Piece:
    """Some text of a page; of a mark `what` it is, of a removed passage what took it out, of a gap how much is not shown."""

    kind: Kind
    text: str
    what: str = ""


def annotated(
    text: str, spans: Sequence[Span], edits: Sequence[dict[str, Any]] = (), most: int = MOST_CHARS
) -> list[Piece]:
    """Pieces that are a stretch of `text` of at most `most` characters; from shortly before the first mark where that is far.

    `edits` are those of the documents table: what they removed stands, struck through and shortened, where it was.
    """
    removals = [each for each in _removals(edits) if each[1].strip()]
    first = min([span.start for span in spans[:1]] + [at for at, _, _ in removals[:1] if not spans], default=0)
    begin = _word_start(text, first - LEAD) if first > FAR else 0
    end = min(len(text), begin + most)
    cuts = [each for each in removals if begin <= each[0] <= end]
    pieces = [Piece("gap", "", _chars(begin))] if begin else []
    pieces += _pieces(text, begin, end, _within(spans, begin, end), cuts, most)
    return [*pieces, Piece("gap", "", _chars(len(text) - end))] if end < len(text) else pieces


def _word_start(text: str, at: int) -> int:
    """The start of a word at or soon after `at`."""
    found = re.compile(r"\s\S").search(text, at, at + LEAD)
    return found.start() + 1 if found else at


def _chars(count: int) -> str:
    return f"{count:,} characters not shown"


def _within(spans: Sequence[Span], begin: int, end: int) -> Iterator[Span]:
    here = (span for span in spans if span.start < end and span.end > begin)
    for _, span in zip(range(MOST_MARKS), here, strict=False):
        yield Span(max(span.start, begin), min(span.end, end), span.what)


def _pieces(
    text: str, begin: int, end: int, spans: Iterator[Span], removals: Sequence[tuple[int, str, str]], most: int
) -> list[Piece]:
    """Plain and marked text in turn, with the removed passages put in."""
    stretches: list[tuple[int, int, str]] = []
    at = begin
    for span in spans:
        stretches += [(at, span.start, ""), (max(at, span.start), span.end, span.what)]
        at = max(at, span.end)
    stretches.append((at, end, ""))
    pieces: list[Piece] = []
    waiting = list(removals)[::-1]
    for start, stop, what in stretches:
        while waiting and waiting[-1][0] <= stop and (what or waiting[-1][0] < stop or stop == end):
            place, removed, transform = waiting.pop()
            if most > 0 and place >= start:
                pieces += _piece(text[start:place], what)
                pieces.append(Piece("removed", _shortened(removed), transform))
                start, most = place, most - min(len(removed), MOST_REMOVED)
        pieces += _piece(text[start:stop], what)
    return pieces


def _piece(text: str, what: str) -> list[Piece]:
    return [Piece("mark" if what else "plain", text, what)] if text else []


def _shortened(text: str) -> str:
    half = MOST_REMOVED // 2
    return text if len(text) <= MOST_REMOVED else f"{text[:half]} … {text[-half:]}"


def _removals(edits: Sequence[dict[str, Any]]) -> list[tuple[int, str, str]]:
    """Where in the final text each edit took something out, what, and which transform did.

    An edit's place is in the text as the edits before it left it, so each later edit before that place moves it.
    """
    places: list[tuple[int, str, str]] = []
    known = list(edits[:MOST_EDITS])
    for number, edit in enumerate(known):
        at = int(edit["start"])
        for later in known[number + 1 :]:
            start, gone = int(later["start"]), len(later["removed"])
            if start <= at:
                at = start if at < start + gone else at + len(later["inserted"]) - gone
        places.append((at, edit["removed"], edit["transform"]))
    return sorted(places, key=lambda each: each[0])


_WITHOUT_SPACES = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"  # kana and ideographs: each is a word
_WORD = re.compile(rf"[{_WITHOUT_SPACES}]\s*|[^\s{_WITHOUT_SPACES}]+\s*")


def compared(one: str, other: str) -> tuple[list[Piece], list[Piece]]:
    """Both texts from shortly before their first difference on, what differs marked word by word."""
    ours, theirs = _WORD.findall(one[:MOST_COMPARED]), _WORD.findall(other[:MOST_COMPARED])
    same = next((at for at, (a, b) in enumerate(zip(ours, theirs, strict=False)) if a.split() != b.split()), None)
    begin = max(0, (min(len(ours), len(theirs)) if same is None else same) - 30)
    here, there = ours[begin : begin + MOST_WORDS], theirs[begin : begin + MOST_WORDS]
    left: list[Piece] = []
    right: list[Piece] = []
    for alike, a, b, c, d in stretches([w.strip() for w in here], [w.strip() for w in there]):
        left += _piece("".join(here[a:b]), "" if alike else "only here")
        right += _piece("".join(there[c:d]), "" if alike else "only here")
    return _framed(left, begin, len(ours)), _framed(right, begin, len(theirs))


def changed(stayed: str, removed: str, context: int | None = CONTEXT) -> list[Piece]:
    """What a text has otherwise than the one that stayed: as `removed` the words that it lacks, as `mark` those that it adds.

    Between changes more than `context` words that are the same become a gap; without `context` all of the text is there.
    """
    ours, theirs = _WORD.findall(stayed), _WORD.findall(removed)
    found = stretches([word.strip() for word in ours], [word.strip() for word in theirs])
    pieces: list[Piece] = []
    for alike, a, b, c, d in found:
        if alike:
            at_end = b == len(ours) and d == len(theirs)
            pieces += _folded(ours[a:b], context, before=bool(a or c), after=not at_end)
        else:
            pieces += [Piece("removed", "".join(ours[a:b]), "the text that stayed")] if b > a else []
            pieces += _piece("".join(theirs[c:d]), "only here")
    return pieces


def _folded(words: list[str], context: int | None, *, before: bool, after: bool) -> list[Piece]:
    """Words that are the same; of many only those next to what was changed `before` and `after` them."""
    lead, tail = (context or 0) * before, (context or 0) * after
    if context is None or len(words) <= lead + tail + 1:
        return _piece("".join(words), "")
    gap = Piece("gap", "", f"{len(words) - lead - tail:,} words that are the same")
    return [*_piece("".join(words[:lead]), ""), gap, *_piece("".join(words[len(words) - tail :]), "")]


def _framed(pieces: list[Piece], begin: int, words: int) -> list[Piece]:
    before = [Piece("gap", "", f"{begin:,} words that are the same")] if begin else []
    left = words - begin - MOST_WORDS
    shown = list(_limited(pieces, 2 * MOST_CHARS))
    cut = len(shown) < len(pieces) or shown[-1:] != pieces[-1:]
    after = f"{left:,} words not shown" if left > 0 else "the rest is not shown" if cut else ""
    return [*before, *shown, *([Piece("gap", "", after)] if after else [])]


def _limited(pieces: list[Piece], most: int) -> Iterator[Piece]:
    """The pieces up to `most` characters: a word may have a million."""
    for piece in pieces:
        if most <= 0:
            return
        yield Piece(piece.kind, piece.text[:most], piece.what)
        most -= len(piece.text)
