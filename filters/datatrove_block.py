"""A filter or formatter of datatrove as a recipe names it: class, arguments, and what is made of them for each page.

Their blocks may keep things between documents: `PIIFormatter` takes its replacements in turn, so the second page's text depends
on the first. A page here meets a block that has seen no other page: one is made anew for each (20-50 µs), or `reused` says that
the block keeps nothing that could change an answer. Blocks that draw random numbers, or fetch files that nobody declared, are
refused.
"""

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from pipeline.errors import RecipeError

Arguments = tuple[tuple[str, Any], ...]

ENGINES = ("datatrove",)

DOWNLOADS = {
    "C4BadWordsFilter": "lists of words from GitHub",
    "FastTextClassifierFilter": "a model",
    "LanguageFilter": "a model; the gate `Language` has one with a digest",
    "UnigramLogProbFilter": "word frequencies from S3",
}
"""Their classes that fetch at run time what no digest pins, and what."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A class of datatrove's, or of your own after its pattern, by its dotted path, with keyword arguments.

    Values are numbers, strings and tuples of these, so that they have an identity; lists are made tuples by `arguments_of`.
    """

    path: str
    arguments: Arguments = ()
    reused: bool = False

    def made(self) -> Any:
        """A block for one page."""
        return _one(self) if self.reused else _new(self)


def arguments_of(arguments: Mapping[str, Any]) -> Arguments:
    """Keyword arguments as values that can be digested and compared, in the order of their names."""
    return tuple((name, _frozen(arguments[name])) for name in sorted(arguments))


def _frozen(value: Any) -> Any:
    return tuple(map(_frozen, value)) if isinstance(value, list | tuple) else value


@lru_cache(maxsize=32)
def _one(block: Block) -> Any:
    return _new(block)


def _new(block: Block) -> Any:
    try:
        return block_class(block.path)(**dict(block.arguments))
    except RecipeError:
        raise
    except Exception as error:
        raise RecipeError(f"{block.path}: {type(error).__name__}: {error}") from error


@lru_cache(maxsize=64)
def block_class(path: str) -> type:
    """The class at a dotted path.

    Raises:
        RecipeError: there is none, or it fetches what it needs.
    """
    module, _, name = path.rpartition(".")
    try:
        found: Any = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise RecipeError(f"{path}: no such class ({error})") from error
    if not isinstance(found, type):
        raise RecipeError(f"{path} is no class")
    for cls in found.__mro__:
        if cls.__name__ in DOWNLOADS and cls.__module__.startswith("datatrove."):
            raise RecipeError(
                f"{path} downloads {DOWNLOADS[cls.__name__]} at run time, which no digest pins; it cannot be used"
            )
    return found


def refuse_randomness(made: Any, path: str) -> None:
    """Refuses a block that holds a generator of random numbers: what it says of a page depends on how many came before."""
    for name, value in vars(made).items():
        if isinstance(getattr(value, "__self__", value), np.random.Generator | np.random.RandomState):
            raise RecipeError(f"{path} draws random numbers ({name}), so a page's fate would depend on those before it")


def short_name(path: str) -> str:
    """`datatrove_gopher_quality` for `GopherQualityFilter`: what a part is called that nobody named."""
    name = path.rpartition(".")[2].removesuffix("Filter").removesuffix("Formatter") or path.rpartition(".")[2]
    spread = "".join(
        f"_{char.lower()}" if char.isupper() and place and not name[place - 1].isupper() else char.lower()
        for place, char in enumerate(name)
    )
    return f"datatrove_{spread}"
