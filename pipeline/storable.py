"""Text as it can be kept: what comes from the web may hold halves of characters. Imports little, for an extractor's process."""

import re

_SURROGATE = re.compile("[\ud800-\udfff]")


def storable(text: str) -> str:
    """Text that UTF-8 (and so Arrow) can hold: each lone surrogate becomes U+FFFD."""
    if text.isascii():
        return text
    try:
        text.encode()  # a fifth of the time that the expression takes to find nothing
    except UnicodeEncodeError:
        return _SURROGATE.sub("\ufffd", text)
    return text
