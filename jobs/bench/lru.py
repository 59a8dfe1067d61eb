"""The benchmark `lru`: how much text trafilatura's memory of a whole process takes out of pages.

With `deduplicate=True` trafilatura counts the segments of all pages that a process extracts and drops one that it has seen
some times before: the text of a page then depends on the pages before it. The same pages are extracted with that memory emptied
before each page, in the order of the archives, and in the reverse order, each in a process of its own. Pages that break a
sandboxed extraction are left out first.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path
from typing import Any

import orjson
from rich.table import Table

from jobs.bench.machine import machine_facts
from jobs.bench.peer_trafilatura import BACKWARD, FORWARD, FRESH
from jobs.bench.settings import Settings
from jobs.bench.tables import as_markdown
from jobs.bench.texts import archives_of, extracted
from jobs.bench.watching import watch
from jobs.tables import numbers_table
from jobs.terminal import notice
from pipeline.errors import InputError

SCRIPT = Path(__file__).with_name("peer_trafilatura.py")
_Texts = Sequence[tuple[int, str]]  # characters and digest, page by page
_HEAD = ("texts", "characters", "pages changed", "emptied", "characters fewer", "% of all")


def lru(settings: Settings) -> dict[str, Any]:
    """Measures and returns what the result file holds (its shape is in `docs/bench.md`)."""
    facts = machine_facts()
    source = archives_of(settings)
    written, pages = settings.output / "pages.jsonl", 0
    with written.open("w", encoding="ascii") as file:
        for html, _ in extracted(source):
            file.write(json.dumps(html) + "\n")
            pages += 1
            if pages == settings.pages:
                break
    if not pages:
        raise InputError(f"{source}: no page has a body")
    pythons = [python for python in (Path(sys.executable), settings.peers) if python is not None and python.is_file()]
    with ThreadPoolExecutor(settings.workers) as pool:
        asked = list(product(pythons, (FRESH, FORWARD, BACKWARD)))
        answers = list(pool.map(lambda each: _run(each[0], each[1], written, settings), asked))
    written.unlink()
    by_version: dict[str, dict[str, _Texts]] = {}
    for answer in answers:
        by_version.setdefault(answer["version"], {}).update(answer["orders"])
    return {
        "what": "lru",
        "machine": facts,
        "made_from": source.name,
        "pages": pages,
        "trafilatura": {version: compared(orders) for version, orders in by_version.items()},
    }


def _run(python: Path, order: str, pages: Path, settings: Settings) -> dict[str, Any]:
    notice(f"{python.parent.parent.name}, {order}: extracting")
    name = f"trafilatura-{python.parent.parent.name}-{order}"
    told, answer = (settings.output / f"{name}.{what}.json" for what in ("settings", "answer"))
    asked = {"pages": str(pages.resolve()), "orders": [order], "answer": str(answer.resolve())}
    told.write_bytes(orjson.dumps(asked))
    command = [str(python), "-P", str(SCRIPT), str(told)]
    watch(command, log=settings.output / f"{name}.log", environment={"PYTHONPATH": ""}, tick=lambda: None)
    return orjson.loads(answer.read_bytes())


def compared(orders: Mapping[str, _Texts]) -> dict[str, Any]:
    """What each order leaves beside a fresh memory, and in how many pages the two orders differ."""
    fresh = orders[FRESH]
    return {
        **{order: _beside(fresh, texts) for order, texts in orders.items()},
        "orders_differ": _differing(orders[FORWARD], orders[BACKWARD]),
    }


def _beside(fresh: _Texts, texts: _Texts) -> dict[str, Any]:
    chars, all_chars = sum(size for size, _ in texts), sum(size for size, _ in fresh)
    return {
        "texts": sum(size > 0 for size, _ in texts),
        "chars": chars,
        "changed": _differing(fresh, texts),
        "emptied": sum(whole > 0 and size == 0 for (whole, _), (size, _) in zip(fresh, texts, strict=True)),
        "chars_fewer": all_chars - chars,
        "chars_fewer_ratio": round((all_chars - chars) / all_chars, 6) if all_chars else None,
    }


def _differing(some: _Texts, others: _Texts) -> int:
    return sum(one[1] != other[1] for one, other in zip(some, others, strict=True))


def _rows(orders: Mapping[str, Any]) -> list[tuple[str, ...]]:
    return [
        (
            order,
            *(f"{each[field]:,}" for field in ("texts", "chars", "changed", "emptied", "chars_fewer")),
            "-" if each["chars_fewer_ratio"] is None else f"{100 * each['chars_fewer_ratio']:.2f}",
        )
        for order, each in orders.items()
        if order != "orders_differ"
    ]


def tables(result: dict[str, Any]) -> list[Table]:
    """A table for each version of trafilatura."""
    found: list[Table] = []
    for version, orders in result["trafilatura"].items():
        title = f"trafilatura {version}: {result['pages']:,} pages of {result['made_from']}"
        table = numbers_table(title, _HEAD, _rows(orders))
        table.caption = f"{orders['orders_differ']:,} pages differ between the two orders."
        found.append(table)
    return found


def markdown(result: dict[str, Any]) -> str:
    """The same in Markdown."""
    return "\n".join(
        f"trafilatura {version}: {result['pages']:,} pages; {orders['orders_differ']:,} differ between the two orders\n\n"
        + as_markdown(_HEAD, _rows(orders))
        for version, orders in result["trafilatura"].items()
    )
