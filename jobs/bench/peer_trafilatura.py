"""Extracts pages one after another in this process, as datatrove's example asks trafilatura to; imports nothing of ours.

`PYTHON peer_trafilatura.py SETTINGS.json` reads `pages` (a file with the HTML of a page a line, as JSON), `orders` and `answer`,
and writes `version` and, by order, of each page in the order of the file the characters and a digest of the text. `fresh`
empties trafilatura's memory of text before each page; `forward` and `backward` leave it as it is in a process that goes on.
"""

import json
import sys
from collections.abc import Iterable
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

from trafilatura import extract
from trafilatura.deduplication import LRU_TEST

FRESH, FORWARD, BACKWARD = "fresh", "forward", "backward"


def texts(pages: Iterable[bytes], *, fresh: bool) -> list[tuple[int, str]]:
    """Characters and digest of each page's text; a page without one, or that breaks the extractor, has none."""
    found: list[tuple[int, str]] = []
    LRU_TEST.clear()
    for page in pages:
        if fresh:
            LRU_TEST.clear()
        try:
            text = extract(json.loads(page), favor_precision=True, include_comments=False, deduplicate=True) or ""
        except Exception as error:  # noqa: BLE001  whatever a page does to it
            print(f"{type(error).__name__}: {error}", file=sys.stderr)  # noqa: T201  into the log
            text = ""
        found.append((len(text), sha256(text.encode("utf-8", "surrogatepass")).hexdigest()))
    return found


def main() -> None:
    """Reads the settings, writes the answer."""
    told = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    pages = Path(told["pages"]).read_bytes().splitlines()
    found = {
        order: texts(pages, fresh=order == FRESH) if order != BACKWARD else texts(reversed(pages), fresh=False)[::-1]
        for order in told["orders"]
    }
    Path(told["answer"]).write_text(json.dumps({"version": version("trafilatura"), "orders": found}), encoding="utf-8")


if __name__ == "__main__":
    main()
