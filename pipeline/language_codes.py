"""What a language is called by others: ISO 639-3 with a script (`por_Latn`), ISO 639-1 (`pt`), and its name.

The table is datatrove's tokenizer assignment, some 2,200 languages with their scripts; it is read as a file, so that nothing of
datatrove is imported for it.
"""

import csv
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from pipeline.errors import RecipeError


@dataclass(frozen=True, slots=True)
class LanguageCode:
    """One language in one script."""

    iso3: str
    iso1: str  # empty where there is none
    script: str
    name: str
    usual_script: bool
    usual_of_iso1: bool  # where several languages share `iso1`, the one that is meant by it

    @property
    def written(self) -> str:
        """As GlotLID and FineWeb2 write it: `por_Latn`."""
        return f"{self.iso3}_{self.script}"


@cache
def language_codes() -> tuple[LanguageCode, ...]:
    """The table, in its order."""
    spec = find_spec("datatrove")
    folders = (spec.submodule_search_locations or ()) if spec else ()
    for folder in folders:
        with (Path(folder) / "assets" / "tokenizer_assignment.csv").open(encoding="utf-8", newline="") as file:
            return tuple(
                LanguageCode(
                    iso3=row["code_3"],
                    iso1=row["code_1"],
                    script=row["script"],
                    name=row["name"],
                    usual_script=row["default_script"] == "TRUE",
                    usual_of_iso1=row["default_code_1"] == "TRUE",
                )
                for row in csv.DictReader(file)
            )
    raise RecipeError("datatrove is not installed; run `make setup`")


def name_of(code: str) -> str | None:
    """The English name of `por_Latn`, `por` or `pt`; None for a code that is not in the table."""
    return next((each.name for each in _same(code)), None)


def counterparts(code: str) -> tuple[str, ...]:
    """What others call the language `code`, without `code` itself, the likeliest first: of `pt`, `por_Latn` and `por`."""
    names = [name for each in _same(code) for name in (each.written, each.iso1, each.iso3) if name]
    return tuple(name for name in dict.fromkeys(names) if name != code)


def _same(code: str) -> list[LanguageCode]:
    """The entries that `code` may mean, the likeliest first."""
    language, _, script = code.partition("_")
    found = [each for each in language_codes() if language in {each.iso3, each.iso1}]
    return sorted(
        found,
        key=lambda each: (
            each.script != script if script else not each.usual_script,
            language == each.iso1 and not each.usual_of_iso1,
        ),
    )
