"""The columns of `order` and `members`, which grow with what the rule of survival asks for."""

import pyarrow as pa

from dedup.bbit import packed_bytes
from dedup.minhash import MinHash
from dedup.survival import Star, Survival
from pipeline.schemas import KEYS, MEMBERS, ORDER, RANKED, SIGNATURE, with_columns


def order_schema(minhash: MinHash, survival: Survival, *, copies: bool = False) -> pa.Schema:
    """The columns of `order`; with `copies` where exact copies were taken away before."""
    return _with_asked(ORDER, minhash, survival, copies=copies)


def member_schema(minhash: MinHash, survival: Survival, *, copies: bool = False) -> pa.Schema:
    """The columns of `members`; with `copies` where exact copies were taken away before."""
    schema = _with_asked(MEMBERS, minhash, survival, copies=copies)
    return schema.append(KEYS) if isinstance(survival, Star) else schema


def _with_asked(base: pa.Schema, minhash: MinHash, survival: Survival, *, copies: bool) -> pa.Schema:
    asked = (*survival.order, *(("copies",) if copies else ()))
    schema = with_columns(base, RANKED, [name for name in RANKED.names if name in asked])
    if isinstance(survival, Star):
        size = packed_bytes(minhash.bands * minhash.rows, survival.bits)
        schema = schema.append(pa.field(SIGNATURE, pa.binary(size)))
    return schema
