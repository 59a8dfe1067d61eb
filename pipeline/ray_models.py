"""Processes that keep a model on a GPU: Ray actors that run parts, one part while the other is read and prepared.

Who scores on CPUs needs none: a worker of Ray keeps its process, and its process keeps the model.
"""

from collections import Counter
from collections.abc import Callable
from typing import Any, NamedTuple

import ray
from ray.exceptions import RayActorError, RayError

from pipeline.steps import PartTask

AT_A_TIME = 2  # parts: while one commits or opens its files, the GPU computes the other's


def gpus_of(task: PartTask) -> float:
    """The share of a GPU that the part's stage wants; 0 for a stage without a model."""
    return getattr(task.stage, "gpus", 0.0)


class _Keeper:
    """Runs parts; the models that they load stay in the process."""

    def run(self, work: Callable[..., Any], task: PartTask, *arguments: Any) -> Any:
        """What `work` makes of a part."""
        return work(task, *arguments)


class Keeper(NamedTuple):
    """An actor, and the share of a GPU that it has."""

    share: float
    actor: Any


class ModelKeepers:
    """As many actors as the GPUs have room for, begun when they are first needed; one that died is replaced."""

    def __init__(self, work: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
        self._work, self._arguments = work, arguments
        self._actors: dict[float, list[Any]] = {}
        self._busy: Counter[Any] = Counter()
        self._of: dict[Any, Keeper] = {}

    def room(self) -> int:
        """Parts that may be in flight here besides those on CPUs."""
        return AT_A_TIME * int(ray.cluster_resources().get("GPU", 0))

    def takes(self, task: PartTask) -> bool:
        """Whether the part has a model and the cluster a GPU for it."""
        share = gpus_of(task)
        return 0 < share <= ray.cluster_resources().get("GPU", 0)

    def submit(self, task: PartTask) -> Any:
        """Hands the part to the actor that has the least to do."""
        share = gpus_of(task)
        actor = min(self._known(share), key=lambda each: self._busy[each])
        ref = actor.run.remote(self._work, task, *self._arguments)
        self._busy[actor] += 1
        self._of[ref] = Keeper(share, actor)
        return ref

    def _known(self, share: float) -> list[Any]:
        """The actors of this share of a GPU; a new one as long as all have something to do and there is room."""
        actors = self._actors.setdefault(share, [])
        room = int(ray.cluster_resources().get("GPU", 0) / share)
        if not actors or (len(actors) < room and all(self._busy[each] for each in actors)):
            keeper: Any = ray.remote(num_cpus=0, num_gpus=share, max_concurrency=AT_A_TIME, max_restarts=0)(_Keeper)
            actors.append(keeper.remote())
        return actors

    def has(self, ref: Any) -> bool:
        """Whether the part is an actor's, and ends with it."""
        return ref in self._of

    def ended(self, ref: Any) -> Keeper | None:
        """Forgets a part that ended; whose it was, None for a part of no actor."""
        known = self._of.pop(ref, None)
        if known is not None:
            self._busy[known.actor] -= 1
        return known

    def lost(self, keeper: Keeper | None, error: RayError) -> None:
        """Lets an actor go that died, so that another is begun for the part when it comes again."""
        if keeper and isinstance(error, RayActorError) and keeper.actor in self._actors[keeper.share]:
            self._actors[keeper.share].remove(keeper.actor)

    def close(self) -> None:
        """Ends all actors, whatever they are doing."""
        for actors in self._actors.values():
            for actor in actors:
                ray.kill(actor)
        self._actors.clear()
