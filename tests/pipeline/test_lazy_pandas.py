"""pandas is imported by whoever wants it, and is known to pyarrow from then on."""

import subprocess
import sys

import pytest

BEGIN = """
import sys
import pyarrow as pa
from pipeline.lazy_pandas import leave_pandas_alone
leave_pandas_alone()
leave_pandas_alone()
table = pa.table({"number": [1.5, None]})
assert "pandas" not in sys.modules, "imported by nobody"
"""
SERIES = """
import pandas
assert pa.array(pandas.Series([1.5, float("nan")])).null_count == 1, "a NaN of pandas is a null"
assert pa.table(pandas.DataFrame({"number": [1.5, None]})).equals(table)
"""
BEFORE = """
import pandas
import pyarrow as pa
from pipeline.lazy_pandas import leave_pandas_alone
leave_pandas_alone()
table = pa.table({"number": [1.5, None]})
"""
MEASURED = """
import sys
from filters.line_quality import LineQuality
from pipeline.pages import Pages
from pipeline.lazy_pandas import leave_pandas_alone
leave_pandas_alone()
assert LineQuality().measure(Pages(["A page. And so on."])).num_rows == 1
assert "pandas" not in sys.modules
"""


@pytest.mark.parametrize(
    "code",
    [
        BEGIN + SERIES,
        BEGIN + "assert table.to_pandas().shape == (2, 1)" + SERIES,
        BEFORE + SERIES,
        MEASURED,
    ],
    ids=["imported later", "asked for by name", "imported before", "a measure"],
)
def test_pandas_is_imported_where_it_is_wanted_and_pyarrow_knows_it_then(code: str) -> None:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
