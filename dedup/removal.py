"""Lines and paragraphs that go from the texts of a dataset because several of its documents have them.

CCNet (Wenzek et al. 2020) and Dolma (Soldaini et al. 2024) take out paragraphs that were seen; FineWeb tried it with lines.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from dedup.lines import SPLITS, RepeatedLines, Units
from pipeline.errors import RecipeError
from pipeline.evidence import Place, lines_of


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveRepeatedLines:
    """Takes `lines` (or paragraphs) out of each document that stays, where enough of those that stay have them.

    The first document that has one, by the order of survival, keeps all its occurrences; with `keep_first` false it goes there
    too. A line goes with its end, a paragraph with the blank lines after it. A document of which nothing but white space is left
    leaves for the reason `only_repeats`.
    """

    name: ClassVar[str] = "remove_repeated_lines"
    version: ClassVar[int] = 1

    lines: RepeatedLines = field(default_factory=RepeatedLines)
    keep_first: bool = True

    def places(self, text: str, goes: Units) -> list[Place]:
        """Where the units with the hashes `goes` stand in `text`, each with the break after it; before it at the text's end."""
        pieces = list(lines_of(text, SPLITS[self.lines.unit]))
        units = [text[start:end].strip() for start, end in pieces]
        looked = [place for place, unit in enumerate(units) if len(unit) >= self.lines.min_chars]
        hashes, known = self.lines.hashes([units[place] for place in looked]).tolist(), set(goes.tolist())
        gone = {place for place, each in zip(looked, hashes, strict=True) if each in known}
        ends = [*(start for start, _ in pieces[1:]), len(text)]
        found = [(pieces[place][0], ends[place]) for place in sorted(gone)]
        if len(pieces) - 1 in gone:
            stays = max((place for place in range(len(pieces)) if place not in gone), default=None)
            found.append((0 if stays is None else pieces[stays][1], len(text)))
        return found


def check_units(removals: Sequence[RemoveRepeatedLines]) -> None:
    """RecipeError for two of a unit: what they take out is counted in one table for each."""
    units = [each.lines.unit for each in removals]
    if len(set(units)) != len(units):
        raise RecipeError(f"remove_repeated_lines: units {', '.join(units)}: name each once")
