"""`gristmill models`: look through a model's files, and keep models in a registry of one's own."""

from dataclasses import asdict
from enum import StrEnum
from typing import Annotated, Any

import typer

from jobs.options import Json
from jobs.terminal import UNFINISHED, emit_json, fail, one_line, out, run_verb
from pipeline.errors import GristmillError, RecipeError


class Action(StrEnum):
    """What can be done with models."""

    VERIFY = "verify"
    ADD = "add"
    LIST = "list"


Folder = Annotated[
    str | None, typer.Argument(metavar="FOLDER", help="The model's folder; for verify also a file.", show_default=False)
]
Recipe = Annotated[
    str | None,
    typer.Option("--recipe", metavar="RECIPE", help="Verify the models that this recipe names.", show_default=False),
]
Name = Annotated[
    str | None,
    typer.Option("--name", metavar="NAME", help="What the model is called in the registry.", show_default=False),
]
Registry = Annotated[
    str | None,
    typer.Option("--registry", metavar="DIR", help="The folder of models.", show_default="$GRISTMILL_MODELS"),
]


def models(
    action: Annotated[Action, typer.Argument(help="What to do.", show_default=False)],
    folder: Folder = None,
    recipe: Recipe = None,
    name: Name = None,
    registry: Registry = None,
    json: Json = False,
) -> None:
    """Verify a model's files and print the SHA-256 for a recipe, add a model to a registry, or list what is there.

    Nothing of a model is loaded. The exit code is 1 where something is refused, missing or another model.

    Example: gristmill models verify models/edu-classifier
    """
    try:
        found = _done(action, folder, recipe, name, registry)
    except GristmillError as error:
        fail(error)
    if json:
        emit_json(found)
    else:
        _print(action, found)
    if action is Action.VERIFY and not all(each["sound"] for each in found["models"]):
        raise typer.Exit(UNFINISHED)


def _done(
    action: Action, folder: str | None, recipe: str | None, name: str | None, registry: str | None
) -> dict[str, Any]:
    from pathlib import Path

    from pipeline.model_registry import add_model, models_in, registry_at

    if action is Action.VERIFY:
        if (folder is None) == (recipe is None):
            raise RecipeError("models verify: name a FOLDER, or a recipe with --recipe")
        return _verified(folder, recipe)
    if action is Action.LIST:
        place = registry_at(registry)
        return {"registry": str(place), "models": [asdict(each) for each in models_in(place)]}
    if folder is None or name is None:
        raise RecipeError("models add: name a FOLDER, and what the model is called with --name")
    place, sha256, new = add_model(Path(folder).expanduser().absolute(), name, registry_at(registry))
    return {"name": name, "sha256": sha256, "folder": str(place), "new": new}


def _verified(folder: str | None, recipe: str | None) -> dict[str, Any]:
    from pathlib import Path

    from jobs.verifying_models import verified_file, verified_folder, verified_model

    if folder is not None:
        verified = verified_file if Path(folder).expanduser().is_file() else verified_folder
        return {"models": [verified(folder)]}
    from jobs.named_recipes import load_recipe

    quality = load_recipe(recipe or "")[0].quality
    if quality is None:
        raise RecipeError(f"recipe {recipe} names no quality models")
    return {"models": [verified_model(model) for model in quality.models]}


def _print(action: Action, found: dict[str, Any]) -> None:
    if action is Action.ADD:
        out.print(f"{'added' if found['new'] else 'was there already'}: {one_line(found['folder'])}")
        out.print(f"name {found['name']}, sha256 {found['sha256']}")
    elif action is Action.LIST:
        for each in found["models"]:
            out.print(f"{each['sha256']}  {each['name']}  {each['files']} files, {each['bytes']:,} bytes")
    else:
        for each in found["models"]:
            _print_model(each)


def _print_model(found: dict[str, Any]) -> None:
    for each in found["files"]:
        told = f"REFUSED: {each['refused']}" if each["refused"] else f"{each['kind']} {each['holds']}".strip()
        line = f"{each['sha256'] or '-':64}  {each['bytes']:>13,}  {one_line(each['path'])}  {one_line(told)}"
        out.print(line, style="red" if each["refused"] else None)
    for problem in found["problems"]:
        out.print(f"FAULT {one_line(found['name'])}: {one_line(problem)}", style="red")
    if found["sound"]:
        digest = f": sha256 {found['sha256']}" if found["sha256"] else ""
        out.print(f"{one_line(found['name'])} may be loaded{digest}", style="green")


if __name__ == "__main__":
    run_verb(models)
