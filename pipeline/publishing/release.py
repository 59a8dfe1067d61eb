"""What the publisher adds to a dataset: the few things that no run can know."""

import dataclasses
import re
from dataclasses import dataclass
from typing import Any

from pipeline.errors import RecipeError

_IDENTIFIER = re.compile(r"[a-z0-9][a-z0-9.+-]*")
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """Choices of the publisher, each None where nothing was chosen; the card then says nothing of it.

    `license` is an identifier of the Hub such as `odc-by`; `repo` is where on the Hub the dataset can be loaded from, `ORG/NAME`.
    """

    title: str | None = None
    license: str | None = None
    contact: str | None = None
    version: str | None = None
    repo: str | None = None

    def __post_init__(self) -> None:
        if self.license is not None and not _IDENTIFIER.fullmatch(self.license):
            raise RecipeError(f"--license {self.license}: give an identifier of the Hub, such as odc-by or cc-by-4.0")
        if self.version is not None and not _VERSION.fullmatch(self.version):
            raise RecipeError(f"--tag {self.version}: use letters, digits, '.', '_' and '-', as in v1.0")

    def to_json(self) -> dict[str, Any]:
        """What was chosen, as the manifest holds it."""
        return {name: value for name, value in dataclasses.asdict(self).items() if value is not None}
