"""`gristmill dedup --against`: somebody's rows without those that finished runs have."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from test_dedup_verb import kept, parquet, text, told
from trial import typed


def test_rows_that_an_earlier_release_has_go_and_it_is_told_where_it_has_them(tmp_path: Path) -> None:
    parquet(tmp_path / "old" / "a.parquet", text=[text(1), text(2)], id=["a0", "a1"])
    parquet(tmp_path / "old" / "b.parquet", text=[text(3), text(2)], id=["b0", "b1"])
    new = [text(3) + " more", text(4), text(4), text(2), text(5)]
    parquet(tmp_path / "new" / "c.parquet", text=new, id=[f"c{n}" for n in range(5)])
    old, out = str(tmp_path / "one"), str(tmp_path / "two")
    assert typed("dedup", str(tmp_path / "old"), "--output", old).returncode == 0
    done = typed("dedup", str(tmp_path / "new"), "--output", out, "--against", old)
    assert done.returncode == 0, done.stderr
    assert f"against {old}@old" in done.stderr.replace("\n", "")
    assert kept(Path(out))["text"].to_pylist() == [text(4), text(5)]
    assert kept(Path(out))["minhash_cluster_size"].to_pylist() == [2, 1]
    columns = ("cluster_size", "survivor_source", "survivor_file", "survivor_row", "keep")
    assert told(Path(out)).select(columns).rows() == [
        (1, "old", "b.parquet", 0, False),
        (2, None, "c.parquet", 1, True),
        (2, None, "c.parquet", 1, False),
        (1, "old", "a.parquet", 1, False),
        (1, None, None, None, True),
    ]


def test_a_deduplication_made_in_another_way_is_refused(tmp_path: Path) -> None:
    parquet(tmp_path / "old" / "a.parquet", text=[text(1)])
    old, out = str(tmp_path / "one"), tmp_path / "two"
    assert typed("dedup", str(tmp_path / "old"), "--output", old).returncode == 0
    again = typed("dedup", str(tmp_path / "old"), "--output", str(out), "--against", old, "--family", "datatrove")
    assert again.returncode == 2
    assert "family datatrove against fast" in again.stderr.replace("\n", "")
    assert not (out / "steps").exists()


def test_without_an_earlier_release_the_columns_are_those_of_before(tmp_path: Path) -> None:
    parquet(tmp_path / "old" / "a.parquet", text=[text(1)])
    assert typed("dedup", str(tmp_path / "old"), "--output", str(tmp_path / "one")).returncode == 0
    (file,) = (tmp_path / "one" / "dataset" / "duplicates").glob("*.parquet")
    assert "survivor_source" not in pq.read_schema(file).names
    assert isinstance(pq.read_table(file), pa.Table)
