"""What is odd about records that are read all the same is said, counted and found again."""

from hypothesis import given
from hypothesis import strategies as st

from pipeline.archives.record import Record
from pipeline.remarks import Remarks

IDS = st.sampled_from(["", "a", "b", "c", "\ud800"])


def page(identity: str, **fields: object) -> Record:
    return Record(kind="page", type="response", offset=0, record_id=identity, **fields)


@given(st.lists(IDS), st.integers(1, 5))
def test_every_repeated_id_is_found_with_the_first_record_that_has_it(ids: list[str], batch: int) -> None:
    remarks = Remarks()
    for first in range(0, len(ids), batch):
        remarks.see(first, [page(identity) for identity in ids[first : first + batch]])
    expected = [(row, ids.index(name)) for row, name in enumerate(ids) if ids.index(name) != row]
    columns = remarks.columns()
    assert list(columns["record_row"]) == [row for row, _ in expected]
    assert list(columns["detail"]) == [f"the id of row {first}" for _, first in expected]
    assert remarks.counts().get("remark.repeated_id", 0) == len(expected)


def test_rows_of_corrupt_regions_are_passed_over() -> None:
    remarks = Remarks()
    corrupt = Record(kind="corrupt", type="corrupt", offset=0)
    remarks.see(0, [corrupt, page("a"), corrupt, page("a")])
    assert list(remarks.columns()["record_row"]) == [3]
    assert remarks.columns()["detail"] == ("the id of row 1",)


def test_digests_and_cuts_are_counted_and_wrong_blocks_are_named() -> None:
    remarks = Remarks()
    remarks.see(
        0,
        [
            page("a", block_sha1_ok=True, payload_sha1_ok=False),
            page("b", block_sha1_ok=False, truncated="length"),
            page("c", payload_sha1_ok=True),
        ],
    )
    assert remarks.counts() == {
        "remark.cut_by_crawler": 1,
        "remark.wrong_block_sha1": 1,
        "remark.wrong_payload_sha1": 1,
        "sha1.block_ok": 1,
        "sha1.payload_ok": 1,
    }
    assert remarks.columns() == {"record_row": (1,), "remark": ("wrong_block_sha1",), "detail": (None,)}


def test_nothing_odd_is_no_rows_and_no_counts() -> None:
    remarks = Remarks()
    remarks.see(0, [page("a"), page("b")])
    assert not any(map(len, remarks.columns().values()))
    assert remarks.counts() == {}
