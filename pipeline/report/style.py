"""How the report looks: one style sheet, light and dark, for a screen of any width and for paper."""

from functools import cache
from pathlib import Path

PARTS = ("colours", "page", "quoted")


@cache
def sheet(*parts: str) -> str:
    """The style sheet of the report, or some of its PARTS."""
    return "".join(Path(__file__).with_name(f"{part}.css").read_text("utf-8") for part in parts or PARTS)
