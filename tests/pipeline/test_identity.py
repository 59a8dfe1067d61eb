"""Identity is what was declared: the same configuration has one number everywhere, another has another, the rest is refused."""

import math
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import Enum, StrEnum
from importlib.metadata import version
from pathlib import Path
from typing import Any, ClassVar

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import RecipeError
from pipeline.identity import IDENTITY_IF_CHANGED, NOT_IDENTITY, canonical, digest, engine_version


@dataclass(frozen=True, slots=True, kw_only=True)
class LineQuality:
    name: ClassVar[str] = "line_quality"
    version: ClassVar[int] = 1
    engines: ClassVar[tuple[str, ...]] = ()

    short_line_chars: int = 30
    min_ratio: float = 0.12
    batch: int = field(default=64, metadata=NOT_IDENTITY)


@dataclass(frozen=True)
class Bare:
    value: Any


@dataclass
class Changeable:
    value: int = 1


class Colour(Enum):
    RED = 1


class Mode(StrEnum):
    FAST = "fast"


def test_a_declared_part_is_its_name_its_version_and_its_fields() -> None:
    assert canonical(LineQuality()) == {
        "is": "line_quality",
        "version": 1,
        "short_line_chars": 30,
        "min_ratio": {"float": "0x1.eb851eb851eb8p-4"},
    }


def test_without_a_declared_name_it_is_its_class() -> None:
    assert canonical(Bare(1)) == {"is": "Bare", "value": 1}


def test_a_field_called_name_is_a_value_and_no_declaration() -> None:
    @dataclass(frozen=True, slots=True)
    class Recipe:
        name: str

    assert canonical(Recipe("mine")) == {"is": "Recipe", "name": "mine"}


def test_every_parameter_counts_and_what_is_marked_does_not() -> None:
    whole = digest(LineQuality())
    assert digest(replace(LineQuality(), short_line_chars=31)) != whole
    assert digest(replace(LineQuality(), min_ratio=0.12000000000000001)) != whole
    assert digest(replace(LineQuality(), batch=1)) == whole


@pytest.mark.parametrize("change", [{"name": "line_quality_2"}, {"version": 2}, {"engines": ("pyarrow",)}])
def test_name_version_and_engines_count(change: dict[str, Any]) -> None:
    changed = type("LineQuality", (LineQuality,), change)
    assert digest(changed()) != digest(LineQuality())


def test_an_engine_stands_with_its_installed_version(monkeypatch: pytest.MonkeyPatch) -> None:
    @dataclass(frozen=True)
    class Extractor:
        engines: ClassVar[tuple[str, ...]] = ("trafilatura", "pyarrow")

    assert canonical(Extractor())["engines"] == {name: version(name) for name in ("pyarrow", "trafilatura")}
    before = digest(Extractor())
    monkeypatch.setattr("pipeline.identity.version", lambda _: "0.0.1")
    assert digest(Extractor()) != before


def test_an_engine_that_is_not_installed_is_refused() -> None:
    with pytest.raises(RecipeError, match=r"package no-such-engine is not installed; run `make setup`"):
        engine_version("no-such-engine")


REFUSED: list[tuple[Any, str]] = [
    ({1, 2}, r"at: a set has no stable identity; use a sorted tuple"),
    (frozenset("a"), r"at: a frozenset has .*; use a sorted tuple"),
    (b"bytes", r"at: a bytes has .*; use a string, or an Asset"),
    (math.nan, r"at: NaN has no identity; use None"),
    (len, r"at: a builtin_function_or_method has .*; use numbers, strings, tuples"),
    (lambda: 1, r"at: a function has no stable identity"),
    (Path("a"), r"at: a \w*Path has no stable identity"),
    (object(), r"at: a object has no stable identity"),
    (1j, r"at: a complex has no stable identity"),
    (Colour.RED, r"at: a Colour has no stable identity"),
    (LineQuality, r"at: a type has no stable identity"),
    ({1: "a"}, r"at: keys must be strings"),
    (Changeable(), r"at: Changeable can change after it is digested; make it @dataclass\(frozen=True\)"),
    (1 << 64, r"at: 18446744073709551616 has more than the 64 bits"),
    (-(1 << 63) - 1, r"at: -9223372036854775809 has more than the 64 bits"),
    ("\ud800", r"at: '\\ud800' holds a lone surrogate"),
    ({"\udfff": 1}, r"at: '\\udfff' holds a lone surrogate"),
    ((1, [{"a": Bare((0, {1}))}]), r"at\[1\]\[0\]\['a'\]\.value\[1\]: a set has no"),
]


@pytest.mark.parametrize(("value", "told"), REFUSED)
def test_what_has_no_stable_identity_is_refused_with_the_way_to_mend_it(value: Any, told: str) -> None:
    with pytest.raises(RecipeError, match=f"^{told}"):
        canonical(value, "at")


def test_what_is_no_identity_may_be_anything() -> None:
    @dataclass(frozen=True)
    class Stage:
        log: Any = field(metadata=NOT_IDENTITY)

    assert digest(Stage({1})) == digest(Stage(object()))


def test_an_enum_of_strings_is_its_value() -> None:
    assert canonical(Mode.FAST) == "fast"
    assert digest([Mode.FAST]) == digest(["fast"])


PLAIN = (
    st.none()
    | st.booleans()
    | st.integers(-(1 << 63), (1 << 64) - 1)
    | st.floats(allow_nan=False)
    | st.text(st.characters(exclude_categories=["Cs"]))
)
# Shorter than "float": a dictionary {"float": "0x1p+0"} is the one value that is taken for another, 1.0.
KEYS = st.text(st.characters(exclude_categories=["Cs"]), max_size=3)
VALUES = st.recursive(PLAIN, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3))


def shape(value: Any) -> Any:
    """`value` told apart as a recipe's author would: 1, 1.0 and True are three values, 0.0 and -0.0 are two."""
    if isinstance(value, dict):
        return {key: shape(item) for key, item in value.items()}
    if isinstance(value, list):
        return [shape(item) for item in value]
    return (type(value).__name__, math.copysign(1, value) if isinstance(value, float) else 0, value)


@given(VALUES, VALUES)
def test_distinct_values_are_distinct_and_equal_ones_equal(one: Any, other: Any) -> None:
    texts = [orjson.dumps(canonical(value), option=orjson.OPT_SORT_KEYS) for value in (one, other)]
    assert (texts[0] == texts[1]) == (shape(one) == shape(other))


@given(st.floats(allow_nan=False), st.sampled_from([math.inf, -math.inf]))
def test_floats_are_told_apart_to_the_last_bit(value: float, towards: float) -> None:
    neighbour = math.nextafter(value, towards)
    assert (digest(value) == digest(neighbour)) == (value.hex() == neighbour.hex())


@given(st.dictionaries(KEYS, PLAIN, max_size=5), st.randoms(use_true_random=False))
def test_the_order_of_a_dictionary_is_no_matter(value: dict[str, Any], random: Any) -> None:
    items = list(value.items())
    random.shuffle(items)
    assert digest(dict(items)) == digest(value)
    assert orjson.dumps(canonical(dict(items))) == orjson.dumps(canonical(value))


@given(st.lists(PLAIN, min_size=2, max_size=4))
def test_the_order_of_a_list_matters_and_a_tuple_is_a_list(value: list[Any]) -> None:
    assert digest(tuple(value)) == digest(value)
    turned = value[::-1]
    assert (digest(turned) == digest(value)) == (shape(turned) == shape(value))


@given(VALUES)
def test_a_canonical_value_is_its_own_canonical_form(value: Any) -> None:
    assert canonical(canonical(value)) == canonical(value)


def test_a_digest_is_the_same_in_another_process_with_another_hash_seed() -> None:
    value = {"b": (1, 0.1, None, True), "a": "ä", "stage": LineQuality()}
    program = (
        "import test_identity as t; print(t.digest({'stage': t.LineQuality(), 'a': 'ä', 'b': (1, 0.1, None, True)}))"
    )
    for seed in ("1", "2"):
        environment = {"PYTHONHASHSEED": seed, "PYTHONIOENCODING": "utf-8"}
        answer = subprocess.run(
            [sys.executable, "-c", program],
            env=environment,
            cwd=Path(__file__).parent,
            capture_output=True,
            text=True,
            check=True,
        )
        assert answer.stdout.strip() == digest(value)


def test_a_digest_never_changes() -> None:
    """Every path of every run holds one: a change here makes all of them be done again."""
    assert digest({"step": "decide", "bounds": [0.12, 3], "x": None}) == "4ef385ac9297c6dc"


@pytest.mark.parametrize("make", [dict, list, tuple])
def test_nothing_has_an_identity_too(make: Callable[[], Any]) -> None:
    assert len(digest(make())) == 16


def test_a_parameter_that_came_later_bears_identity_only_where_it_is_used() -> None:
    @dataclass(frozen=True, kw_only=True)
    class Grown:
        old: int = 1
        new: int = field(default=0, metadata=IDENTITY_IF_CHANGED)
        made: tuple[str, ...] = field(default_factory=tuple, metadata=IDENTITY_IF_CHANGED)

    assert canonical(Grown()) == {"is": "Grown", "old": 1}
    assert canonical(Grown(new=2)) == {"is": "Grown", "old": 1, "new": 2}
    assert canonical(Grown(made=("a",))) == {"is": "Grown", "old": 1, "made": ["a"]}
