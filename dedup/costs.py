"""What a deduplication takes: tasks, objects, requests, bytes and core-seconds of each step, as `gristmill plan` prints.

Tasks and objects follow from the graph and are exact. Bytes and seconds are measured constants times documents, keys or
edges, for planning and never for deciding. A request is a footer or a row group that a task reads, or the list of receipts of
an input; columns that lie side by side come in one.
"""

from collections.abc import Callable
from math import ceil

from dedup.cost_facts import (
    ANSWER_SECONDS,
    CLUSTERED,
    COMPONENT_ROW_BYTES,
    EDGE_ROW_BYTES,
    ELECTED_ROW_BYTES,
    ELECTED_SECONDS,
    GATHERED_SECONDS,
    JOINED_SECONDS,
    KEY_BYTES,
    KEY_SECONDS,
    MEMBER_KEY_SECONDS,
    MEMBER_SECONDS,
    ORDER_BYTES,
    PACKED_SECONDS,
    READ_SECONDS,
    ROUTED_SECONDS,
    SIGNED_SECONDS,
    SIGNING_BYTES,
    SORTED_KEY_BYTES,
    SORTED_SECONDS,
    SURVIVOR_ROW_BYTES,
    SURVIVOR_SECONDS,
    WORD_SECONDS,
    WORKING_ROUNDS,
    Facts,
    StepCost,
    costed,
)
from dedup.exact_costs import EXACT_FORMULAS, settled, uncopied
from dedup.scale import (
    ANSWER_BYTES,
    COMPONENT_BYTES,
    EDGE_BYTES,
    ROUTED_BYTES,
    elected_bytes,
    gathered_bytes,
)
from dedup.steps import Deduplication
from pipeline.steps import Step

_ROUNDS, _ROUTED = "components-", "routed-"


def costs(made: Deduplication, *, span: int, words: int = 400, clustered: float = CLUSTERED) -> tuple[StepCost, ...]:
    """What each step takes, in order, for texts of `words` words of which a share is `clustered`; texts are not in the bytes.

    What earlier releases take is not told.
    """
    facts = Facts(
        made=made,
        steps=made.steps((), span=span),
        parts=ceil(made.extent.files / span),
        words=words,
        clustered_share=clustered,
    )
    return tuple(_cost(step, facts) for step in facts.steps if step.name != "earlier")


def _cost(step: Step, facts: Facts) -> StepCost:
    tasks = step.partitions or ceil(facts.made.extent.files / step.span)
    several = {_ROUNDS: _round, _ROUTED: _routed} | EXACT_FORMULAS
    formula = next((found for start, found in several.items() if step.name.startswith(start)), None)
    return (formula or _FORMULAS[step.name])(step.name, tasks, facts)


def _minhash(step: str, tasks: int, facts: Facts) -> StepCost:
    """Reads texts, which whoever gives them counts, and which documents are copies."""
    written = facts.keys * KEY_BYTES + facts.documents * (ORDER_BYTES + facts.signature_bytes)
    a_word = WORD_SECONDS[facts.minhash.family] * facts.minhash.bands * facts.minhash.rows / 112
    seconds = facts.documents * facts.words * a_word + facts.keys * SIGNED_SECONDS / 14
    seconds += facts.documents * PACKED_SECONDS * (facts.signature_bytes > 0)
    requests, read = uncopied(tasks, len(facts.made.exact), facts)
    return costed(step, tasks, 2, requests, read, written, seconds, SIGNING_BYTES)


def _sorted(step: str, tasks: int, facts: Facts) -> StepCost:
    """Opens each part twice a band: to count, and to read."""
    volume, written = facts.keys * KEY_BYTES, facts.keys * SORTED_KEY_BYTES
    requests = tasks + facts.parts * (1 + 3 * facts.bands)
    most = min(facts.made.shape.rows, facts.documents * facts.made.shape.merged / max(1, facts.parts))
    return costed(step, tasks, 1, requests, volume, written, facts.keys * SORTED_SECONDS, most * EDGE_BYTES)


def _ranged(step: str, tasks: int, facts: Facts) -> StepCost:
    """Reads a row group of each part of `sorted`."""
    volume, held = facts.keys * SORTED_KEY_BYTES, min(facts.keys / tasks, facts.made.shape.rows) * EDGE_BYTES
    requests = tasks * (1 + 2 * facts.sorted_parts / facts.slices(step))
    return costed(step, tasks, 1, requests, volume, volume, facts.keys * SORTED_SECONDS, held)


def _edges(step: str, tasks: int, facts: Facts) -> StepCost:
    """A row group of each part, whole; after `sorted` only that of the range, after `ranged` one of each set."""
    merged = facts.made.shape.merged > 1
    opened = facts.sorted_parts if merged else facts.parts
    read = facts.keys * (SORTED_KEY_BYTES if merged else KEY_BYTES * facts.made.shape.ranges)
    again = 0 if merged else facts.made.shape.ranges - 1
    seconds = facts.keys * (KEY_SECONDS + again * READ_SECONDS)
    held = min(facts.documents / facts.made.shape.ranges, facts.made.shape.rows) * EDGE_BYTES
    requests = 2 * opened
    if level := facts.level("ranged"):
        requests = facts.dealt(facts.keys, level, facts.made.shape.rows)
    return costed(step, tasks, 1, tasks * (1 + requests), read, facts.edges * EDGE_ROW_BYTES, seconds, held)


def _routed(step: str, tasks: int, facts: Facts) -> StepCost:
    """Reads a row group of each part of `edges` or of a round, and nothing where that had no work."""
    first = step == f"{_ROUTED}edges"
    works = first or int(step.rpartition("-")[2]) <= WORKING_ROUNDS
    edges = (facts.edges if first else facts.left) * works
    opened = (facts.found if first else facts.made.shape.joins) * works
    held = min(edges / tasks, facts.made.shape.most_routed) * ROUTED_BYTES
    volume = edges * EDGE_ROW_BYTES
    requests = tasks * (1 + 2 * opened / facts.slices(step))
    return costed(step, tasks, 1, requests, volume, volume, edges * ROUTED_SECONDS, held)


def _heard(facts: Facts, edges: int, before: int, step: str) -> int:
    """Requests for the edges of one partition: a footer and a row group of each of the tasks of `step`, or of the level."""
    level = facts.level(f"{_ROUTED}{step}")
    return facts.dealt(edges, level, facts.made.shape.most_routed) if level else 2 * before


def _round(step: str, tasks: int, facts: Facts) -> StepCost:
    """Reads what `edges`, or the round before, has for it; once to join, and again to tell what is new."""
    number = int(step.rpartition("-")[2])
    works = number <= WORKING_ROUNDS
    before = facts.edges if number == 1 else facts.left
    heard = before * works
    opened, source = (facts.found, "edges") if number == 1 else (tasks, f"{_ROUNDS}{number - 1}")
    requests = tasks * (1 + 2 * _heard(facts, before, opened, source) * works)
    held = min(facts.clustered / tasks, facts.made.shape.most_joined) * COMPONENT_BYTES
    read, written = 2 * heard * EDGE_ROW_BYTES, facts.left * EDGE_ROW_BYTES * works
    return costed(step, tasks, 1, requests, read, written, heard * JOINED_SECONDS, held * works)


def _components(step: str, tasks: int, facts: Facts) -> StepCost:
    heard = facts.left if tasks > 1 else facts.edges
    opened, source = (tasks, f"{_ROUNDS}{WORKING_ROUNDS}") if tasks > 1 else (facts.found, "edges")
    requests = tasks * (1 + _heard(facts, heard, opened, source))
    held = min(facts.clustered / tasks, facts.made.shape.most_joined) * COMPONENT_BYTES
    written = facts.clustered * COMPONENT_ROW_BYTES
    return costed(step, tasks, 1, requests, heard * EDGE_ROW_BYTES, written, heard * JOINED_SECONDS, held)


def _members(step: str, tasks: int, facts: Facts) -> StepCost:
    """Reads the order of its documents, by star all their keys too, and their range of `components`."""
    star = facts.stars
    read = facts.documents * (ORDER_BYTES + facts.signature_bytes) + facts.clustered * COMPONENT_ROW_BYTES
    groups = facts.documents / 2_000
    requests = tasks * 5 + facts.made.shape.joins + facts.parts * (1 + star * (1 + facts.bands)) + groups
    seconds = facts.documents * MEMBER_SECONDS + facts.keys * MEMBER_KEY_SECONDS * star
    read += facts.keys * KEY_BYTES * star
    return costed(step, tasks, 1, requests, read, facts.clustered * facts.member_bytes, seconds, SIGNING_BYTES / 5)


def _gathered(step: str, tasks: int, facts: Facts) -> StepCost:
    """Reads a row group of each part of `members`."""
    volume = facts.clustered * facts.member_bytes
    held = min(facts.clustered / tasks, facts.made.shape.most_gathered)
    memory = held * gathered_bytes(facts.minhash, facts.made.survival)
    seconds = facts.clustered * GATHERED_SECONDS * (6 if facts.stars else 1)
    requests = tasks * (1 + 2 * facts.parts / facts.slices(step))
    return costed(step, tasks, 1, requests, volume, volume, seconds, memory)


def _clusters(step: str, tasks: int, facts: Facts) -> StepCost:
    """Reads its row group of each part of `members`, or its row groups of `gathered`, twice by the rule components."""
    times = 1 if facts.stars else 2
    volume = facts.clustered * facts.member_bytes
    a_document = elected_bytes(facts.minhash, facts.made.survival)
    held = min(facts.clustered / tasks, facts.made.shape.most_elected) * a_document
    seconds = facts.clustered * ELECTED_SECONDS * (1.5 if facts.stars else 1)
    opened = 2 * facts.parts
    if level := facts.level("gathered"):
        opened = facts.dealt(facts.clustered, level, facts.made.shape.most_gathered)
    requests = tasks * (1 + times * opened)
    return costed(step, tasks, 1, requests, volume * times, facts.clustered * ELECTED_ROW_BYTES, seconds, held)


def _answers(step: str, tasks: int, facts: Facts) -> StepCost:
    """Reads a row group of each election."""
    volume = facts.clustered * ELECTED_ROW_BYTES
    held = min(facts.clustered / tasks, facts.made.shape.most_answers) * ANSWER_BYTES
    requests = tasks * (1 + 2 * facts.made.shape.elections / facts.slices(step))
    return costed(step, tasks, 1, requests, volume, volume, facts.clustered * ANSWER_SECONDS, held)


def _survivors(step: str, tasks: int, facts: Facts) -> StepCost:
    """Opens each election, for any cluster may be in any, or its range of `answers`; verdicts are not counted."""
    requests, read = settled(tasks, facts)
    if facts.made.minhash is not None:
        read += facts.clustered * ELECTED_ROW_BYTES
        opened = 2 * tasks * facts.made.shape.elections
        if level := facts.level("answers"):
            opened = facts.brought_back(tasks, level, facts.clustered)
        requests += opened
    written, seconds = facts.documents * SURVIVOR_ROW_BYTES, facts.documents * SURVIVOR_SECONDS
    return costed(step, tasks, 1, tasks + requests, read, written, seconds, SIGNING_BYTES / 5)


_FORMULAS: dict[str, Callable[[str, int, Facts], StepCost]] = {
    "minhash": _minhash,
    "sorted": _sorted,
    "ranged": _ranged,
    "edges": _edges,
    "components": _components,
    "members": _members,
    "gathered": _gathered,
    "clusters": _clusters,
    "answers": _answers,
    "survivors": _survivors,
}
