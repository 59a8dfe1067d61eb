"""The examples of docs/dedup.md, run from top to bottom."""

import re
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from test_dedup_verb import text
from trial import typed

from dedup.pack_rows import DUPLICATES
from jobs.dedup import dedup

PAGE = (Path(__file__).parents[2] / "docs" / "dedup.md").read_text()


def test_the_examples_of_the_page_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "data").mkdir()
    for name, texts in (("a", [text(1), text(2)]), ("b", [text(3), text(1) + " and more"])):
        rows = {"text": texts, "id": [f"{name}{place}" for place in range(2)], "url": ["https://example.org/"] * 2}
        pq.write_table(pa.table(rows), tmp_path / "data" / f"{name}.parquet")
    monkeypatch.chdir(tmp_path)
    ran = []
    for kind, block in re.findall(r"^```(sh|python)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL):
        if kind == "python":
            names: dict = {}
            exec(block, names)
            assert names["pairs"].select("id", "id_that_stays").rows() == [("a0", "b1")]
            continue
        for line in block.splitlines():
            done = typed(*line.split()[1:])
            assert done.returncode == 0, f"{line}: {done.stderr}"
            ran.append(line.split()[1])
    assert ran == ["dedup", "status", "verify", *["duplicates"] * 4]


def test_the_page_has_the_columns_that_are_written() -> None:
    rows = re.findall(
        r"^\| ([\w, ]+) \| ([\w, ]+) \|",
        PAGE.split("| column of `duplicates` |")[1].split("So everything")[0],
        re.MULTILINE,
    )
    told = [each for names, types in rows for each in zip(names.split(", "), types.split(", "), strict=True)]
    assert told == [(field.name, str(field.type)) for field in DUPLICATES]


def test_the_verb_s_options_are_on_the_page() -> None:
    options = {f"--{name.rstrip('_').replace('_', '-')}" for name in dedup.__annotations__} - {"--input", "--return"}
    untold = {option for option in options if option not in PAGE}
    assert untold <= {"--source", "--json", "--url-column", "--date-column"}, untold
