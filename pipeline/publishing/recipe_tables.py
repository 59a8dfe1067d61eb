"""A recipe as tables: every part with its parameters, every rule with its bound, read from what the fingerprints digest."""

from collections.abc import Iterator
from typing import Any

from pipeline.publishing.markdown import code, plain, table
from pipeline.publishing.meanings import ITEMS
from pipeline.runs import BESIDE

MOST_VALUE_CHARS, MOST_FOREIGN_CHARS, MOST_ITEMS = 60, 16, 20
_HEAD = ("is", "version", "engines")


def value_text(value: Any) -> str:
    """A value of a fingerprint's payload, as a person writes it."""
    if isinstance(value, dict):
        return _mapping_text(value)
    if isinstance(value, list):
        shown = ", ".join(map(value_text, value[:MOST_ITEMS])) or "none"
        return f"{shown}, … ({len(value)} in all)" if len(value) > MOST_ITEMS else shown
    if isinstance(value, str):
        most = MOST_VALUE_CHARS if value.isascii() else MOST_FOREIGN_CHARS
        return f"{value[:most]}… ({len(value)} characters)" if len(value) > most else value
    words = {True: "yes", False: "no", None: "none"}
    return words[value] if value is None or isinstance(value, bool) else f"{value:,}"


def _mapping_text(value: dict[str, Any]) -> str:
    if "float" in value:
        return repr(float.fromhex(value["float"])).removesuffix(".0")
    if value.get("is") == "Asset":
        return f"file with SHA-256 {value['sha256'][:16]}…"
    inside = ", ".join(f"{key}={value_text(each)}" for key, each in value.items() if key not in _HEAD)
    return f"{value.get('is', '')}({inside})"


def _parameters(item: dict[str, Any]) -> str:
    fields = [f"{key.replace('_', ' ')}: {value_text(value)}" for key, value in item.items() if key not in _HEAD]
    return plain_lines(fields) or "none"


def plain_lines(lines: list[str]) -> str:
    """Lines of one cell."""
    return "<br>".join(plain(line) for line in lines)


def _engines(item: dict[str, Any]) -> str:
    return ", ".join(code(f"{name} {version}") for name, version in item.get("engines", {}).items()) or "-"


def items_table(items: list[dict[str, Any]]) -> str:
    """One row a gate, extractor, measure, transform or counter, in the recipe's order."""
    rows = (
        (
            code(item["is"]),
            plain(ITEMS.get(item["is"], "")),
            _parameters(item),
            f"{item.get('version', '-')}",
            _engines(item),
        )
        for item in items
    )
    return table(("part", "what it does", "parameters", "version", "engines"), rows)


def rules_table(rules: list[dict[str, Any]]) -> str:
    """One row a rule: what fails a page, in the order in which the first failure counts."""
    rows = (
        (
            str(number),
            code(rule["signal"]),
            code(bound_text(rule)),
            code(rule["reason"]),
            "fails" if rule["null_fails"] else "passes",
        )
        for number, rule in enumerate(rules, 1)
    )
    return table(("", "signal", "a page is dropped where it is", "reason", "where it is unknown"), rows)


def bound_text(rule: dict[str, Any]) -> str:
    """Operator and bound, `< 50`."""
    value = rule["value"]
    shown = ", ".join(map(str, value)) if isinstance(value, list | tuple) else f"{value}"
    return f"{rule['op']} {shown}"


def stage(manifest: dict[str, Any], step: str) -> dict[str, Any]:
    """The identity of a step's stage; empty where the run has no such step."""
    return manifest["payload"].get(step, {}).get("stage", {})


def ingest_items(manifest: dict[str, Any]) -> list[dict[str, Any]]:
    """Gates, extractor, measures and transforms of `ingest`, then what is taken from stored text or joined from files."""
    beside = (stage(manifest, step) for step in manifest["payload"] if step.startswith(BESIDE))
    added = (next(each[part] for part in ("measure", "annotation", "model", "ensemble") if part in each) for each in beside)
    return [*stage(manifest, "ingest").get("items", []), *added]


def pack_items(manifest: dict[str, Any]) -> list[dict[str, Any]]:
    """The last transforms, and what counts tokens."""
    packed = stage(manifest, "pack")
    return [*packed.get("transforms", []), *([packed["tokens"]] if packed.get("tokens") else [])]


def has_item(manifest: dict[str, Any], name: str) -> bool:
    """Whether a part of this name belongs to the recipe."""
    return any(item["is"] == name for item in (*ingest_items(manifest), *pack_items(manifest)))


def limits(manifest: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The limits of extraction, name and value."""
    for name, value in stage(manifest, "ingest").get("limits", {}).items():
        if name not in _HEAD:
            yield name.replace("_", " "), value_text(value)
