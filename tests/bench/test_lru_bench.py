"""`gristmill bench lru`: pages beside those of a fresh memory, and a paragraph that all pages share shows the effect."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from jobs.bench.lru import SCRIPT, compared, markdown

SHARED = "The mill on the river grinds rye and wheat for every village between the two hills, as it has for a hundred years. "


def test_each_order_is_beside_a_fresh_memory_and_the_orders_beside_each_other() -> None:
    fresh = [(10, "a"), (20, "b"), (0, "c")]
    forward = [(10, "a"), (0, "x"), (0, "c")]
    backward = [(4, "y"), (20, "b"), (0, "c")]
    found = compared({"fresh": fresh, "forward": forward, "backward": backward})
    assert found["fresh"]["changed"] == found["fresh"]["chars_fewer"] == 0
    assert found["forward"] == {
        "texts": 1, "chars": 10, "changed": 1, "emptied": 1, "chars_fewer": 20, "chars_fewer_ratio": 0.666667,
    }  # fmt: skip
    assert found["backward"]["changed"] == 1
    assert found["backward"]["emptied"] == 0
    assert found["orders_differ"] == 2
    table = markdown({"pages": 3, "trafilatura": {"1.0": found}})
    assert "3 pages; 2 differ between the two orders" in table
    assert "| forward | 1 | 10 | 1 | 1 | 20 | 66.67 |" in table


def test_without_any_text_there_is_no_share() -> None:
    nothing = [(0, "a")]
    assert compared(dict.fromkeys(("fresh", "forward", "backward"), nothing))["fresh"]["chars_fewer_ratio"] is None


@pytest.mark.parametrize("order", ["forward", "backward"])
def test_a_paragraph_of_every_page_goes_after_some_pages_and_stays_with_a_fresh_memory(
    order: str, tmp_path: Path
) -> None:
    own = [
        f"Day {day}: the miller of house {day} wrote down what he ground, sold and kept that day. " for day in range(8)
    ]
    pages = [f"<html><body><article><p>{SHARED}</p><p>{text * 6}</p></article></body></html>" for text in own]
    (tmp_path / "pages.jsonl").write_text("".join(json.dumps(page) + "\n" for page in pages))
    asked = {"pages": str(tmp_path / "pages.jsonl"), "orders": ["fresh", order], "answer": str(tmp_path / "answer")}
    (tmp_path / "settings").write_text(json.dumps(asked))
    subprocess.run([sys.executable, "-P", str(SCRIPT), str(tmp_path / "settings")], check=True, timeout=120)
    found = json.loads((tmp_path / "answer").read_text())["orders"]
    shorter = [one[0] < whole[0] for one, whole in zip(found[order], found["fresh"], strict=True)]
    first, last = (0, -1) if order == "forward" else (-1, 0)
    assert not shorter[first]
    assert shorter[last]
    assert len({size for size, _ in found["fresh"]}) == 1
