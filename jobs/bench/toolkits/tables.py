"""How the result of the benchmark `toolkits` looks."""

from collections.abc import Iterator, Sequence
from typing import Any

from rich.table import Table

from jobs.bench.tables import as_markdown
from jobs.tables import add_columns

ABSENT = "-"
OURS = "gristmill"  # which counts as datatrove does: its pairs with others than datatrove say nothing new
_WORDS = "words"

_Block = tuple[str, Sequence[str], list[tuple[str, ...]]]  # title, head (without the first cell), rows


def tables(result: dict[str, Any]) -> list[Table]:
    """Everything that was measured, a table for each question and group of pages."""
    found: list[Table] = []
    for title, head, rows in _blocks(result):
        table = Table(title=title, title_justify="left")
        table.add_column("", no_wrap=True)
        add_columns(table, right=list(head))
        for row in rows:
            table.add_row(*row)
        found.append(table)
    if absent := _absent(result):
        found[-1].caption = absent
        found[-1].caption_justify = "left"
    return found


def markdown(result: dict[str, Any]) -> str:
    """The same in Markdown."""
    written = [f"{title}\n\n{as_markdown(head, rows)}" for title, head, rows in _blocks(result)]
    return "\n".join([*written, *([_absent(result) + "\n"] if _absent(result) else [])])


def _absent(result: dict[str, Any]) -> str:
    missing = {name: each["missing"] for name, each in result["toolkits"].items() if "missing" in each}
    return "; ".join(f"{name} was not run ({why})" for name, why in missing.items())


def _blocks(result: dict[str, Any]) -> Iterator[_Block]:
    for group, sizes in result["groups"].items():
        named = f"{result['made_from']}, {group}: {sizes['pages']:,} pages of {sizes['chars_a_page']:,} characters"
        yield f"{named}; CPU ms/page, warm", ("alone", "with words"), _times(result, group)
        if result["disagree"]:
            found = result["disagree"][group]
            yield f"{named}; pages that fail", _names(found), _failed(found)
            yield f"{named}; pages that the first alone drops + the second alone", _pairs(found), _disagree(found)
            yield f"{named}; of {sizes['lines']:,} lines, taken out (in pages)", _line_names(found), _lines(found)


def _times(result: dict[str, Any], group: str) -> list[tuple[str, ...]]:
    """A row for each work; where words are split once for several works, the second figure counts them in."""
    rows: list[tuple[str, ...]] = []
    for name, each in result["toolkits"].items():
        if "missing" in each:
            continue
        spent: dict[str, float] = each["cpu_ms_a_page"][group]
        words = spent.get(_WORDS, 0.0)
        for work, taken in spent.items():
            with_words = taken if work in {_WORDS, "c4"} else taken + words
            rows.append((f"{name}: {work}", f"{taken:.3f}", f"{with_words:.3f}"))
        rows.append((f"{name}: all", "", f"{sum(spent.values()):.3f}"))
    return rows


def _names(found: dict[str, Any]) -> list[str]:
    return list(dict.fromkeys(name for each in found["rules"].values() for name in each["failed"]))


def _failed(found: dict[str, Any]) -> list[tuple[str, ...]]:
    return [
        (rule, *(f"{each['failed'][name]:,}" if name in each["failed"] else ABSENT for name in _names(found)))
        for rule, each in found["rules"].items()
    ]


def _pairs(found: dict[str, Any]) -> list[str]:
    pairs = dict.fromkeys(pair for each in found["rules"].values() for pair in each["disagree"])
    shown = [pair for pair in pairs if OURS not in pair.split("/") or pair.startswith(f"{OURS}/datatrove")]
    return shown or list(pairs)


def _disagree(found: dict[str, Any]) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for rule, each in found["rules"].items():
        said = (each["disagree"].get(pair) for pair in _pairs(found))
        cells = [ABSENT if pair is None else f"{pair['first']:,} + {pair['second']:,}" for pair in said]
        if any(cell != ABSENT for cell in cells):
            rows.append((rule, *cells))
    return rows


def _line_names(found: dict[str, Any]) -> list[str]:
    return list(dict.fromkeys(name for each in found["lines"].values() for name in each))


def _lines(found: dict[str, Any]) -> list[tuple[str, ...]]:
    def cell(each: dict[str, Any], name: str) -> str:
        return f"{each[name]['lines']:,} ({each[name]['pages']:,})" if name in each else ABSENT

    return [(rule, *(cell(each, name) for name in _line_names(found))) for rule, each in found["lines"].items()]
