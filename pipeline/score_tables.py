"""The tables between scores and their percentiles, and what a model that is asked has answered."""

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

# What a model was asked about each document and what it answered, row for row beside the documents; null where it was not asked.
ANSWERS = pa.schema(
    [
        pa.field("record_id", TEXT),
        pa.field("status", TEXT),
        pa.field("request", TEXT),
        pa.field("answer", TEXT),
        pa.field("score", pa.float64()),
        pa.field("question_tokens", pa.int64()),
        pa.field("answer_tokens", pa.int64()),
        pa.field("tries", pa.int32()),
        pa.field("error", TEXT),
    ]
)
