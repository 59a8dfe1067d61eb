"""The tables between scores and their percentiles."""

import pyarrow as pa

from pipeline.column_types import TEXT

# How much of the text has each score, in whole steps of its resolution; `language` is empty where all are counted together.
HISTOGRAM = pa.schema(
    [
        pa.field("score", TEXT, nullable=False),
        pa.field("language", TEXT, nullable=False),
        pa.field("quantum", pa.int64(), nullable=False),
        pa.field("documents", pa.int64(), nullable=False),
        pa.field("weight", pa.int64(), nullable=False),
    ]
)

# The same of all parts, with the weight of all lower scores and of all scores.
PERCENTILES = pa.schema(
    [*HISTOGRAM, pa.field("below", pa.int64(), nullable=False), pa.field("total", pa.int64(), nullable=False)]
)
