"""The tables of lines and paragraphs that stand in several documents, and of what is taken out of texts."""

import pyarrow as pa

from pipeline.column_types import TIME

# Lines or paragraphs by their hash, and those that stand in several documents.
UNITS = pa.schema(
    [
        pa.field("unit", pa.uint64(), nullable=False),
        pa.field("member", pa.int32(), nullable=False),
        pa.field("row", pa.int32(), nullable=False),
        pa.field("text_chars", pa.int32(), nullable=False),
        pa.field("date", TIME),
        pa.field("record_hash", pa.uint64(), nullable=False),
    ]
)

REPEATS = pa.schema(
    [
        pa.field("document", pa.uint64(), nullable=False),
        pa.field("unit", pa.uint64(), nullable=False),
        pa.field("documents", pa.int32(), nullable=False),
        pa.field("first", pa.bool_(), nullable=False),
    ]
)

# Where repeated lines are taken out of texts.
SPAN = pa.struct([pa.field("start", pa.int32()), pa.field("chars", pa.int32())])
REMOVED = pa.schema([pa.field("spans", pa.list_(SPAN)), pa.field("keep", pa.bool_(), nullable=False)])
