"""Recipes by name: a shipped one is a function in `jobs/recipes/`, your own is `file.py:function`.

Some are made for something that the name goes on with: a language (`fineweb2:por_Latn`), or a model.
"""

from collections.abc import Callable
from types import ModuleType

from jobs.recipe import Recipe
from jobs.user_file import Named, call, find_named
from pipeline.errors import RecipeError

SHIPPED = (
    "fineweb",
    "fineweb-2024",
    "fineweb-paper",
    "fineweb-fast",
    "fineweb-gated",
    "fineweb-fast-gated",
    "fineweb-star",
    "gopher",
    "c4",
    "refinedweb",
    "dclm",
)
# Named with what they are made for, as `fineweb2:por_Latn`: the function that makes them, and what it takes.
MADE_FOR = {
    "fineweb2": ("for_language", "LANGUAGE"),
    "fineweb-edu": ("with_model", "MODEL"),
    "dclm": ("with_model", "MODEL"),
    "nemotron-cc-like": ("with_models", "MODEL,MODEL…"),
    "score": ("with_models", "MODEL,MODEL…"),
}


def shipped_function(name: str) -> Callable[[], Recipe]:
    """The function behind a name of `SHIPPED`, with its docstring."""
    return _shipped(name).value


def _shipped(name: str) -> Named:
    module = name.replace("-", "_")
    return find_named(f"jobs.recipes.{module}:{module}", "recipe")


def load_recipe(name: str) -> tuple[Recipe, tuple[ModuleType, ...]]:
    """The recipe called `name` (a shipped one, or `file.py:function`) and the modules that workers do not have.

    One by language is called `NAME:LANGUAGE` or `NAME:FILE.yml`, the file of the language's thresholds; one that scores
    `NAME:MODEL`, the file or folder of the model (`jobs.quality_models`).

    Raises:
        RecipeError: no such recipe, file or function, or the function does not return a Recipe.
    """
    base, _, about = name.partition(":")
    if base in MADE_FOR and (about or base not in SHIPPED):
        made = find_named(f"jobs.recipes.{base.replace('-', '_')}:{MADE_FOR[base][0]}", "recipe").value
        return call(lambda: made(about), name, "recipe"), ()
    if name in SHIPPED:
        found = _shipped(name)
    elif not name.rpartition(":")[0].endswith(".py"):
        shipped = ", ".join((*SHIPPED, *(f"{each}:{takes}" for each, (_, takes) in MADE_FOR.items())))
        raise RecipeError(f"no recipe {name!r}: shipped are {shipped}; your own is named file.py:function")
    else:
        found = find_named(name, "recipe")
    if not callable(found.value):
        raise RecipeError(f"recipe {name}: {found.origin} has no function {name.rpartition(':')[2]}")
    recipe = call(found.value, name, "recipe")
    if not isinstance(recipe, Recipe):
        raise RecipeError(f"recipe {name}: it returned a {type(recipe).__name__}, not a Recipe")
    return recipe, found.modules
