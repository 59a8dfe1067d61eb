"""Takes lines that are no text out of pages, and tells pages that are none (C4, as datatrove 0.10.1 does it for FineWeb)."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import TYPE_CHECKING, ClassVar

import pyarrow as pa

from pipeline.char_classes import char_classes
from pipeline.errors import RecipeError
from pipeline.evidence import Span
from pipeline.identity import IDENTITY_IF_CHANGED
from pipeline.measures import Edit, Rule, Transformed, schema, signals_of
from pipeline.nltk_words import NltkEnglish
from pipeline.pages import Pages
from pipeline.spelled import Spelled
from pipeline.words import ENGINES, check_words, count_sentences, sentence_classes, sentence_places

if TYPE_CHECKING:
    from filters.line_counts import Line

# C4's own marks, as datatrove has them (compared in the parity tests). Importing them from its filters would bring the client
# of the Hub into every worker: a third of the time that a recipe takes to import.
END_PUNCTUATION = (".", "?", "!", '"', "'")
ELLIPSIS = "..."
CITATION = re.compile(r"\[\d*\]|\[edit\]|\[citation needed\]")
POLICY_PHRASES = ("terms of use", "privacy policy", "cookie policy", "uses cookies", "use of cookies", "use cookies")

LOREM_IPSUM = "lorem_ipsum"
CURLY_BRACKET = "curly_bracket"

_STOPS = {"{": "curly bracket", "lorem ipsum": "placeholder text"}
_STOP = re.compile("|".join(map(re.escape, _STOPS)), re.IGNORECASE)

_Cut = tuple[int, int, str]  # from, to (characters of the original text), what comes in their place


@dataclass(frozen=True, slots=True, kw_only=True)
class C4Lines:
    """Removes lines and citations; a line is one of `str.splitlines`, without the whitespace around it.

    A line goes if a word of it is longer than `max_word_chars`, if it does not end as a sentence (where
    `only_punctuated_lines`), if it has fewer than `min_line_words` words (citations are words unless
    `words_without_citations`), speaks of JavaScript, or has one of `policy_phrases`. `c4_page_stop` is what ends a page in C4:
    the first `lorem_ipsum` or `curly_bracket` in a line not removed before. The walk goes on after it and such a line may stay,
    so that the other signals are known and the text is what it would be without that rule. `c4_sentence_count` is of the lines
    that stay; sentences are datatrove's for `language`, or those of `tokenizer`.

    With `by_sentence`, what is said of lines holds for sentences, and those that stay are joined by a space. `max_word_chars` is
    None for no bound. C4's own code has `end_marks=(".", "?", "!", '"')` and `min_line_words=5`, and asks for 3 sentences.
    """

    name: ClassVar[str] = "c4_lines"
    version: ClassVar[int] = 1
    engines: ClassVar[tuple[str, ...]] = ENGINES
    signals: ClassVar[pa.Schema] = schema(
        c4_page_stop="string",
        c4_lorem_ipsum_line_count="int32",
        c4_curly_bracket_line_count="int32",
        c4_sentence_count="int32",
        c4_removed_line_count="int32",
    )

    max_word_chars: int | None = 1000
    remove_citations: bool = True
    only_punctuated_lines: bool = False  # C4 itself: True; it removes 30 % of the text, so FineWeb left it out
    min_line_words: int = 3
    remove_javascript_lines: bool = True
    policy_phrases: tuple[str, ...] = POLICY_PHRASES
    language: str = "en"
    end_marks: tuple[str, ...] = field(default=END_PUNCTUATION, metadata=IDENTITY_IF_CHANGED)
    by_sentence: bool = field(default=False, metadata=IDENTITY_IF_CHANGED)
    words_without_citations: bool = field(default=False, metadata=IDENTITY_IF_CHANGED)
    tokenizer: NltkEnglish | None = field(default=None, metadata=IDENTITY_IF_CHANGED)

    def __post_init__(self) -> None:
        if self.only_punctuated_lines and not all(self.end_marks):
            raise RecipeError("c4_lines: an empty end mark would end every line")

    def check(self) -> None:
        """Refuses a language whose words cannot be told here (RecipeError)."""
        if self.tokenizer is None:
            check_words(self.language)

    def transform(self, pages: Pages) -> Transformed:
        """New texts, their edits and one row of signals per page."""
        words: Sequence[Spelled | None] = [None] * len(pages)
        if not self.by_sentence and sentence_classes(self.language, self.tokenizer) is not None:
            words = pages.spelled(self.language)
        walks = [_Walk(self, *page) for page in zip(pages.texts, words, strict=True)]
        edited = [_edited(text, walk.cuts) for text, walk in zip(pages.texts, walks, strict=True)]
        rows = [walk.signals() for walk in walks]
        return Transformed(
            texts=[text for text, _ in edited],
            edits=[edits for _, edits in edited],
            signals=signals_of(
                self.signals, {name: [row[name] for row in rows] for name in self.signals.names}, len(pages)
            ),
        )

    def evidence(self, text: str, subject: str) -> list[Span]:
        """What ends a page in C4, as far as it is still in the text; the lines that were removed are among the edits."""
        if subject != "c4_page_stop":
            return []
        return [Span(*found.span(), _STOPS[found[0].lower()]) for found in _STOP.finditer(text)]

    @staticmethod
    def rules(*, min_sentences: int = 5) -> tuple[Rule, ...]:
        """C4's bounds in datatrove's order; the two page stops are one signal, so their order is that of the lines.

        | reason | datatrove's reason |
        |---|---|
        | `placeholder_text` | `lorem_ipsum` |
        | `has_curly_bracket` | `curly_bracket` |
        | `few_sentences` | `too_few_sentences` |
        """
        return (
            Rule("c4_page_stop", "==", LOREM_IPSUM, "placeholder_text"),
            Rule("c4_page_stop", "==", CURLY_BRACKET, "has_curly_bracket"),
            Rule("c4_sentence_count", "<", min_sentences, "few_sentences"),
        )


class _Walk:
    """One pass over the lines of a text: what to cut out of it, and what was seen on the way."""

    def __init__(self, part: C4Lines, text: str, words: Spelled | None) -> None:
        """`words` are those of the text, where they tell sentences."""
        self._part = part
        self._text = text
        self._stops: list[str] = []
        self._sentences = 0
        self._removed = 0
        self._plain = _is_plain(part, text)
        self._cites = part.remove_citations and "[" in text
        self.cuts: list[_Cut] = []
        kept_to = -1  # no line kept so far
        for line in self._lines(words):
            if self._stays(line):
                self._cut_between(text, kept_to, line.first)
                if self._cites:
                    found = CITATION.finditer(text[line.first : line.last])
                    self.cuts += [(line.first + m.start(), line.first + m.end(), "") for m in found]
                kept_to = line.last
            else:
                self._removed += 1
        if kept_to < len(text):
            self.cuts.append((max(0, kept_to), len(text), ""))

    def _lines(self, words: Spelled | None) -> "Iterator[Line]":
        from filters.line_counts import counted_lines  # compiled, which who only looks need not wait for

        part, text = self._part, self._text
        if part.by_sentence:
            ends = [end for _, end in sentence_places(text, part.language)]
        else:
            ends = list(accumulate(map(len, text.splitlines(keepends=True))))
        classes = sentence_classes(part.language, part.tokenizer)
        known = words.ends if words is not None and words.is_whole else None
        return counted_lines(text, ends, char_classes() if classes is None else classes, known)

    def signals(self) -> dict[str, int | str | None]:
        return {
            "c4_page_stop": self._stops[0] if self._stops else None,
            "c4_lorem_ipsum_line_count": self._stops.count(LOREM_IPSUM),
            "c4_curly_bracket_line_count": self._stops.count(CURLY_BRACKET),
            "c4_sentence_count": self._sentences,
            "c4_removed_line_count": self._removed,
        }

    def _stays(self, line: "Line") -> bool:
        part = self._part
        if part.max_word_chars is not None and line.longest_word > part.max_word_chars:
            return False
        words, sentences, said = line.words, line.sentences, self._text[line.first : line.last]
        if self._cites and len(uncited := CITATION.sub("", said)) < len(said):
            said, sentences = uncited, -1
            if part.words_without_citations:
                words = len(said.split())
        if part.only_punctuated_lines and (not said.endswith(part.end_marks) or said.endswith(ELLIPSIS)):
            return False
        if words < part.min_line_words or (not self._plain and self._is_unwanted(said)):
            return False
        if sentences < 0:
            sentences = 1 if part.by_sentence else count_sentences(said, part.language, part.tokenizer)
        self._sentences += sentences
        return True

    def _is_unwanted(self, line: str) -> bool:
        lowered = line.lower()
        if "lorem ipsum" in lowered:
            self._stops.append(LOREM_IPSUM)
        if self._part.remove_javascript_lines and "javascript" in lowered:
            return True
        if "{" in line:
            self._stops.append(CURLY_BRACKET)
        return any(phrase in lowered for phrase in self._part.policy_phrases)

    def _cut_between(self, text: str, kept_to: int, first: int) -> None:
        """What stands between two lines that stay becomes one newline (or space); what stands before the first goes."""
        glue = " " if self._part.by_sentence else "\n"
        if kept_to < 0:
            if first:
                self.cuts.append((0, first, ""))
        elif text[kept_to : kept_to + 1] != glue or first == kept_to:
            self.cuts.append((kept_to, first, glue))
        elif first > kept_to + 1:
            self.cuts.append((kept_to + 1, first, ""))


def _is_plain(part: C4Lines, text: str) -> bool:
    """Whether nothing that `_Walk._is_unwanted` looks for can be in any line of the page: one look instead of one a line.

    Without citations a line is a piece of the page, and ASCII letters become small ones alike in both.
    """
    if "[" in text or "{" in text or not all(phrase.isascii() for phrase in part.policy_phrases):
        return False
    lowered = text.lower()
    return not any(phrase in lowered for phrase in ("lorem ipsum", "javascript", *part.policy_phrases))


def _edited(text: str, cuts: list[_Cut]) -> tuple[str, tuple[Edit, ...]]:
    """The text after all cuts, without the whitespace that they leave around it, and the edits that lead there."""
    edits: list[Edit] = []
    pieces: list[str] = []
    done, length = 0, 0
    for start, end, inserted in cuts:
        length += start - done
        edits.append(Edit(C4Lines.name, length, text[start:end], inserted))
        pieces += (text[done:start], inserted)
        length += len(inserted)
        done = end
    left = "".join([*pieces, text[done:]])
    stripped = left.lstrip()
    if stripped != left:
        edits.append(Edit(C4Lines.name, 0, left[: len(left) - len(stripped)]))
    new = stripped.rstrip()
    if new != stripped:
        edits.append(Edit(C4Lines.name, len(new), stripped[len(new) :]))
    return new, tuple(edits)
