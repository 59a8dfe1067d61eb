import subprocess
import sys
from pathlib import Path

import pytest
from edges_memory import FILE, MINHASH, part, signed

from dedup.ranges import KEYS
from dedup.stages.edges import Edges
from pipeline.steps import PartInputs
from pipeline.storage import LocalStorage
from pipeline.tables import read_range

SCRIPT = Path(__file__).with_name("edges_memory.py")


def peak(root: Path, documents: int) -> int:
    """Kilobytes that a process takes at most for `edges` over so many documents, where 100,000 may be held."""
    told = subprocess.run(
        [sys.executable, str(SCRIPT), str(root), str(documents)],
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    kilobytes, keys, edges = map(int, told.stdout.split())
    assert keys == documents
    assert documents / 2 < edges < documents
    return kilobytes


@pytest.mark.slow
def test_ten_times_the_documents_take_no_more_memory(tmp_path: Path) -> None:
    """All 2 million rows at once would take some 200 MB more than 200,000."""
    assert peak(tmp_path / "ten", 2_000_000) - peak(tmp_path / "one", 200_000) < 60_000


def test_a_range_holds_its_own_keys_and_nothing_of_the_row_groups_that_they_are_from(tmp_path: Path) -> None:
    storage = LocalStorage(tmp_path)
    receipts = signed(storage, 4 * FILE)
    stage = Edges(minhash=MINHASH, ranges=16)
    running = part(storage, stage, "p00003", (PartInputs(step="minhash", span=1, receipts=tuple(receipts)),))
    low, high = 3 * KEYS // 16, 4 * KEYS // 16
    keys = [own for own, _ in stage._read(running, low, high - 1, {"keys": 0})]
    rows = [table for each in receipts for table in read_range(storage, each, "bands", "key", low, high)]
    assert sum(own.size for own in keys) == sum(table.num_rows for table in rows) > 4 * FILE / 32
    assert all(own.flags.owndata for own in keys)
    assert all(table.get_total_buffer_size() < 2 * table.nbytes for table in rows)
