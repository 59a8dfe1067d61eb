"""Retries wait longer each time, stay within a budget that all share, end, and say how they ended."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from fault_proxy import Fault, FaultProxy
from obstore.exceptions import GenericError
from seaweed import free_port

from pipeline.errors import Exhausted, RecipeError, StorageError
from pipeline.remote import retries
from pipeline.remote.retries import Budget, retrying
from pipeline.storage import open_storage

BUSY = GenericError("non-2xx status code: 503: <Error><Code>SlowDown</Code></Error>")
REFUSED = GenericError("HTTP error: error sending request\nConnectionRefused")
FORBIDDEN = GenericError("non-2xx status code: 403: <Error><Code>AccessDenied</Code></Error>")


def failing(*errors: Exception) -> Callable[[], str]:
    """Raises each error once, and then answers."""
    left = list(errors)

    def ask() -> str:
        if left:
            raise left.pop(0)
        return "done"

    return ask


def test_what_passes_is_asked_again_and_what_does_not_is_not(hasty: None) -> None:
    budget = Budget("s3://b")
    assert retrying(budget, "x", failing(BUSY, REFUSED, BUSY)) == "done"
    assert budget.retries == 3
    with pytest.raises(GenericError, match="AccessDenied"):
        retrying(budget, "x", failing(FORBIDDEN))
    assert budget.retries == 3


def test_waits_double_up_to_a_limit_and_are_spread_over_their_whole_length(monkeypatch: pytest.MonkeyPatch) -> None:
    bounds: list[float] = []
    monkeypatch.setattr("random.uniform", lambda low, high: bounds.append(high) or (low + high) / 2)
    budget = Budget("s3://b")
    waits = [budget.pause(attempt, time.monotonic() + 1000) for attempt in range(9)]
    assert bounds == pytest.approx([0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 15, 15])
    assert waits == pytest.approx([bound / 2 for bound in bounds])


def test_a_bucket_that_never_answered_is_given_up_soon_and_one_that_did_is_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(retries, "WINDOW_SECONDS", 100.0)
    now = time.monotonic()
    budget = Budget("s3://b")
    budget.failed(answered=False)
    assert budget.deadline(now) == now + retries.PATIENCE_SECONDS
    budget.succeeded()
    budget.failed(answered=False)
    assert budget.deadline(now) == pytest.approx(now + 100)
    assert budget.deadline(now + 300) == now + 300 + retries.PATIENCE_SECONDS, "down for longer than is waited"


def test_a_run_shares_one_budget_among_its_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retries, "FIRST_WAIT_SECONDS", 0.0)
    retries.share(100)
    budget = Budget("s3://b")
    soon = time.monotonic() + 10
    waits = [budget.pause(0, soon) for _ in range(7)]
    assert waits[0] == 0
    each = 100 / retries.RETRIES_PER_SECOND
    assert waits[1:5] == pytest.approx([each, 2 * each, 3 * each, 4 * each], abs=0.1)
    assert waits[6] is None, "the budget has no retry left before the deadline"


def test_a_budget_that_is_used_up_fails_the_request_and_says_so(monkeypatch: pytest.MonkeyPatch, hasty: None) -> None:
    monkeypatch.setenv("GRISTMILL_RETRY_SECONDS", "0.2")
    with pytest.raises(Exhausted, match=r"^s3://b/x: the store answered 503 SlowDown \(after \d+ tries in 0 s\)$"):
        retrying(Budget("s3://b"), "s3://b/x", failing(*[BUSY] * 1000))
    with pytest.raises(
        Exhausted, match=r"connection refused \(after .*; nobody has answered there yet, is AWS_ENDPOINT"
    ):
        retrying(Budget("s3://b"), "s3://b/x", failing(*[REFUSED] * 1000))


def test_a_retry_time_that_is_none_is_an_error_of_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRISTMILL_RETRY_SECONDS", "soon")
    with pytest.raises(RecipeError, match="GRISTMILL_RETRY_SECONDS=soon: give a number"):
        retries.window()


@pytest.mark.s3
def test_in_a_storm_many_workers_stay_within_the_budget_and_all_finish_when_it_ends(
    s3: str, proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage = open_storage(s3)
    storage.put("warm", b"")
    monkeypatch.setattr(retries, "RETRIES_PER_SECOND", 40.0)
    monkeypatch.setattr(retries, "RETRIES_AT_ONCE", 20.0)
    retries.budget_of.cache_clear()
    storage = open_storage(s3)
    proxy.forget()
    storm = Fault("PUT", times=None, status=503, headers={"Retry-After": "1"})
    proxy.faults.append(storm)
    workers, seconds = 24, 1.5
    with ThreadPoolExecutor(workers) as pool:
        began = time.monotonic()
        puts = [pool.submit(storage.put_new, f"f{n}", b"%d" % n) for n in range(workers)]
        time.sleep(seconds)
        proxy.faults.clear()
        stormy = time.monotonic() - began
        assert all(put.result(timeout=30) for put in puts)
        lasted = time.monotonic() - began
    assert storm.met >= workers
    assert storm.met - workers <= 20 + 40 * stormy + 2, "retries during the storm"
    assert proxy.count("PUT") <= 2 * workers + 20 + 40 * lasted
    assert storage.names("") == sorted([*(f"f{n}" for n in range(workers)), "warm"])


@pytest.mark.s3
@pytest.mark.parametrize("status", [429, 500, 503])
def test_what_a_store_answers_when_it_is_busy_is_retried(s3: str, proxy: FaultProxy, status: int) -> None:
    storage = open_storage(s3)
    for match in ("PUT", "GET .*/a", r"GET .*list-type", "POST .*delete"):
        proxy.faults.append(Fault(match, times=2, status=status))
    assert storage.put_new("a", b"1")
    assert storage.get("a") == b"1"
    assert storage.names("") == ["a"]
    storage.delete("a")
    assert [fault.met for fault in proxy.faults] == [2, 2, 2, 2]
    assert storage.names("") == []


@pytest.mark.s3
def test_cut_and_reset_connections_are_asked_again(s3: str, proxy: FaultProxy) -> None:
    storage = open_storage(s3)
    data = bytes(range(256)) * 4000
    proxy.faults += [Fault("PUT", reset=True), Fault("GET", after=1000), Fault("GET", after=3000, reset=True)]
    writer = storage.writer("t")
    writer.write(data)
    writer.close()
    assert storage.get("t") == data
    assert [fault.met for fault in proxy.faults] == [1, 1, 1]


@pytest.mark.s3
def test_nobody_at_the_endpoint_is_said_within_the_patience(s3: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free_port(grpc=False)}")
    began = time.monotonic()
    with pytest.raises(Exhausted, match=r"connection refused .*; nobody has answered there yet"):
        open_storage(s3).names("runs")
    assert time.monotonic() - began < 5


@pytest.mark.s3
def test_plain_http_must_be_allowed(s3: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ALLOW_HTTP")
    with pytest.raises(StorageError, match="set AWS_ALLOW_HTTP=true"):
        open_storage(s3).names("runs")
