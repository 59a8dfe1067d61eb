"""What an extractor finds in a page.

It stands by itself, so that the process that extracts need not load Arrow, which it has no use for: 0.25 s and 60 MB.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Extracted:
    """What an extractor found in a page: its text and, where the extractor was asked for them and the page gives them, facts.

    `published` is a date, `2013-05-18`.
    """

    text: str
    title: str | None = None
    author: str | None = None
    published: str | None = None


class _NoSignals:
    def __get__(self, instance: object, owner: type) -> "pa.Schema":
        from pipeline.measures import NO_SIGNALS

        return NO_SIGNALS


class WithoutSignals:
    """An extractor that writes none: `signals` is a schema that is made for whoever asks for it.

    A base, because a dataclass looks at every default of its own.
    """

    __slots__ = ()

    signals: ClassVar[_NoSignals] = _NoSignals()
