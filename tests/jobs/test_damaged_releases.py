"""A release that is damaged, or about to be changed, is one line that says so, before anything starts."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from test_dedup_verb import deduplicated, how, parquet, text

from jobs.deduplicating import prepare_rows
from pipeline.errors import StorageError

Change = Callable[[dict[str, Any]], object]


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("release")
    deduplicated(parquet(folder / "old" / "a.parquet", text=[text(1), text(2), text(2)]), root=folder / "one")
    return folder / "one"


def refused(release: Path, folder: Path) -> str:
    """What is said of a release that new rows are compared with."""
    new = parquet(folder / "new" / "b.parquet", text=[text(3)])
    with pytest.raises(StorageError) as error:
        prepare_rows([str(new)], str(folder / "two"), how(), against=[str(release)])
    assert not (folder / "two" / "steps").exists()
    return str(error.value)


def without(receipts: str, change: Change) -> Callable[[Path], None]:
    def damage(root: Path) -> None:
        (file,) = root.glob(f"steps/{receipts}/*/*/manifest-*.parquet")
        table = pq.read_table(file)
        rows = table.to_pylist()
        for row in rows:
            fields = orjson.loads(row["receipt"])
            change(fields)
            row["receipt"] = orjson.dumps(fields).decode()
        pq.write_table(pa.Table.from_pylist(rows, table.schema), file)

    return damage


def recorded(change: Change) -> Callable[[Path], None]:
    def damage(root: Path) -> None:
        (file,) = (root / "runs").iterdir()
        fields = orjson.loads(file.read_bytes())
        change(fields)
        file.write_bytes(orjson.dumps(fields))

    return damage


def takedown(root: Path) -> None:
    (root / "takedowns").mkdir()
    (root / "takedowns" / "t1.tombstones.parquet").write_bytes(b"")


DAMAGES: dict[str, tuple[Callable[[Path], None], str]] = {
    "no bands": (without("minhash", lambda f: f["files"].pop("bands")), "receipt of a.parquet has no table bands"),
    "no answers": (without("survivors", lambda f: f["files"].pop("survivors")), "has no table survivors"),
    "no count": (without("survivors", lambda f: f["counts"].pop("kept")), "receipt of a.parquet has no count kept"),
    "null count": (without("survivors", lambda f: f["counts"].update(kept=None)), "has no count kept"),
    "outside": (without("minhash", lambda f: f["files"]["bands"].update(path="/x")), "its file /x is not below ROOT"),
    "no unicode": (recorded(lambda f: f["payload"]["minhash"].pop("unicode")), "is damaged: 'unicode'"),
    "no stage": (recorded(lambda f: f["payload"].pop("minhash")), "is damaged: 'minhash'"),
    "stage of text": (recorded(lambda f: f["payload"]["minhash"].update(stage="x")), "is damaged: "),
    "source": (recorded(lambda f: f.update(source="x")), "its source x is no list of files below ROOT"),
    "span": (recorded(lambda f: [step.update(span=0) for step in f["steps"]]), "a span of 0"),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_release_is_one_line_that_names_what_is_damaged(release: Path, tmp_path: Path, name: str) -> None:
    damage, says = DAMAGES[name]
    shutil.copytree(release, tmp_path / "one")
    damage(tmp_path / "one")
    said = refused(tmp_path / "one", tmp_path)
    assert says in said
    assert "damaged" in said
    assert "\n" not in said


def test_a_release_with_an_unfinished_takedown_is_refused(release: Path, tmp_path: Path) -> None:
    shutil.copytree(release, tmp_path / "one")
    takedown(tmp_path / "one")
    assert "the takedown t1 is not finished" in refused(tmp_path / "one", tmp_path)


def test_an_undamaged_copy_of_it_is_taken(release: Path, tmp_path: Path) -> None:
    shutil.copytree(release, tmp_path / "one")
    new = parquet(tmp_path / "new" / "b.parquet", text=[text(3)])
    prepared = prepare_rows([str(new)], str(tmp_path / "two"), how(), against=[str(tmp_path / "one")])
    assert [each.source for each in prepared.releases] == ["a"]
