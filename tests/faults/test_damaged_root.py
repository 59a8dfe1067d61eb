"""A ROOT in which something was damaged: one line that names the file, from every reader, and verify goes on to the end."""

from collections.abc import Callable
from pathlib import Path

import pytest
from obstore.exceptions import GenericError
from obstore.store import MemoryStore

from pipeline.errors import GristmillError, StorageError, TransientError
from pipeline.receipts import FileEntry, Receipt
from pipeline.sources import Source, SourcePart, load_source, save_source
from pipeline.storage import LocalStorage, ObjectStorage, open_storage
from pipeline.tables import columns_of, read_batches, read_row_groups, read_rows, read_table

GARBAGE = b"PAR1 is not all there is to it PAR1"
READERS: dict[str, Callable[..., object]] = {
    "whole": read_table,
    "columns": columns_of,
    "batches": lambda *where: list(read_batches(*where)),
    "rows": lambda *where: read_rows(*where, 0),
    "row group": lambda *where: list(read_row_groups(*where, 0, 1)),
}


@pytest.mark.parametrize("reader", READERS)
def test_a_damaged_table_is_one_line_that_names_it(tmp_path: Path, reader: str) -> None:
    (tmp_path / "t.parquet").write_bytes(GARBAGE)
    files = {"t": FileEntry("t.parquet", "", len(GARBAGE), 1)}
    receipt = Receipt(step="s", fingerprint="f", source="s", key="k", name="n", attempt="a", files=files, counts={})
    with pytest.raises(StorageError, match=r"^t\.parquet is damaged: [^\n]+\Z"):
        READERS[reader](LocalStorage(tmp_path), receipt, "t")


def test_a_damaged_list_of_files_is_one_line_that_names_it(tmp_path: Path) -> None:
    storage = LocalStorage(tmp_path)
    path = save_source(storage, Source("s", (SourcePart("n", "/n", 1, "t"),)))
    (tmp_path / path).write_bytes(GARBAGE)
    with pytest.raises(StorageError, match="is damaged"):
        load_source(storage, path)


@pytest.mark.parametrize("root", ["s3://", "~no-such-user-here/out"])
def test_a_root_that_is_no_place_is_one_clear_error(root: str) -> None:
    with pytest.raises(GristmillError, match=r"^[^\n]+\Z"):
        open_storage(root)


def test_a_store_that_fails_in_the_middle_of_a_table_is_worth_a_retry(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object, **__: object) -> object:
        raise GenericError("Generic S3 error: HTTP error: error sending request\nDebug source: ConnectionReset")

    storage = ObjectStorage("s3://bucket", store=MemoryStore())
    monkeypatch.setenv("GRISTMILL_RETRY_SECONDS", "0")
    monkeypatch.setattr("pipeline.remote.ranged_file.obstore.get", fails)
    files = {"t": FileEntry("t.parquet", "", 1000, 1)}
    receipt = Receipt(step="s", fingerprint="f", source="s", key="k", name="n", attempt="a", files=files, counts={})
    with pytest.raises(TransientError, match=r"t\.parquet: connection reset \(after 1 tries"):
        read_table(storage, receipt, "t")
