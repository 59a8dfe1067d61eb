"""Pages with labels, made for a test: good ones explain, others sell, and some words are in both."""

from pathlib import Path
from random import Random

import orjson

GOOD = ["because", "therefore", "theory", "measured", "energy", "history", "explains", "example", "result", "evidence"]
BAD = ["buy", "cheap", "click", "deal", "sale", "login", "cart", "shipping", "menu", "subscribe"]
BOTH = ["the", "of", "and", "page", "a", "to", "in", "is", "that", "for"]


def page(seed: int, *, good: bool) -> str:
    chosen = Random(seed)
    own = GOOD if good else BAD
    words = [chosen.choice(own if chosen.random() < 0.3 else BOTH) for _ in range(chosen.randint(20, 120))]
    return "\n".join(" ".join(words[at : at + 12]) + "." for at in range(0, len(words), 12))


def rows(count: int = 120) -> list[dict]:
    return [{"text": page(seed, good=seed % 3 == 0), "label": int(seed % 3 == 0)} for seed in range(count)]


def write_lines(path: Path, rows_: list[dict]) -> str:
    path.write_bytes(b"\n".join(map(orjson.dumps, rows_)))
    return str(path)
