"""An error says in one line who must act."""

import pickle

import pytest

from pipeline import errors
from pipeline.errors import GristmillError, PartsFailed, RecordError

KINDS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, GristmillError)]


@pytest.mark.parametrize("kind", KINDS)
def test_every_error_of_ours_can_be_shown_to_a_user(kind: type) -> None:
    assert issubclass(kind, GristmillError)
    assert kind.__doc__


def test_a_record_error_keeps_its_reason_and_says_whether_a_limit_stopped_the_page() -> None:
    error = RecordError("over_time", "20 s", by_limit=True)
    assert (error.reason, error.detail, error.by_limit, str(error)) == ("over_time", "20 s", True, "over_time: 20 s")
    assert str(RecordError("bad_http")) == "bad_http"
    assert not RecordError("bad_http").by_limit


def test_failed_parts_are_all_listed_and_the_first_three_are_shown() -> None:
    failures = {f"part {n}": f"why {n}" for n in range(5)}
    error = PartsFailed("ingest", failures)
    assert error.failures == failures
    assert str(error) == ("5 part(s) of step ingest failed: part 0: why 0; part 1: why 1; part 2: why 2 (+2 more)")
    assert str(PartsFailed("pack", {"a": "b"})) == "1 part(s) of step pack failed: a: b"


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in (RecordError, PartsFailed)])
def test_an_error_survives_the_way_between_processes(kind: type) -> None:
    again = pickle.loads(pickle.dumps(kind("disk full")))
    assert type(again) is kind
    assert str(again) == "disk full"
