"""Parts of a recipe made again from what a run recorded of them: the inverse of `pipeline.identity.canonical`.

A run's record holds the readable identity of every stage. Who looks at the run later gets the same measures, tokenizer and
transforms out of it without the recipe's file, or is told why that cannot be.
"""

import dataclasses
from collections.abc import Sequence
from typing import Any

from pipeline.errors import RecipeError
from pipeline.identity import canonical


def restore(readable: Any, classes: Sequence[type]) -> Any:
    """The value that `canonical` wrote as `readable`, of these dataclasses; `is_same` says whether it still means the same.

    A field that has its default's identity gets the default, and so what is no part of the identity (where a file is).

    Raises:
        RecipeError: the class is none of `classes`, or has other fields now.
    """
    if isinstance(readable, list):
        return tuple(restore(each, classes) for each in readable)
    if not isinstance(readable, dict):
        return readable
    if "float" in readable:
        return float.fromhex(readable["float"])
    return _object(readable, {_name(each): each for each in classes}, classes)


def is_same(value: Any, readable: Any) -> bool:
    """Whether `value` has the identity `readable`: class, version, fields, and versions of its engines."""
    return canonical(value) == readable


def _name(cls: type) -> str:
    declared = getattr(cls, "name", None)
    return declared if isinstance(declared, str) else cls.__name__


def _object(readable: dict[str, Any], known: dict[str, type], classes: Sequence[type]) -> Any:
    cls: Any = known.get(readable.get("is", ""))
    if cls is None:
        raise RecipeError(f"{readable.get('is', 'a mapping')} is no part that is shipped; name the run's recipe file")
    given: dict[str, Any] = {}
    for field in dataclasses.fields(cls):
        if field.name in readable and not _is_default(field, readable[field.name]):
            given[field.name] = restore(readable[field.name], classes)
    try:
        return cls(**given)
    except (TypeError, ValueError) as error:
        raise RecipeError(f"{readable['is']}: was made with other parameters than it has now ({error})") from error


def _is_default(field: "dataclasses.Field[Any]", readable: Any) -> bool:
    if field.default is not dataclasses.MISSING:
        return canonical(field.default) == readable
    if field.default_factory is not dataclasses.MISSING:
        return canonical(field.default_factory()) == readable
    return False
