"""A remote model: asked about a declared sample within a budget, every answer kept, the key seen by nobody."""

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from chat_server import Act, ChatServer
from handmade import Page, crawl_of, crawl_steps
from hypothesis import given
from hypothesis import strategies as st
from tiny import execute

from filters.quality.endpoint import EDUCATIONAL, EndpointQuality
from pipeline.asked import AskedModel, Budget, Sample
from pipeline.errors import PartsFailed, RecipeError
from pipeline.execution import Execution
from pipeline.identity import digest
from pipeline.quality import QualityModel
from pipeline.quality_steps import score_step
from pipeline.storage import LocalStorage
from pipeline.tables import read_table
from pipeline.takedown.mending import Removal, mend_beside

KEY = "sk-corn-0123456789"
VARIABLE = "MILL_KEY"
PAGES = {"a.warc": tuple(Page(url=f"a/{n}", text="corn " * (n + 1)) for n in range(6))}

MANY = {f"{name}.warc": tuple(Page(url=f"{name}/{n}", text=f"corn {n}") for n in range(40)) for name in "ab"}


@pytest.fixture
def server() -> Iterator[ChatServer]:
    with ChatServer() as server:
        yield server


@pytest.fixture(autouse=True)
def short_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRISTMILL_RETRY_SECONDS", "8")


def model_at(server: ChatServer, **fields: Any) -> EndpointQuality:
    return EndpointQuality(**({"model": "miller-7b", "base_url": server.base_url, "at_once": 2, "seconds": 5} | fields))


class Asked:
    """A run of the model's step over `pages`, and the tables that it wrote."""

    def __init__(self, root: Path, model: EndpointQuality, pages: dict[str, tuple[Page, ...]] = PAGES) -> None:
        ingest = crawl_steps(pages)[0]
        self.root, self.name = root, f"score-{model.column}"
        self.execution: Execution = execute(root, crawl_of(pages), ingest, score_step(model, ingest))
        state = self.execution.states[self.name]
        self.receipts = [state.receipts[part.key] for part in state.planned.parts]

    def table(self, name: str, part: int = 0) -> list[dict[str, Any]]:
        return read_table(LocalStorage(self.root), self.receipts[part], name).to_pylist()

    def answers(self, part: int = 0) -> list[dict[str, Any]]:
        """Of the documents that are in the sample."""
        rows = self.table("answers", part)
        assert len(rows) == len(self.scores(part))
        assert all(set(row.values()) == {None} for row in rows if row["status"] is None)
        return [row for row in rows if row["status"] is not None]

    def scores(self, part: int = 0) -> list[float | None]:
        return [row["endpoint_score"] for row in self.table("signals", part)]


def failure(root: Path, model: EndpointQuality, pages: dict[str, tuple[Page, ...]] = PAGES) -> str:
    with pytest.raises(PartsFailed) as raised:
        Asked(root, model, pages)
    return str(raised.value)


# What is asked and kept.


def test_it_is_a_quality_model_that_is_asked(server: ChatServer) -> None:
    model = model_at(server)
    assert isinstance(model, QualityModel)
    assert isinstance(model, AskedModel)
    with pytest.raises(RecipeError, match="it cannot be loaded"):
        model.load()


def test_every_answer_is_kept_beside_the_score_that_was_read_in_it(server: ChatServer, tmp_path: Path) -> None:
    asked = Asked(tmp_path, model_at(server))
    answers = asked.answers()
    assert asked.scores() == [len(page.text) % 6 for page in PAGES["a.warc"]]
    assert [row["record_id"] for row in answers] == [page.record_id for page in PAGES["a.warc"]]
    assert {row["status"] for row in answers} == {"scored"}
    assert all(row["answer"].endswith(f"Points: {row['score']:.0f}") for row in answers)
    assert len({row["request"] for row in answers}) == 6
    receipt = asked.receipts[0]
    told = {key: receipt.counts[key] for key in ("rows", "scored", "no_score", "failed", "over_budget", "requests")}
    assert told == {"rows": 6, "scored": 6, "no_score": 0, "failed": 0, "over_budget": 0, "requests": 6}
    assert receipt.counts["answer_tokens"] == 120
    assert receipt.counts["question_tokens"] == sum(row["question_tokens"] for row in answers)
    assert receipt.facts["endpoint"].startswith("miller-7b at 127.0.0.1:")


def test_what_is_sent_is_the_protocol_of_chat_completions(server: ChatServer, tmp_path: Path) -> None:
    settings = (("seed", 7), ("top_p", 0.5))
    Asked(tmp_path, model_at(server, at_once=1, settings=settings, limit="max_completion_tokens"))
    body = server.asked[0]["body"]
    assert {key: body[key] for key in body if key != "messages"} == {
        "model": "miller-7b", "temperature": 0, "max_completion_tokens": 300, "seed": 7, "top_p": 0.5,
    }  # fmt: skip
    assert body["messages"] == [{"role": "user", "content": EDUCATIONAL.replace("{text}", PAGES["a.warc"][0].text)}]
    assert "Authorization" not in server.asked[0]["headers"]


def test_a_committed_part_is_never_asked_again(server: ChatServer, tmp_path: Path) -> None:
    first = Asked(tmp_path, model_at(server)).answers()
    with ChatServer() as other:
        again = Asked(tmp_path, replace(model_at(other), budget=Budget(part_requests=3), at_once=1)).answers()
        assert not other.asked
    assert len(server.asked) == 6
    assert again == first


def test_who_serves_and_what_may_be_paid_is_no_part_of_what_it_is(server: ChatServer) -> None:
    model = model_at(server)
    elsewhere = replace(
        model, base_url="https://example.org/v1", key_variable="OTHER", budget=Budget(part_requests=1), seconds=1.0
    )
    assert digest(elsewhere) == digest(model)
    for change in (
        {"model": "other"},
        {"prompt": "{text}"},
        {"sample": Sample(share=0.5)},
        {"settings": (("seed", 1),)},
    ):
        assert digest(replace(model, **change)) != digest(model)


def test_texts_are_cut_and_braces_in_them_are_only_text(server: ChatServer, tmp_path: Path) -> None:
    pages = {"a.warc": (Page(url="a", text="{model} {0} {text} " * 10), Page(url="b", text="x" * 100))}
    Asked(tmp_path, model_at(server, prompt="Read: {text} Points?", most_chars=40), pages)
    sent = sorted(each["body"]["messages"][0]["content"] for each in server.asked)
    assert sent == sorted(f"Read: {page.text[:40]} Points?" for page in pages["a.warc"])


def test_blank_texts_are_not_asked_about(server: ChatServer, tmp_path: Path) -> None:
    pages = {"a.warc": (Page(url="a", text="corn"), Page(url="b", text=" \n\t"), Page(url="c", text=""))}
    asked = Asked(tmp_path, model_at(server), pages)
    assert asked.scores() == [4, None, None]
    assert len(server.asked) == len(asked.answers()) == 1


def test_a_part_without_documents_asks_nothing(server: ChatServer, tmp_path: Path) -> None:
    asked = Asked(tmp_path, model_at(server), {"a.warc": (Page(url="a", gate="not_html"),)})
    assert asked.scores() == asked.table("answers") == []
    assert not server.asked


def test_a_takedown_takes_what_was_said_of_a_page_and_nothing_else(server: ChatServer, tmp_path: Path) -> None:
    sample = Sample(share=0.5, seed=3)
    asked = Asked(tmp_path, model_at(server, sample=sample), {"a.warc": MANY["a.warc"]})
    before, storage = asked.table("answers"), LocalStorage(tmp_path)
    gone = [row for row, page in enumerate(MANY["a.warc"]) if sample.draw(page.record_id) is not None][3]
    removal = Removal(records=np.array([gone]), documents=np.array([gone]))
    mended = mend_beside(storage, asked.receipts[0], removal, "takedown")
    assert read_table(storage, mended, "answers").to_pylist() == before[:gone] + before[gone + 1 :]
    assert read_table(storage, mended, "signals").num_rows == 39


def test_a_takedown_counts_what_became_of_the_questions_that_are_left(server: ChatServer, tmp_path: Path) -> None:
    server.by_word |= {"corn 3\n": Act(status=400, text="no"), "corn 4\n": Act(text="I decline")}
    asked = Asked(tmp_path, model_at(server), {"a.warc": MANY["a.warc"][:8]})
    assert {key: asked.receipts[0].counts[key] for key in ("scored", "failed", "no_score")} == {
        "scored": 6, "failed": 1, "no_score": 1,
    }  # fmt: skip
    gone = np.array([2, 3, 4])
    mended = mend_beside(LocalStorage(tmp_path), asked.receipts[0], Removal(records=gone, documents=gone), "takedown")
    left = read_table(LocalStorage(tmp_path), mended, "answers")["status"].to_pylist()
    for status in ("scored", "failed", "no_score", "over_budget"):
        assert mended.counts[status] == left.count(status), status
    assert mended.counts["requests"] == asked.receipts[0].counts["requests"], "what was paid stays paid"


# The sample.


def test_a_share_is_chosen_by_the_record_id_alone(server: ChatServer, tmp_path: Path) -> None:
    model = model_at(server, sample=Sample(share=0.3, seed=5))
    asked = Asked(tmp_path / "one", model, MANY)
    chosen = {row["record_id"] for part in (0, 1) for row in asked.answers(part)}
    every = [page.record_id for pages in MANY.values() for page in pages]
    assert chosen == {each for each in every if model.sample.draw(each) is not None}
    assert 10 <= len(chosen) <= 40
    assert sum(score is not None for part in (0, 1) for score in asked.scores(part)) == len(chosen)
    turned = {"b.warc": MANY["b.warc"][::-1]}
    again = Asked(tmp_path / "two", model, turned).answers()
    assert {row["record_id"] for row in again} == {each for each in chosen if ":b/" in each}


def test_at_most_so_many_of_a_part_are_those_with_the_lowest_numbers(server: ChatServer, tmp_path: Path) -> None:
    sample = Sample(most=7)
    answers = Asked(tmp_path, model_at(server, sample=sample), MANY).answers()
    ranked = sorted((page.record_id for page in MANY["a.warc"]), key=lambda each: sample.draw(each) or 0)
    assert {row["record_id"] for row in answers} == set(ranked[:7])
    order = [page.record_id for page in MANY["a.warc"]]
    assert [row["record_id"] for row in answers] == sorted((row["record_id"] for row in answers), key=order.index)


@given(share=st.floats(0.01, 1), ids=st.lists(st.text(max_size=20), unique=True, max_size=50))
def test_a_larger_share_has_all_of_a_smaller_one(share: float, ids: list[str]) -> None:
    small = {each for each in ids if Sample(share=share / 2).draw(each) is not None}
    assert small <= {each for each in ids if Sample(share=share).draw(each) is not None}
    assert all(Sample().draw(each) is not None for each in ids)


# What is no score.


@pytest.mark.parametrize(
    ("said", "score"),
    [
        ("Because.\nPoints: 4", 4.0),
        ("Points: 2 at first, but all in all\nPoints: **3**", 3.0),
        ("Points: 2.5", 2.5),
        ("I cannot judge this page.", None),
        ("", None),
        ("Points: 6", None),
        ("Points: 9" * 100, None),
        ("points 3", None),
    ],
)
def test_the_last_number_within_bounds_counts(
    server: ChatServer, tmp_path: Path, said: str, score: float | None
) -> None:
    server.judge = lambda _: said
    asked = Asked(tmp_path, model_at(server), {"a.warc": PAGES["a.warc"][:1]})
    (row,) = asked.answers()
    assert asked.scores() == [score]
    assert (row["answer"], row["score"], row["status"]) == (said, score, "no_score" if score is None else "scored")


def test_scores_of_another_scale_are_read_by_the_pattern_of_the_recipe(server: ChatServer, tmp_path: Path) -> None:
    server.judge = lambda _: '{"quality": -0.125, "why": "5"}'
    model = model_at(server, pattern=r'"quality":\s*(-?[\d.]+)', least=-1, most=1)
    assert Asked(tmp_path, model, {"a.warc": PAGES["a.warc"][:1]}).scores() == [np.rint(-12.5) / 100]


@pytest.mark.parametrize(
    ("act", "error"),
    [
        (Act(body=b"<html>busy</html>"), "its answer is no JSON: <html>busy</html>"),
        (Act(body=b'{"choices": []}'), 'no text in it: {"choices": []}'),
        (Act(body=b'{"choices": [{"message": {"content": 5}}]}'), "no text in it"),
        (Act(body=b"[1]"), "no text in it: [1]"),
        (Act(status=400, text="prompt is too long"), "HTTP 400: prompt is too long"),
        (Act(status=422, body=b"\xff\x00"), "HTTP 422"),
        (Act(body=b'"' + b"x" * (5 << 20) + b'"'), "more than"),
    ],
)
def test_what_goes_wrong_with_one_question_is_its_own_row(
    server: ChatServer, tmp_path: Path, act: Act, error: str
) -> None:
    server.by_word["corn corn corn corn corn corn"] = act
    asked = Asked(tmp_path, model_at(server))
    rows = asked.answers()
    assert [row["status"] for row in rows] == ["scored"] * 5 + ["failed"]
    assert error in rows[5]["error"]
    assert rows[5]["answer"] is None
    assert asked.scores()[5] is None
    assert asked.receipts[0].counts["failed"] == 1
    assert len(server.asked) == 6, "nothing that is wrong with a question passes by asking again"


def test_usage_that_is_not_told_counts_as_what_was_set_aside(server: ChatServer, tmp_path: Path) -> None:
    server.by_word["corn"] = Act(usage={"prompt_tokens": "many"})
    asked = Asked(
        tmp_path,
        model_at(server, at_once=1, prompt="{text}", max_tokens=50, budget=Budget(part_tokens=450, run_tokens=450)),
    )
    statuses = [row["status"] for row in asked.answers()]
    assert statuses.count("scored") == 2, "a question has some 130 bytes, and may be answered by 50 tokens"
    assert statuses.count("over_budget") == 4


# Retries.


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 529])
def test_what_passes_is_asked_again(server: ChatServer, tmp_path: Path, status: int) -> None:
    server.then(Act(status=status, text="busy"), Act(status=status, text="busy"))
    asked = Asked(tmp_path, model_at(server, at_once=1))
    assert [row["tries"] for row in asked.answers()] == [3, 1, 1, 1, 1, 1]
    assert asked.receipts[0].counts["requests"] == 8
    assert None not in asked.scores()


@pytest.mark.parametrize("after", ["1", "0.7", "date"])
def test_retry_after_is_waited_for(server: ChatServer, tmp_path: Path, after: str) -> None:
    told = format_datetime(datetime.now(UTC) + timedelta(seconds=3), usegmt=True) if after == "date" else after
    server.then(Act(status=429, text="slow down", headers={"Retry-After": told}))
    Asked(tmp_path, model_at(server, at_once=1), {"a.warc": PAGES["a.warc"][:1]})
    waited = server.asked[1]["time"] - server.asked[0]["time"]
    assert waited >= {"1": 1.0, "0.7": 0.7, "date": 1.0}[after]


def test_a_wait_beyond_all_patience_ends_the_part_at_once(server: ChatServer, tmp_path: Path) -> None:
    server.by_word["corn"] = Act(status=429, headers={"Retry-After": "86400"})
    began = time.monotonic()
    told = failure(tmp_path, model_at(server, at_once=1))
    assert "HTTP 429, asks to wait 86400 s" in told
    assert time.monotonic() - began < 6
    assert len(server.asked) == 1, "the part is not run again: that would only ask once more"


@pytest.mark.parametrize(
    "act", [Act(cut=10), Act(cut=0), Act(slow=0.6), Act(drip=0.05)], ids=["cut", "empty", "slow", "drip"]
)
def test_a_lost_or_late_answer_is_asked_for_again(server: ChatServer, tmp_path: Path, act: Act) -> None:
    server.then(act)
    asked = Asked(tmp_path, model_at(server, at_once=1, seconds=0.4), {"a.warc": PAGES["a.warc"][:1]})
    assert asked.answers()[0]["tries"] == 2
    assert asked.scores() == [5]


def test_a_server_that_is_not_there_ends_the_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRISTMILL_RETRY_SECONDS", "0.5")
    with ChatServer() as server:
        model = model_at(server)
    told = failure(tmp_path, model)
    assert "connection: ConnectionRefusedError" in told
    assert "nobody has answered there yet" in told


def test_a_server_that_never_answers_anything_is_given_up_after_few_questions(
    server: ChatServer, tmp_path: Path
) -> None:
    server.by_word["corn"] = Act(status=400, text="no such template")
    told = failure(tmp_path, model_at(server), MANY)
    assert "answered none of" in told
    assert "no such template" in told
    assert len(server.asked) <= 2 * (5 + 2), "both parts stop after five failures, and what is on its way then"


# The budget.


def test_no_more_is_sent_than_the_budget_allows_and_the_receipt_says_so(server: ChatServer, tmp_path: Path) -> None:
    asked = Asked(tmp_path, model_at(server, budget=Budget(part_requests=4, run_requests=100)))
    assert len(server.asked) == 4
    counts = asked.receipts[0].counts
    assert (counts["scored"], counts["over_budget"], counts["requests"]) == (4, 2, 4)
    statuses = [row["status"] for row in asked.answers()]
    assert sorted(statuses) == ["over_budget"] * 2 + ["scored"] * 4
    assert [score is None for score in asked.scores()] == [status == "over_budget" for status in statuses]


def test_requests_that_are_sent_again_are_paid_from_the_same_budget(server: ChatServer, tmp_path: Path) -> None:
    server.then(*[Act(status=500, text="broken")] * 2)
    asked = Asked(tmp_path, model_at(server, at_once=1, budget=Budget(part_requests=4, run_requests=4)))
    assert len(server.asked) == asked.receipts[0].counts["requests"] == 4
    assert [row["status"] for row in asked.answers()] == ["scored"] * 2 + ["over_budget"] * 4


def test_a_budget_that_ends_among_retries_is_a_failed_question(server: ChatServer, tmp_path: Path) -> None:
    server.by_word["corn corn"] = Act(status=500, text="broken")
    asked = Asked(tmp_path, model_at(server, at_once=1, budget=Budget(part_requests=3, run_requests=3)))
    rows = asked.answers()
    assert [row["status"] for row in rows] == ["scored", "failed", *["over_budget"] * 4]
    assert "HTTP 500; the budget allows no other request" in rows[1]["error"]


def test_tokens_are_set_aside_before_a_question_so_that_no_answer_exceeds_them(
    server: ChatServer, tmp_path: Path
) -> None:
    server.by_word["corn"] = Act(usage={"prompt_tokens": 30, "completion_tokens": 50})
    budget = Budget(part_tokens=400, run_tokens=400)
    asked = Asked(tmp_path, model_at(server, prompt="{text}", max_tokens=50, budget=budget, at_once=1), MANY)
    spent = asked.receipts[0].counts["question_tokens"] + asked.receipts[0].counts["answer_tokens"]
    assert 300 <= spent <= 400
    assert asked.receipts[0].counts["over_budget"] > 30


def test_a_run_spends_its_budget_in_its_first_parts(server: ChatServer, tmp_path: Path) -> None:
    budget = Budget(part_requests=50, run_requests=99)
    asked = Asked(tmp_path, model_at(server, budget=budget), MANY)
    assert budget.parts == 1
    assert [receipt.counts["scored"] for receipt in asked.receipts] == [40, 0]
    assert asked.receipts[1].counts["over_budget"] == 40
    assert len(server.asked) == 40


def test_no_more_questions_are_on_their_way_than_the_recipe_says(server: ChatServer, tmp_path: Path) -> None:
    server.by_word["corn"] = Act(slow=0.05)
    Asked(tmp_path, model_at(server, at_once=3), {"a.warc": MANY["a.warc"]})
    assert server.most_at_once == 3


# The key.


def everything_in(root: Path) -> bytes:
    return b"".join(path.read_bytes() for path in root.rglob("*") if path.is_file())


def test_the_key_is_sent_and_kept_nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, KEY)
    with ChatServer(KEY) as server:
        server.judge = lambda _: f"Your key is {KEY}.\nPoints: 1"
        server.by_word["corn corn corn corn corn corn"] = Act(status=400, text=f"bad key {KEY}")
        server.by_word["corn corn corn corn corn"] = Act(
            body=b'{"choices":[{"message":{"content":"%b"}}]}' % "".join(f"\\u{ord(c):04x}" for c in KEY).encode()
        )
        model = model_at(server, key_variable=VARIABLE)
        model.check()
        asked = Asked(tmp_path, model)
        assert server.asked[0]["headers"]["Authorization"] == f"Bearer {KEY}"
    rows = asked.answers()
    assert rows[0]["answer"] == "Your key is [key].\nPoints: 1"
    assert rows[4]["answer"] == "[key]"
    assert rows[5]["error"] == "HTTP 400: bad key [key]"
    told = [str(row) for row in rows] + [repr(model), str(asked.receipts), str(asked.execution.states)]
    assert not [text for text in told if KEY in text]
    assert KEY.encode() not in everything_in(tmp_path)


def test_a_wrong_key_is_told_by_its_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, KEY)
    with ChatServer("another") as server:
        told = failure(tmp_path, model_at(server, key_variable=VARIABLE))
        assert len(server.asked) <= 2
    assert f"does not accept the key in {VARIABLE} (HTTP 401)" in told
    assert KEY not in told
    assert KEY.encode() not in everything_in(tmp_path)


def test_a_request_without_a_key_is_told_where_one_is_wanted(tmp_path: Path) -> None:
    with ChatServer("another") as server:
        assert "a request without a key: name its variable" in failure(tmp_path, model_at(server))


@pytest.mark.parametrize("value", [None, "", "  ", "two words", "a\nb", "ключ", "x" * 5000])
def test_a_variable_without_a_key_is_an_error_before_anything_starts(
    server: ChatServer, value: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    if value is not None:
        monkeypatch.setenv(VARIABLE, value)
    with pytest.raises(RecipeError, match=VARIABLE) as raised:
        model_at(server, key_variable=VARIABLE).check()
    assert not value or not value.strip() or value not in str(raised.value)


def test_a_redirect_is_not_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, KEY)
    for status in (301, 302, 303, 307, 308):
        with ChatServer(KEY) as server, ChatServer() as other:
            place = other.base_url.replace("127.0.0.1", "localhost") + "/chat/completions"
            server.by_word["corn"] = Act(status=status, headers={"Location": place})
            told = failure(tmp_path / str(status), model_at(server, key_variable=VARIABLE))
            assert "redirects to localhost, where nothing is sent" in told
            assert not other.asked


@pytest.mark.parametrize("place", ["http://[::1", "http://[z]/", "http://\x1b[31mred/", "file:///etc/passwd", ""])
def test_a_redirect_to_no_address_is_told_in_our_words(server: ChatServer, tmp_path: Path, place: str) -> None:
    server.by_word["corn"] = Act(status=302, headers={"Location": place})
    assert "redirects to another address, where nothing is sent" in failure(tmp_path, model_at(server))


def test_a_proxy_of_the_environment_does_not_see_what_goes_to_this_machine(
    server: ChatServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    assert None not in Asked(tmp_path, model_at(server)).scores()


@pytest.mark.parametrize(
    "address",
    [
        "http://example.org/v1", "http://10.0.0.1/v1", "http://127.0.0.1.example.org/v1", "ftp://127.0.0.1/v1", "example.org/v1",
        "",
        "https://", "https://user:secret@example.org/v1", "https://example.org/v1?key=secret", "https://example.org/v1#secret",
        "https://example.org:99999/v1", "https://exa mple.org/v1", "file:///etc/passwd", "https://example.org/\r\nX: 1",
    ],
)  # fmt: skip
def test_an_address_that_would_send_the_key_in_the_open_or_holds_one_is_refused(address: str) -> None:
    with pytest.raises(RecipeError, match="endpoint") as raised:
        EndpointQuality(model="m", base_url=address)
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("prompt", "no text"), ("prompt", "{text} {text}"), ("pattern", "("), ("pattern", "no group"), ("pattern", "(a)(b)"),
        ("at_once", 0), ("at_once", 1000), ("max_tokens", 0), ("most", 0.0), ("settings", (("model", "x"),)),
        ("settings", (("temperature", 1),)),
    ],
)  # fmt: skip
def test_a_configuration_that_cannot_be_is_refused(field: str, value: Any) -> None:
    with pytest.raises(RecipeError, match="endpoint m"):
        EndpointQuality(**({"model": "m", "base_url": "http://localhost:1/v1"} | {field: value}))


def test_a_model_that_is_not_there_is_told(server: ChatServer, tmp_path: Path) -> None:
    told = failure(tmp_path, model_at(server, base_url=server.base_url + "/wrong"))
    assert "has no chat completions at /v1/wrong/chat/completions, or no such model (HTTP 404)" in told


def test_no_thread_outlives_a_part(server: ChatServer, tmp_path: Path) -> None:
    Asked(tmp_path / "one", model_at(server, at_once=8))
    server.by_word["corn"] = Act(status=401)
    failure(tmp_path / "two", model_at(server, at_once=8))
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("asking")]
