"""Parts as Ray core tasks: a description goes out, a receipt comes back, and documents never travel through Ray.

On a cluster the runner also does what a single machine does not need: it compares every worker with the driver before a part
begins, forgives the loss of nodes more often than the death of a process, asks for more machines by keeping parts queued, and
says when there is no machine to run on.
"""

import os
import socket
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import ray
from ray import cloudpickle
from ray._private import worker
from ray.exceptions import LocalRayletDiedError, NodeDiedError, ObjectLostError, RayError, RayTaskError

from pipeline.attempts import Failure, run_part
from pipeline.environment import differences_from, environment
from pipeline.errors import GristmillError
from pipeline.ray_connection import connect_or_explain, loopback_only
from pipeline.ray_models import ModelKeepers
from pipeline.receipts import Receipt
from pipeline.steps import PartTask
from pipeline.storage import LocalStorage, open_storage

POLL_SECONDS = 1.0
LOOK_SECONDS = 5.0  # between two looks at the cluster's size
IDLE_SECONDS = 60.0  # with parts to do: a node may be preparing itself for its first one
REPEAT_SECONDS = 300.0  # between two complaints that nothing can run
LEAST_QUEUED = 64  # parts, where a cluster has few CPUs yet or none: what an autoscaler sees of the work
MOST_CRASHES = 3  # a part that kills its process as often as this is at fault itself
MOST_LOSSES = 20  # a machine is lost by no fault of its parts, unless this many in turn are
QUIET = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0"}
LOST = (NodeDiedError, LocalRayletDiedError, ObjectLostError)


@dataclass(frozen=True, slots=True)
class Unlike:
    """A machine on which a part did not begin, because it could not have given what the driver expects."""

    host: str
    why: str


def run_alike(task: PartTask, expected: Mapping[str, str]) -> Receipt | Failure | Unlike:
    """Runs a part on a machine that has what the driver has and sees the same ROOT; says what is not so on another."""
    if found := differences_from(expected):
        return Unlike(
            socket.gethostname(), f"would not give the same bytes, it has {found}; give every node the same lock file"
        )
    if not _sees_root(task.root):
        return Unlike(
            socket.gethostname(),
            f"does not see {task.root}, a local path; name a folder that all nodes share, or s3://bucket/prefix",
        )
    return run_part(task)


def _sees_root(root: str) -> bool:
    """Whether the record that the driver wrote before the first part is there; an object store is the same for all."""
    storage = open_storage(root)
    return not isinstance(storage, LocalStorage) or bool(storage.names("runs"))


class RayRunner:
    """Hands parts to Ray: a cluster's (`address`), or one started here for this run with `workers` CPUs.

    A part whose process died or whose node was lost is handed out again; a part that fails says so itself. On a cluster each part
    takes a CPU and `part_bytes` of its node's memory, `workers` is the most parts at a time (else twice the CPUs that there are,
    so that nodes may join), and `engines` are the distributions whose versions must be the driver's on every node. `say` is told
    what a person who watches a cluster should know.
    """

    def __init__(
        self,
        *,
        workers: int | None = None,
        address: str | None = None,
        by_value: Sequence[ModuleType] = (),
        part_bytes: int = 0,
        engines: Sequence[str] = (),
        say: Callable[[str], None] = lambda _: None,
    ):
        os.environ.update({name: os.environ.get(name, value) for name, value in QUIET.items()})
        for module in by_value:
            cloudpickle.register_pickle_by_value(module)
        self._address = address
        self._part_bytes = part_bytes
        self._say = say
        connect_or_explain(workers, address)
        self._workers = workers
        self._tasks: dict[Any, PartTask] = {}
        self._crashes: Counter[str] = Counter()
        self._losses: Counter[str] = Counter()
        self._looked = self._complained = self._busy = -REPEAT_SECONDS
        self._cpus = -1
        if address is None:
            cpus = _cpus()
            self.slots = min(workers, cpus) if workers else cpus
            self._run: Any = ray.remote(num_cpus=1, max_retries=0)(run_part)
            self._arguments: tuple[Any, ...] = ()
            self._keepers = ModelKeepers(run_part, ())
            self.slots += self._keepers.room()
        else:
            memory: dict[str, Any] = {"memory": part_bytes} if part_bytes else {}
            self._run = ray.remote(num_cpus=1, max_retries=0, **memory)(run_alike)
            self._arguments = (environment(engines),)
            self._keepers = ModelKeepers(run_alike, self._arguments)
            self._look()

    def submit(self, task: PartTask) -> None:
        """See `Runner.submit`."""
        if self._keepers.takes(task):
            self._tasks[self._keepers.submit(task)] = task
            return
        self._tasks[self._run.options(name=f"{task.step} {task.part.key}").remote(task, *self._arguments)] = task

    def wait(self) -> list[Receipt | Failure]:
        """See `Runner.wait`.

        Raises:
            GristmillError: a node differs from the driver, so that no part may run there.
        """
        outcomes: list[Receipt | Failure] = []
        while not outcomes:
            refs = list(self._tasks)
            ready, _ = ray.wait(refs, num_returns=1, timeout=POLL_SECONDS)
            if ready:  # with 8,000 in flight a look takes 4 ms: take all that ended at once
                ready, _ = ray.wait(refs, num_returns=len(refs), timeout=0)
            outcomes = self._settled(ready)
            if self._address is not None:
                self._look()
        return outcomes

    def _settled(self, ready: Sequence[Any]) -> list[Receipt | Failure]:
        """What ended for good; the rest of `ready` is handed out again."""
        outcomes: list[Receipt | Failure] = []
        lost = 0
        for ref in ready:
            task = self._tasks.pop(ref)
            outcome = self._outcome(ref, task)
            if outcome is not None:
                outcomes.append(outcome)
                continue
            lost += 1
            self.submit(task)
        if lost:
            self._say(f"{lost} part(s) lost their process or node and are done again")
        return outcomes

    def _outcome(self, ref: Any, task: PartTask) -> Receipt | Failure | None:
        """A part's receipt, or why it has none; None where it should be tried again."""
        part = f"{task.step} {task.part.key}"
        keeper = self._keepers.ended(ref)
        try:
            outcome: Any = ray.get(ref)
        except RayTaskError as error:  # what came before the part's own code: it would come again
            return _failure(task, f"could not be run: {error.cause}", error)
        except LOST as error:
            self._losses[part] += 1
            return _failure(task, "its node was lost", error) if self._losses[part] > MOST_LOSSES else None
        except RayError as error:
            self._keepers.lost(keeper, error)
            self._crashes[part] += 1
            return _failure(task, "the worker died", error) if self._crashes[part] > MOST_CRASHES else None
        if isinstance(outcome, Unlike):
            raise GristmillError(f"node {outcome.host} {outcome.why}")
        return outcome

    def _look(self) -> None:
        """Follows a cluster's size, and complains when parts wait for machines that are not there."""
        now = time.monotonic()
        if now - self._looked < LOOK_SECONDS:
            return
        self._looked = now
        cpus = _cpus()
        self.slots = (self._workers or max(2 * cpus, LEAST_QUEUED)) + self._keepers.room()
        if cpus != self._cpus:
            self._cpus = cpus
            self._say(f"{_nodes()} node(s) with {cpus} CPUs; at most {self.slots} parts in flight")
        if not self._tasks or not _idle(cpus):
            self._busy = now
        stuck = cpus == 0 or now - self._busy >= IDLE_SECONDS
        if self._tasks and stuck and now - self._complained >= REPEAT_SECONDS:
            self._complained = now
            self._say(
                f"waiting: no node can take a part, which needs 1 CPU and {self._part_bytes / 1e9:.1f} GB of memory; "
                f"{len(self._tasks)} parts are queued. Is the autoscaler adding nodes?"
            )

    def close(self) -> None:
        """See `Runner.close`: cancels what runs; ends Ray only if it was started for this run."""
        for ref in self._tasks:
            if not self._keepers.has(ref):
                ray.cancel(ref, force=True)
        self._keepers.close()
        self._tasks.clear()
        if self._address is None and (node := worker.global_worker.node):
            node.kill_monitor(check_alive=False)  # an idle autoscaler, which sleeps through the second Ray gives it
        ray.shutdown()
        if self._address is None:
            loopback_only(on=False)


def _failure(task: PartTask, what: str, error: Exception) -> Failure:
    why = f"{what}: {str(error).splitlines()[0]}"
    return Failure(task.step, task.part.key, task.part.name, why, str(error))


def _cpus() -> int:
    return int(ray.cluster_resources().get("CPU", 0))


def _nodes() -> int:
    return sum(1 for node in ray.nodes() if node["Alive"])


def _idle(cpus: int) -> bool:
    """Whether no CPU of the cluster is in use."""
    return int(ray.available_resources().get("CPU", 0)) >= cpus
