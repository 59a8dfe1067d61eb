"""Files of models as a backend reads them: by the checks that every model goes through, and with errors that name the file."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pipeline.errors import RecipeError
from pipeline.model_formats.fields import Fields, RefusedError, opened
from pipeline.model_formats.settings import settings_in


@contextmanager
def looked_at(path: Path, called: str = "") -> Generator[Fields]:
    """The fields of a file; RecipeError where it cannot be read or something of it is refused meanwhile.

    A link is followed, because caches of hubs are made of them; in the folder of a model none is left by then.
    """
    try:
        with opened(path.resolve()) as fields:
            yield fields
    except (OSError, RefusedError) as error:
        raise RecipeError(f"{called or path} is refused: {error}") from error


def json_of(path: Path) -> dict[str, Any]:
    """The object that a JSON file holds; RecipeError where there is none, and for what settings may not say."""
    with looked_at(path) as fields:
        found: Any = settings_in(fields, path.name)
    if not isinstance(found, dict):
        raise RecipeError(f"{path} is no JSON object")
    return found
