"""The tables of a run. `docs/schemas.md` says what each column means and is tested against this module.

Strings are `large_string` and times UTC microseconds throughout, so that the same column has the same type in every table.
"""

from collections.abc import Iterable, Mapping, Sequence

import pyarrow as pa

from pipeline.column_types import TEXT, TIME
from pipeline.errors import RecipeError
from pipeline.line_tables import REMOVED, REPEATS, UNITS
from pipeline.score_tables import ANSWERS, HISTOGRAM, PERCENTILES

EDIT = pa.struct(
    [
        pa.field("transform", TEXT),
        pa.field("start", pa.int32()),
        pa.field("removed", TEXT),
        pa.field("inserted", TEXT),
    ]
)

RECORDS = pa.schema(
    [
        pa.field("row", pa.int32(), nullable=False),
        pa.field("record_id", TEXT),
        pa.field("url", TEXT),
        pa.field("date", TIME),
        pa.field("offset", pa.int64(), nullable=False),
        pa.field("length", pa.int64(), nullable=False),
        pa.field("http_status", pa.int16()),
        pa.field("mime", TEXT),
        pa.field("charset", TEXT),
        pa.field("charset_how", TEXT),
        pa.field("payload_sha1_ok", pa.bool_()),
        pa.field("truncated", TEXT),
        pa.field("gate", TEXT),
        pa.field("document_row", pa.int32()),
        pa.field("by_limit", pa.bool_(), nullable=False),
        pa.field("error", TEXT),
    ]
)

DOCUMENTS = pa.schema(
    [
        pa.field("record_row", pa.int32(), nullable=False),
        pa.field("record_id", TEXT),
        pa.field("url", TEXT),
        pa.field("date", TIME),
        pa.field("text", TEXT, nullable=False),
        pa.field("edits", pa.list_(EDIT)),
        pa.field("language", TEXT),
        pa.field("language_score", pa.float64()),
    ]
)

# What an extractor that was asked for metadata tells of a page: further columns of `documents` and of the dataset.
PAGE_FACTS = pa.schema([pa.field("title", TEXT), pa.field("author", TEXT), pa.field("published", TEXT)])

ORIGINS = pa.schema([pa.field("dump", TEXT), pa.field("file_path", TEXT)])

SAMPLES = pa.schema(
    [
        pa.field("record_row", pa.int32(), nullable=False),
        pa.field("url", TEXT),
        pa.field("gate", TEXT, nullable=False),
        pa.field("html", pa.large_binary()),
    ]
)

REMARKS = pa.schema(
    [
        pa.field("record_row", pa.int32(), nullable=False),
        pa.field("remark", TEXT, nullable=False),
        pa.field("detail", TEXT),
    ]
)

QUARANTINE = pa.schema(
    [
        pa.field("record_row", pa.int32(), nullable=False),
        pa.field("record_id", TEXT),
        pa.field("url", TEXT),
        pa.field("date", TIME),
        pa.field("mime", TEXT),
        pa.field("http_charset", TEXT),
        pa.field("gate", TEXT, nullable=False),
        pa.field("error", TEXT),
        pa.field("body_bytes", pa.int64()),
        pa.field("body", pa.large_binary()),
    ]
)

URL_INDEX = pa.schema(
    [
        pa.field("key", pa.uint64(), nullable=False),
        pa.field("part", pa.int32(), nullable=False),
        pa.field("row", pa.int32(), nullable=False),
    ]
)

VERDICTS = pa.schema(
    [
        pa.field("verdict", TEXT, nullable=False),
        pa.field("reason", TEXT),
        pa.field("violations", pa.list_(pa.int16()), nullable=False),
    ]
)

BANDS = pa.schema(
    [
        pa.field("band", pa.uint16(), nullable=False),
        pa.field("key", pa.uint64(), nullable=False),
        pa.field("member", pa.int32(), nullable=False),
        pa.field("row", pa.int32(), nullable=False),
    ]
)

ORDER = pa.schema(
    [
        pa.field("member", pa.int32(), nullable=False),
        pa.field("row", pa.int32(), nullable=False),
        pa.field("text_chars", pa.int32(), nullable=False),
        pa.field("date", TIME),
        pa.field("record_id", TEXT),
    ]
)

EDGES = pa.schema([pa.field("a", pa.uint64(), nullable=False), pa.field("b", pa.uint64(), nullable=False)])

COMPONENTS = pa.schema(
    [pa.field("document", pa.uint64(), nullable=False), pa.field("cluster", pa.uint64(), nullable=False)]
)

MEMBERS = pa.schema(
    [
        pa.field("document", pa.uint64(), nullable=False),
        pa.field("cluster", pa.uint64(), nullable=False),
        pa.field("text_chars", pa.int32(), nullable=False),
        pa.field("date", TIME),
        pa.field("record_id", TEXT),
    ]
)

# Further columns of `order` and `members`, where the rule of survival asks for them.
RANKED = pa.schema([pa.field("score", pa.float64()), pa.field("copies", pa.int32())])
SIGNATURE = "signature"  # fixed_size_binary: its size is that of the recipe's signatures
KEYS = pa.field("keys", pa.list_(pa.uint64()))

CLUSTERED = pa.schema(
    [
        pa.field("document", pa.uint64(), nullable=False),
        pa.field("cluster", pa.uint64(), nullable=False),
        pa.field("cluster_size", pa.int32(), nullable=False),
        pa.field("survivor", pa.uint64(), nullable=False),
        pa.field("keep", pa.bool_(), nullable=False),
        pa.field("similarity", pa.float64()),
    ]
)

# Exact copies: keys, the copies of an original, how many documents an original stands for, and what became of the copies.
SAME = pa.schema(
    [
        pa.field("high", pa.uint64(), nullable=False),
        pa.field("low", pa.uint64(), nullable=False),
        pa.field("member", pa.int32(), nullable=False),
        pa.field("row", pa.int32(), nullable=False),
        pa.field("copies", pa.int32(), nullable=False),
        pa.field("text_chars", pa.int32(), nullable=False),
        pa.field("date", TIME),
        pa.field("record_id", TEXT),
    ]
)

# `same`, with the document's number in place of its file and row.
DEALT = pa.schema([*[*SAME][:2], pa.field("document", pa.uint64(), nullable=False), *[*SAME][4:]])

COPIES = pa.schema(
    [pa.field("document", pa.uint64(), nullable=False), pa.field("original", pa.uint64(), nullable=False)]
)

ORIGINALS = pa.schema(
    [pa.field("document", pa.uint64(), nullable=False), pa.field("copies", pa.int32(), nullable=False)]
)

SETTLED = pa.schema(
    [
        pa.field("document", pa.uint64(), nullable=False),
        pa.field("cluster", pa.uint64(), nullable=False),
        pa.field("cluster_size", pa.int32(), nullable=False),
        pa.field("survivor", pa.uint64(), nullable=False),
    ]
)

SURVIVORS = pa.schema(
    [
        pa.field("cluster", pa.uint64()),
        pa.field("cluster_size", pa.int32(), nullable=False),
        pa.field("survivor", pa.uint64()),
        pa.field("keep", pa.bool_(), nullable=False),
    ]
)

# A further column of `survivors`, where exact copies were taken away.
REASON = pa.field("reason", TEXT)

DATASET = pa.schema(
    [
        pa.field("text", TEXT, nullable=False),
        pa.field("id", TEXT, nullable=False),
        pa.field("dump", TEXT),
        pa.field("url", TEXT),
        pa.field("date", TEXT),
        pa.field("file_path", TEXT),
        pa.field("language", TEXT),
        pa.field("language_score", pa.float64()),
        pa.field("token_count", pa.int64()),
        pa.field("minhash_cluster_size", pa.int32()),
    ]
)

# A further column of the dataset, where the recipe weighs clusters.
REHYDRATED = pa.schema([pa.field("rehydrate_weight", pa.int32())])

TABLES: dict[str, pa.Schema] = {
    "records": RECORDS,
    "documents": DOCUMENTS,
    "origins": ORIGINS,
    "samples": SAMPLES,
    "remarks": REMARKS,
    "quarantine": QUARANTINE,
    "index": URL_INDEX,
    "verdicts": VERDICTS,
    "bands": BANDS,
    "order": ORDER,
    "edges": EDGES,
    "components": COMPONENTS,
    "members": MEMBERS,
    "clusters": CLUSTERED,
    "same": SAME,
    "dealt": DEALT,
    "copies": COPIES,
    "pairs": COPIES,
    "originals": ORIGINALS,
    "settled": SETTLED,
    "units": UNITS,
    "repeats": REPEATS,
    "survivors": SURVIVORS,
    "histogram": HISTOGRAM,
    "percentiles": PERCENTILES,
    "removed": REMOVED,
    "answers": ANSWERS,
    "data": DATASET,
}


def with_signals(base: pa.Schema, signals: Iterable[pa.Schema]) -> pa.Schema:
    """`base` followed by every signal, in the recipe's order; a RecipeError names a signal that two parts write."""
    fields = list(base)
    for declared in signals:
        for field in declared:
            if field.name in {known.name for known in fields}:
                raise RecipeError(f"signal {field.name} is written twice; give one of the measures another name")
            fields.append(pa.field(field.name, field.type))
    return pa.schema(fields)


def with_columns(base: pa.Schema, more: pa.Schema, names: Sequence[str]) -> pa.Schema:
    """`base` followed by those columns of `more` that are called `names`."""
    return pa.schema([*base, *(more.field(name) for name in names)])


def data_schema(facts: Sequence[str], *, rehydrated: bool, scores: Mapping[str, str] | None = None) -> pa.Schema:
    """The columns of a dataset that tells `facts` of its pages and, where clusters are `rehydrated`, their weights.

    `scores` are the names of its columns of scores, each with its type.
    """
    weighed = with_columns(DATASET, REHYDRATED, REHYDRATED.names if rehydrated else ())
    scored = [pa.field(name, kind) for name, kind in (scores or {}).items()]
    return with_columns(pa.schema([*weighed, *scored]), PAGE_FACTS, facts)


def document_number(part: int, row: int, source: int = 0) -> int:
    """A document as 64 bits: source (16), part (24), row of its part's documents table (24)."""
    return source << 48 | part << 24 | row
