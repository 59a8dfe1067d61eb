"""What the sandbox's child says of a page, as it goes through the pipe: text, with a line of JSON before it where there is more.

Both halves stand here. The parent reads as if somebody hostile had written: whatever is not exactly of this form is refused.
"""

import orjson

from pipeline.extracted import Extracted
from pipeline.page_metadata import DATE, FACT_CHARS
from pipeline.storable import storable

TEXT, NO_TEXT, FACTS = b"T", b"N", b"F"

KNOWN = ("title", "author", "published")


def written(found: Extracted | None) -> tuple[bytes, str]:
    """The kind and the body of the answer."""
    if found is None:
        return NO_TEXT, ""
    facts = {name: storable(value)[:FACT_CHARS] for name in KNOWN if (value := getattr(found, name)) is not None}
    if not facts:
        return TEXT, storable(found.text)
    return FACTS, f"{orjson.dumps(facts).decode()}\n{storable(found.text)}"  # JSON has its newlines escaped


def read(kind: bytes, body: str) -> Extracted | None:
    """What was written; a ValueError says what is wrong with it."""
    if kind == TEXT:
        return Extracted(body)
    if kind == NO_TEXT:
        return None
    if kind != FACTS:
        raise ValueError(f"answered {kind!r}")
    line, _, text = body.partition("\n")
    facts = orjson.loads(line)
    if not isinstance(facts, dict) or not all(_is_fact(name, value) for name, value in facts.items()):
        raise ValueError("answered facts that are none")
    return Extracted(text, **facts)


def _is_fact(name: object, value: object) -> bool:
    if name not in KNOWN or not isinstance(value, str) or len(value) > FACT_CHARS:
        return False
    return name != "published" or DATE.fullmatch(value) is not None
