import subprocess
import sys
from pathlib import Path

import pytest

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
