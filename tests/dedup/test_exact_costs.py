"""What exact copies are said to take, beside what they take."""

from pathlib import Path

import pytest
from graph import deduplicated
from test_exact import MINHASH, corpus
from test_exact_levels import BOTH, FLAT, LEVELS

from dedup.costs import costs
from dedup.minhash import MinHash
from dedup.scale import Extent, Scale, Shape
from dedup.steps import Deduplication
from dedup.survival import Components, Star
from pipeline.schemas import TABLES

FILES, URLS = corpus(5, files=6, rows=9)


@pytest.mark.parametrize("shape", [FLAT, LEVELS], ids=["flat", "levels"])
@pytest.mark.parametrize("minhash", [None, MINHASH], ids=["copies alone", "near-duplicates too"])
def test_tasks_and_objects_of_each_step_are_as_planned(tmp_path: Path, shape: Shape, minhash: MinHash | None) -> None:
    ran = deduplicated(tmp_path, FILES, minhash, exact=BOTH, urls=URLS, shape=shape, span=2)
    extent = Extent(documents=sum(map(len, FILES)), files=len(FILES))
    made = Deduplication(minhash=minhash, exact=BOTH, extent=extent, shape=shape)
    told = [(cost.step, cost.tasks, cost.objects) for cost in costs(made, span=2)]
    assert told == [
        (name, len(state.receipts), sum(1 + len(receipt.files) for receipt in state.receipts.values()))
        for name, state in ran.states.items()
    ]
    assert all(
        table in TABLES for state in ran.states.values() for one in state.receipts.values() for table in one.files
    )


@pytest.mark.parametrize("minhash", [None, MinHash(family="fast")], ids=["copies alone", "near-duplicates too"])
@pytest.mark.parametrize("rule", [Components(), Star()], ids=["components", "star"])
def test_a_hundred_dumps_take_some_hundred_times_the_requests_of_one(
    minhash: MinHash | None, rule: Components | Star
) -> None:
    """Without levels they would take ten thousand times as many."""
    one, many = (
        sum(cost.requests for cost in costs(made, span=16))
        for made in (
            Deduplication(
                minhash=minhash,
                survival=rule,
                exact=BOTH,
                extent=extent,
                shape=Scale().shape(minhash, rule, extent, span=16),
            )
            for extent in (Extent(documents=200_000_000 * times, files=90_000 * times) for times in (1, 100))
        )
    )
    assert 100 * one < many < 500 * one
