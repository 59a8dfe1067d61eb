"""Sizes as people read them."""

_UNITS = ("B", "kB", "MB", "GB", "TB")


def bytes_text(count: float, gap: str = " ") -> str:
    """A number of bytes for people, `1.1 GB`, with `gap` before the unit."""
    for unit in _UNITS[:-1]:
        if count < 1000:
            return f"{count:.0f}{gap}{unit}" if unit == "B" else f"{count:.1f}{gap}{unit}"
        count /= 1000
    return f"{count:.1f}{gap}{_UNITS[-1]}"
