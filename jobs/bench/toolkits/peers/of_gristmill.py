"""Our own measures as the recipe `fineweb` has them, DCLM's formulas as `dclm` has them, and C4's lines as `c4` has them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import pyarrow as pa

from filters.c4 import C4Lines
from filters.dclm_quality import DclmQuality
from filters.dclm_repetition import DclmRepetition
from filters.gopher_quality import GopherQuality
from filters.gopher_repetition import GopherRepetition
from jobs.recipes.c4 import LINES
from pipeline.decide import judge
from pipeline.identity import engine_version
from pipeline.measures import Measure, Rule
from pipeline.pages import Pages

C4_STOPS = (  # each known for itself; in a run the first in a page counts
    Rule("c4_lorem_ipsum_line_count", ">", 0, "placeholder_text"),
    Rule("c4_curly_bracket_line_count", ">", 0, "has_curly_bracket"),
)
# The names under which the toolkits' rules are compared, where ours say it more exactly.
NAMES = {"many_hashes": "many_symbols", "many_ellipses": "many_symbols"}


@dataclass(frozen=True, kw_only=True)
class Gristmill:
    """Measures with their rules, and C4's line removal with its own."""

    measures: Mapping[str, tuple[Measure, tuple[Rule, ...]]] = field(default_factory=dict)
    c4: C4Lines | None = None
    min_sentences: int = 5
    words: bool = False  # timed alone, and there for all measures

    @property
    def versions(self) -> dict[str, str]:
        """Of what makes the words."""
        return {name: engine_version(name) for name in ("gristmill", "spacy")}

    def works(self, texts: Sequence[str]) -> dict[str, Callable[[], object]]:
        """The words of a batch first, then each measure over it."""
        pages = Pages(texts)
        found: dict[str, Callable[[], object]] = {"words": pages.spelled} if self.words else {}
        found |= {name: lambda each=each: each.measure(pages) for name, (each, _) in self.measures.items()}
        if self.c4 is not None:
            found["c4"] = lambda each=self.c4: each.transform(pages)
        return found

    def verdicts(self, texts: Sequence[str]) -> list[dict[str, bool]]:
        """Each rule's verdict; two rules of one name fail where one of them does."""
        pages = Pages(texts)
        found: list[dict[str, bool]] = [{} for _ in texts]
        for measure, rules in self.measures.values():
            _judge(measure.measure(pages), rules, found)
        if self.c4 is not None:
            bounds = self.c4.rules(min_sentences=self.min_sentences)
            sentences = [rule for rule in bounds if rule.signal != "c4_page_stop"]
            _judge(self.c4.transform(pages).signals, (*C4_STOPS, *sentences), found)
        return found

    def lines(self, text: str) -> dict[str, int]:
        """Lines that are gone when a line rule stands alone, beside no rule at all."""
        if self.c4 is None:
            return {}
        off = replace(
            self.c4,
            only_punctuated_lines=False,
            min_line_words=0,
            max_word_chars=None,
            remove_javascript_lines=False,
            policy_phrases=(),
        )
        alone = {
            "few_words_in_line": replace(off, min_line_words=self.c4.min_line_words),
            "no_end_mark": replace(off, only_punctuated_lines=True),
            "javascript_in_line": replace(off, remove_javascript_lines=True),
            "policy_in_line": replace(off, policy_phrases=self.c4.policy_phrases),
            "long_word_in_line": replace(off, max_word_chars=self.c4.max_word_chars),
        }
        left = _left(off, text)
        return {name: left - _left(rule, text) for name, rule in alone.items()}


def _judge(signals: pa.RecordBatch, rules: Sequence[Rule], found: Sequence[dict[str, bool]]) -> None:
    records = pa.Table.from_batches([signals])
    for name in ("gate", "error"):
        records = records.append_column(name, pa.nulls(len(records)))
    violations = judge(records, rules)["violations"].to_pylist()
    for page, violated in zip(found, violations, strict=True):
        for number, rule in enumerate(rules):
            if rule.reason == "empty_text":  # no text here is
                continue
            name = NAMES.get(rule.reason, rule.reason)
            page[name] = page.get(name, False) or number in violated


def _left(c4: C4Lines, text: str) -> int:
    return sum(bool(line.strip()) for line in c4.transform(Pages([text])).texts[0].splitlines())


def toolkit(name: str) -> Gristmill:
    """See `loop.Toolkit`."""
    if name == "dclm":
        quality, repetition = (DclmQuality(), DclmQuality.rules()), (DclmRepetition(), DclmRepetition.rules())
        return Gristmill(measures={"gopher_quality": quality, "gopher_repetition": repetition})
    if name == "c4":
        return Gristmill(c4=LINES, min_sentences=3)
    quality = (GopherQuality(), GopherQuality.rules())
    repetition = (GopherRepetition(), GopherRepetition.rules())
    measures = {"gopher_quality": quality, "gopher_repetition": repetition}
    return Gristmill(measures=measures, c4=C4Lines(), words=True)
