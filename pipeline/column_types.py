"""The types that texts and times have in every table."""

import pyarrow as pa

TEXT = pa.large_string()
TIME = pa.timestamp("us", tz="UTC")
