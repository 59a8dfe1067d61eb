from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pytest

from dedup.minhash import MinHash
from dedup.replay import SignedDocuments, stays
from dedup.survival import Components, Survival
from dedup.survivors import ORDER_SCHEMA


@pytest.mark.parametrize(("order", "staying"), [(("date",), 0), (("text_chars",), 1), (("record_id",), 1)])
def test_the_document_that_stays_is_the_first_of_the_rules_own_order(order: tuple[str, ...], staying: int) -> None:
    rows = [
        (0, 10, datetime(2000, 1, 1, tzinfo=UTC), "b"),
        (1, 99, datetime(2020, 1, 1, tzinfo=UTC), "a"),
    ]
    given = SignedDocuments(
        order=pa.Table.from_arrays([pa.array(column) for column in zip(*rows, strict=True)], ORDER_SCHEMA.names).cast(
            ORDER_SCHEMA
        ),
        keys=np.array([[7], [7]], np.uint64),
        signed=np.array([True, True]),
        packed=np.empty((2, 0), np.uint8),
    )
    rule: Survival = Components(order=order)
    assert stays(given, MinHash(bands=1, rows=8), rule).nonzero()[0].tolist() == [staying]
