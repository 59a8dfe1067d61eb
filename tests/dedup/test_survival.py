from datetime import UTC, datetime

import polars as pl
import pytest

from dedup.minhash import MinHash
from dedup.stages.signatures import Signatures
from dedup.survival import Components, Star
from dedup.survivors import elected, ranked
from pipeline.errors import RecipeError
from pipeline.identity import canonical, digest

DAY = datetime(2024, 5, 1, tzinfo=UTC)
RELEASE = 1 << 48


@pytest.mark.parametrize("rule", [Components, Star])
@pytest.mark.parametrize(
    ("order", "why"), [(("length",), "length is none of release, score"), (("date", "date"), "twice")]
)
def test_an_order_of_unknown_or_repeated_names_is_refused(rule: type, order: tuple[str, ...], why: str) -> None:
    with pytest.raises(RecipeError, match=why):
        rule(order=order)


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"similarity": 0.0}, "not above 0"),
        ({"similarity": 1.1}, "at most 1"),
        ({"similarity": float("nan")}, "at most 1"),
        ({"bits": 3}, "take one of 1, 2, 4, 8, 16"),
        ({"errors": -1.0}, "at least 0"),
        ({"errors": float("inf")}, "at least 0"),
    ],
)
def test_a_star_that_cannot_be_is_refused(wrong: dict[str, float], why: str) -> None:
    with pytest.raises(RecipeError, match=why):
        Star(**wrong)


def test_the_rule_is_part_of_what_minhash_signs_only_where_it_is_not_the_plain_one() -> None:
    plain = Signatures(minhash=MinHash())
    assert set(canonical(plain)) == {"is", "version", "minhash"}
    assert digest(plain) != digest(Signatures(minhash=MinHash(), survival=Star()))


def members(**columns: list[object]) -> pl.DataFrame:
    count = len(next(iter(columns.values())))
    return pl.DataFrame({"document": list(range(count)), "cluster": [0] * count} | columns).with_columns(
        pl.col("document", "cluster").cast(pl.UInt64)
    )


def test_the_highest_score_survives_and_an_unknown_one_never_does() -> None:
    frame = members(score=[0.1, 0.9, None, 0.5])
    assert elected([frame], ("score",))["survivor"].to_list() == [1]
    assert ranked(frame, ("score",))["document"].to_list() == [1, 3, 0, 2]


def test_earlier_releases_come_before_this_one() -> None:
    frame = members(document=[5, 2 * RELEASE, RELEASE + 9, 3])
    assert ranked(frame, ("release",))["document"].to_list() == [RELEASE + 9, 2 * RELEASE, 3, 5]


def test_folding_many_frames_elects_as_one_does(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = members(
        cluster=[n % 7 for n in range(100)],
        text_chars=[n * 37 % 11 for n in range(100)],
        date=[DAY] * 100,
        record_id=[f"{n * 13 % 100}" for n in range(100)],
    )
    whole = elected([frame])
    monkeypatch.setattr("dedup.survivors._BATCH", 1)
    assert elected(frame.iter_slices(3)).equals(whole)
    assert whole["cluster_size"].sum() == 100
