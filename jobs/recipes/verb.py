"""`gristmill recipes`: what is shipped, and what two recipes do differently."""

import inspect
from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.table import Table

from jobs.options import Json
from jobs.terminal import emit_json, fail, out
from pipeline.errors import GristmillError

Compare = Annotated[
    tuple[str, str] | None,
    typer.Option(
        "--compare",
        metavar="A B",
        help="Print what differs; a recipe of your own is file.py:function.",
        show_default=False,
    ),
]


def recipes(compare: Compare = None, json: Json = False) -> None:
    """List the shipped recipes, each with its source, or print what differs between two.

    Example: gristmill recipes --compare fineweb fineweb-2024
    """
    try:
        found = _compared(*compare) if compare else _listed()
    except GristmillError as error:
        fail(error)
    if json:
        emit_json(found)
    elif compare:
        _print_differences(*compare, found)
    else:
        _print_list(found)


def _listed() -> list[dict[str, str]]:
    from jobs.named_recipes import MADE_FOR, SHIPPED, shipped_function

    made = {name: takes for name, (_, takes) in MADE_FOR.items()}
    named = [
        *((name, name) for name in SHIPPED),
        *((f"{name}:{takes}", name) for name, takes in made.items() if name not in SHIPPED),
    ]
    return [{"recipe": shown, **_said(inspect.getdoc(shipped_function(name)) or "")} for shown, name in named]


def _said(docstring: str) -> dict[str, str]:
    """The first line of a recipe's docstring, and what follows `Source:`."""
    source = docstring.partition("Source:")[2].partition("\n\n")[0]
    return {"does": docstring.partition("\n")[0], "source": " ".join(source.split())}


def _compared(one: str, other: str) -> list[dict[str, Any]]:
    from jobs.named_recipes import load_recipe
    from jobs.recipes.comparison import differences

    return [asdict(each) for each in differences(load_recipe(one)[0], load_recipe(other)[0])]


def _print_list(found: list[dict[str, str]]) -> None:
    for recipe in found:
        out.print(recipe["recipe"], style="bold")
        out.print(f"  {recipe['does']}")
        out.print(f"  Source: {recipe['source']}", style="dim")


def _print_differences(one: str, other: str, found: list[dict[str, Any]]) -> None:
    from jobs.tables import add_columns

    if not found:
        out.print(f"{one} and {other} do the same")
        return
    table = Table(title=f"{len(found)} differences", title_justify="left")
    add_columns(table, "", "", one, other)
    for each in found:
        one, other = each["one"], each["other"]
        table.add_row(each["where"], each["what"].replace("_", " "), _text(one, other), _text(other, one))
    out.print(table)


def _text(value: Any, beside: Any) -> str:
    """A value as a person writes it; a part that the other recipe does not have by its name alone."""
    from pipeline.publishing.recipe_tables import value_text

    if value is None:
        return "-"
    if beside is None and isinstance(value, dict) and "is" in value:
        return value["is"]
    return repr(value) if value == "" or (isinstance(value, str) and value.isspace()) else value_text(value)
