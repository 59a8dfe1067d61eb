"""Any filter or formatter of datatrove in a recipe, with its own verdicts and texts.

A filter is a measure that writes down what it says; a rule judges, as with every measure. A filter that changes the text it is
asked about (`C4QualityFilter`) is a transform, and so is a formatter.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self, cast

import pyarrow as pa

from filters.datatrove_block import ENGINES, Arguments, Block, arguments_of, block_class, refuse_randomness, short_name
from filters.text_edits import edits_between
from pipeline.errors import RecipeError
from pipeline.measures import NO_SIGNALS, Edit, Rule, Transformed, schema, signals_of
from pipeline.pages import Pages
from pipeline.storable import storable

PROBE = "The mill stands by the river. It grinds wheat, rye and barley, and it never stops before the evening."


@dataclass(frozen=True, slots=True, kw_only=True)
class _Adapted:
    """What the three adapters share: the block, the name of the part, and checks before a run."""

    version: ClassVar[int] = 1
    engines: ClassVar[tuple[str, ...]] = ENGINES

    block: str
    arguments: Arguments = ()
    called: str = ""
    reused: bool = False

    # A part's name is its class's; here every recipe names its own, so it is read from the instance.
    name: ClassVar[str] = cast("str", property(lambda self: self.called or short_name(self.block)))

    @classmethod
    def of(cls, block: str, *, called: str = "", reused: bool = False, **arguments: Any) -> Self:
        """The block at a dotted path, such as `datatrove.pipeline.filters.GopherQualityFilter`, built with `arguments`.

        `called` names the part and its signals. `reused` has one block judge all pages: for one that is slow to make (it
        loads a list) and keeps nothing of a page.
        """
        return cls(block=block, arguments=arguments_of(arguments), called=called, reused=reused)

    def _made(self) -> Any:
        return Block(path=self.block, arguments=self.arguments, reused=self.reused).made()

    def _check_kind(self, base: str, use: str) -> Any:
        """A block for a trial, after it was seen to be of the right kind and to draw no random numbers."""
        if not any(cls.__name__ == base for cls in block_class(self.block).__mro__):
            raise RecipeError(f"{self.block} is no {base}; {use}")
        made = self._made()
        refuse_randomness(made, self.block)
        return made


def _verdict(block: Any, text: str, url: str) -> tuple[bool, str | None, str]:
    """Whether the page passes, why not, and its text then. What the block raises is why it does not pass."""
    from datatrove.data import Document

    document = Document(text=text, id="", metadata={"url": url})
    try:
        answer = block.filter(document)
    except Exception as error:  # noqa: BLE001  their code on a hostile page
        return False, f"raised_{type(error).__name__}", text
    passes, reason = answer if isinstance(answer, tuple) else (answer, None)
    return bool(passes), None if passes else reason and storable(str(reason)), storable(document.text)


def _verdict_signals(name: str) -> pa.Schema:
    return schema(**{f"{name}_passes": "bool", f"{name}_reason": "string"})


def _verdict_rules(name: str, reasons: Sequence[str]) -> tuple[Rule, ...]:
    named = (Rule(f"{name}_reason", "==", reason, reason) for reason in reasons)
    return (*named, Rule(f"{name}_passes", "==", False, f"fails_{name}"))


def _try(block: Any, path: str) -> str:
    """The block's text of a plain page; RecipeError where it raises: it would for every page."""
    passes, reason, text = _verdict(block, PROBE, "https://example.org/")
    if not passes and (reason or "").startswith("raised_"):
        raise RecipeError(f"{path} {reason} on a plain sentence; does it need a package, a file or an argument?")
    return text


@dataclass(frozen=True, slots=True, kw_only=True)
class DatatroveFilter(_Adapted):
    """Writes what a filter of datatrove says of a page: `<name>_passes`, and `<name>_reason` where it does not and says why.

    A page on which the filter raises does not pass; its reason is `raised_<exception>`.
    """

    signals: ClassVar[pa.Schema] = cast("pa.Schema", property(lambda self: _verdict_signals(self.name)))

    def check(self) -> None:
        """Builds the filter and asks it about one sentence.

        Raises:
            RecipeError: it is no filter, cannot be built, draws random numbers, downloads, or raises.
        """
        text = _try(self._check_kind("BaseFilter", "take DatatroveFormatter for a formatter"), self.block)
        self._refuse_changed(PROBE, text)

    def measure(self, pages: Pages) -> pa.RecordBatch:
        """One row per page."""
        verdicts = [_verdict(self._made(), text, url) for text, url in zip(pages.texts, pages.urls, strict=True)]
        for old, (_, _, new) in zip(pages.texts, verdicts, strict=True):
            self._refuse_changed(old, new)
        columns = {
            f"{self.name}_passes": [passes for passes, _, _ in verdicts],
            f"{self.name}_reason": [reason for _, reason, _ in verdicts],
        }
        return signals_of(self.signals, columns, len(pages))

    def _refuse_changed(self, old: str, new: str) -> None:
        if old != new:
            raise RecipeError(f"{self.block} changes the text it judges; take DatatroveEditingFilter")

    def rules(self, *reasons: str) -> tuple[Rule, ...]:
        """Drops what the filter does not pass: for each of its `reasons` that you name under that, else as `fails_<name>`."""
        return _verdict_rules(self.name, reasons)


@dataclass(frozen=True, slots=True, kw_only=True)
class DatatroveEditingFilter(_Adapted):
    """A filter of datatrove that also changes the text of the pages it passes; what follows it measures the new text.

    Signals are those of `DatatroveFilter`. The text of a page that does not pass stays as it is.
    """

    signals: ClassVar[pa.Schema] = cast("pa.Schema", property(lambda self: _verdict_signals(self.name)))

    def check(self) -> None:
        """As `DatatroveFilter.check`."""
        _try(self._check_kind("BaseFilter", "take DatatroveFormatter for a formatter"), self.block)

    def transform(self, pages: Pages) -> Transformed:
        """New texts, the edits between old and new, and the verdicts."""
        verdicts = [_verdict(self._made(), text, url) for text, url in zip(pages.texts, pages.urls, strict=True)]
        texts = [new if passes else old for old, (passes, _, new) in zip(pages.texts, verdicts, strict=True)]
        columns = {
            f"{self.name}_passes": [passes for passes, _, _ in verdicts],
            f"{self.name}_reason": [reason for _, reason, _ in verdicts],
        }
        return Transformed(texts, _edits(self.name, pages.texts, texts), signals_of(self.signals, columns, len(pages)))

    def rules(self, *reasons: str) -> tuple[Rule, ...]:
        """As `DatatroveFilter.rules`."""
        return _verdict_rules(self.name, reasons)


@dataclass(frozen=True, slots=True, kw_only=True)
class DatatroveFormatter(_Adapted):
    """A formatter of datatrove. A page on which it raises fails its part: the text it should not have may be personal data."""

    signals: ClassVar[pa.Schema] = NO_SIGNALS

    def check(self) -> None:
        """Builds the formatter and has it format one sentence.

        Raises:
            RecipeError: it is no formatter, cannot be built, draws random numbers, or raises.
        """
        made = self._check_kind("BaseFormatter", "take DatatroveFilter for a filter")
        try:
            made.format(PROBE)
        except Exception as error:
            raise RecipeError(f"{self.block} raises {type(error).__name__} on a plain sentence: {error}") from error

    def transform(self, pages: Pages) -> Transformed:
        """New texts and the edits between old and new."""
        texts = [storable(self._made().format(text)) for text in pages.texts]
        return Transformed(texts, _edits(self.name, pages.texts, texts), signals_of(self.signals, {}, len(pages)))


def _edits(name: str, old: Sequence[str], new: Sequence[str]) -> list[tuple[Edit, ...]]:
    return [edits_between(name, before, after) for before, after in zip(old, new, strict=True)]
