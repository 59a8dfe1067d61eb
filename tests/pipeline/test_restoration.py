"""A part made again from a run's record is the part that was recorded."""

import dataclasses
from typing import ClassVar

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import RecipeError
from pipeline.identity import canonical
from pipeline.restoration import is_same, restore

SHA = "0" * 63


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Inner:
    share: float = 0.1
    words: tuple[str, ...] = ("a", "b")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Outer:
    name: ClassVar[str] = "outer"
    version: ClassVar[int] = 3

    inner: Inner = dataclasses.field(default_factory=Inner)
    count: int | None = 5
    switch: bool = True
    where: str = dataclasses.field(default="here", metadata={"identity": False})


def again(value: object) -> object:
    readable = orjson.loads(orjson.dumps(canonical(value)))  # as a run's record keeps it
    made = restore(readable, (Inner, Outer))
    assert is_same(made, readable)
    return made


@given(
    share=st.floats(allow_nan=False, allow_infinity=False),
    words=st.lists(st.text(alphabet="abc é"), max_size=3),
    count=st.none() | st.integers(-5, 5),
    switch=st.booleans(),
)
def test_every_parameter_comes_back_as_it_was(share: float, words: list[str], count: int | None, switch: bool) -> None:
    value = Outer(inner=Inner(share=share, words=tuple(words)), count=count, switch=switch)
    assert again(value) == value
    assert again((value, Inner())) == (value, Inner())


def test_what_is_no_part_of_the_identity_gets_its_default() -> None:
    assert again(Outer(where="there")) == Outer()


def test_a_part_that_is_not_known_is_refused_by_name() -> None:
    with pytest.raises(RecipeError, match="outer is no part that is shipped"):
        restore(canonical(Outer()), (Inner,))


def test_a_part_that_has_another_version_now_is_not_the_same() -> None:
    readable = canonical(Outer()) | {"version": 2}
    assert not is_same(restore(readable, (Inner, Outer)), readable)


def test_a_field_that_is_gone_is_not_the_same() -> None:
    readable = canonical(Outer()) | {"old": 1}
    assert not is_same(restore(readable, (Inner, Outer)), readable)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Strict:
    sha256: str

    def __post_init__(self) -> None:
        raise ValueError("never right")


def test_parameters_that_do_not_fit_any_more_are_refused_in_one_line() -> None:
    with pytest.raises(RecipeError, match="Strict: was made with other parameters"):
        restore({"is": "Strict", "sha256": SHA}, (Strict,))
