"""What the steps of exact copies take: the formulas, as `dedup.costs` has those of near-duplicates."""

from collections.abc import Callable
from math import ceil

from dedup.cost_facts import (
    ADDRESS_SECONDS,
    COPIED_DEALT_SECONDS,
    COPIED_SECONDS,
    COPY_ROW_BYTES,
    DEALT_SECONDS,
    ELECTED_ROW_BYTES,
    HASHED_SECONDS,
    KEYED_SECONDS,
    RETURNED_ROW_BYTES,
    RETURNED_SECONDS,
    SAME_ROW_BYTES,
    SETTLED_ROW_BYTES,
    SIGNING_BYTES,
    Facts,
    StepCost,
    costed,
)
from dedup.exact import KINDS, in_order
from dedup.runs import ROW_GROUP
from dedup.scale import ANSWER_BYTES, SAME_BYTES

_KEY_BYTES = 20  # of a row of keys: what is read of it again to count and to tell copies


def uncopied(readers: int, passes: int, facts: Facts) -> tuple[float, float]:
    """Requests and bytes of a step whose parts leave out what the first `passes` found: copies and originals of each."""
    kinds = [each.by for each in in_order(facts.made.exact)][:passes]
    return sum(2 * _told(readers, kind, facts) for kind in kinds), len(kinds) * facts.copied * COPY_ROW_BYTES


def settled(readers: int, facts: Facts) -> tuple[float, float]:
    """The same of a step whose parts ask what became of their copies and originals."""
    kinds = [each.by for each in facts.made.exact]
    requests = sum(_told(readers, kind, facts) + _told(readers, kind, facts, back="answers") for kind in kinds)
    return requests, len(kinds) * facts.copied * (COPY_ROW_BYTES + SETTLED_ROW_BYTES)


def _told(readers: int, kind: str, facts: Facts, back: str = "found") -> int:
    """Requests for a table about documents: of each partition, or of the range of a level that brings it back."""
    level = facts.level(f"{back}-{kind}")
    return facts.brought_back(readers, level, facts.copied) if level else 2 * readers * facts.made.shape.copies


def _keys(step: str, tasks: int, facts: Facts) -> StepCost:
    """Reads texts or addresses, which whoever gives them counts, and what the passes before found."""
    kind = step.partition("-")[2]
    passes = len([each for each in facts.made.exact if KINDS.index(each.by) < KINDS.index(kind)])
    requests, read = uncopied(tasks, passes, facts)
    seconds = KEYED_SECONDS + (ADDRESS_SECONDS if kind == "url" else facts.words * HASHED_SECONDS)
    written = facts.documents * SAME_ROW_BYTES
    return costed(step, tasks, 1, requests, read, written, facts.documents * seconds, SIGNING_BYTES / 2)


def _row_groups(facts: Facts) -> int:
    """Of a part of `exact-KIND`, which are sorted together: a range of keys begins inside one and ends inside one."""
    return ceil(facts.documents / facts.parts / ROW_GROUP)


def _dealt(step: str, tasks: int, facts: Facts) -> StepCost:
    """Reads its range of keys of each part."""
    groups, slices = tasks // facts.slices(step), facts.slices(step)
    touched = _touched(_row_groups(facts), groups)
    requests = tasks * (1 + facts.parts / slices * (1 + touched))
    volume = facts.documents * SAME_ROW_BYTES
    read = volume * touched * groups / _row_groups(facts)
    held = min(facts.documents / tasks, facts.made.shape.most_copies) * SAME_BYTES
    return costed(step, tasks, 1, requests, read, volume, facts.documents * DEALT_SECONDS, held)


def _touched(row_groups: int, ranges: int) -> float:
    """How many of sorted row groups one of some equal ranges is in, on average."""
    return (row_groups + ranges - 1) / ranges


def _copies(step: str, tasks: int, facts: Facts) -> StepCost:
    """Reads its keys three times: to count them, to elect, and to tell copies."""
    level = facts.level(f"dealt-{step.partition('-')[2]}")
    touched = _touched(_row_groups(facts), tasks)
    whole = touched * tasks / _row_groups(facts)
    opened, seconds = facts.parts * (1 + touched), COPIED_SECONDS
    if level:
        whole, opened = 1.0, facts.dealt(facts.documents, level, facts.made.shape.most_copies)
        seconds = COPIED_DEALT_SECONDS
    read = facts.documents * (SAME_ROW_BYTES + 2 * _KEY_BYTES) * whole
    held = min(facts.documents / tasks, facts.made.shape.most_copies) * SAME_BYTES
    written = facts.copied * COPY_ROW_BYTES
    return costed(step, tasks, 3, tasks * (1 + 3 * opened), read, written, facts.documents * seconds, held)


def _found(step: str, tasks: int, facts: Facts) -> StepCost:
    """Reads its range of documents of each partition of `copies-KIND`, of three tables."""
    return _back(step, tasks, 3, COPY_ROW_BYTES, COPY_ROW_BYTES, facts)


def _answers(step: str, tasks: int, facts: Facts) -> StepCost:
    """Reads its range of documents of each partition of `settled-KIND`."""
    return _back(step, tasks, 1, SETTLED_ROW_BYTES, RETURNED_ROW_BYTES, facts)


def _back(step: str, tasks: int, tables: int, before: float, after: float, facts: Facts) -> StepCost:
    slices, partitions = facts.slices(step), facts.made.shape.copies
    row_groups = ceil(facts.copied / partitions / ROW_GROUP)
    touched = _touched(row_groups, tasks // slices)
    requests = tasks * (1 + tables * partitions / slices * (1 + touched))
    read = facts.copied * before * touched * tasks / slices / row_groups
    held = min(facts.copied / tasks, facts.made.shape.most_answers) * ANSWER_BYTES
    return costed(step, tasks, tables, requests, read, facts.copied * after, facts.copied * RETURNED_SECONDS, held)


def _settled(step: str, tasks: int, facts: Facts) -> StepCost:
    """Reads pairs, originals of all passes, what became of the copies of later ones, and what was elected."""
    kinds = [each.by for each in in_order(facts.made.exact)]
    later = kinds[kinds.index(step.partition("-")[2]) + 1 :]
    requests = tasks + sum(_told(tasks, kind, facts) for kind in (*kinds, step.partition("-")[2]))
    requests += sum(_told(tasks, kind, facts, back="answers") for kind in later)
    read = facts.copied * (COPY_ROW_BYTES * len(kinds) + SETTLED_ROW_BYTES * len(later))
    if facts.made.minhash:
        level = facts.level("answers")
        near = facts.brought_back(tasks, level, facts.clustered) if level else 2 * tasks * facts.made.shape.elections
        requests, read = requests + near, read + facts.clustered * ELECTED_ROW_BYTES
    held = min(facts.copied / tasks, facts.made.shape.most_copies) * SAME_BYTES
    written = facts.copied * SETTLED_ROW_BYTES
    return costed(step, tasks, 1, requests, read, written, facts.copied * RETURNED_SECONDS, held)


EXACT_FORMULAS: dict[str, Callable[[str, int, Facts], StepCost]] = {
    "exact-": _keys,
    "dealt-": _dealt,
    "copies-": _copies,
    "found-": _found,
    "answers-": _answers,
    "settled-": _settled,
}
"""By how the names of the steps begin."""
