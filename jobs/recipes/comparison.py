"""What differs between two recipes: parts, their parameters, rules with their bounds, and the rest."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

from jobs.recipe import Recipe
from pipeline.identity import canonical
from pipeline.measures import Rule

_PARTS = ("ingest", "measures", "annotations", "transforms")
_SAID_ELSEWHERE = ("name", "rules", *_PARTS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Where two recipes differ: the part, `rules` or the recipe's own field; what of it; and both values as JSON types.

    `what` is a parameter, a rule's reason, or empty for the whole of it. None stands for what a recipe does not have.
    """

    where: str
    what: str
    one: Any
    other: Any


def differences(one: Recipe, other: Recipe) -> list[Difference]:
    """In the order of the recipes: parts, rules, then what follows them."""
    return [*_of_parts(one, other), *_of_rules(one.rules, other.rules), *_of_the_rest(one, other)]


def _of_parts(one: Recipe, other: Recipe) -> Iterator[Difference]:
    for field in _PARTS:
        ones, others = _named(getattr(one, field)), _named(getattr(other, field))
        for name in dict.fromkeys([*ones, *others]):
            yield from _between(name, ones.get(name), others.get(name))
        orders = [[name for name in names if name in ones and name in others] for names in (ones, others)]
        if orders[0] != orders[1]:
            yield Difference(where=field, what="order", one=orders[0], other=orders[1])


def _named(parts: Sequence[Any]) -> dict[str, Any]:
    """Parts by name; the second of a name is called `name 2`."""
    named: dict[str, Any] = {}
    for part in parts:
        name, number = str(part.name), 2
        while name in named:
            name, number = f"{part.name} {number}", number + 1
        named[name] = part
    return named


def _between(where: str, one: Any, other: Any) -> Iterator[Difference]:
    """Field by field where both are of one class, also what is at its default and so not in the identity."""
    if type(one) is not type(other) or not is_dataclass(one):
        if _readable(one) != _readable(other):
            yield Difference(where=where, what="", one=_readable(one), other=_readable(other))
        return
    for field in fields(one):
        values = [_readable(getattr(each, field.name)) for each in (one, other)]
        if values[0] != values[1]:
            yield Difference(where=where, what=field.name, one=values[0], other=values[1])


def _of_rules(ones: Sequence[Rule], others: Sequence[Rule]) -> Iterator[Difference]:
    bounds = [_bounds(rules) for rules in (ones, others)]
    for reason in dict.fromkeys([*bounds[0], *bounds[1]]):
        one, other = (each.get(reason) for each in bounds)
        if one != other:
            yield Difference(where="rules", what=reason, one=one, other=other)
    orders = [
        [rule.reason for rule in rules if all(rule.reason in each for each in bounds)] for rules in (ones, others)
    ]
    if orders[0] != orders[1]:
        yield Difference(where="rules", what="order", one=orders[0], other=orders[1])


def _bounds(rules: Sequence[Rule]) -> dict[str, str]:
    """By reason: what fails, `word_count < 50`."""
    bounds: dict[str, str] = {}
    for rule in rules:
        text = f"{rule.signal} {rule.op} {rule.value}{' or unknown' if rule.null_fails else ''}"
        bounds[rule.reason] = f"{bounds[rule.reason]}; {text}" if rule.reason in bounds else text
    return bounds


def _of_the_rest(one: Recipe, other: Recipe) -> Iterator[Difference]:
    for field in fields(Recipe):
        if field.name not in _SAID_ELSEWHERE:
            yield from _between(field.name, getattr(one, field.name), getattr(other, field.name))


def _readable(value: Any) -> Any:
    return None if value is None else canonical(value)
