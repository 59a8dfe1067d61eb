"""Every odd or broken archive of six WARC libraries ends in rows and reasons, or in one clear error for the file."""

from pathlib import Path

import pyarrow.parquet as pq
import pytest
from malformed_outcomes import documented, ingest_file, table

from pipeline.attempts import Failure
from pipeline.receipts import Receipt
from pipeline.sources import ARCHIVES

pytestmark = pytest.mark.corpus


@pytest.mark.parametrize("folder", ["malformed", "common-crawl"])
def test_every_file_ends_in_rows_and_reasons_or_one_clear_error(corpus: Path, folder: str, tmp_path: Path) -> None:
    files = sorted(file for file in (corpus / folder).rglob("*") if file.name.endswith(ARCHIVES))
    assert len(files) > 5
    rows = 0
    for file in files:
        outcome = ingest_file(file, tmp_path / file.name)
        if isinstance(outcome, Failure):
            assert not outcome.trace, f"{file.name}: a bug of ours: {outcome.trace}"
            assert file.name in outcome.why
            assert "\n" not in outcome.why
            continue
        records = pq.read_table(tmp_path / file.name / outcome.files["records"].path)
        assert outcome.counts["bytes"] == file.stat().st_size
        assert records.num_rows == outcome.counts["rows"]
        stopped = records.filter(records["document_row"].is_null())
        assert all(stopped["gate"].to_pylist())
        rows += records.num_rows
    assert rows > len(files) // 2


def test_a_conversion_record_of_a_wet_file_is_a_row(corpus: Path, tmp_path: Path) -> None:
    outcome = ingest_file(corpus / "common-crawl" / "whirlwind.warc.wet.gz", tmp_path)
    assert isinstance(outcome, Receipt)
    assert outcome.counts["rows"] == 1


def test_the_documentation_says_what_becomes_of_each_odd_archive(corpus: Path) -> None:
    assert documented() == table(corpus / "malformed"), "write it again: python tests/jobs/malformed_outcomes.py"
