"""Passes pages that are HTML, and nothing that merely travelled with them: images, feeds, PDF, scripts."""

from dataclasses import dataclass
from typing import ClassVar

import pyarrow as pa

from pipeline.measures import NO_SIGNALS, Gated, signals_of
from pipeline.pages import Pages


@dataclass(frozen=True, slots=True, kw_only=True)
class HtmlOnly:
    """Stops pages whose MIME type is not one of `mimes`, as FineWeb's reader does.

    A page of unknown type is stopped too: finding the type where a record does not name it is the reader's work. A recipe that
    reads WET files adds `text/plain`. Parameters after `;` and letter case do not matter (RFC 9110, section 8.3.1).
    """

    name: ClassVar[str] = "html_only"
    version: ClassVar[int] = 1
    engines: ClassVar[tuple[str, ...]] = ()
    signals: ClassVar[pa.Schema] = NO_SIGNALS
    reasons: ClassVar[tuple[str, ...]] = ("not_html",)
    needs_html: ClassVar[bool] = True

    mimes: tuple[str, ...] = ("text/html", "application/xhtml+xml")

    def judge(self, pages: Pages) -> Gated:
        """`not_html` for every page of another or unknown type."""
        reasons = [None if _essence(mime) in self.mimes else "not_html" for mime in pages.mimes]
        return Gated(reasons, signals_of(self.signals, {}, len(pages)))


def _essence(mime: str | None) -> str:
    return (mime or "").partition(";")[0].strip().lower()
