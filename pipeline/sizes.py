"""Sizes as people read and write them."""

import re

from pipeline.errors import RecipeError

_UNITS = ("B", "kB", "MB", "GB", "TB")


_WRITTEN = re.compile(r"(\d+(?:\.\d+)?) ?([kMGT]i?)?B?", re.IGNORECASE)


def bytes_of(text: str, option: str) -> int:
    """The bytes of a size as people write it, `2GB`, `1.5 GiB`, `512m`; RecipeError naming `option` where it is none."""
    found = _WRITTEN.fullmatch(text.strip())
    if not found:
        raise RecipeError(f"{option} {text}: give a size such as 2GB, 512MB or 1.5GiB")
    prefix = (found[2] or "").lower()
    return int(float(found[1]) * (1024 if prefix.endswith("i") else 1000) ** " kmgt".index(prefix[:1] or " "))


def bytes_text(count: float, gap: str = " ") -> str:
    """A number of bytes for people, `1.1 GB`, with `gap` before the unit."""
    for unit in _UNITS[:-1]:
        if count < 1000:
            return f"{count:.0f}{gap}{unit}" if unit == "B" else f"{count:.1f}{gap}{unit}"
        count /= 1000
    return f"{count:.1f}{gap}{_UNITS[-1]}"
