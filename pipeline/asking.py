"""Has a sample of documents judged by a remote model: answers cost money and are not given twice alike, so all are kept.

The column is row-aligned as that of any other model, null for what was not asked. Beside it stands `answers`: each request by its
digest, each answer as it came, and the score that was read in it; row-aligned too, so that a takedown finds what was said of a
page. A committed part is never asked again.
"""

import heapq
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Lock
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa

from pipeline.asked import MOST_QUESTIONS, Answer, AskedModel, Asker, Budget
from pipeline.errors import InputError
from pipeline.quality import column_of, signals_of_model
from pipeline.score_tables import ANSWERS
from pipeline.scoring import WINDOW, texts_of
from pipeline.steps import PartRun

_HOPELESS = 5  # failures without one answer, after which a part stops asking
_SHOWN = 300  # characters of an error


@dataclass(frozen=True, slots=True)
class _Question:
    """A document that is asked about: its row among those of the part."""

    row: int
    record_id: str | None
    text: str


_Told = tuple[_Question, Answer | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """Writes `signals` with the model's column and `answers`, both row for row beside the documents of the covered parts.

    Only documents that the step `survivors` keeps are asked about, where one is named.
    """

    name: ClassVar[str] = "asking"
    version: ClassVar[int] = 1

    model: AskedModel
    survivors: str | None = None

    def run(self, part: PartRun) -> dict[str, int]:
        """Counts `rows`, `scored`, and of the questions what became of them, what was sent and what it took in tokens."""
        signals, answers = part.writer("signals", signals_of_model(self.model)), part.writer("answers", ANSWERS)
        rows, questions = self._questions(part)
        purse = _Purse(self.model.budget, open_=_place_of(part) < self.model.budget.parts)
        asker = self.model.asker()
        answered = _answers(asker, questions, purse, self.model.at_once)
        told = dict(zip((question.row for question in questions), zip(questions, answered, strict=True), strict=True))
        for first in range(0, rows, WINDOW):
            window = [told.get(row) for row in range(first, min(first + WINDOW, rows))]
            answers.write_columns(_columns(window))
            signals.write(self._scores(window))
        part.facts["endpoint"] = asker.where
        return {"rows": rows, **_counts(answered), "requests": purse.requests, **_tokens(answered)}

    def _questions(self, part: PartRun) -> tuple[int, list[_Question]]:
        """How many documents there are, and those of the sample, in order."""
        most = min(self.model.sample.most or MOST_QUESTIONS, MOST_QUESTIONS)
        line: list[tuple[int, int, _Question]] = []
        rows = 0
        for rows, (record_id, text) in enumerate(self._documents(part), 1):
            drawn = self.model.sample.draw(record_id or f"{part.task.part.name} {rows}") if text else None
            if drawn is None:
                continue
            entry = (-drawn, -rows, _Question(rows - 1, record_id, text[: self.model.most_chars]))
            heapq.heappush(line, entry) if len(line) < most else heapq.heappushpop(line, entry)
        return rows, sorted((entry[2] for entry in line), key=lambda question: question.row)

    def _documents(self, part: PartRun) -> Iterator[tuple[str | None, str]]:
        """Id and text of each; no text where there is none, or where the document is not kept."""
        for ids, texts in texts_of(part, self.survivors, WINDOW):
            yield from zip(ids, texts, strict=True)

    def _scores(self, window: Sequence[_Told | None]) -> pa.RecordBatch:
        found = [told[1].score if told and told[1] else None for told in window]
        return column_of(self.model, np.array(found, np.float64))


def _place_of(part: PartRun) -> int:
    """Which part of its step this is, from 0."""
    return part.task.part.first // max(given.span for given in part.task.inputs)


def _answers(asker: Asker, questions: Sequence[_Question], purse: "_Purse", at_once: int) -> list[Answer | None]:
    """An answer a question, None where the budget did not reach; the first error that is not one question's own ends all."""

    def one(question: _Question) -> Answer | None:
        most = asker.most_tokens(question.text)
        if not purse.reserve(most):
            return None
        try:
            answer = asker.ask(question.text, purse)
        except BaseException:
            purse.close()
            raise
        purse.settle(most, answer)
        return answer

    with ThreadPoolExecutor(at_once, thread_name_prefix="asking") as pool:
        answered = list(pool.map(one, questions))
    failed = [answer for answer in answered if answer and answer.error]
    if failed and (purse.hopeless or not any(answer.text is not None for answer in answered if answer)):
        raise InputError(f"{asker.where} answered none of {len(failed)} questions: {str(failed[0].error)[:_SHOWN]}")
    return answered


class _Purse:
    """What a part may still send and spend. What an answer may cost is set aside before the question is put."""

    def __init__(self, budget: Budget, *, open_: bool) -> None:
        self.requests, self.hopeless = 0, False
        self._most, self._tokens = budget.part_requests, budget.part_tokens
        self._open, self._failed = open_, 0
        self._lock = Lock()

    def reserve(self, tokens: int) -> bool:
        """Whether a question that may cost `tokens` can be put; it is counted."""
        with self._lock:
            if not self._open or self.requests >= self._most or tokens > self._tokens:
                return False
            self.requests, self._tokens = self.requests + 1, self._tokens - tokens
            return True

    def another(self) -> bool:
        """See `Purse`."""
        with self._lock:
            if not self._open or self.requests >= self._most:
                return False
            self.requests += 1
            return True

    def settle(self, reserved: int, answer: Answer) -> None:
        """Gives back what an answer did not cost; stops all asking where nothing was answered for too long."""
        with self._lock:
            if answer.tokens is not None:
                self._tokens += reserved - sum(answer.tokens)
            if answer.error is None:
                self._failed = -1  # from now on a failure is one question's own
            elif self._failed >= 0:
                self._failed += 1
                self.hopeless = self._failed >= _HOPELESS
                self._open = self._open and not self.hopeless

    def close(self) -> None:
        """Nothing is sent any more."""
        with self._lock:
            self._open = False


def _outcome(answer: Answer | None) -> str:
    if answer is None:
        return "over_budget"
    if answer.error is not None:
        return "failed"
    return "no_score" if answer.score is None else "scored"


def _columns(window: Sequence[_Told | None]) -> dict[str, list[Any]]:
    """The columns of `answers` for consecutive documents."""
    rows = [_row(*told) if told else {} for told in window]
    return {name: [row.get(name) for row in rows] for name in ANSWERS.names}


def _row(question: _Question, answer: Answer | None) -> dict[str, Any]:
    known = answer or Answer(request="", tries=0)
    tokens = known.tokens or (None, None)
    return {
        "record_id": question.record_id,
        "status": _outcome(answer),
        "request": known.request or None,
        "answer": known.text,
        "score": known.score,
        "question_tokens": tokens[0],
        "answer_tokens": tokens[1],
        "tries": known.tries,
        "error": known.error,
    }


def _counts(answered: Sequence[Answer | None]) -> dict[str, int]:
    outcomes = [_outcome(answer) for answer in answered]
    return {name: outcomes.count(name) for name in ("scored", "no_score", "failed", "over_budget")}


def _tokens(answered: Sequence[Answer | None]) -> dict[str, int]:
    told = [answer.tokens for answer in answered if answer and answer.tokens]
    return {"question_tokens": sum(each[0] for each in told), "answer_tokens": sum(each[1] for each in told)}
