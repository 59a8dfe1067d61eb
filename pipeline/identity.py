"""What a step is, as a number: the digest of its declared configuration.

Values written as literals bear identity; where and how something runs never does (fields marked `metadata=NOT_IDENTITY`); what
was added later does only where it is used (`metadata=IDENTITY_IF_CHANGED`). What
has no stable identity (a set, a function, a path, NaN) is refused with the way to mend it, rather than digested by accident.
"""

import dataclasses
import hashlib
import math
from collections.abc import Mapping
from enum import Enum
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import orjson

from pipeline.errors import RecipeError

NOT_IDENTITY: Mapping[str, object] = {"identity": False}
IDENTITY_IF_CHANGED: Mapping[str, object] = {"identity": "if changed"}
"""For a parameter that came later: at its default, what was done before it existed keeps its identity."""

_REMEDIES: tuple[tuple[type, str], ...] = (
    (set, "use a sorted tuple"),
    (frozenset, "use a sorted tuple"),
    (bytes, "use a string, or an Asset with its SHA-256"),
)


def canonical(value: Any, where: str = "value") -> Any:
    """`value` as JSON types whose text is the same in every process and on every machine.

    Frozen dataclasses become their class's `name`, `version` and engine versions (where declared) and their fields.

    Raises:
        RecipeError: for a value without a stable identity, naming where it stands and what to use instead.
    """
    if value is None or isinstance(value, bool | int | str):
        return _canonical_literal(value.value if isinstance(value, Enum) else value, where)
    if isinstance(value, float):
        if math.isnan(value):
            raise RecipeError(f"{where}: NaN has no identity; use None")
        return {"float": value.hex()}  # decimal texts differ between writers, the hexadecimal one does not
    if isinstance(value, tuple | list):
        return [canonical(item, f"{where}[{i}]") for i, item in enumerate(value)]
    if isinstance(value, dict):
        return _canonical_mapping(value, where)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _canonical_dataclass(value, where)
    remedy = next((how for type_, how in _REMEDIES if isinstance(value, type_)), None)
    remedy = remedy or "use numbers, strings, tuples, an Asset, or a frozen dataclass of these"
    raise RecipeError(f"{where}: a {type(value).__name__} has no stable identity; {remedy}")


def _canonical_literal(value: bool | int | str | None, where: str) -> Any:
    if isinstance(value, int) and not -(1 << 63) <= value < 1 << 64:
        raise RecipeError(f"{where}: {value} has more than the 64 bits that JSON readers agree on; use a string")
    if isinstance(value, str) and any("\ud800" <= char <= "\udfff" for char in value):
        raise RecipeError(f"{where}: {value!r} holds a lone surrogate, which no file can; use U+FFFD")
    return value


def _canonical_mapping(value: dict[Any, Any], where: str) -> Any:
    if not all(isinstance(key, str) for key in value):
        raise RecipeError(f"{where}: keys must be strings")
    return {_canonical_literal(key, where): canonical(value[key], f"{where}[{key!r}]") for key in sorted(value)}


def _canonical_dataclass(value: Any, where: str) -> Any:
    cls: Any = type(value)
    if not cls.__dataclass_params__.frozen:
        raise RecipeError(f"{where}: {cls.__name__} can change after it is digested; make it @dataclass(frozen=True)")
    fields = {
        field.name: canonical(getattr(value, field.name), f"{where}.{field.name}")
        for field in dataclasses.fields(value)
        if _bears_identity(field, getattr(value, field.name))
    }
    declared = getattr(cls, "name", None)  # a field called `name` is no declaration
    head: dict[str, Any] = {"is": declared if isinstance(declared, str) else cls.__name__}
    if isinstance(getattr(cls, "version", None), int):
        head["version"] = cls.version
    if engines := getattr(cls, "engines", ()):
        head["engines"] = {engine: engine_version(engine) for engine in sorted(engines)}
    return {**head, **fields}


def _bears_identity(field: "dataclasses.Field[Any]", value: Any) -> bool:
    declared = field.metadata.get("identity", True)
    if declared != IDENTITY_IF_CHANGED["identity"]:
        return bool(declared)
    make = field.default_factory
    return value != (field.default if make is dataclasses.MISSING else make())


def engine_version(distribution: str) -> str:
    """The installed version of a package whose behaviour decides an output."""
    try:
        return version(distribution)
    except PackageNotFoundError as error:
        raise RecipeError(f"the package {distribution} is not installed; run `make setup`") from error


def digest(value: Any) -> str:
    """The first 16 hexadecimal digits of the SHA-256 of `canonical(value)`."""
    return hashlib.sha256(orjson.dumps(canonical(value), option=orjson.OPT_SORT_KEYS)).hexdigest()[:16]
