"""A recipe: everything that decides what a corpus is, as one frozen value.

A shipped recipe is a function in `jobs/recipes/`; your own is `file.py:function`, often `dataclasses.replace` of a shipped one.
"""

import importlib
import importlib.util
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import ClassVar

from dedup.minhash import MinHash
from dedup.steps import dedup_steps
from filters.tokens import TokenCounter
from pipeline.decide import Decide
from pipeline.errors import RecipeError
from pipeline.identity import NOT_IDENTITY
from pipeline.ingest import Ingest, Item
from pipeline.measures import Measure, Rule, Transform
from pipeline.measuring import Measuring
from pipeline.pack import Pack
from pipeline.rows.columns import RowColumns
from pipeline.sandbox import Limits
from pipeline.schemas import with_signals
from pipeline.steps import Step
from pipeline.url_index import UrlIndex

SHIPPED = ("fineweb",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Gates, measures and transforms in order, the rules that judge them, and what follows.

    `measures` are taken from stored text after ingest: add one there and no HTML is read again. `bundle` files share a part of
    the small steps, `shard_files` files share a shard; the second must be a multiple of the first. `columns` names those of
    Parquet and JSONL input.
    """

    version: ClassVar[int] = 1

    name: str
    ingest: tuple[Item, ...]
    rules: tuple[Rule, ...]
    measures: tuple[Measure, ...] = ()
    minhash: MinHash | None = None
    transforms: tuple[Transform, ...] = ()
    tokens: TokenCounter | None = None
    limits: Limits = field(default_factory=Limits)
    columns: RowColumns = field(default_factory=RowColumns)
    sample_rate: float = 0.001
    bundle: int = 8
    shard_files: int = 64
    index_partitions: int = 1
    tolerance: float = field(default=0.1, metadata=NOT_IDENTITY)
    batch_pages: int = field(default=64, metadata=NOT_IDENTITY)

    def __post_init__(self) -> None:
        written = with_signals(self.ingest_stage().schema(), [measure.signals for measure in self.measures])
        for rule in self.rules:
            if rule.signal not in written.names:
                raise RecipeError(
                    f"recipe {self.name}: rule {rule.reason} names the signal {rule.signal}, which nothing writes"
                )

    def ingest_stage(self) -> Ingest:
        """The stage that reads the archives."""
        return Ingest(
            items=self.ingest,
            limits=self.limits,
            sample_rate=self.sample_rate,
            columns=self.columns,
            tolerance=self.tolerance,
            batch_pages=self.batch_pages,
        )

    def steps(self) -> tuple[Step, ...]:
        """The graph, each step after its inputs."""
        ingest = Step(name="ingest", stage=self.ingest_stage())
        measuring = tuple(
            Step(name=f"measure-{measure.name}", stage=Measuring(measure=measure), inputs=(ingest,))
            for measure in self.measures
        )
        names = tuple(step.name for step in measuring)
        decide = Step(
            name="decide",
            stage=Decide(rules=self.rules, measures=names),
            inputs=(ingest, *measuring),
            span=self.bundle,
        )
        dedup = dedup_steps(self.minhash, ingest, decide, span=self.bundle) if self.minhash else ()
        last = dedup[-1] if dedup else decide
        pack = Step(
            name="pack",
            stage=Pack(transforms=self.transforms, tokens=self.tokens, survivors=last.name if dedup else None),
            inputs=(ingest, last),
            span=self.shard_files,
        )
        index = Step(
            name="index",
            stage=UrlIndex(partitions=self.index_partitions),
            inputs=(ingest,),
            partitions=self.index_partitions,
        )
        return (ingest, *measuring, decide, *dedup, pack, index)


def load_recipe(name: str) -> tuple[Recipe, ModuleType]:
    """The recipe called `name` (a shipped one, or `file.py:function`) and the module it is from.

    Raises:
        RecipeError: no such recipe, file or function, or the function does not return a Recipe.
    """
    module = importlib.import_module(f"jobs.recipes.{name}") if name in SHIPPED else _from_file(name)
    function = name if name in SHIPPED else name.rpartition(":")[2]
    make = getattr(module, function, None)
    if not callable(make):
        raise RecipeError(f"recipe {name}: {module.__file__} has no function {function}")
    try:
        recipe = make()
    except RecipeError:
        raise
    except Exception as error:
        raise RecipeError(f"recipe {name}: {type(error).__name__}: {error}") from error
    if not isinstance(recipe, Recipe):
        raise RecipeError(f"recipe {name}: {function}() returned a {type(recipe).__name__}, not a Recipe")
    return recipe, module


def _from_file(name: str) -> ModuleType:
    file, colon, _ = name.rpartition(":")
    path = Path(os.path.expanduser(file)).resolve()  # noqa: PTH111  Path's raises where there is no such user
    if not colon or not file.endswith(".py"):
        raise RecipeError(f"no recipe {name!r}: shipped are {', '.join(SHIPPED)}; your own is named file.py:function")
    if not path.is_file():
        raise RecipeError(f"recipe {name}: no file {path}")
    spec = importlib.util.spec_from_file_location(f"recipe_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise RecipeError(f"recipe {name}: {path} is not a Python module")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up by name
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise RecipeError(f"recipe {name}: {type(error).__name__}: {error}") from error
    return module
