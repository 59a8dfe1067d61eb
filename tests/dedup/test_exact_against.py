"""Exact copies of documents that are compared with earlier releases: what became of a copy's original is theirs too."""

from pathlib import Path

import pytest
from released import Released, released
from test_against import MINHASH, STAR
from test_exact import MANY, corpus

from dedup.exact import Exact
from dedup.releases import Release
from dedup.scale import Shape
from dedup.survival import Components, Survival

TEXT = (Exact(by="text"),)
X, Y, Z = "a b c d e f", "m n o p q r", "s t u v w x"
EARLIER = 1 << 48

RULES = pytest.mark.parametrize("rule", [STAR, Components()], ids=["star", "components"])
SHAPES = pytest.mark.parametrize("shape", [Shape(), MANY], ids=["one", "many"])


def counted(found: Released) -> dict[str, int]:
    totals: dict[str, int] = {}
    for receipt in found.execution.states["survivors"].receipts.values():
        for name, count in receipt.counts.items():
            totals[name] = totals.get(name, 0) + count
    return totals


@RULES
@SHAPES
@pytest.mark.parametrize("before", [(), TEXT], ids=["plain release", "release without copies"])
def test_copies_of_what_is_in_an_earlier_release_name_its_document(
    tmp_path: Path, rule: Survival, shape: Shape, before: tuple[Exact, ...]
) -> None:
    first = released(tmp_path / "a", ((X, X), (X,)), MINHASH, rule, exact=before)
    second = released(
        tmp_path / "b",
        ((X, Z, X), (Y, X, Z)),
        MINHASH,
        rule,
        against=(first.release,),
        exact=TEXT,
        shape=shape,
        span=1,
    )
    assert [tuple(answer.values()) for answer in second.answers()] == [
        (0, 3, EARLIER, False, "near_duplicate"),
        (1, 2, 1, True, None),
        (0, 3, EARLIER, False, "same_text"),
        (None, 1, None, True, None),
        (0, 3, EARLIER, False, "same_text"),
        (1, 2, 1, False, "same_text"),
    ]
    assert counted(second) == {
        "documents": 6,
        "kept": 2,
        "dropped.same_text": 3,
        "dropped.near_duplicate": 1,
        "in_release.1": 1,
        "copies_in_release.1": 2,
    }


@RULES
@SHAPES
def test_releases_in_a_row_keep_the_same_whether_copies_were_collapsed_before_or_not(
    tmp_path: Path, rule: Survival, shape: Shape
) -> None:
    files, _ = corpus(4)
    files = tuple(tuple(text if len(text) > 1 else "q r s t u v" for text in texts) for texts in files)
    told: list[list[object]] = []
    for number, exact in enumerate([(), TEXT]):
        found: list[Released] = []
        for place, some in enumerate((files[:1], files[1:2], files[2:])):
            against: tuple[Release, ...] = tuple(each.release for each in found)
            root = tmp_path / f"{number}-{place}"
            found.append(released(root, some, MINHASH, rule, against=against, exact=exact, shape=shape))
        told.append(
            [
                tuple(answer[name] for name in ("cluster_size", "survivor", "keep"))
                for each in found
                for answer in each.answers()
            ]
        )
    assert told[0] == told[1]
    assert {survivor >> 48 for _, survivor, _ in told[1] if survivor is not None} == {0, 1, 2}
