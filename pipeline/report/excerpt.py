"""Some pages for a notebook: the same quotations as in the report, as one value that Jupyter shows as HTML."""

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.report.markup import Markup, joined, tag
from pipeline.report.style import sheet


@dataclass(frozen=True, slots=True)
class Excerpt:
    """Quoted pages, each of them escaped markup."""

    pages: Sequence[Markup]

    def __repr__(self) -> str:
        return f"{len(self.pages)} page(s), shown as HTML in a notebook"

    def _repr_html_(self) -> str:
        """What Jupyter shows."""
        style = sheet("colours", "quoted").replace(":root", ".gristmill")
        nothing = tag("p", "Nothing to show among the files that are looked at.")
        return joined(tag("style", Markup(style)), tag("div", self.pages or nothing, class_="gristmill"))
